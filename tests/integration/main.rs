//! Integration tests: a running Sutler over HTTP, on SQLite and on PostgreSQL.

mod authorization;
mod purchase;
mod races;
mod schema;
