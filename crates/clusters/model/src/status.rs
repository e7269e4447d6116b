//! The states of instances, and what is wanted of them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// The state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum InstanceStatus {
    /// Nothing was done about it yet.
    Requested,
    /// It is being made, started or restarted.
    Provisioning,
    /// It works.
    Running,
    /// Its owner stopped it.
    Stopped,
    /// It does not work; it is tried again now and then.
    Failed,
    /// It was stopped because it is not paid for.
    Suspended,
    /// It is being removed.
    Terminating,
    /// It is gone.
    Terminated,
}

impl InstanceStatus {
    /// Whether it is gone or going.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Terminating | Self::Terminated)
    }
}

/// Who makes and removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ProvisionerName {
    /// Nobody: states follow each other by the clock.
    Simulated,
    /// A Kubernetes cluster.
    Kubernetes,
}

/// What somebody wants of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// That it runs.
    Running,
    /// That it is stopped, with its storage kept.
    Stopped,
    /// The same, and that its owner cannot start it.
    Suspended,
    /// That nothing of it is left.
    Gone,
}

/// Whether what its secrets are can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CredentialsStatus {
    /// It has none.
    None,
    /// Not before it works.
    Waiting,
    /// They can be seen, once.
    Ready,
    /// They were seen.
    Shown,
}
