//! Integration tests: a running Sutler over HTTP, on SQLite and on PostgreSQL.

mod authorization;
mod dead_letters;
mod purchase;
mod races;
mod schema;
