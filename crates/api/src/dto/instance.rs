//! What runs for customers.

use std::collections::BTreeMap;

use clusters_model::instance::{
    CredentialsStatus, Instance, InstanceStatus, ProvisionerName, Wish,
};
use clusters_model::template::Template;
use clusters_service::{Credentials, Logs};
use kernel::{ClusterId, InstanceId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of an instance.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InstanceStatus)]
pub(crate) enum InstanceStatusDto {
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

impl From<InstanceStatus> for InstanceStatusDto {
    fn from(status: InstanceStatus) -> Self {
        match status {
            InstanceStatus::Requested => Self::Requested,
            InstanceStatus::Provisioning => Self::Provisioning,
            InstanceStatus::Running => Self::Running,
            InstanceStatus::Stopped => Self::Stopped,
            InstanceStatus::Failed => Self::Failed,
            InstanceStatus::Suspended => Self::Suspended,
            InstanceStatus::Terminating => Self::Terminating,
            InstanceStatus::Terminated => Self::Terminated,
        }
    }
}

impl From<InstanceStatusDto> for InstanceStatus {
    fn from(status: InstanceStatusDto) -> Self {
        match status {
            InstanceStatusDto::Requested => Self::Requested,
            InstanceStatusDto::Provisioning => Self::Provisioning,
            InstanceStatusDto::Running => Self::Running,
            InstanceStatusDto::Stopped => Self::Stopped,
            InstanceStatusDto::Failed => Self::Failed,
            InstanceStatusDto::Suspended => Self::Suspended,
            InstanceStatusDto::Terminating => Self::Terminating,
            InstanceStatusDto::Terminated => Self::Terminated,
        }
    }
}

/// What is wanted of an instance; its state follows.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InstanceWish)]
pub(crate) enum WishDto {
    /// That it runs.
    Running,
    /// That it is stopped, with its storage kept.
    Stopped,
    /// The same, and that its owner cannot start it.
    Suspended,
    /// That nothing of it is left.
    Gone,
}

/// Whether the credentials of an instance can be seen.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CredentialsStatus)]
pub(crate) enum CredentialsStatusDto {
    /// It has none.
    None,
    /// Not before it works.
    Waiting,
    /// They can be seen, once.
    Ready,
    /// They were seen, and are not kept.
    Shown,
}

/// How much an instance may use.
#[derive(Serialize, ToSchema)]
#[schema(as = InstanceResources)]
pub(crate) struct InstanceResourcesDto {
    /// CPU that it uses at most, in thousandths.
    #[schema(example = 1000)]
    cpu_milli: i64,
    /// Memory at which it is ended, in bytes.
    #[schema(example = 536_870_912)]
    memory_bytes: i64,
    /// Storage of all its volumes, in bytes.
    #[schema(example = 5_368_709_120_i64)]
    storage_bytes: i64,
}

impl From<&Template> for InstanceResourcesDto {
    fn from(template: &Template) -> Self {
        Self {
            cpu_milli: template.resources.cpu_limit_milli,
            memory_bytes: template.resources.memory_limit_bytes,
            storage_bytes: template.storage_bytes(),
        }
    }
}

/// What runs for a customer.
#[derive(Serialize, ToSchema)]
#[schema(as = Instance)]
pub(crate) struct InstanceDto {
    /// Which.
    #[schema(value_type = String, example = "ins_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: InstanceId,
    /// For which subscription.
    #[schema(example = "sub_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    subscription_id: String,
    /// What it is called.
    #[schema(example = "n8n")]
    name: String,
    /// How it is.
    status: InstanceStatusDto,
    /// What is wanted of it.
    wanted: WishDto,
    /// Why it is as it is.
    #[schema(example = "its image cannot be pulled")]
    reason: Option<String>,
    /// Where it is reached; null when it is not reached from outside.
    #[schema(example = "https://i-01j9z6m3k4f5g6h7j8k9m0n1p2.n8n.example.com")]
    endpoint: Option<String>,
    /// Whether its credentials can be seen.
    credentials: CredentialsStatusDto,
    /// How much it may use.
    resources: InstanceResourcesDto,
    /// How often it was restarted at its owner's wish.
    #[schema(example = 0)]
    restarts: i64,
    /// Since when it is in its state.
    #[schema(value_type = String, format = DateTime)]
    status_at: Timestamp,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Instance> for InstanceDto {
    fn from(one: Instance) -> Self {
        Self {
            status: one.status.into(),
            wanted: match one.wish() {
                Wish::Running => WishDto::Running,
                Wish::Stopped => WishDto::Stopped,
                Wish::Suspended => WishDto::Suspended,
                Wish::Gone => WishDto::Gone,
            },
            endpoint: endpoint(one.host()),
            credentials: match one.credentials {
                CredentialsStatus::None => CredentialsStatusDto::None,
                CredentialsStatus::Waiting => CredentialsStatusDto::Waiting,
                CredentialsStatus::Ready => CredentialsStatusDto::Ready,
                CredentialsStatus::Shown => CredentialsStatusDto::Shown,
            },
            resources: InstanceResourcesDto::from(&one.template),
            reason: one.told_reason().map(str::to_owned),
            id: one.id,
            subscription_id: one.subscription,
            name: one.name,
            restarts: one.restarts,
            status_at: one.status_at,
            created_at: one.created_at,
        }
    }
}

fn endpoint(host: Option<String>) -> Option<String> {
    host.map(|host| format!("https://{host}"))
}

/// Who makes an instance.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Provisioner)]
pub(crate) enum ProvisionerDto {
    /// Nobody: its states follow each other by the clock.
    Simulated,
    /// A Kubernetes cluster.
    Kubernetes,
}

/// An instance, as those see it who run the shop.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminInstance)]
pub(crate) struct AdminInstanceDto {
    /// What its owner sees.
    instance: InstanceDto,
    /// Whose it is.
    #[schema(value_type = String)]
    user_id: UserId,
    /// Who makes it.
    provisioner: ProvisionerDto,
    /// Where it runs; null before it has a place.
    #[schema(value_type = Option<String>, example = "clu_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    cluster_id: Option<ClusterId>,
    /// What all of it is called in the cluster.
    #[schema(example = "i-01j9z6m3k4f5g6h7j8k9m0n1p2")]
    object_name: String,
    /// The image that it runs.
    #[schema(example = "docker.io/n8nio/n8n:1")]
    image: String,
    /// What its cluster said when something went wrong.
    #[schema(example = "the cluster did not answer within 5s")]
    trouble: Option<String>,
    /// How often in a row something went wrong.
    #[schema(example = 0)]
    failures: i64,
}

impl From<Instance> for AdminInstanceDto {
    fn from(one: Instance) -> Self {
        Self {
            user_id: one.owner,
            provisioner: match one.provisioner {
                ProvisionerName::Simulated => ProvisionerDto::Simulated,
                ProvisionerName::Kubernetes => ProvisionerDto::Kubernetes,
            },
            cluster_id: one.cluster,
            object_name: one.object_name(),
            image: one.template.image.clone(),
            trouble: one.trouble.clone(),
            failures: one.failures,
            instance: one.into(),
        }
    }
}

/// What is needed to use an instance.
#[derive(Serialize, ToSchema)]
#[schema(as = InstanceCredentials)]
pub(crate) struct CredentialsDto {
    /// Where it is reached.
    #[schema(example = "https://i-01j9z6m3k4f5g6h7j8k9m0n1p2.n8n.example.com")]
    endpoint: Option<String>,
    /// Its secret environment variables.
    #[schema(example = json!({"N8N_ENCRYPTION_KEY": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"}))]
    variables: BTreeMap<String, String>,
}

impl From<Credentials> for CredentialsDto {
    fn from(all: Credentials) -> Self {
        Self {
            endpoint: endpoint(all.host),
            variables: all.variables,
        }
    }
}

/// What an instance wrote.
#[derive(Serialize, ToSchema)]
#[schema(as = InstanceLogs)]
pub(crate) struct LogsDto {
    /// Whether they could be read.
    #[schema(example = true)]
    available: bool,
    /// Why they could not.
    #[schema(example = "the instance runs nowhere yet")]
    reason: Option<String>,
    /// The last lines, oldest first.
    #[schema(example = json!(["Editor is now accessible"]))]
    lines: Vec<String>,
}

impl From<Logs> for LogsDto {
    fn from(logs: Logs) -> Self {
        Self {
            available: logs.unavailable.is_none(),
            reason: logs.unavailable,
            lines: logs.lines,
        }
    }
}
