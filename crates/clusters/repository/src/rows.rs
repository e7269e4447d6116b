//! The rows, and what they mean.

use clusters_model::cluster::{Cluster, Health, Report, Reserved};
use clusters_model::instance::{CredentialsStatus, Instance};
use clusters_model::template::Template;
use database::column::{Stored, word};
use kernel::{ClusterId, Fault, InstanceId, Timestamp, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// The columns of [`ClusterRow`]; what is sealed is not among them.
pub(crate) const CLUSTER: &str = "c.id, c.name, c.access_kind, c.server, c.accepts_instances, c.reachable, c.trouble, \
     c.checked_at, c.seen_at, c.kubernetes_version, c.nodes, c.cpu_milli, c.memory_bytes, c.instances, \
     c.reserved_cpu_milli, c.reserved_memory_bytes, c.version, c.created_at, c.updated_at";

#[derive(FromQueryResult)]
pub(crate) struct ClusterRow {
    id: Uuid,
    name: String,
    access_kind: String,
    server: Option<String>,
    accepts_instances: bool,
    reachable: Option<bool>,
    trouble: Option<String>,
    checked_at: Option<i64>,
    seen_at: Option<i64>,
    kubernetes_version: Option<String>,
    nodes: Option<i64>,
    cpu_milli: Option<i64>,
    memory_bytes: Option<i64>,
    instances: i64,
    reserved_cpu_milli: i64,
    reserved_memory_bytes: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<ClusterRow> for Cluster {
    type Error = Fault;

    fn try_from(row: ClusterRow) -> Result<Self, Fault> {
        let report = match (
            row.kubernetes_version,
            row.nodes,
            row.cpu_milli,
            row.memory_bytes,
        ) {
            (Some(version), Some(nodes), Some(cpu_milli), Some(memory_bytes)) => Some(Report {
                version,
                nodes,
                cpu_milli,
                memory_bytes,
            }),
            _ => None,
        };
        Ok(Self {
            id: ClusterId::from_uuid(row.id),
            name: row.name,
            access: word("clusters.access_kind", &row.access_kind)?,
            server: row.server,
            accepts_instances: row.accepts_instances,
            health: Health {
                reachable: row.reachable,
                trouble: row.trouble,
                checked_at: row.checked_at.map(Timestamp::from_micros),
                seen_at: row.seen_at.map(Timestamp::from_micros),
                report,
            },
            reserved: Reserved {
                instances: row.instances,
                cpu_milli: row.reserved_cpu_milli,
                memory_bytes: row.reserved_memory_bytes,
            },
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

/// The columns of [`InstanceRow`]; what is sealed is not among them.
pub(crate) const INSTANCE: &str = "i.id, i.subscription, i.user_id, i.name, i.provisioner, i.cluster_id, i.template, i.status, \
     i.stopped, i.suspended, i.restarts, i.reason, i.trouble, i.failures, i.has_credentials, i.credentials_shown_at, \
     i.ran_at, i.wished_at, i.status_at, i.version, i.created_at";

#[derive(FromQueryResult)]
pub(crate) struct InstanceRow {
    id: Uuid,
    subscription: String,
    user_id: Uuid,
    name: String,
    provisioner: String,
    cluster_id: Option<Uuid>,
    template: Stored<Template>,
    status: String,
    stopped: bool,
    suspended: bool,
    restarts: i64,
    reason: Option<String>,
    trouble: Option<String>,
    failures: i64,
    has_credentials: bool,
    credentials_shown_at: Option<i64>,
    ran_at: Option<i64>,
    wished_at: i64,
    status_at: i64,
    version: i64,
    created_at: i64,
}

impl TryFrom<InstanceRow> for Instance {
    type Error = Fault;

    fn try_from(row: InstanceRow) -> Result<Self, Fault> {
        Ok(Self {
            id: InstanceId::from_uuid(row.id),
            subscription: row.subscription,
            owner: UserId::from_uuid(row.user_id),
            name: row.name,
            provisioner: word("service_instances.provisioner", &row.provisioner)?,
            cluster: row.cluster_id.map(ClusterId::from_uuid),
            template: row.template.0,
            status: word("service_instances.status", &row.status)?,
            stopped: row.stopped,
            suspended: row.suspended,
            restarts: row.restarts,
            reason: row.reason,
            trouble: row.trouble,
            failures: row.failures,
            credentials: match (row.has_credentials, row.credentials_shown_at, row.ran_at) {
                (false, ..) => CredentialsStatus::None,
                (true, Some(_), _) => CredentialsStatus::Shown,
                (true, None, Some(_)) => CredentialsStatus::Ready,
                (true, None, None) => CredentialsStatus::Waiting,
            },
            wished_at: Timestamp::from_micros(row.wished_at),
            status_at: Timestamp::from_micros(row.status_at),
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// A sealed value.
#[derive(FromQueryResult)]
pub(crate) struct Sealed {
    pub(crate) sealed: Option<Vec<u8>>,
}

/// A number.
#[derive(FromQueryResult)]
pub(crate) struct Count {
    pub(crate) number: i64,
}
