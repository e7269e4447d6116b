//! The manifest allows what is asked, and nothing else: by the API server's own
//! audit log.

use std::collections::BTreeSet;

use gateway_kubernetes::rbac::{RULES, Rule};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Backend::Sqlite;

use super::Here;
use super::cluster::{Admin, Cluster};
use crate::clusters::here::namespace;

/// The service account of the manifest.
const ACCOUNT: &str = "system:serviceaccount:sutler-system:sutler";

/// A group, a kind of thing and a verb.
type Used = BTreeSet<(String, String, String)>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the service account was let do, and what it was not.
fn used(audit: &[Value]) -> (Used, Vec<String>) {
    let mut used = Used::new();
    let mut refused = Vec::new();
    for line in audit {
        let thing = &line["objectRef"];
        if line["user"]["username"] != ACCOUNT || thing.is_null() {
            continue;
        }
        let mut resource = text(&thing["resource"]);
        if let Some(part) = thing["subresource"].as_str() {
            resource = format!("{resource}/{part}");
        }
        let group = text(&thing["apiGroup"]);
        if line["annotations"]["authorization.k8s.io/decision"] == "forbid" {
            refused.push(line.to_string());
            continue;
        }
        if line["verb"] == "patch" && line["responseStatus"]["code"] == 201 {
            // Applied where nothing was: both are looked at.
            used.insert((group.clone(), resource.clone(), "create".to_owned()));
        }
        used.insert((group, resource, text(&line["verb"])));
    }
    (used, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes API server: make kubernetes"]
async fn all_that_is_allowed_is_used_and_nothing_else_is_possible() {
    let here = Here::start(Sqlite).await;
    let owner = here.user();
    let asked = here.app.instance(&here.shop.first, owner, "sub-1").await;
    let id = asked.id.to_string();
    here.app.drain().await;
    here.until(&id, "running").await;
    let logs = format!("/api/instances/{id}/logs");
    let logs = here.app.client.get(&logs).bearer(&owner.token);
    assert_eq!(logs.expect(200).await.body["available"], true);
    for kind in [
        "pods",
        "deployments",
        "nodes",
        "namespaces",
        "ingresses",
        "services",
    ] {
        let seen = here.admin(&format!("/api/admin/k8s/{kind}")).await;
        assert_eq!(seen.body["data"][0]["available"], true, "{}", seen.text);
    }
    here.terminate("sub-1").await;
    here.until(&id, "terminated").await;
    let audit = Cluster::audit();
    let (used, refused) = used(&audit);
    assert_eq!(refused, Vec::<String>::new());
    // Nor was anything asked before the cluster counted by the limits.
    let space = namespace(&owner.id);
    let early = audit.iter().filter(|line| {
        line["objectRef"]["namespace"] == *space
            && line["user"]["username"] == ACCOUNT
            && line["responseStatus"]["code"] == 403
    });
    assert_eq!(early.collect::<Vec<_>>(), Vec::<&Value>::new());
    let rule = |rule: &Rule| {
        let (group, resource) = (rule.group, rule.resource);
        let verb = move |verb: &&str| (group.to_owned(), resource.to_owned(), (*verb).to_owned());
        rule.verbs.iter().map(verb).collect::<Vec<_>>()
    };
    let allowed: Used = RULES.iter().flat_map(rule).collect();
    assert_eq!(used, allowed);

    // What it could do harm with is refused.
    let may = |group, resource, verb| may(&here.cluster.admin, group, resource, verb);
    assert!(may("", "secrets", "patch").await);
    assert!(may("", "pods/log", "get").await);
    for (group, resource, verb) in [
        ("", "secrets", "get"),
        ("", "secrets", "list"),
        ("", "secrets", "delete"),
        ("", "pods", "create"),
        ("", "pods", "delete"),
        ("", "pods/exec", "create"),
        ("", "nodes", "patch"),
        ("", "serviceaccounts", "impersonate"),
        ("apps", "daemonsets", "create"),
        ("rbac.authorization.k8s.io", "clusterroles", "create"),
        ("rbac.authorization.k8s.io", "clusterrolebindings", "create"),
        ("rbac.authorization.k8s.io", "rolebindings", "patch"),
        (
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "create",
        ),
    ] {
        assert!(!may(group, resource, verb).await, "{verb} {resource}");
    }
}

/// Whether the API server would let the service account do something.
async fn may(admin: &Admin, group: &str, resource: &str, verb: &str) -> bool {
    let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": ACCOUNT,
            "groups": ["system:serviceaccounts", "system:serviceaccounts:sutler-system", "system:authenticated"],
            "resourceAttributes": {
                "namespace": "kube-system", "group": group, "resource": resource, "subresource": part, "verb": verb,
            },
        },
    });
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let (status, answer) = admin.call(Method::POST, path, Some(&body)).await;
    assert_eq!(status, 201, "{answer}");
    answer["status"]["allowed"] == true
}
