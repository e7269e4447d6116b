//! Looking into a real cluster, with pages, filters and metrics.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};

use super::Here;
use super::cluster::{Admin, NODE};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const METRICS: &str = "/apis/metrics.k8s.io/v1beta1";

/// What a metrics server serves, kept by the API server itself.
fn definition(plural: &str, kind: &str, scope: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.metrics.k8s.io"),
            "annotations": {"api-approved.kubernetes.io": "unapproved, test only"},
        },
        "spec": {
            "group": "metrics.k8s.io",
            "names": {"plural": plural, "kind": kind},
            "scope": scope,
            "versions": [{
                "name": "v1beta1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

async fn forget_metrics(admin: &Admin) {
    for plural in ["nodes", "pods"] {
        let path = format!("{DEFINITIONS}/{plural}.metrics.k8s.io");
        admin.call(Method::DELETE, &path, None).await;
    }
    for _ in 0..100 {
        if admin.get(METRICS).await.is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the definitions do not go");
}

async fn make_metrics(admin: &Admin, namespace: &str) {
    for (plural, kind, scope) in [
        ("nodes", "NodeMetrics", "Cluster"),
        ("pods", "PodMetrics", "Namespaced"),
    ] {
        admin
            .make(DEFINITIONS, &definition(plural, kind, scope))
            .await;
    }
    // They have the labels of what they are of.
    let usage = json!({"cpu": "500000000n", "memory": "102400Ki"});
    let node = json!({"apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": {"name": NODE, "labels": {"zone": "a"}}, "usage": usage});
    let pod = json!({
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
        "metadata": {"name": "one", "namespace": namespace, "labels": {"app": "x"}},
        "containers": [{"name": "a", "usage": usage}, {"name": "b", "usage": usage}],
    });
    // They are served a moment after they are defined.
    for (path, object) in [
        (format!("{METRICS}/nodes"), node),
        (format!("{METRICS}/namespaces/{namespace}/pods"), pod),
    ] {
        let mut made = (0, Value::Null);
        for _ in 0..100 {
            made = admin.call(Method::POST, &path, Some(&object)).await;
            if made.0 == 201 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        assert_eq!(made.0, 201, "{path}: {}", made.1);
    }
}

/// A namespace with pods, a service and an ingress of somebody else's.
async fn make_things(admin: &Admin, namespace: &str) {
    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"of": namespace}}});
    admin.make("/api/v1/namespaces", &space).await;
    // Pods need it, and it is made by a controller.
    let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
    for _ in 0..100 {
        let found = admin.get(&account).await;
        if found.is_some_and(|found| found["secrets"].is_array()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    for (name, app) in [("one", "x"), ("two", "y"), ("three", "x")] {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": app}},
            "spec": {"containers": [{"name": "a", "image": "example.com/a:1"}]},
        });
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        admin.make(&path, &pod).await;
    }
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"},
        "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "x"}},
    });
    let path = format!("/api/v1/namespaces/{namespace}/services");
    admin.make(&path, &service).await;
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "one"},
        "spec": {"rules": [{"host": "one.example.com"}]},
    });
    let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses");
    admin.make(&path, &ingress).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes API server: make kubernetes"]
async fn what_is_there_is_seen(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    let admin = &here.cluster.admin;
    let namespace = match backend {
        Sqlite => "seen-by-sqlite",
        Postgres => "seen-by-postgres",
    };
    forget_metrics(admin).await;
    make_things(admin, namespace).await;
    let see = async |query: &str| here.admin(&format!("/api/admin/k8s/{query}")).await;
    let running = async || {
        let seen = see(&format!("pods?namespace={namespace}")).await;
        let items = seen.body["data"][0]["items"].as_array().cloned();
        let items = items.unwrap_or_default();
        items.len() == 3 && items.iter().all(|pod| pod["status"] == "Running")
    };
    for _ in 0..50 {
        if running().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let pods = see(&format!("pods?namespace={namespace}&label=app%3Dx")).await;
    let items = &pods.body["data"][0]["items"];
    assert_eq!(items.as_array().map(Vec::len), Some(2), "{}", pods.text);
    assert_eq!(items[0]["object"]["name"], "one");
    assert_eq!(items[0]["status"], "Running");
    assert_eq!(items[0]["restarts"], 2);
    assert_eq!(items[0]["node"], NODE);
    // Without a metrics server what is used is not known.
    assert_eq!(pods.body["data"][0]["metrics_available"], false);

    // Pages are those of the cluster.
    let first = format!("pods?namespace={namespace}&cluster_id={}&limit=2", here.id);
    let page = see(&first).await;
    assert_eq!(page.body["data"][0]["has_more"], true);
    let cursor = page.text_at("/data/0/next_cursor");
    let last = see(&format!("{first}&cursor={cursor}")).await;
    let names = [&page, &last].map(|page| page.body["data"][0]["items"].clone());
    let names: Vec<&str> = names
        .iter()
        .flat_map(|items| items.as_array().into_iter().flatten())
        .filter_map(|item| item["object"]["name"].as_str())
        .collect();
    assert_eq!(names, ["one", "three", "two"]);
    assert_eq!(last.body["data"][0]["has_more"], false);

    make_metrics(admin, namespace).await;
    let pods = see(&format!("pods?namespace={namespace}&label=app%3Dx")).await;
    let seen = &pods.body["data"][0];
    assert_eq!(seen["metrics_available"], true, "{}", pods.text);
    assert_eq!(
        seen["items"][0]["usage"],
        json!({"cpu_milli": 1_000, "memory_bytes": 200 << 20})
    );
    assert_eq!(seen["items"][1]["usage"], Value::Null);
    let nodes = see("nodes?label=zone%3Da").await;
    let node = &nodes.body["data"][0]["items"][0];
    assert_eq!(node["allocatable"]["cpu_milli"], 4_000);
    assert_eq!(node["usage"]["cpu_milli"], 500);

    let spaces = see(&format!("namespaces?label=of%3D{namespace}")).await;
    let space = &spaces.body["data"][0]["items"][0];
    assert_eq!(
        (&space["object"]["name"], &space["status"]),
        (&json!(namespace), &json!("Active"))
    );
    let services = see(&format!("services?namespace={namespace}")).await;
    assert_eq!(
        services.body["data"][0]["items"][0]["ports"],
        json!(["http 80/TCP"])
    );
    let ingresses = see(&format!("ingresses?namespace={namespace}")).await;
    assert_eq!(
        ingresses.body["data"][0]["items"][0]["hosts"],
        json!(["one.example.com"])
    );
    let deployments = see(&format!("deployments?namespace={namespace}")).await;
    assert_eq!(deployments.body["data"][0]["items"], json!([]));
}
