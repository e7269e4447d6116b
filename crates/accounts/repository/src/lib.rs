//! How accounts are stored. Nothing is decided here.

pub mod api_keys;
pub mod audit;
pub mod erasures;
pub mod mail_templates;
pub mod one_time_tokens;
#[expect(clippy::disallowed_methods, reason = "the code that sea-orm derives")]
mod rows;
pub mod sessions;
pub mod sign_in_places;
pub mod tenants;
pub mod two_factors;
pub mod users;
