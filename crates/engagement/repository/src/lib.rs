//! How engagement is stored. Nothing is decided here.

pub mod counting;
pub mod insight;
pub mod reminders;
pub mod visitors;
