//! Background work of clusters.

use kernel::{ClusterId, InstanceId, Job};
use serde::{Deserialize, Serialize};

/// Asks clusters how they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CheckClusters {
    /// Only that one; all when none.
    #[serde(default)]
    pub only: Option<ClusterId>,
}

impl Job for CheckClusters {
    const KIND: &'static str = "clusters.check";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Finds instances that are due to be looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindDueInstances {}

impl Job for FindDueInstances {
    const KIND: &'static str = "clusters.find_due_instances";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Makes an instance what it should be, as far as that is possible now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReconcileInstance {
    /// Which.
    pub instance: InstanceId,
}

impl Job for ReconcileInstance {
    const KIND: &'static str = "clusters.reconcile_instance";
    const MAX_ATTEMPTS: u32 = 5;
}
