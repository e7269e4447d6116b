//! What is in clusters.

use std::collections::BTreeMap;

use clusters_model::monitoring::{
    DeploymentSeen, IngressSeen, Named, NamespaceSeen, NodeSeen, PodSeen, ServiceSeen, Usage,
};
use kernel::{ClusterId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// What each cluster showed.
#[derive(Serialize, ToSchema)]
#[schema(as = ClusterParts)]
pub(crate) struct PartsDto<T> {
    /// One for each cluster, the oldest cluster first.
    pub(crate) data: Vec<PartDto<T>>,
}

/// What one cluster showed, or why it did not.
#[derive(Serialize, ToSchema)]
#[schema(as = ClusterPart)]
pub(crate) struct PartDto<T> {
    /// Which cluster.
    #[schema(value_type = String, example = "clu_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    pub(crate) cluster_id: ClusterId,
    /// What it is called.
    #[schema(example = "Frankfurt 1")]
    pub(crate) cluster_name: String,
    /// Whether it answered.
    #[schema(example = true)]
    pub(crate) available: bool,
    /// Why it did not.
    #[schema(example = "the cluster did not answer within 5s")]
    pub(crate) reason: Option<String>,
    /// Whether its metrics server told what is used; null where nothing is.
    #[schema(example = true)]
    pub(crate) metrics_available: Option<bool>,
    /// What it showed.
    pub(crate) items: Vec<T>,
    /// Whether there is more.
    pub(crate) has_more: bool,
    /// Send it as `cursor`, with this `cluster_id` and the same filters, to get
    /// the next page of this cluster.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

/// CPU and memory.
#[derive(Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageDto {
    /// CPU in thousandths.
    #[schema(example = 250)]
    cpu_milli: i64,
    /// Memory in bytes.
    #[schema(example = 268_435_456)]
    memory_bytes: i64,
}

impl From<Usage> for UsageDto {
    fn from(usage: Usage) -> Self {
        Self {
            cpu_milli: usage.cpu_milli,
            memory_bytes: usage.memory_bytes,
        }
    }
}

/// What every thing of a cluster has.
#[derive(Serialize, ToSchema)]
#[schema(as = ClusterObject)]
pub(crate) struct NamedDto {
    /// In which namespace; null for what is in none.
    #[schema(example = "sutler-01j9z6m3k4f5g6h7j8k9m0n1p2")]
    namespace: Option<String>,
    /// What it is called.
    #[schema(example = "i-01j9z6m3k4f5g6h7j8k9m0n1p2")]
    name: String,
    /// Its labels.
    #[schema(example = json!({"app.kubernetes.io/managed-by": "sutler"}))]
    labels: BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

impl From<Named> for NamedDto {
    fn from(named: Named) -> Self {
        Self {
            namespace: named.namespace,
            name: named.name,
            labels: named.labels,
            created_at: named.created_at,
        }
    }
}

/// A pod.
#[derive(Serialize, ToSchema)]
#[schema(as = Pod)]
pub(crate) struct PodDto {
    /// What it is called.
    object: NamedDto,
    /// Its phase, or why it does not run, such as `CrashLoopBackOff`.
    #[schema(example = "Running")]
    status: String,
    /// Whether all its containers are ready.
    #[schema(example = true)]
    ready: bool,
    /// How often its containers were restarted.
    #[schema(example = 0)]
    restarts: i64,
    /// On which node.
    #[schema(example = "node-1")]
    node: Option<String>,
    /// What it uses; null where that is not known.
    usage: Option<UsageDto>,
}

impl From<PodSeen> for PodDto {
    fn from(seen: PodSeen) -> Self {
        Self {
            object: seen.named.into(),
            status: seen.status,
            ready: seen.ready,
            restarts: seen.restarts,
            node: seen.node,
            usage: seen.usage.map(Into::into),
        }
    }
}

/// A deployment.
#[derive(Serialize, ToSchema)]
#[schema(as = Deployment)]
pub(crate) struct DeploymentDto {
    /// What it is called.
    object: NamedDto,
    /// How many pods are wanted.
    #[schema(example = 1)]
    replicas: i64,
    /// How many are ready.
    #[schema(example = 1)]
    ready: i64,
    /// How many are of the last version.
    #[schema(example = 1)]
    updated: i64,
    /// How many can be used.
    #[schema(example = 1)]
    available: i64,
}

impl From<DeploymentSeen> for DeploymentDto {
    fn from(seen: DeploymentSeen) -> Self {
        Self {
            object: seen.named.into(),
            replicas: seen.replicas,
            ready: seen.ready,
            updated: seen.updated,
            available: seen.available,
        }
    }
}

/// A node.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
pub(crate) struct NodeDto {
    /// What it is called.
    object: NamedDto,
    /// Whether it is ready.
    #[schema(example = true)]
    ready: bool,
    /// Whether it takes new pods.
    #[schema(example = true)]
    schedulable: bool,
    /// The version of its kubelet.
    #[schema(example = "v1.33.2")]
    kubelet_version: String,
    /// What pods can have there.
    allocatable: UsageDto,
    /// What is used there; null where that is not known.
    usage: Option<UsageDto>,
}

impl From<NodeSeen> for NodeDto {
    fn from(seen: NodeSeen) -> Self {
        Self {
            object: seen.named.into(),
            ready: seen.ready,
            schedulable: seen.schedulable,
            kubelet_version: seen.version,
            allocatable: seen.allocatable.into(),
            usage: seen.usage.map(Into::into),
        }
    }
}

/// A namespace.
#[derive(Serialize, ToSchema)]
#[schema(as = Namespace)]
pub(crate) struct NamespaceDto {
    /// What it is called.
    object: NamedDto,
    /// `Active` or `Terminating`.
    #[schema(example = "Active")]
    status: String,
}

impl From<NamespaceSeen> for NamespaceDto {
    fn from(seen: NamespaceSeen) -> Self {
        Self {
            object: seen.named.into(),
            status: seen.status,
        }
    }
}

/// An ingress.
#[derive(Serialize, ToSchema)]
#[schema(as = Ingress)]
pub(crate) struct IngressDto {
    /// What it is called.
    object: NamedDto,
    /// Who serves it.
    #[schema(example = "nginx")]
    class: Option<String>,
    /// For which hosts.
    #[schema(example = json!(["i-01j9z6m3k4f5g6h7j8k9m0n1p2.n8n.example.com"]))]
    hosts: Vec<String>,
    /// Where it is reached.
    #[schema(example = json!(["203.0.113.7"]))]
    addresses: Vec<String>,
}

impl From<IngressSeen> for IngressDto {
    fn from(seen: IngressSeen) -> Self {
        Self {
            object: seen.named.into(),
            class: seen.class,
            hosts: seen.hosts,
            addresses: seen.addresses,
        }
    }
}

/// A service.
#[derive(Serialize, ToSchema)]
#[schema(as = KubernetesService)]
pub(crate) struct ServiceDto {
    /// What it is called.
    object: NamedDto,
    /// Such as `ClusterIP`.
    #[serde(rename = "type")]
    #[schema(example = "ClusterIP")]
    kind: String,
    /// Its address within the cluster.
    #[schema(example = "10.96.0.17")]
    cluster_ip: Option<String>,
    /// Its ports.
    #[schema(example = json!(["http 5678/TCP"]))]
    ports: Vec<String>,
}

impl From<ServiceSeen> for ServiceDto {
    fn from(seen: ServiceSeen) -> Self {
        Self {
            object: seen.named.into(),
            kind: seen.kind,
            cluster_ip: seen.cluster_ip,
            ports: seen.ports,
        }
    }
}
