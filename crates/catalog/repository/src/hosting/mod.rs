//! Hosted services, what they are sorted by, and their plans.

pub mod categories;
pub mod plans;
pub mod services;
