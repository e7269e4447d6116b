//! Kubernetes clusters, and what runs there for customers.

use std::time::Duration;

use strum::{EnumString, VariantNames};

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::Choice;

/// Who makes instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ClusterProvisioner {
    /// Nobody: their states follow each other by the clock.
    Simulated,
    /// The Kubernetes clusters that are registered.
    Kubernetes,
}

impl Choice for ClusterProvisioner {}

/// Kubernetes clusters, and what runs there for customers.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// Who makes instances.
    pub provisioner: ClusterProvisioner,
    /// Whether clusters may be at addresses that are not public.
    pub allow_private_addresses: bool,
    /// Whether the cluster that Sutler runs in may be registered.
    pub allow_in_cluster: bool,
    /// How long a cluster may take to answer.
    pub timeout: Duration,
    /// How long an instance may take to begin to work.
    pub provision_timeout: Duration,
    /// What the names of customers' namespaces begin with.
    pub namespace_prefix: String,
    /// Which ingress controller serves instances.
    pub ingress_class: Option<String>,
    /// The namespace of that controller.
    pub ingress_namespace: String,
    /// Who issues their certificates.
    pub certificate_issuer: Option<String>,
}

pub(crate) fn read(r: &mut Reader) -> Clusters {
    Clusters {
        provisioner: r.value(
            "clusters.provisioner",
            "simulated",
            "Who makes instances of services: `simulated` makes nothing and lets their states follow each other by the clock, `kubernetes` uses the clusters that are registered.",
        ),
        allow_private_addresses: r.value(
            "clusters.allow_private_addresses",
            "false",
            "Whether API servers may be at addresses that are not public, such as 10.0.0.1. Whoever may register clusters can then make Sutler talk to hosts of your network.",
        ),
        allow_in_cluster: r.value(
            "clusters.allow_in_cluster",
            "false",
            "Whether operators may register the cluster that Sutler runs in, with the service account of its pod.",
        ),
        timeout: r.value(
            "clusters.timeout",
            "5s",
            "How long a cluster may take to answer a request; 100ms to 30s. After three failures in a row it is left alone for half a minute.",
        ),
        provision_timeout: r.value(
            "clusters.provision_timeout",
            "15m",
            "How long an instance may take to begin to work before it counts as failed; 1m to 24h.",
        ),
        namespace_prefix: r.value(
            "clusters.namespace_prefix",
            "sutler",
            "What the names of customers' namespaces begin with: lower-case letters, digits and dashes, at most 30. It cannot be changed while instances run.",
        ),
        ingress_class: r.optional(
            "clusters.ingress_class",
            "nginx",
            "Which ingress class serves instances; the cluster's default when none.",
        ),
        ingress_namespace: r.value(
            "clusters.ingress_namespace",
            "ingress-nginx",
            "The namespace that the ingress controller runs in: instances are reached from there and from each other, and from nowhere else.",
        ),
        certificate_issuer: r.optional(
            "clusters.certificate_issuer",
            "letsencrypt",
            "The ClusterIssuer of cert-manager that issues the certificates of instances; without it the certificate of the ingress controller is used. Its solver has to be one of DNS-01: pods of HTTP-01 solvers find no room in the quota of a customer.",
        ),
    }
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    let clusters = &s.clusters;
    let (least, most) = (Duration::from_millis(100), Duration::from_secs(30));
    if !(least..=most).contains(&clusters.timeout) {
        let found = format!("{:?}", clusters.timeout);
        r.mistake("clusters.timeout", &found, "100ms to 30s");
    }
    let (least, most) = (Duration::from_mins(1), Duration::from_hours(24));
    if !(least..=most).contains(&clusters.provision_timeout) {
        let found = format!("{:?}", clusters.provision_timeout);
        r.mistake("clusters.provision_timeout", &found, "1m to 24h");
    }
    let prefix = &clusters.namespace_prefix;
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if prefix.len() > 30
        || !prefix.starts_with(|c: char| c.is_ascii_lowercase())
        || !prefix.chars().all(letters)
    {
        r.mistake(
            "clusters.namespace_prefix",
            &format!("{prefix:?}"),
            "1 to 30 lower-case letters, digits and dashes, the first of them a letter",
        );
    }
}
