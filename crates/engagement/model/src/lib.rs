//! Engagement: carts that were left behind, who wishes no reminders, and what
//! a shop is told of its business. Pure: nothing here talks to a database or
//! to the network.

pub mod day;
pub mod errors;
pub mod insight;
pub mod jobs;
pub mod mails;
pub mod ports;
pub mod visit;

pub use errors::{EngagementError, EngagementErrorCode};
