//! The words every other crate speaks: ids, money, time, who is asking
//! ([`Scope`]), pages, errors and the shape of jobs and events.
//!
//! No I/O and no framework lives here; the two outside effects everything
//! needs, the clock and randomness, enter through [`Clock`] and [`random`].

pub mod address;
pub mod audit;
pub mod cell;
pub mod cursor;
pub mod email;
pub mod error;
pub mod id;
pub mod limit;
pub mod message;
pub mod money;
pub mod page;
pub mod permission;
pub mod random;
pub mod scope;
pub mod secret;
pub mod signature;
pub mod text;
pub mod time;
pub mod version;

pub use audit::{AuditEntry, Audited, Fact, Snapshot};
pub use cursor::{CursorCodec, CursorError};
pub use error::{
    AccessDenied, DomainError, ErrorKind, ErrorReport, Fault, FieldError, IdempotencyConflict,
    OnceError, chain,
};
pub use id::alias::*;
pub use id::{Id, IdError, IdKind, kind};
pub use message::{Event, Job};
pub use money::{Currency, Money, MoneyError};
pub use page::{Page, PageRequest, last_of_full};
pub use permission::{Permission, Permissions, Role};
pub use scope::{Actor, Idempotency, RequestInfo, Scope};
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use version::Expected;
