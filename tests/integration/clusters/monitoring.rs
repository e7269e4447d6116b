//! Looking into clusters.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::kubernetes::{KubeApi, SETTINGS, kubeconfig};

use super::here::Here;
use super::{PATH, register};

fn pod(namespace: &str, name: &str, app: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {"nodeName": "node-1", "containers": []},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": "a", "ready": true, "restartCount": 3, "image": "", "imageID": ""},
        ]},
    })
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_seen_with_filters_and_pages(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, SETTINGS).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let kube = KubeApi::start();
    let cluster = register(&app, &shop.first, "here", &kube).await;
    for (namespace, name, of) in [("a", "one", "x"), ("a", "two", "y"), ("b", "three", "x")] {
        kube.put(
            &format!("pods/{namespace}/{name}"),
            pod(namespace, name, of),
        );
    }
    let see = async |query: &str| {
        let path = format!("/api/admin/k8s/{query}");
        app.client.get(&path).bearer(key).expect(200).await
    };
    let all = see("pods").await;
    assert_eq!(all.text_at("/data/0/cluster_id"), cluster);
    assert_eq!(all.body["data"][0]["available"], true);
    assert_eq!(
        all.body["data"][0]["items"].as_array().map(Vec::len),
        Some(3)
    );
    // Without a metrics server what is used is not known.
    assert_eq!(all.body["data"][0]["metrics_available"], false);
    assert_eq!(all.body["data"][0]["items"][0]["usage"], json!(null));
    kube.with_metrics();
    let seen = see("pods?namespace=a&label=app%3Dx").await;
    let items = &seen.body["data"][0]["items"];
    assert_eq!(items.as_array().map(Vec::len), Some(1));
    assert_eq!(items[0]["object"]["name"], "one");
    assert_eq!(items[0]["restarts"], 3);
    assert_eq!(
        items[0]["usage"],
        json!({"cpu_milli": 500, "memory_bytes": 100 << 20})
    );

    let first = see(&format!("pods?cluster_id={cluster}&limit=2")).await;
    assert_eq!(first.body["data"][0]["has_more"], true);
    let cursor = first.text_at("/data/0/next_cursor");
    let last = see(&format!(
        "pods?cluster_id={cluster}&limit=2&cursor={cursor}"
    ))
    .await;
    assert_eq!(last.body["data"][0]["items"][0]["object"]["name"], "three");
    assert_eq!(last.body["data"][0]["next_cursor"], json!(null));
    let nodes = see("nodes").await;
    assert_eq!(
        nodes.body["data"][0]["items"][0]["allocatable"]["cpu_milli"],
        4_000
    );
    assert_eq!(nodes.body["data"][0]["items"][1]["schedulable"], false);
    assert_eq!(nodes.body["data"][0]["items"][0]["usage"]["cpu_milli"], 500);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_and_cursors_that_make_no_sense_are_refused(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, SETTINGS).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let kube = KubeApi::start();
    let cluster = register(&app, &shop.first, "here", &kube).await;
    let path = format!("/api/admin/k8s/nodes?cluster_id={cluster}&limit=1");
    let first = app.client.get(&path).bearer(key).expect(200).await;
    let cursor = first.text_at("/data/0/next_cursor");
    for (query, code) in [
        (
            format!("pods?cursor={cursor}"),
            "cluster.cursor_without_cluster",
        ),
        (
            "pods?namespace=..%2Fnodes".to_owned(),
            "cluster.invalid_namespace",
        ),
        (
            "pods?label=%26limit%3D0".to_owned(),
            "cluster.invalid_label",
        ),
        ("pods?label=a%3Db%3Dc".to_owned(), "cluster.invalid_label"),
        ("nodes?namespace=a".to_owned(), "request.invalid_query"),
        ("pods?limit=501".to_owned(), "request.invalid_query"),
    ] {
        let path = format!("/api/admin/k8s/{query}");
        let status = if code == "request.invalid_query" {
            400
        } else {
            422
        };
        let call = app.client.get(&path).bearer(key);
        call.refused(status, code).await;
    }
    // A cursor is good for its own list only.
    let path = format!("/api/admin/k8s/services?cluster_id={cluster}&cursor={cursor}");
    let wrong = app.client.get(&path).bearer(key).send().await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
    let other = app
        .client
        .get(&format!("/api/admin/k8s/pods?cluster_id={cluster}"));
    other
        .bearer(&shop.second.key)
        .refused(404, "cluster.not_found")
        .await;
    let none = app
        .client
        .get("/api/admin/k8s/pods")
        .bearer(&shop.second.key);
    assert_eq!(none.expect(200).await.body["data"], json!([]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_does_not_answer_keeps_nobody_waiting(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, SETTINGS).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let (good, slow) = (KubeApi::start(), KubeApi::start());
    register(&app, &shop.first, "good", &good).await;
    app.advance(Duration::from_secs(1));
    register(&app, &shop.first, "slow", &slow).await;
    app.advance(Duration::from_secs(1));
    // Nobody listens there.
    let closed = json!({"name": "closed", "access": "kubeconfig", "kubeconfig": kubeconfig("http://127.0.0.1:9")});
    app.client.post(PATH, &closed).bearer(key).expect(201).await;
    slow.hang(true);
    let see = async || {
        let started = Instant::now();
        let seen = app.client.get("/api/admin/k8s/nodes").bearer(key);
        (seen.expect(200).await, started.elapsed())
    };
    let (seen, took) = see().await;
    assert!(took < Duration::from_secs(8), "{took:?}");
    let available = |at: usize| seen.body["data"][at]["available"].clone();
    assert_eq!(
        (available(0), available(1), available(2)),
        (json!(true), json!(false), json!(false))
    );
    assert!(seen.text_at("/data/1/reason").contains("within 2s"));
    assert!(
        seen.text_at("/data/2/reason").contains("cannot be reached"),
        "{}",
        seen.text
    );
    assert_eq!(seen.body["data"][1]["items"], json!([]));
    see().await;
    see().await;
    // It is left alone for a while: the answer is there at once.
    let (rests, took) = see().await;
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    assert!(
        rests.text_at("/data/1/reason").contains("asked again in"),
        "{}",
        rests.text
    );
    assert_eq!(rests.body["data"][0]["available"], true);
    slow.hang(false);
    app.advance(Duration::from_secs(31));
    let (back, _) = see().await;
    assert_eq!(back.body["data"][1]["available"], true, "{}", back.text);
}

/// Whoever registers a cluster says what answers there.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_read_than_a_page_can_have(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(
        backend,
        &[SETTINGS, &[("CLUSTERS_TIMEOUT", "20s")]].concat(),
    )
    .await;
    let shop = app.shop().await;
    let kube = KubeApi::start();
    register(&app, &shop.first, "here", &kube).await;
    let huge = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "huge", "namespace": "a", "annotations": {"all": "x".repeat(33 << 20)}},
    });
    kube.put("services/a/huge", huge);
    let see = async |kind: &str| {
        let path = format!("/api/admin/k8s/{kind}");
        let seen = app.client.get(&path).bearer(&shop.first.key).expect(200);
        seen.await.body["data"][0].clone()
    };
    let services = see("services").await;
    assert_eq!(services["available"], false);
    let reason = services["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("larger than is read"), "{reason}");
    assert_eq!(see("nodes").await["available"], true);
}

/// A kubelet or a metrics server that is ill makes no cluster ill.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_beside_the_api_server_is_ill_does_not_count(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let (app, owner) = (&here.app, &here.shop.first.user);
    let asked = app.instance(&here.shop.first, owner, "sub-1").await;
    app.drain().await;
    here.settle().await;
    here.kube.with_metrics();
    for part in ["log", "metrics.k8s.io"] {
        here.kube.refuse(part, Some(503));
    }
    let logs = format!("/api/instances/{}/logs", asked.id);
    let read = || app.client.get(&logs).bearer(&owner.token).send();
    let pods = || app.client.get("/api/admin/k8s/pods");
    let look = || pods().bearer(&here.shop.first.key).send();
    for _ in 0..3 {
        let read = futures::future::join_all((0..4).map(|_| read())).await;
        assert!(read.iter().all(|one| one.body["available"] == false));
        for seen in futures::future::join_all((0..4).map(|_| look())).await {
            assert_eq!(seen.body["data"][0]["available"], true, "{}", seen.text);
            assert_eq!(seen.body["data"][0]["metrics_available"], false);
        }
    }
}
