//! The rows as sea-orm sees them, and what they mean.

pub mod category;
pub mod product;
pub mod variant;
