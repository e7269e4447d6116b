//! Clusters, as administrators see them.

use clusters_model::access::AccessKind;
use clusters_model::cluster::Cluster;
use kernel::{ClusterId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How Sutler gets into a cluster.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClusterAccess)]
pub(crate) enum AccessDto {
    /// With a kubeconfig, which is kept sealed and never shown.
    Kubeconfig,
    /// With the service account of the pod that Sutler runs in.
    InCluster,
}

/// What a cluster can hold, and what of it is promised to instances.
#[derive(Serialize, ToSchema)]
#[schema(as = ClusterCapacity)]
pub(crate) struct CapacityDto {
    /// How many nodes take pods.
    #[schema(example = 3)]
    nodes: i64,
    /// The CPU of those, in thousandths.
    #[schema(example = 12_000)]
    cpu_milli: i64,
    /// The memory of those, in bytes.
    #[schema(example = 51_539_607_552_i64)]
    memory_bytes: i64,
}

/// A Kubernetes cluster that is registered.
#[derive(Serialize, ToSchema)]
#[schema(as = Cluster)]
pub(crate) struct ClusterDto {
    /// Which.
    #[schema(value_type = String, example = "clu_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ClusterId,
    /// What it is called.
    #[schema(example = "Frankfurt 1")]
    name: String,
    /// How Sutler gets into it.
    access: AccessDto,
    /// The address of its API server; null for the cluster Sutler runs in.
    #[schema(example = "https://k8s.example.com:6443/")]
    server: Option<String>,
    /// Whether new instances may be placed there.
    #[schema(example = true)]
    accepts_instances: bool,
    /// Whether it answered when it was last asked; null before that.
    #[schema(example = true)]
    reachable: Option<bool>,
    /// Why it did not answer.
    #[schema(example = "the cluster did not answer within 5s")]
    trouble: Option<String>,
    /// The version of its API server.
    #[schema(example = "v1.33.2")]
    kubernetes_version: Option<String>,
    /// When it was last asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
    /// When it last answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    seen_at: Option<Timestamp>,
    /// What it can hold, as it said when it last answered.
    capacity: Option<CapacityDto>,
    /// How many instances are placed there.
    #[schema(example = 7)]
    instances: i64,
    /// CPU that is promised to them, in thousandths.
    #[schema(example = 3_500)]
    reserved_cpu_milli: i64,
    /// Memory that is promised to them, in bytes.
    #[schema(example = 7_516_192_768_i64)]
    reserved_memory_bytes: i64,
    /// Grows with every change; also the `ETag`.
    #[schema(example = 3)]
    version: i64,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Cluster> for ClusterDto {
    fn from(one: Cluster) -> Self {
        let report = one.health.report;
        Self {
            id: one.id,
            name: one.name,
            access: match one.access {
                AccessKind::Kubeconfig => AccessDto::Kubeconfig,
                AccessKind::InCluster => AccessDto::InCluster,
            },
            server: one.server,
            accepts_instances: one.accepts_instances,
            reachable: one.health.reachable,
            trouble: one.health.trouble,
            kubernetes_version: report.as_ref().map(|report| report.version.clone()),
            checked_at: one.health.checked_at,
            seen_at: one.health.seen_at,
            capacity: report.map(|report| CapacityDto {
                nodes: report.nodes,
                cpu_milli: report.cpu_milli,
                memory_bytes: report.memory_bytes,
            }),
            instances: one.reserved.instances,
            reserved_cpu_milli: one.reserved.cpu_milli,
            reserved_memory_bytes: one.reserved.memory_bytes,
            version: one.version,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}
