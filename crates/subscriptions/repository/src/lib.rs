//! Subscriptions in the database. Nothing is decided here.

pub mod charges;
pub mod coupons;
pub mod subscriptions;
