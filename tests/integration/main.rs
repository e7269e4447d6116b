//! Integration tests: a running Sutler over HTTP, on SQLite and on PostgreSQL.

mod authorization;
mod dead_letters;
mod purchase;
mod races;
mod schema;
mod accounts;
mod api_keys;
mod purchase;
mod races;
mod recovery;
mod sessions;
mod tenants;
