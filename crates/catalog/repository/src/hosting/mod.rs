//! Hosted services, what they are sorted by, and their plans.

pub mod categories;
pub mod plans;
pub mod services;

use database::{Backend, Transaction};

/// What keeps others from writing the rows that are read. On SQLite nobody
/// else writes anyway.
fn shared(tx: &Transaction) -> &'static str {
    match tx.backend() {
        Backend::Postgres => " FOR SHARE",
        Backend::Sqlite => "",
    }
}
