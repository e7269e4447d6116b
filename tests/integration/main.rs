//! Integration tests: a running Sutler over HTTP, on SQLite and on PostgreSQL.

mod accounts;
mod api_keys;
mod authorization;
mod dead_letters;
mod outside;
mod purchase;
mod races;
mod rate_limits;
mod recovery;
mod schema;
mod sessions;
mod tenants;
