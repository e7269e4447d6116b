//! The registry of clusters.

use std::time::Duration;

use futures::future::join_all;
use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::kubernetes::{KubeApi, SETTINGS, TOKEN, kubeconfig};
use testkit::{App, client};

use super::{PATH, PUBLIC, body, make, register};

/// PEM of a certificate that is three zeros.
const NO_CERTIFICATE: &str =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_once_read_back_and_listed_by_pages(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let body = body("  first ", PUBLIC);
    let made = app.client.post(PATH, &body).bearer(key).once("k1");
    let made = made.expect(201).await;
    assert_eq!(made.body["name"], "first");
    assert_eq!(made.body["server"], "https://k8s.example.com:6443/");
    assert_eq!(made.body["reachable"], json!(null));
    assert_eq!(made.body["capacity"], json!(null));
    assert!(!made.text.contains(TOKEN));
    let again = app.client.post(PATH, &body).bearer(key).once("k1");
    let again = again.expect(201).await;
    assert_eq!(again.body, made.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let path = format!("{PATH}/{}", made.text_at("/id"));
    let read = app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(read.body, made.body);

    // Ids sort by time, and the clock of tests stands still.
    app.advance(Duration::from_secs(1));
    make(&app, &shop.first, "second").await;
    let refused = app.client.post(PATH, &super::body("second", PUBLIC));
    refused.bearer(key).refused(409, "cluster.name_taken").await;
    let page = app.client.get(&format!("{PATH}?limit=1")).bearer(key);
    let page = page.expect(200).await;
    assert_eq!(page.text_at("/data/0/name"), "second");
    let cursor = page.text_at("/next_cursor");
    let last = app.client.get(&format!("{PATH}?limit=1&cursor={cursor}"));
    let last = last.bearer(key).expect(200).await;
    assert_eq!(last.text_at("/data/0/name"), "first");
    assert_eq!(last.body["has_more"], false);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_and_deletion_need_the_version_that_was_read(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let path = format!("{PATH}/{}", make(&app, &shop.first, "first").await);
    let patch = |name: &str| app.client.patch(&path, &json!({"name": name})).bearer(key);
    patch("x").refused(428, "request.if_match_missing").await;
    let changed = patch("other").header("if-match", "\"1\"").expect(200).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.body["name"], "other");
    let late = patch("late").header("if-match", "\"1\"");
    late.refused(412, "version_mismatch").await;
    // What changes nothing leaves the version alone.
    let same = patch("other").header("if-match", "\"2\"").expect(200).await;
    assert_eq!(same.header("etag"), "\"2\"");
    let elsewhere = json!({"kubeconfig": kubeconfig("https://other.example.com")});
    let moved = app.client.patch(&path, &elsewhere).bearer(key);
    let moved = moved.header("if-match", "\"2\"").expect(200).await;
    assert_eq!(moved.body["server"], "https://other.example.com/");

    let delete = || app.client.delete(&path).bearer(key);
    delete().refused(428, "request.if_match_missing").await;
    let late = delete().header("if-match", "\"1\"");
    late.refused(412, "version_mismatch").await;
    delete().header("if-match", "\"3\"").expect(204).await;
    let gone = app.client.get(&path).bearer(key);
    gone.refused(404, "cluster.not_found").await;
    let actions = app.audited(&shop.first).await;
    let expected = [
        "cluster.delete",
        "cluster.change",
        "cluster.change",
        "cluster.create",
    ];
    assert_eq!(actions[..4], expected);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_other_tenants_see_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let path = format!("{PATH}/{}", make(&app, &shop.first, "first").await);
    app.client.get(&path).refused(401, "auth.required").await;
    let user = app.client.get(&path).bearer(&shop.first.user.token);
    user.refused(403, "auth.forbidden").await;
    let manager = app.client.get(&path).bearer(&shop.first.manager.token);
    manager.expect(200).await;
    let check = app.client.call(client::POST, &format!("{path}/check"));
    let check = check.bearer(&shop.first.manager.token);
    check.refused(403, "auth.forbidden").await;
    let other = app.client.get(&path).bearer(&shop.second.key);
    other.refused(404, "cluster.not_found").await;
    // Its name is free there.
    make(&app, &shop.second, "first").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_server_may_read_or_run_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let good = kubeconfig(PUBLIC);
    let with_user = |user: &str| good.replace(&format!("token: {TOKEN}"), user);
    for (text, part) in [
        ("nonsense: [".to_owned(), "YAML"),
        (
            with_user("exec: {apiVersion: client.authentication.k8s.io/v1, command: sh}"),
            "exec",
        ),
        (with_user("auth-provider: {name: oidc}"), "auth-provider"),
        (with_user("tokenFile: /etc/passwd"), "names a file"),
        (kubeconfig("http://k8s.example.com"), "https://"),
        (
            kubeconfig("https://127.0.0.1:6443"),
            "CLUSTERS_ALLOW_PRIVATE_ADDRESSES",
        ),
        (kubeconfig("https://169.254.169.254"), "link-local"),
        (with_user("token: ''"), "empty"),
        // PEM, and yet no certificate.
        (
            with_user(&format!(
                "client-certificate-data: {NO_CERTIFICATE}, client-key-data: {NO_CERTIFICATE}"
            )),
            "nothing can be asked with it",
        ),
    ] {
        let body = json!({"name": "one", "access": "kubeconfig", "kubeconfig": text});
        let refused = app.client.post(PATH, &body).bearer(&shop.first.key);
        let refused = refused.refused(422, "cluster.invalid_kubeconfig").await;
        assert!(
            refused.text_at("/detail").contains(part),
            "{part}: {}",
            refused.text
        );
        assert_eq!(refused.text_at("/errors/0/pointer"), "/kubeconfig");
        assert!(!refused.text.contains(TOKEN));
    }
    // The cluster Sutler runs in is the operator's.
    let own = json!({"name": "one", "access": "in_cluster"});
    let admin = app.client.post(PATH, &own).bearer(&shop.first.admin.token);
    admin.refused(403, "auth.forbidden").await;
    let operator = app.client.post(PATH, &own).bearer(&shop.operator.token);
    operator.refused(422, "cluster.in_cluster_off").await;
    let missing = json!({"name": "one", "access": "kubeconfig"});
    let missing = app.client.post(PATH, &missing).bearer(&shop.first.key);
    missing.refused(422, "cluster.invalid_kubeconfig").await;
    let list = app.client.get(PATH).bearer(&shop.first.key).expect(200);
    assert_eq!(list.await.body["data"], json!([]));
}

/// Tests run in no cluster, which is told like any other trouble.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cluster_that_sutler_runs_in_needs_no_kubeconfig(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let settings = [SETTINGS, &[("CLUSTERS_ALLOW_IN_CLUSTER", "true")]].concat();
    let app = App::with(backend, &settings).await;
    let shop = app.shop().await;
    let body = json!({"name": "own", "access": "in_cluster"});
    // Not everybody who registers clusters may.
    let admin = app.client.post(PATH, &body).bearer(&shop.first.admin.token);
    admin.refused(403, "auth.forbidden").await;
    let own = app.client.post(PATH, &body).bearer(&shop.operator.token);
    let own = own.expect(201).await;
    assert_eq!(own.body["access"], "in_cluster");
    assert_eq!(own.body["server"], json!(null));
    app.drain().await;
    let path = format!("{PATH}/{}", own.text_at("/id"));
    let operator = &shop.operator.token;
    let seen = app.client.get(&path).bearer(operator).expect(200).await;
    assert_eq!(seen.body["reachable"], false, "{}", seen.text);
    assert!(!seen.text_at("/trouble").is_empty());
    let mut other = body;
    other["kubeconfig"] = kubeconfig(PUBLIC).into();
    let both = app.client.post(PATH, &other).bearer(operator);
    both.refused(422, "cluster.invalid_kubeconfig").await;
    let change = json!({"kubeconfig": kubeconfig(PUBLIC)});
    let change = app.client.patch(&path, &change).bearer(operator);
    let change = change.header("if-match", "\"1\"");
    change.refused(409, "cluster.no_kubeconfig").await;
    let nodes = app.client.get("/api/admin/k8s/nodes").bearer(operator);
    let nodes = nodes.expect(200).await;
    assert_eq!(nodes.body["data"][0]["available"], false, "{}", nodes.text);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_capacity_are_known(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, SETTINGS).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let kube = KubeApi::start();
    let path = format!(
        "{PATH}/{}",
        register(&app, &shop.first, "here", &kube).await
    );
    let seen = app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(seen.body["reachable"], true, "{}", seen.text);
    assert_eq!(seen.body["kubernetes_version"], "v1.20.2");
    // The other node takes no pods.
    let capacity = json!({"nodes": 1, "cpu_milli": 4_000, "memory_bytes": 8_u64 << 30});
    assert_eq!(seen.body["capacity"], capacity);
    assert_eq!(seen.header("etag"), "\"1\"");
    let first_seen = seen.text_at("/seen_at");

    // It is asked every minute; what it said last stays known.
    kube.hang(true);
    app.pass(Duration::from_secs(61), Duration::from_secs(61))
        .await;
    let lost = app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(lost.body["reachable"], false);
    assert!(
        lost.text_at("/trouble")
            .contains("did not answer within 2s")
    );
    assert_eq!(lost.text_at("/seen_at"), first_seen);
    assert_eq!(lost.body["capacity"], capacity);
    kube.hang(false);
    let check = app.client.call(client::POST, &format!("{path}/check"));
    let back = check.bearer(key).expect(200).await;
    assert_eq!(back.body["reachable"], true);
    assert_eq!(back.body["trouble"], json!(null));
    assert_eq!(app.audited(&shop.first).await[0], "cluster.check");
}

/// More than fit, in any order, by many at once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn there_are_never_more_than_a_hundred(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let mut made = Vec::new();
    let mut refused = 0;
    for round in 0..7 {
        let calls = (0..16).map(|n| {
            let body = body(&format!("{round}-{n}"), PUBLIC);
            app.client.post(PATH, &body).bearer(key).send()
        });
        for answer in join_all(calls).await {
            match answer.status {
                201 => made.push(answer.text_at("/id")),
                409 if answer.body["code"] == "cluster.too_many" => refused += 1,
                _ => panic!("{}", answer.text),
            }
        }
    }
    assert_eq!((made.len(), refused), (100, 12));
    // Whose place is free again is taken by the next one.
    let path = format!("{PATH}/{}", made[40]);
    let delete = app.client.delete(&path).bearer(key);
    delete.header("if-match", "\"1\"").expect(204).await;
    make(&app, &shop.first, "again").await;
    let full = app.client.post(PATH, &body("full", PUBLIC)).bearer(key);
    full.refused(409, "cluster.too_many").await;
    make(&app, &shop.second, "first").await;
}
