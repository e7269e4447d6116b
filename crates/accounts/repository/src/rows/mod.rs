//! The rows as sea-orm sees them, and what they mean.

pub mod api_key;
pub mod user;
