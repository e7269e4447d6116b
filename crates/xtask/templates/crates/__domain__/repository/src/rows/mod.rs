//! The rows as sea-orm sees them, and what they mean.

pub mod __entity__;
