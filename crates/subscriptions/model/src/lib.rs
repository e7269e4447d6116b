//! Subscriptions of hosted services that are paid with credit, and the rules
//! about them: when they renew, what a change costs, what happens when there is
//! no credit. Pure: nothing here talks to a database or to the network.

pub mod calendar;
pub mod change;
pub mod charge;
pub mod coupon;
pub mod errors;
pub mod events;
pub mod instance;
pub mod jobs;
pub mod mails;
pub mod renewal;
pub mod subscription;

pub use errors::{SubscriptionError, SubscriptionErrorCode};
