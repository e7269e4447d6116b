//! What runs for a customer of a service.

use catalog_model::hosting::template::{
    HealthCheck, Ingress, Port, Protocol, Resources, ServiceTemplate, Variable, VariableValue,
    Volume,
};
use kernel::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::RequestError;

/// A protocol above IP.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PortProtocol)]
pub(crate) enum ProtocolDto {
    /// Most things.
    Tcp,
    /// Datagrams.
    Udp,
    /// Streams of messages.
    Sctp,
}

/// A port that the image listens at.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServicePort)]
pub(crate) struct PortDto {
    /// What it is called; up to 15 characters.
    #[schema(max_length = 15, example = "http")]
    name: String,
    /// Its number.
    #[schema(minimum = 1, maximum = 65_535, example = 5678)]
    number: i64,
    /// Over which protocol.
    #[serde(default = "tcp")]
    protocol: ProtocolDto,
}

fn tcp() -> ProtocolDto {
    ProtocolDto::Tcp
}

/// A secret that is made for each instance, and shown to its owner once.
/// Variables with the same name and key say the same.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretReference)]
pub(crate) struct SecretDto {
    /// The secret.
    #[schema(max_length = 253, example = "n8n-license")]
    name: String,
    /// The key in it.
    #[schema(max_length = 253, example = "LICENSE_KEY")]
    key: String,
}

/// An environment variable: with a `value` or from a `secret`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceVariable)]
pub(crate) struct VariableDto {
    /// What it is called.
    #[schema(max_length = 253, example = "N8N_LICENSE")]
    name: String,
    /// What it says, the same for every customer; no secret.
    #[schema(max_length = 4096, example = "production")]
    value: Option<String>,
    /// The secret that says it.
    secret: Option<SecretDto>,
}

/// How much the image may use, in quantities of Kubernetes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceResources)]
pub(crate) struct ResourcesDto {
    /// CPU that is kept free for it.
    #[schema(example = "250m")]
    cpu_request: String,
    /// CPU that it uses at most.
    #[schema(example = "1")]
    cpu_limit: String,
    /// Memory that is kept free for it.
    #[schema(example = "256Mi")]
    memory_request: String,
    /// Memory at which it is ended.
    #[schema(example = "512Mi")]
    memory_limit: String,
}

/// Storage that outlives restarts.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceVolume)]
pub(crate) struct VolumeDto {
    /// What it is called.
    #[schema(max_length = 63, example = "data")]
    name: String,
    /// Where the image sees it.
    #[schema(max_length = 512, example = "/home/node/.n8n")]
    mount_path: String,
    /// How large it is.
    #[schema(example = "5Gi")]
    size: String,
    /// What kind of storage; the cluster's default when null.
    #[schema(max_length = 253, example = "fast")]
    storage_class: Option<String>,
}

/// How one sees that it works.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceHealthCheck)]
pub(crate) struct HealthCheckDto {
    /// The name of the port that is asked.
    #[schema(max_length = 15, example = "http")]
    port: String,
    /// The path of an HTTP request; a TCP connection is enough when null.
    #[schema(max_length = 1024, example = "/healthz")]
    path: Option<String>,
    /// How long it has to start.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3600, example = 10)]
    initial_delay_seconds: i64,
    /// How often it is asked.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 3600, example = 10)]
    period_seconds: i64,
    /// How long an answer may take.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 3600, example = 1)]
    timeout_seconds: i64,
    /// After how many failures it is restarted.
    #[serde(default = "three")]
    #[schema(minimum = 1, maximum = 100, example = 3)]
    failure_threshold: i64,
}

// The defaults of Kubernetes.
fn ten() -> i64 {
    10
}
fn one() -> i64 {
    1
}
fn three() -> i64 {
    3
}

/// How it is reached from outside.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceIngress)]
pub(crate) struct IngressDto {
    /// The host name, with `{instance}` for the name of the instance.
    #[schema(max_length = 253, example = "{instance}.n8n.example.com")]
    host: String,
    /// The name of the port.
    #[schema(max_length = 15, example = "http")]
    port: String,
}

/// What runs for a customer of a service, as Kubernetes has it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceTemplate)]
pub(crate) struct TemplateDto {
    /// The reference of the image.
    #[schema(max_length = 512, example = "docker.io/n8nio/n8n:1.80.0")]
    image: String,
    /// Where it listens.
    #[serde(default)]
    #[schema(max_items = 20)]
    ports: Vec<PortDto>,
    /// What it is told.
    #[serde(default)]
    #[schema(max_items = 100)]
    environment: Vec<VariableDto>,
    /// How much it may use.
    resources: ResourcesDto,
    /// Storage that outlives restarts.
    #[serde(default)]
    #[schema(max_items = 8)]
    volumes: Vec<VolumeDto>,
    /// How one sees that it works.
    health_check: Option<HealthCheckDto>,
    /// How it is reached from outside.
    ingress: Option<IngressDto>,
}

impl TryFrom<TemplateDto> for ServiceTemplate {
    type Error = RequestError;

    fn try_from(dto: TemplateDto) -> Result<Self, RequestError> {
        Ok(Self {
            image: dto.image,
            ports: dto.ports.into_iter().map(port).collect(),
            environment: variables(dto.environment)?,
            resources: dto.resources.into(),
            volumes: dto.volumes.into_iter().map(volume).collect(),
            health_check: dto.health_check.map(|check| HealthCheck {
                port: check.port,
                path: check.path,
                initial_delay_seconds: check.initial_delay_seconds,
                period_seconds: check.period_seconds,
                timeout_seconds: check.timeout_seconds,
                failure_threshold: check.failure_threshold,
            }),
            ingress: dto.ingress.map(|ingress| Ingress {
                host: ingress.host,
                port: ingress.port,
            }),
        })
    }
}

fn port(dto: PortDto) -> Port {
    Port {
        name: dto.name,
        number: dto.number,
        protocol: match dto.protocol {
            ProtocolDto::Tcp => Protocol::Tcp,
            ProtocolDto::Udp => Protocol::Udp,
            ProtocolDto::Sctp => Protocol::Sctp,
        },
    }
}

fn volume(dto: VolumeDto) -> Volume {
    Volume {
        name: dto.name,
        mount_path: dto.mount_path,
        size: dto.size,
        storage_class: dto.storage_class,
    }
}

/// A variable has a value or a secret, and not both.
fn variables(dtos: Vec<VariableDto>) -> Result<Vec<Variable>, RequestError> {
    let mut wrong = Vec::new();
    let mut all = Vec::with_capacity(dtos.len());
    for (n, dto) in dtos.into_iter().enumerate() {
        let value = match (dto.value, dto.secret) {
            (Some(text), None) => VariableValue::Plain(text),
            (None, Some(secret)) => VariableValue::Secret {
                secret: secret.name,
                key: secret.key,
            },
            _ => {
                let pointer = format!("/template/environment/{n}");
                let why = "give either `value` or `secret`";
                wrong.push(FieldError::new(pointer, "value", why));
                continue;
            }
        };
        all.push(Variable {
            name: dto.name,
            value,
        });
    }
    if wrong.is_empty() {
        Ok(all)
    } else {
        Err(RequestError::InvalidBody(wrong))
    }
}

impl From<ResourcesDto> for Resources {
    fn from(dto: ResourcesDto) -> Self {
        Self {
            cpu_request: dto.cpu_request,
            cpu_limit: dto.cpu_limit,
            memory_request: dto.memory_request,
            memory_limit: dto.memory_limit,
        }
    }
}

impl From<Resources> for ResourcesDto {
    fn from(resources: Resources) -> Self {
        Self {
            cpu_request: resources.cpu_request,
            cpu_limit: resources.cpu_limit,
            memory_request: resources.memory_request,
            memory_limit: resources.memory_limit,
        }
    }
}

impl From<ServiceTemplate> for TemplateDto {
    fn from(template: ServiceTemplate) -> Self {
        Self {
            image: template.image,
            ports: template.ports.into_iter().map(PortDto::from).collect(),
            environment: template
                .environment
                .into_iter()
                .map(VariableDto::from)
                .collect(),
            resources: template.resources.into(),
            volumes: template.volumes.into_iter().map(VolumeDto::from).collect(),
            health_check: template.health_check.map(|check| HealthCheckDto {
                port: check.port,
                path: check.path,
                initial_delay_seconds: check.initial_delay_seconds,
                period_seconds: check.period_seconds,
                timeout_seconds: check.timeout_seconds,
                failure_threshold: check.failure_threshold,
            }),
            ingress: template.ingress.map(|ingress| IngressDto {
                host: ingress.host,
                port: ingress.port,
            }),
        }
    }
}

impl From<Port> for PortDto {
    fn from(port: Port) -> Self {
        Self {
            name: port.name,
            number: port.number,
            protocol: match port.protocol {
                Protocol::Tcp => ProtocolDto::Tcp,
                Protocol::Udp => ProtocolDto::Udp,
                Protocol::Sctp => ProtocolDto::Sctp,
            },
        }
    }
}

impl From<Variable> for VariableDto {
    fn from(variable: Variable) -> Self {
        let (value, secret) = match variable.value {
            VariableValue::Plain(text) => (Some(text), None),
            VariableValue::Secret { secret, key } => (None, Some(SecretDto { name: secret, key })),
        };
        Self {
            name: variable.name,
            value,
            secret,
        }
    }
}

impl From<Volume> for VolumeDto {
    fn from(volume: Volume) -> Self {
        Self {
            name: volume.name,
            mount_path: volume.mount_path,
            size: volume.size,
            storage_class: volume.storage_class,
        }
    }
}
