//! The database: pools, scoped handles and transactions, idempotency records.
//! This is the only crate that opens a connection.
//!
//! A repository never sees a connection. It is given a [`Scoped`] handle (for
//! reads) or a [`Transaction`] (for writes), both made from a
//! [`kernel::Scope`], and every query it builds with them is confined to the
//! scope's tenant: by the `tenant_id` filter the handle adds, and on PostgreSQL
//! once more by row-level security, for which the handle sets `app.tenant`.
//!
//! Writes run on one connection at a time on SQLite (`BEGIN IMMEDIATE`), and in
//! `READ COMMITTED` transactions on PostgreSQL, where limits hold by
//! conditional updates and not by isolation. Reads outside a transaction are
//! single statements.

mod about;
mod backend;
mod batch;
pub mod column;
mod conditions;
mod connection;
mod database;
mod fault;
mod held;
mod idempotency;
mod owner;
mod pool;
mod retry;
mod sameness;
mod scoped;
mod sql;
mod system;
mod transaction;
mod waiting;

pub use backend::{Backend, Checked, file, missing_file};
pub use batch::Batch;
pub use conditions::Conditions;
pub use database::Database;
pub use fault::OrFault;
pub use held::expect_no_connection_held;
pub use idempotency::{Once, OnceTransaction};
pub use owner::{Owner, RoleReport};
pub use pool::PoolStatus;
pub use retry::retrying;
pub use sameness::Sameness;
pub use scoped::Scoped;
pub use sql::Sql;
pub use system::SystemTransaction;
pub use transaction::Transaction;
pub use waiting::wait_until_up;
