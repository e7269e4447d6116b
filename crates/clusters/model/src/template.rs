//! What runs for a customer, as it was when they asked for it.
//!
//! The catalog's template of a service becomes a [`Template`] when somebody
//! subscribes; later changes of the catalog leave running instances alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::ClustersError;

/// What in a host pattern stands for the name of an instance.
pub const INSTANCE: &str = "{instance}";
/// The most ports, volumes and variables together.
const MAX_PARTS: usize = 128;
/// The longest reference of an image: a name, a tag and a digest.
const MAX_IMAGE: usize = 600;

/// A protocol above IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Protocol {
    /// Most things.
    Tcp,
    /// Datagrams.
    Udp,
    /// Streams of messages.
    Sctp,
}

/// A port that the image listens at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// What it is called; a name of a port as Kubernetes has it.
    pub name: String,
    /// Its number.
    pub number: u16,
    /// Over which protocol.
    pub protocol: Protocol,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// What it is called.
    pub name: String,
    /// What it says.
    pub value: Value,
}

/// What a variable says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// The same for every customer; no secret.
    Plain(String),
    /// A secret that is made for the instance. Variables that name the same
    /// one say the same.
    Secret(String),
}

/// Storage that outlives restarts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// What it is called; a DNS label.
    pub name: String,
    /// Where the image sees it.
    pub mount_path: String,
    /// How large it is.
    pub bytes: i64,
    /// What kind of storage; the cluster's default when none.
    pub storage_class: Option<String>,
}

/// How one sees that it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The name of the port that is asked.
    pub port: String,
    /// The path of an HTTP request; a TCP connection is enough when none.
    pub path: Option<String>,
    /// How long it has to start, in seconds.
    pub initial_delay_seconds: i32,
    /// How often it is asked, in seconds.
    pub period_seconds: i32,
    /// How long an answer may take, in seconds.
    pub timeout_seconds: i32,
    /// After how many failures it is restarted.
    pub failure_threshold: i32,
}

/// How it is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingress {
    /// The host name, with [`INSTANCE`] for the name of the instance.
    pub host: String,
    /// The name of the port.
    pub port: String,
}

/// How much it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// CPU that is kept free for it, in thousandths.
    pub cpu_request_milli: i64,
    /// CPU that it uses at most, in thousandths.
    pub cpu_limit_milli: i64,
    /// Memory that is kept free for it, in bytes.
    pub memory_request_bytes: i64,
    /// Memory at which it is ended, in bytes.
    pub memory_limit_bytes: i64,
}

/// What runs for a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The reference of the image.
    pub image: String,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// What it is told.
    pub variables: Vec<Variable>,
    /// How much it may use, where the plan says nothing else.
    pub resources: Resources,
    /// Storage that outlives restarts.
    pub volumes: Vec<Volume>,
    /// How one sees that it works.
    pub health_check: Option<HealthCheck>,
    /// How it is reached from outside.
    pub ingress: Option<Ingress>,
}

/// What a plan allows an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLimits {
    /// How much it may use.
    pub resources: Resources,
    /// Storage of all its volumes, in bytes; as in the template when none.
    pub storage_bytes: Option<i64>,
}

impl Template {
    /// The template with the limits of a plan. The storage of the plan that the
    /// other volumes leave goes to the first one, which never gets less than
    /// it has.
    #[must_use]
    pub fn within(mut self, limits: &PlanLimits) -> Self {
        self.resources = limits.resources;
        if let (Some(storage), Some((first, others))) =
            (limits.storage_bytes, self.volumes.split_first_mut())
        {
            let others = others
                .iter()
                .fold(0, |sum: i64, one| sum.saturating_add(one.bytes));
            first.bytes = first.bytes.max(storage.saturating_sub(others));
        }
        self
    }

    /// What all its volumes hold, in bytes.
    pub fn storage_bytes(&self) -> i64 {
        self.volumes
            .iter()
            .fold(0, |sum, one| one.bytes.saturating_add(sum))
    }

    /// The secrets that have to be made for an instance.
    pub fn secrets(&self) -> BTreeSet<&str> {
        let secret = |one: &'_ Variable| matches!(one.value, Value::Secret(_));
        self.variables
            .iter()
            .filter(|one| secret(one))
            .filter_map(|one| match &one.value {
                Value::Secret(name) => Some(name.as_str()),
                Value::Plain(_) => None,
            })
            .collect()
    }

    /// The host of the instance with that name.
    pub fn host(&self, instance: &str) -> Option<String> {
        let ingress = self.ingress.as_ref()?;
        Some(ingress.host.replacen(INSTANCE, instance, 1))
    }

    /// Refuses what no cluster would take. The catalog checks templates as
    /// Kubernetes does; this is the last line.
    pub fn check(&self) -> Result<(), ClustersError> {
        let refused = |why: &str| Err(ClustersError::InvalidTemplate(why.to_owned()));
        let parts = self.ports.len() + self.volumes.len() + self.variables.len();
        if self.image.is_empty() || self.image.len() > MAX_IMAGE {
            return refused("its image has no name");
        }
        if parts > MAX_PARTS {
            return refused("it has too many ports, volumes and variables");
        }
        let r = &self.resources;
        let in_order = |request: i64, limit: i64| 0 <= request && request <= limit && limit > 0;
        if !in_order(r.cpu_request_milli, r.cpu_limit_milli)
            || !in_order(r.memory_request_bytes, r.memory_limit_bytes)
        {
            return refused("its limits have to be above 0 and not below what it asks for");
        }
        if self.volumes.iter().any(|one| one.bytes <= 0) {
            return refused("a volume has no size");
        }
        let named = |name: &str| self.ports.iter().any(|port| port.name == name);
        let health = self.health_check.as_ref().map(|one| one.port.as_str());
        let ingress = self.ingress.as_ref().map(|one| one.port.as_str());
        if [health, ingress]
            .into_iter()
            .flatten()
            .any(|name| !named(name))
        {
            return refused("its health check or ingress names a port that it does not have");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        let volume = |name: &str, bytes| Volume {
            name: name.to_owned(),
            mount_path: format!("/{name}"),
            bytes,
            storage_class: None,
        };
        let secret = |variable: &str, name: &str| Variable {
            name: variable.to_owned(),
            value: Value::Secret(name.to_owned()),
        };
        Template {
            image: "docker.io/n8nio/n8n:1".to_owned(),
            ports: vec![Port {
                name: "http".to_owned(),
                number: 5678,
                protocol: Protocol::Tcp,
            }],
            variables: vec![
                secret("KEY", "key"),
                secret("SAME", "key"),
                secret("OTHER", "other"),
            ],
            resources: Resources {
                cpu_request_milli: 200,
                cpu_limit_milli: 500,
                memory_request_bytes: 256,
                memory_limit_bytes: 512,
            },
            volumes: vec![volume("data", 100), volume("logs", 10)],
            health_check: None,
            ingress: Some(Ingress {
                host: "{instance}.n8n.example.com".to_owned(),
                port: "http".to_owned(),
            }),
        }
    }

    #[test]
    fn a_plan_sets_the_limits() {
        let resources = Resources {
            cpu_request_milli: 100,
            cpu_limit_milli: 200,
            memory_request_bytes: 256,
            memory_limit_bytes: 1024,
        };
        let limits = PlanLimits {
            resources,
            storage_bytes: Some(500),
        };
        let within = template().within(&limits);
        assert_eq!(within.resources, resources);
        assert_eq!(within.volumes[0].bytes, 490);
        assert_eq!(within.storage_bytes(), 500);
        let same = PlanLimits {
            resources: template().resources,
            storage_bytes: None,
        };
        assert_eq!(template().within(&same), template());
        // Storage does not shrink below what the template needs.
        let little = PlanLimits {
            storage_bytes: Some(5),
            ..limits
        };
        assert_eq!(template().within(&little).storage_bytes(), 110);
    }

    #[test]
    fn secrets_are_made_once_for_each_name() {
        let template = template();
        let secrets: Vec<&str> = template.secrets().into_iter().collect();
        assert_eq!(secrets, ["key", "other"]);
        assert_eq!(template.host("i-1").as_deref(), Some("i-1.n8n.example.com"));
    }

    #[test]
    fn what_no_cluster_would_take_is_refused() {
        assert!(template().check().is_ok());
        let broken: [fn(&mut Template); 5] = [
            |one| one.image.clear(),
            |one| one.resources.cpu_limit_milli = 0,
            |one| one.resources.memory_request_bytes = 513,
            |one| one.volumes[0].bytes = 0,
            |one| one.ports.clear(),
        ];
        for (n, breaks) in broken.into_iter().enumerate() {
            let mut one = template();
            breaks(&mut one);
            assert!(one.check().is_err(), "{n}");
        }
    }
}
