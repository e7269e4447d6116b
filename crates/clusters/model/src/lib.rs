//! The domain of clusters: Kubernetes clusters that are registered, what runs
//! there for customers, and the rules about both. Pure: nothing here talks to
//! a database or to the network.

pub mod access;
pub mod cluster;
pub mod errors;
pub mod events;
pub mod instance;
pub mod jobs;
pub mod monitoring;
pub mod ports;
pub mod status;
pub mod template;

pub use errors::{ClustersError, ClustersErrorCode};
