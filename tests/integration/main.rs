//! Integration tests: a running Sutler over HTTP, on SQLite and on PostgreSQL.

mod purchase;
mod races;
