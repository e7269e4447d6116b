//! What runs for a customer of a service, validated as Kubernetes validates it.

use std::collections::BTreeSet;

use kernel::FieldError;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::quantity::Quantity;
use super::wrong::Wrong;
use super::{image, names};

/// How many ports, volumes or variables a template may have.
pub const MAX_PORTS: usize = 20;
/// How many volumes.
pub const MAX_VOLUMES: usize = 8;
/// The largest volume, in bytes: 1 Pi, more than any disk that is for rent.
pub const MAX_VOLUME: i64 = 1 << 50;
/// How many environment variables.
pub const MAX_VARIABLES: usize = 100;
/// How long the names of a secret and of a key in it may be together: both
/// are one key of the `Secret` of an instance, with `_` between them.
pub const MAX_SECRET: usize = 252;
/// What in the host pattern stands for the name of an instance.
pub const INSTANCE: &str = "{instance}";
/// How long the name of an instance may be.
pub const MAX_INSTANCE: usize = 40;

/// A protocol above IP.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
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
    /// What it is called.
    pub name: String,
    /// Its number.
    pub number: i64,
    /// Over which protocol.
    pub protocol: Protocol,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// What it is called.
    pub name: String,
    /// What it says.
    pub value: VariableValue,
}

/// What a variable says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableValue {
    /// The same for every customer; no secret.
    Plain(String),
    /// A secret that is made for each instance. Variables that name the same
    /// secret and key say the same.
    Secret {
        /// The secret.
        secret: String,
        /// The key in it.
        key: String,
    },
}

/// How much the image may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// CPU that is kept free for it.
    pub cpu_request: String,
    /// CPU that it uses at most.
    pub cpu_limit: String,
    /// Memory that is kept free for it.
    pub memory_request: String,
    /// Memory at which it is ended.
    pub memory_limit: String,
}

/// Storage that outlives restarts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// What it is called.
    pub name: String,
    /// Where the image sees it.
    pub mount_path: String,
    /// How large it is.
    pub size: String,
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
    pub initial_delay_seconds: i64,
    /// How often it is asked, in seconds.
    pub period_seconds: i64,
    /// How long an answer may take, in seconds.
    pub timeout_seconds: i64,
    /// After how many failures it is restarted.
    pub failure_threshold: i64,
}

/// How it is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingress {
    /// The host name, with [`INSTANCE`] for the name of the instance.
    pub host: String,
    /// The name of the port.
    pub port: String,
}

/// What runs for a customer of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTemplate {
    /// The reference of the image.
    pub image: String,
    /// Where it listens.
    pub ports: Vec<Port>,
    /// What it is told.
    pub environment: Vec<Variable>,
    /// How much it may use.
    pub resources: Resources,
    /// Storage that outlives restarts.
    pub volumes: Vec<Volume>,
    /// How one sees that it works.
    pub health_check: Option<HealthCheck>,
    /// How it is reached from outside.
    pub ingress: Option<Ingress>,
}

impl ServiceTemplate {
    /// Refuses what Kubernetes would refuse; pointers begin with `/template`.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let mut wrong = Wrong::new();
        let at = |rest: &str| format!("/template{rest}");
        wrong.rule(at("/image"), "image", image::check(&self.image));
        self.check_ports(&mut wrong);
        self.check_environment(&mut wrong);
        self.resources.check(&mut wrong, "/template/resources");
        self.check_volumes(&mut wrong);
        if let Some(health) = &self.health_check {
            self.check_health(health, &mut wrong);
        }
        if let Some(ingress) = &self.ingress {
            wrong.rule(at("/ingress/host"), "host", check_host(&ingress.host));
            self.check_tcp_port("/template/ingress/port", &ingress.port, &mut wrong);
        }
        wrong.done()
    }

    fn check_ports(&self, wrong: &mut Wrong) {
        wrong.count("/template/ports", self.ports.len(), MAX_PORTS);
        let (mut seen_names, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for (n, port) in self.ports.iter().enumerate() {
            let at = |field: &str| format!("/template/ports/{n}/{field}");
            wrong.rule(at("name"), "name", names::port_name(&port.name));
            wrong.range(at("number"), port.number, 1, 65_535);
            if !seen_names.insert(&port.name) {
                wrong.add(at("name"), "twice", "another port has this name");
            }
            if !seen.insert((port.number, port.protocol)) {
                wrong.add(
                    at("number"),
                    "twice",
                    "another port has this number and protocol",
                );
            }
        }
    }

    fn check_environment(&self, wrong: &mut Wrong) {
        wrong.count(
            "/template/environment",
            self.environment.len(),
            MAX_VARIABLES,
        );
        let mut seen = BTreeSet::new();
        for (n, variable) in self.environment.iter().enumerate() {
            let at = |field: &str| format!("/template/environment/{n}/{field}");
            wrong.rule(at("name"), "name", names::env_name(&variable.name));
            if !seen.insert(&variable.name) {
                wrong.add(at("name"), "twice", "another variable has this name");
            }
            match &variable.value {
                VariableValue::Plain(text) if text.contains('\0') => {
                    wrong.add(at("value"), "value", "must not contain the character NUL");
                }
                VariableValue::Plain(_) => {}
                VariableValue::Secret { secret, key } => {
                    wrong.rule(at("secret/name"), "name", names::subdomain(secret));
                    wrong.rule(at("secret/key"), "key", names::key(key));
                    if secret.len() + key.len() > MAX_SECRET {
                        let why = "must have at most 252 characters together with the name";
                        wrong.add(at("secret/key"), "length", why);
                    }
                }
            }
        }
    }

    fn check_volumes(&self, wrong: &mut Wrong) {
        wrong.count("/template/volumes", self.volumes.len(), MAX_VOLUMES);
        let (mut seen, mut paths) = (BTreeSet::new(), BTreeSet::new());
        for (n, volume) in self.volumes.iter().enumerate() {
            let at = |field: &str| format!("/template/volumes/{n}/{field}");
            wrong.rule(at("name"), "name", names::label(&volume.name));
            if !seen.insert(&volume.name) {
                wrong.add(at("name"), "twice", "another volume has this name");
            }
            wrong.rule(at("mount_path"), "path", check_path(&volume.mount_path));
            if !paths.insert(volume.mount_path.trim_end_matches('/')) {
                wrong.add(at("mount_path"), "twice", "another volume is mounted there");
            }
            match volume.size.parse::<Quantity>() {
                Ok(size) if size.is_whole() && (1..=MAX_VOLUME).contains(&size.whole()) => {}
                Ok(_) => wrong.add(
                    at("size"),
                    "quantity",
                    "must be a whole number of bytes above 0, and at most 1Pi",
                ),
                Err(why) => wrong.add(at("size"), "quantity", why.to_string()),
            }
            if let Some(class) = &volume.storage_class {
                wrong.rule(at("storage_class"), "name", names::subdomain(class));
            }
        }
    }

    fn check_health(&self, health: &HealthCheck, wrong: &mut Wrong) {
        let at = |field: &str| format!("/template/health_check/{field}");
        self.check_tcp_port("/template/health_check/port", &health.port, wrong);
        if let Some(path) = &health.path
            && (!path.starts_with('/') || path.chars().any(|c| c.is_control() || c == ' '))
        {
            let why = "must begin with a slash and have no spaces";
            wrong.add(at("path"), "path", why);
        }
        wrong.range(
            at("initial_delay_seconds"),
            health.initial_delay_seconds,
            0,
            3_600,
        );
        wrong.range(at("period_seconds"), health.period_seconds, 1, 3_600);
        wrong.range(at("timeout_seconds"), health.timeout_seconds, 1, 3_600);
        wrong.range(at("failure_threshold"), health.failure_threshold, 1, 100);
    }

    /// What is asked over HTTP or TCP is one of the ports, by name.
    fn check_tcp_port(&self, pointer: &str, name: &str, wrong: &mut Wrong) {
        let known = self.ports.iter().find(|port| port.name == name);
        if known.is_none_or(|port| port.protocol != Protocol::Tcp) {
            let why = "must be the name of one of the TCP `ports`";
            wrong.add(pointer.to_owned(), "port", why);
        }
    }
}

impl Resources {
    /// Refuses what are no quantities, and requests above their limits.
    pub(crate) fn check(&self, wrong: &mut Wrong, under: &str) {
        let thousandths = "must be at least 0 and a whole number of thousandths, such as 250m";
        let bytes = "must be at least 0 and a whole number of bytes, such as 512Mi";
        for (field, request, limit, is_whole, why) in [
            (
                "cpu",
                &self.cpu_request,
                &self.cpu_limit,
                Quantity::is_whole_in_thousandths as fn(Quantity) -> bool,
                thousandths,
            ),
            (
                "memory",
                &self.memory_request,
                &self.memory_limit,
                Quantity::is_whole,
                bytes,
            ),
        ] {
            let mut read = |which: &str, text: &str| {
                let pointer = format!("{under}/{field}_{which}");
                match text.parse::<Quantity>() {
                    Ok(value) if value >= Quantity::ZERO && is_whole(value) => Some(value),
                    Ok(_) => {
                        wrong.add(pointer, "quantity", why);
                        None
                    }
                    Err(error) => {
                        wrong.add(pointer, "quantity", error.to_string());
                        None
                    }
                }
            };
            let (request, limit) = (read("request", request), read("limit", limit));
            let (Some(request), Some(limit)) = (request, limit) else {
                continue;
            };
            if limit == Quantity::ZERO {
                wrong.add(format!("{under}/{field}_limit"), "range", "must be above 0");
            } else if request > limit {
                let pointer = format!("{under}/{field}_request");
                wrong.add(pointer, "range", "must not be above the limit");
            }
        }
    }
}

/// A path in the file system of the image.
fn check_path(path: &str) -> Result<(), &'static str> {
    let holds = path.starts_with('/')
        && path.len() > 1
        && path.len() <= 512
        && !path.contains([':', '\0'])
        && !path.split('/').any(|part| part == "..");
    if holds {
        Ok(())
    } else {
        Err("must be an absolute path below the root, without `:` and `..`")
    }
}

/// A host name with a place for the instance.
fn check_host(pattern: &str) -> Result<(), &'static str> {
    const WHY: &str = "must be a host name with {instance} once, such as {instance}.n8n.example.com; each part has at most 63 characters when {instance} has 40";
    let longest = pattern.replacen(INSTANCE, &"a".repeat(MAX_INSTANCE), 1);
    let holds = pattern.matches(INSTANCE).count() == 1
        && longest.contains('.')
        && names::subdomain(&longest).is_ok()
        && longest.split('.').all(|part| part.len() <= 63);
    if holds { Ok(()) } else { Err(WHY) }
}
