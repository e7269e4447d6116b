//! How clusters and instances are stored. Nothing is decided here.

pub mod clusters;
pub mod instances;
pub mod places;
mod rows;
pub mod wishes;
