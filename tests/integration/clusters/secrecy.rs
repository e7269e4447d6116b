//! What gets into clusters, and what instances keep secret, is in no answer and
//! in no table that could be read.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::kubernetes::{TOKEN, kubeconfig};

use super::{PATH, PUBLIC, body};
use crate::kept;

/// Where something of a request may be written to.
const TABLES: &[&str] = &[
    "clusters",
    "service_instances",
    "request_keys",
    "audit_log",
    "events",
    "jobs",
];

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_into_a_cluster_is_kept_sealed_and_never_shown(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let made = app.client.post(PATH, &body("one", PUBLIC)).bearer(key);
    let made = made.once("k1").expect(201).await;
    let path = format!("{PATH}/{}", made.text_at("/id"));
    let other = json!({"kubeconfig": kubeconfig("https://other.example.com")});
    let moved = app.client.patch(&path, &other).bearer(key);
    let moved = moved.header("if-match", "\"1\"").expect(200).await;
    let mut broken = body("two", PUBLIC);
    broken["kubeconfig"] = kubeconfig(PUBLIC).replace("server:", "sever:").into();
    let broken = app.client.post(PATH, &broken).bearer(key);
    let refused = broken.refused(422, "cluster.invalid_kubeconfig").await;
    let read = app.client.get(&path).bearer(key).expect(200).await;
    let list = app.client.get(PATH).bearer(key).expect(200).await;
    let log = app.client.get("/api/admin/audit").bearer(key);
    let log = log.expect(200).await;
    assert!(log.text.contains("cluster.change"), "{}", log.text);
    for answer in [&made, &moved, &refused, &read, &list, &log] {
        assert!(!answer.text.contains(TOKEN), "{}", answer.text);
    }
    assert!(!is_anywhere(&app, &shop.first.id, TOKEN).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secrets_of_an_instance_are_kept_sealed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let asked = app.instance(&shop.first, user, "sub-1").await;
    let second = std::time::Duration::from_secs(1);
    app.pass(second * 6, second).await;
    // All that is kept before they are shown, as it was written.
    let before = kept::rows(&app, &shop.first.id, TABLES).await;
    let path = format!("/api/instances/{}/credentials", asked.id);
    let shown = app.client.post(&path, &Value::Null).bearer(&user.token);
    let shown = shown.expect(200).await;
    let secret = shown.text_at("/variables/N8N_ENCRYPTION_KEY");
    assert!(!secret.is_empty(), "{}", shown.text);
    assert!(!kept::has(&before, &secret));
    assert!(!is_anywhere(&app, &shop.first.id, &secret).await);
    let log = app.client.get("/api/admin/audit").bearer(&shop.first.key);
    assert!(!log.expect(200).await.text.contains(&secret));
}

async fn is_anywhere(app: &App, tenant: &str, secret: &str) -> bool {
    kept::has(&kept::rows(app, tenant, TABLES).await, secret)
}
