//! All that Sutler ever asks of a cluster. `deploy/kubernetes/rbac.yml` allows
//! this and nothing else; tests compare both, and what is really asked.

/// What may be done with a kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The plural, such as `pods` or `pods/log`.
    pub resource: &'static str,
    /// The verbs, in order.
    pub verbs: &'static [&'static str],
}

const fn rule(group: &'static str, resource: &'static str, verbs: &'static [&'static str]) -> Rule {
    Rule {
        group,
        resource,
        verbs,
    }
}

/// Server-side apply is `patch`, and `create` where nothing is there yet.
const APPLY: &[&str] = &["create", "patch"];
const APPLY_AND_LIST: &[&str] = &["create", "list", "patch"];
const WHOLE_LIFE: &[&str] = &["create", "delete", "get", "list", "patch"];

/// The rules.
pub const RULES: &[Rule] = &[
    rule("", "configmaps", WHOLE_LIFE),
    rule("", "limitranges", APPLY),
    rule("", "namespaces", WHOLE_LIFE),
    rule("", "nodes", &["list"]),
    rule("", "persistentvolumeclaims", APPLY),
    rule("", "pods", &["list"]),
    rule("", "pods/log", &["get"]),
    rule("", "resourcequotas", &["create", "get", "patch"]),
    rule("", "secrets", APPLY),
    rule("", "services", APPLY_AND_LIST),
    rule("apps", "deployments", APPLY_AND_LIST),
    rule("metrics.k8s.io", "nodes", &["list"]),
    rule("metrics.k8s.io", "pods", &["list"]),
    rule("networking.k8s.io", "ingresses", APPLY_AND_LIST),
    rule("networking.k8s.io", "networkpolicies", APPLY),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Document {
        kind: String,
        #[serde(default)]
        rules: Vec<Allowed>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Allowed {
        api_groups: Vec<String>,
        resources: Vec<String>,
        verbs: Vec<String>,
    }

    #[test]
    fn the_manifest_allows_what_is_asked_and_nothing_else() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../deploy/kubernetes/rbac.yml"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let documents: Vec<Document> = serde_saphyr::from_multiple(&text).unwrap();
        let mut allowed: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for document in &documents {
            assert!(document.kind.starts_with("Cluster") || document.rules.is_empty());
            for rule in &document.rules {
                for group in &rule.api_groups {
                    for resource in &rule.resources {
                        let verbs = allowed.entry((group.clone(), resource.clone()));
                        verbs.or_default().extend(rule.verbs.iter().cloned());
                    }
                }
            }
        }
        let asked: BTreeMap<(String, String), BTreeSet<String>> = RULES
            .iter()
            .map(|rule| {
                let verbs = rule.verbs.iter().map(|&verb| verb.to_owned()).collect();
                ((rule.group.to_owned(), rule.resource.to_owned()), verbs)
            })
            .collect();
        assert_eq!(allowed, asked);
    }
}
