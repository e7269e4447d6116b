//! Hosted services: what runs, in which plans, and what it is called.
//!
//! A service is a template of what Kubernetes runs for a customer; a plan is
//! what a customer pays for it. How much of a plan can be sold is a matter of
//! quotas, in the domain of credits.

pub mod category;
pub mod errors;
pub mod image;
pub mod names;
pub mod plan;
pub mod quantity;
pub mod service;
pub mod template;
mod wrong;

pub use errors::{HostingError, HostingErrorCode};
