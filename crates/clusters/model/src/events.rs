//! Facts about clusters and instances.

use kernel::{ClusterId, Event, InstanceId};
use serde::{Deserialize, Serialize};

use crate::instance::InstanceStatus;

/// A cluster was registered, changed or removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterChanged {
    /// Which.
    pub cluster: ClusterId,
}

impl Event for ClusterChanged {
    const KIND: &'static str = "cluster.changed";
}

/// A cluster answers, or does no longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterReachable {
    /// Which.
    pub cluster: ClusterId,
    /// Whether it answers.
    pub reachable: bool,
}

impl Event for ClusterReachable {
    const KIND: &'static str = "cluster.reachable";
}

/// An instance is in another state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceChanged {
    /// Which.
    pub instance: InstanceId,
    /// For which subscription.
    pub subscription: String,
    /// How it is now.
    pub status: InstanceStatus,
}

impl Event for InstanceChanged {
    const KIND: &'static str = "instance.changed";
}
