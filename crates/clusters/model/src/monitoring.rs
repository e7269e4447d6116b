//! What is seen of clusters.

use std::collections::BTreeMap;

use kernel::{ClusterId, Timestamp};

use crate::errors::ClustersError;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Looking {
    /// In which namespace; all when none.
    pub namespace: Option<String>,
    /// With which labels, as a label selector has them.
    pub labels: Option<String>,
    /// How many at most.
    pub limit: u32,
    /// Where the part before ended, as the cluster told.
    pub after: Option<String>,
}

impl Looking {
    /// Refuses what is no namespace and no label selector.
    pub fn check(&self) -> Result<(), ClustersError> {
        let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_name = |text: &str| (1..=63).contains(&text.len()) && text.chars().all(name);
        if !self.namespace.as_deref().is_none_or(is_name) {
            return Err(ClustersError::InvalidNamespace);
        }
        if !self.labels.as_deref().is_none_or(is_selector) {
            return Err(ClustersError::InvalidLabel);
        }
        Ok(())
    }
}

/// Whether this is a label selector as Kubernetes defines them (Concepts,
/// Labels and Selectors): requirements with commas between them.
fn is_selector(text: &str) -> bool {
    let mut depth = 0_u32;
    let comma_between = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(comma_between)
        .all(|one| is_requirement(one.trim()))
}

/// `key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)` or
/// `key notin (a,b)`.
fn is_requirement(text: &str) -> bool {
    if let Some(key) = text.strip_prefix('!') {
        return is_label_key(key.trim());
    }
    let equality = ["!=", "==", "="].iter().find_map(|op| text.split_once(op));
    if let Some((key, value)) = equality {
        return is_label_key(key.trim()) && is_label_value(value.trim());
    }
    let Some((key, set)) = text.split_once(char::is_whitespace) else {
        return is_label_key(text);
    };
    let set = set.trim();
    let values = set.strip_prefix("notin").or(set.strip_prefix("in"));
    let values = values.and_then(|rest| rest.trim().strip_prefix('(')?.strip_suffix(')'));
    let are_values = |all: &str| all.split(',').all(|one| is_label_value(one.trim()));
    is_label_key(key) && values.is_some_and(are_values)
}

/// A name, which may have a DNS subdomain and a slash before it.
fn is_label_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let in_subdomain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let is_subdomain =
        |text: &str| (1..=253).contains(&text.len()) && text.chars().all(in_subdomain);
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

/// At most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both
/// ends; or nothing.
fn is_label_value(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let at_end = |c: char| c.is_ascii_alphanumeric();
    text.is_empty()
        || text.len() <= 63
            && text.chars().all(inside)
            && text.starts_with(at_end)
            && text.ends_with(at_end)
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Part<T> {
    /// The things.
    pub items: Vec<T>,
    /// Where it ended; none when it was the last one.
    pub next: Option<String>,
    /// Whether `metrics.k8s.io` told what is used; none where nothing is.
    pub metrics: Option<bool>,
}

/// What one cluster showed, or why it did not.
#[derive(Debug, Clone)]
pub struct Shown<T> {
    /// Which cluster.
    pub cluster: ClusterId,
    /// What it is called.
    pub name: String,
    /// What it showed, or why it did not.
    pub part: Result<Part<T>, String>,
}

/// What every thing of a cluster has.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// In which namespace; none for what is in no namespace.
    pub namespace: Option<String>,
    /// What it is called.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// What is used, as `metrics.k8s.io` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// CPU in thousandths.
    pub cpu_milli: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
}

/// A pod.
#[derive(Debug, Clone)]
pub struct PodSeen {
    /// What it is called.
    pub named: Named,
    /// Such as `Running`; the reason where there is one, such as
    /// `CrashLoopBackOff`.
    pub status: String,
    /// Whether all its containers are ready.
    pub ready: bool,
    /// How often its containers were restarted.
    pub restarts: i64,
    /// On which node.
    pub node: Option<String>,
    /// What it uses.
    pub usage: Option<Usage>,
}

/// A deployment.
#[derive(Debug, Clone)]
pub struct DeploymentSeen {
    /// What it is called.
    pub named: Named,
    /// How many pods are wanted.
    pub replicas: i64,
    /// How many are ready.
    pub ready: i64,
    /// How many are of the last version.
    pub updated: i64,
    /// How many can be used.
    pub available: i64,
}

/// A node.
#[derive(Debug, Clone)]
pub struct NodeSeen {
    /// What it is called.
    pub named: Named,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it takes new pods.
    pub schedulable: bool,
    /// The version of its kubelet.
    pub version: String,
    /// What pods can have there.
    pub allocatable: Usage,
    /// What is used there.
    pub usage: Option<Usage>,
}

/// A namespace.
#[derive(Debug, Clone)]
pub struct NamespaceSeen {
    /// What it is called.
    pub named: Named,
    /// `Active` or `Terminating`.
    pub status: String,
}

/// An ingress.
#[derive(Debug, Clone)]
pub struct IngressSeen {
    /// What it is called.
    pub named: Named,
    /// Who serves it.
    pub class: Option<String>,
    /// For which hosts.
    pub hosts: Vec<String>,
    /// Where it is reached.
    pub addresses: Vec<String>,
}

/// A service.
#[derive(Debug, Clone)]
pub struct ServiceSeen {
    /// What it is called.
    pub named: Named,
    /// Such as `ClusterIP`.
    pub kind: String,
    /// Its address within the cluster.
    pub cluster_ip: Option<String>,
    /// Its ports, such as `http 80/TCP`.
    pub ports: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_selectors_get_through() {
        let looking = |namespace: &str, labels: &str| Looking {
            namespace: Some(namespace.to_owned()),
            labels: Some(labels.to_owned()),
            ..Looking::default()
        };
        for labels in [
            "app=n8n",
            "app==n8n , old",
            "app in (n8n, ghost),!old",
            "app notin (n8n)",
            "a.b/c!=d",
            "empty=",
        ] {
            assert!(looking("kube-system", labels).check().is_ok(), "{labels}");
        }
        for labels in [
            "",
            "&limit=0",
            "app=%00",
            "app in (n8n",
            "app in n8n",
            "app near (n8n)",
            "=,=",
            "a=b=c",
            "a=b,",
            "a/b/c=d",
            "-a=b",
            "a b",
        ] {
            assert!(looking("kube-system", labels).check().is_err(), "{labels}");
        }
        for namespace in ["", "../nodes", "Kube", "a/b", &"x".repeat(64)] {
            assert!(looking(namespace, "a=b").check().is_err(), "{namespace}");
        }
    }
}
