//! Accounts: tenants, people, sessions and API keys, and the rules about them.
//! Pure: nothing here talks to a database or to the network.

pub mod api_key;
pub mod audit;
pub mod email;
pub mod errors;
pub mod events;
pub mod jobs;
pub mod mails;
pub mod password;
pub mod ports;
pub mod session;
pub mod tenant;
pub mod two_factor;
pub mod user;

pub use errors::{AccountsError, AccountsErrorCode};
