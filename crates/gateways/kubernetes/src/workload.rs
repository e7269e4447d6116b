//! What an instance is in a cluster: an anchor that owns all the rest, so that
//! the cluster's garbage collector removes it together.

use clusters_model::instance::Wish;
use clusters_model::ports::Wanted;
use clusters_model::template::{HealthCheck, Protocol, Template, Value, Volume};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMap, Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction,
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource,
    PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile,
    Secret, SecretKeySelector, SecurityContext, Service, ServicePort, ServiceSpec, TCPSocketAction,
    Volume as PodVolume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::objects::{INSTANCE, Labels, labels, quantities};
use crate::quantity;

/// The annotation that grows with each restart.
const RESTARTS: &str = "sutler.dev/restarts";
/// What the container is called.
pub(crate) const CONTAINER: &str = "service";

/// The objects of one instance.
pub(crate) struct Workload<'a> {
    pub(crate) wanted: &'a Wanted,
    /// The anchor, by its uid.
    pub(crate) anchor: String,
    pub(crate) ingress_class: Option<&'a str>,
    pub(crate) certificate_issuer: Option<&'a str>,
    /// After how many seconds the cluster says that it does not come up.
    pub(crate) patience_seconds: i32,
}

fn instance_labels(wanted: &Wanted) -> Labels {
    let mut labels = labels(wanted);
    labels.insert(INSTANCE.to_owned(), wanted.instance.to_string());
    labels.insert(
        "app.kubernetes.io/instance".to_owned(),
        wanted.place.name.clone(),
    );
    labels
}

/// The labels by which the pods of an instance are found.
fn selector(wanted: &Wanted) -> Labels {
    Labels::from([(INSTANCE.to_owned(), wanted.instance.to_string())])
}

/// What owns all that an instance is.
pub(crate) fn anchor(wanted: &Wanted) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(wanted.place.name.clone()),
            namespace: Some(wanted.place.namespace.clone()),
            labels: Some(instance_labels(wanted)),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

fn protocol(protocol: Protocol) -> String {
    <&'static str>::from(protocol).to_owned()
}

impl Workload<'_> {
    fn template(&self) -> &Template {
        &self.wanted.template
    }

    fn metadata(&self, name: String) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: Some(self.wanted.place.namespace.clone()),
            labels: Some(instance_labels(self.wanted)),
            owner_references: Some(vec![OwnerReference {
                api_version: "v1".to_owned(),
                kind: "ConfigMap".to_owned(),
                name: self.wanted.place.name.clone(),
                uid: self.anchor.clone(),
                block_owner_deletion: Some(true),
                controller: None,
            }]),
            ..ObjectMeta::default()
        }
    }

    fn name(&self) -> String {
        self.wanted.place.name.clone()
    }

    /// Its secrets, as long as they are known here.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let secrets = self.wanted.secrets.as_ref()?;
        Some(Secret {
            metadata: self.metadata(self.name()),
            string_data: Some(secrets.clone()),
            type_: Some("Opaque".to_owned()),
            ..Secret::default()
        })
    }

    fn claim_name(&self, volume: &Volume) -> String {
        format!("{}-{}", self.wanted.place.name, volume.name)
    }

    /// Its storage.
    pub(crate) fn claims(&self) -> Vec<PersistentVolumeClaim> {
        let claim = |volume: &Volume| PersistentVolumeClaim {
            metadata: self.metadata(self.claim_name(volume)),
            spec: Some(PersistentVolumeClaimSpec {
                access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
                resources: Some(VolumeResourceRequirements {
                    requests: Some(quantities([("storage", volume.bytes.to_string())])),
                    ..VolumeResourceRequirements::default()
                }),
                storage_class_name: volume.storage_class.clone(),
                ..PersistentVolumeClaimSpec::default()
            }),
            ..PersistentVolumeClaim::default()
        };
        self.template().volumes.iter().map(claim).collect()
    }

    /// Its address within the cluster.
    pub(crate) fn service(&self) -> Option<Service> {
        let ports = &self.template().ports;
        let port = |one: &clusters_model::template::Port| ServicePort {
            name: Some(one.name.clone()),
            port: i32::from(one.number),
            protocol: Some(protocol(one.protocol)),
            target_port: Some(IntOrString::String(one.name.clone())),
            ..ServicePort::default()
        };
        (!ports.is_empty()).then(|| Service {
            metadata: self.metadata(self.name()),
            spec: Some(ServiceSpec {
                type_: Some("ClusterIP".to_owned()),
                selector: Some(selector(self.wanted)),
                ports: Some(ports.iter().map(port).collect()),
                ..ServiceSpec::default()
            }),
            ..Service::default()
        })
    }

    /// Its address outside.
    pub(crate) fn ingress(&self) -> Option<Ingress> {
        let port = &self.template().ingress.as_ref()?.port;
        let host = self.wanted.host.clone()?;
        let mut metadata = self.metadata(self.name());
        metadata.annotations = self.certificate_issuer.map(|issuer| {
            Labels::from([(
                "cert-manager.io/cluster-issuer".to_owned(),
                issuer.to_owned(),
            )])
        });
        let tls = IngressTLS {
            hosts: Some(vec![host.clone()]),
            // Without an issuer, the certificate of the controller.
            secret_name: self
                .certificate_issuer
                .map(|_| format!("{}-tls", self.wanted.place.name)),
        };
        let backend = IngressBackend {
            service: Some(IngressServiceBackend {
                name: self.name(),
                port: Some(ServiceBackendPort {
                    name: Some(port.clone()),
                    ..ServiceBackendPort::default()
                }),
            }),
            ..IngressBackend::default()
        };
        let rule = IngressRule {
            host: Some(host),
            http: Some(HTTPIngressRuleValue {
                paths: vec![HTTPIngressPath {
                    path: Some("/".to_owned()),
                    path_type: "Prefix".to_owned(),
                    backend,
                }],
            }),
        };
        Some(Ingress {
            metadata,
            spec: Some(IngressSpec {
                ingress_class_name: self.ingress_class.map(str::to_owned),
                rules: Some(vec![rule]),
                tls: Some(vec![tls]),
                ..IngressSpec::default()
            }),
            ..Ingress::default()
        })
    }

    /// What runs. Nothing does while it is stopped; its storage stays.
    pub(crate) fn deployment(&self) -> Deployment {
        let wanted = self.wanted;
        let replicas = i32::from(wanted.wish == Wish::Running);
        let annotations = Labels::from([(RESTARTS.to_owned(), wanted.restarts.to_string())]);
        Deployment {
            metadata: self.metadata(self.name()),
            spec: Some(DeploymentSpec {
                replicas: Some(replicas),
                progress_deadline_seconds: Some(self.patience_seconds),
                revision_history_limit: Some(1),
                selector: LabelSelector {
                    match_labels: Some(selector(wanted)),
                    ..LabelSelector::default()
                },
                // A volume is mounted once; the quota has room for one pod.
                strategy: Some(DeploymentStrategy {
                    type_: Some("Recreate".to_owned()),
                    ..DeploymentStrategy::default()
                }),
                template: PodTemplateSpec {
                    metadata: Some(ObjectMeta {
                        labels: Some(instance_labels(wanted)),
                        annotations: Some(annotations),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(self.pod()),
                },
                ..DeploymentSpec::default()
            }),
            ..Deployment::default()
        }
    }

    fn pod(&self) -> PodSpec {
        let volume = |one: &Volume| PodVolume {
            name: one.name.clone(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: self.claim_name(one),
                read_only: None,
            }),
            ..PodVolume::default()
        };
        PodSpec {
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            security_context: Some(PodSecurityContext {
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".to_owned(),
                    localhost_profile: None,
                }),
                ..PodSecurityContext::default()
            }),
            volumes: Some(self.template().volumes.iter().map(volume).collect()),
            containers: vec![self.container()],
            ..PodSpec::default()
        }
    }

    fn container(&self) -> Container {
        let template = self.template();
        let mount = |one: &Volume| VolumeMount {
            name: one.name.clone(),
            mount_path: one.mount_path.clone(),
            ..VolumeMount::default()
        };
        let port = |one: &clusters_model::template::Port| ContainerPort {
            name: Some(one.name.clone()),
            container_port: i32::from(one.number),
            protocol: Some(protocol(one.protocol)),
            ..ContainerPort::default()
        };
        let r = &template.resources;
        let probe = template.health_check.as_ref().map(probe);
        Container {
            name: CONTAINER.to_owned(),
            image: Some(template.image.clone()),
            env: Some(self.environment()),
            ports: Some(template.ports.iter().map(port).collect()),
            volume_mounts: Some(template.volumes.iter().map(mount).collect()),
            resources: Some(ResourceRequirements {
                requests: Some(quantities([
                    ("cpu", quantity::of_milli(r.cpu_request_milli)),
                    ("memory", r.memory_request_bytes.to_string()),
                ])),
                limits: Some(quantities([
                    ("cpu", quantity::of_milli(r.cpu_limit_milli)),
                    ("memory", r.memory_limit_bytes.to_string()),
                ])),
                ..ResourceRequirements::default()
            }),
            liveness_probe: probe.clone(),
            readiness_probe: probe.map(|probe| Probe {
                initial_delay_seconds: None,
                ..probe
            }),
            security_context: Some(SecurityContext {
                allow_privilege_escalation: Some(false),
                capabilities: Some(Capabilities {
                    drop: Some(vec!["NET_RAW".to_owned()]),
                    add: None,
                }),
                ..SecurityContext::default()
            }),
            ..Container::default()
        }
    }

    fn environment(&self) -> Vec<EnvVar> {
        let variables = self.template().variables.iter();
        variables
            .map(|one| match &one.value {
                Value::Plain(text) => EnvVar {
                    name: one.name.clone(),
                    value: Some(text.clone()),
                    ..EnvVar::default()
                },
                Value::Secret(key) => EnvVar {
                    name: one.name.clone(),
                    value_from: Some(EnvVarSource {
                        secret_key_ref: Some(SecretKeySelector {
                            name: self.name(),
                            key: key.clone(),
                            optional: None,
                        }),
                        ..EnvVarSource::default()
                    }),
                    ..EnvVar::default()
                },
            })
            .collect()
    }
}

fn probe(health: &HealthCheck) -> Probe {
    let port = IntOrString::String(health.port.clone());
    let http = health.path.clone().map(|path| HTTPGetAction {
        path: Some(path),
        port: port.clone(),
        ..HTTPGetAction::default()
    });
    let tcp = http
        .is_none()
        .then_some(TCPSocketAction { host: None, port });
    Probe {
        http_get: http,
        tcp_socket: tcp,
        initial_delay_seconds: Some(health.initial_delay_seconds),
        period_seconds: Some(health.period_seconds),
        timeout_seconds: Some(health.timeout_seconds),
        failure_threshold: Some(health.failure_threshold),
        ..Probe::default()
    }
}
