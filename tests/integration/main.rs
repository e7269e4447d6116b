//! Integration tests: a running Sutler over HTTP, on SQLite and on PostgreSQL.

mod accounts;
mod admin;
mod api_keys;
mod authorization;
mod carts;
mod catalog;
mod dead_letters;
mod listing;
mod orders;
mod outside;
mod purchase;
mod races;
mod rate_limits;
mod recovery;
mod refunds;
mod schema;
mod sessions;
mod stripe;
mod stripe_oracle;
mod stripe_refunds;
mod stripe_trouble;
mod tenants;
mod totals;
mod webhooks;
