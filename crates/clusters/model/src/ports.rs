//! What clusters are asked through.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{ClusterId, InstanceId, TenantId, Timestamp, UserId};

use crate::access::ClusterAccess;
use crate::cluster::Report;
use crate::instance::Wish;
use crate::monitoring::{
    DeploymentSeen, IngressSeen, Looking, NamespaceSeen, NodeSeen, Part, PodSeen, ServiceSeen,
};
use crate::template::Template;

/// A cluster, and how to get into it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which.
    pub id: ClusterId,
    /// Its version: another one may mean another way in.
    pub version: i64,
    /// How to get into it.
    pub access: ClusterAccess,
}

/// Why a cluster did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Trouble {
    /// Whether the same may succeed later.
    pub passing: bool,
    /// Whether the cluster answered that it does not do this, so that all else
    /// may succeed.
    pub refused: bool,
    /// What happened, for who runs the shop.
    pub reason: String,
}

impl Trouble {
    /// The same may succeed later.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self {
            passing: true,
            refused: false,
            reason: reason.into(),
        }
    }

    /// The same will not succeed.
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self {
            passing: false,
            refused: false,
            reason: reason.into(),
        }
    }
}

/// What an instance is like where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is on its way.
    Provisioning,
    /// It works.
    Running,
    /// It does not run, and nothing of it does.
    Stopped,
    /// It does not work, and waiting will not help.
    Failed,
    /// Nothing of it is left.
    Gone,
}

/// What is seen of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What it is like.
    pub state: State,
    /// Why, in words its owner may read.
    pub reason: Option<String>,
    /// When it is known to be worth another look.
    pub again_after: Option<Duration>,
    /// What went wrong without being in the way, for who runs the shop.
    pub trouble: Option<String>,
}

impl Observed {
    /// Without a reason.
    pub fn of(state: State) -> Self {
        Self {
            state,
            reason: None,
            again_after: None,
            trouble: None,
        }
    }
}

/// Where an instance runs.
#[derive(Debug, Clone)]
pub struct Place {
    /// In which cluster; none where it is simulated.
    pub target: Option<Target>,
    /// The namespace of its owner.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
}

/// What all instances of a customer in a cluster may use together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// How many there are.
    pub instances: i64,
    /// CPU that is kept free, in thousandths.
    pub cpu_request_milli: i64,
    /// CPU at most, in thousandths.
    pub cpu_limit_milli: i64,
    /// Memory that is kept free, in bytes.
    pub memory_request_bytes: i64,
    /// Memory at most, in bytes.
    pub memory_limit_bytes: i64,
    /// Storage, in bytes.
    pub storage_bytes: i64,
    /// Volumes.
    pub volumes: i64,
    /// The most CPU of one of them, in thousandths.
    pub largest_cpu_milli: i64,
    /// The most memory of one of them, in bytes.
    pub largest_memory_bytes: i64,
}

impl Quota {
    /// What these use together.
    pub fn of<'a>(templates: impl IntoIterator<Item = &'a Template>) -> Self {
        templates.into_iter().fold(Self::default(), |sum, one| {
            let r = &one.resources;
            let volumes = i64::try_from(one.volumes.len()).unwrap_or(i64::MAX);
            Self {
                instances: sum.instances + 1,
                cpu_request_milli: sum.cpu_request_milli.saturating_add(r.cpu_request_milli),
                cpu_limit_milli: sum.cpu_limit_milli.saturating_add(r.cpu_limit_milli),
                memory_request_bytes: sum
                    .memory_request_bytes
                    .saturating_add(r.memory_request_bytes),
                memory_limit_bytes: sum.memory_limit_bytes.saturating_add(r.memory_limit_bytes),
                storage_bytes: sum.storage_bytes.saturating_add(one.storage_bytes()),
                volumes: sum.volumes.saturating_add(volumes),
                largest_cpu_milli: sum.largest_cpu_milli.max(r.cpu_limit_milli),
                largest_memory_bytes: sum.largest_memory_bytes.max(r.memory_limit_bytes),
            }
        })
    }
}

/// How an instance should be.
#[derive(Clone)]
pub struct Wanted {
    /// Which.
    pub instance: InstanceId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Whose.
    pub owner: UserId,
    /// Where.
    pub place: Place,
    /// What.
    pub template: Template,
    /// Its host, where it has one.
    pub host: Option<String>,
    /// What is wanted.
    pub wish: Wish,
    /// How often it was to be restarted.
    pub restarts: i64,
    /// What its secrets are; none when they were forgotten, and what the
    /// cluster has of them stays.
    pub secrets: Option<BTreeMap<String, String>>,
    /// What its owner's instances there may use together, this one among them
    /// unless it is to go.
    pub quota: Quota,
    /// Since when this is wanted.
    pub since: Timestamp,
}

/// Without what is secret.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted")
            .field("instance", &self.instance)
            .field("place", &self.place)
            .field("wish", &self.wish)
            .finish_non_exhaustive()
    }
}

/// Who makes and removes instances.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Does what is missing for an instance to be as wanted, and says what it
    /// is like. Doing it twice, or twice at once, is the same as once.
    async fn reconcile(&self, wanted: &Wanted) -> Result<Observed, Trouble>;

    /// The last lines that it wrote.
    async fn logs(&self, place: &Place, lines: u32) -> Result<Vec<String>, Trouble>;
}

/// Who asks clusters how they are.
#[async_trait]
pub trait ClusterGateway: Send + Sync {
    /// What of a kubeconfig is needed; or what is to change about it.
    fn read_kubeconfig(&self, text: &str) -> Result<ClusterAccess, String>;

    /// How a cluster is.
    async fn report(&self, target: &Target) -> Result<Report, Trouble>;

    /// Its pods.
    async fn pods(&self, target: &Target, at: &Looking) -> Result<Part<PodSeen>, Trouble>;

    /// Its deployments.
    async fn deployments(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<DeploymentSeen>, Trouble>;

    /// Its nodes.
    async fn nodes(&self, target: &Target, at: &Looking) -> Result<Part<NodeSeen>, Trouble>;

    /// Its namespaces.
    async fn namespaces(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<NamespaceSeen>, Trouble>;

    /// Its ingresses.
    async fn ingresses(&self, target: &Target, at: &Looking) -> Result<Part<IngressSeen>, Trouble>;

    /// Its services.
    async fn services(&self, target: &Target, at: &Looking) -> Result<Part<ServiceSeen>, Trouble>;
}
