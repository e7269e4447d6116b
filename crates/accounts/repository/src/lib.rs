//! How accounts are stored. Nothing is decided here.

pub mod api_keys;
pub mod audit;
pub mod one_time_tokens;
#[expect(clippy::disallowed_methods, reason = "the code that sea-orm derives")]
mod rows;
pub mod sessions;
pub mod tenants;
pub mod users;
