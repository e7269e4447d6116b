//! Services and their categories.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::template;

const SERVICES: &str = "/api/admin/catalog/services";
const CATEGORIES: &str = "/api/admin/catalog/service-categories";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_made_once_edited_shown_and_archived(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (key, client) = (&shop.first.key, &app.client);
    let category = client.post(CATEGORIES, &json!({"name": "Automation", "position": 3}));
    let category = category.bearer(key).expect(201).await;
    assert_eq!(category.text_at("/slug"), "automation");
    let body = json!({"name": "n8n", "category_id": category.body["id"], "template": template()});
    let made = client.post(SERVICES, &body).bearer(key).once("k1");
    let made = made.expect(201).await;
    let again = client.post(SERVICES, &body).bearer(key).once("k1");
    let again = again.expect(201).await;
    assert_eq!(again.body, made.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    client
        .post(SERVICES, &body)
        .bearer(key)
        .refused(409, "service.slug_taken")
        .await;
    // What comes back is what was given, with the defaults of Kubernetes.
    let stored = &made.body["template"];
    assert_eq!(stored["ports"][0]["protocol"], "TCP");
    assert_eq!(stored["health_check"]["period_seconds"], 10);
    assert_eq!(stored["environment"][1]["secret"]["key"], "LICENSE_KEY");
    assert_eq!(stored["environment"][1]["value"], Value::Null);

    // A draft is for nobody else.
    let public = async |path: &str| client.get(path).send().await;
    assert_eq!(
        public("/api/catalog/services").await.body["data"],
        json!([])
    );
    assert_eq!(public("/api/catalog/services/n8n").await.status, 404);
    let path = format!("{SERVICES}/{}", made.text_at("/id"));
    let patch = |body: &Value| client.patch(&path, body).bearer(key);
    patch(&json!({"status": "active"}))
        .refused(428, "request.if_match_missing")
        .await;
    let shown = patch(&json!({"status": "active"})).header("if-match", "\"1\"");
    assert_eq!(shown.expect(200).await.header("etag"), "\"2\"");
    patch(&json!({"name": "late"}))
        .header("if-match", "\"1\"")
        .refused(412, "version_mismatch")
        .await;
    let list = public("/api/catalog/services?category=automation").await;
    assert_eq!(list.text_at("/data/0/slug"), "n8n");
    assert!(!list.text.contains("template"), "{}", list.text);
    let none = public("/api/catalog/services?category=other").await;
    assert_eq!(none.body["data"], json!([]));
    let seen = public("/api/catalog/services/n8n").await;
    let etag = seen.header("etag").to_owned();
    let same = client.get("/api/catalog/services/n8n");
    same.header("if-none-match", &etag).expect(304).await;
    // Other tenants have none of it, and its name is free there.
    let other = client.get(&path).bearer(&shop.second.key);
    other.refused(404, "service.not_found").await;
    let body = json!({"name": "n8n", "template": template()});
    let elsewhere = client.post(SERVICES, &body).bearer(&shop.second.key);
    elsewhere.expect(201).await;

    // With its category it is hidden.
    let of_category = format!("{CATEGORIES}/{}", category.text_at("/id"));
    let archive = client.post(&format!("{of_category}/archive"), &Value::Null);
    let archive = archive.bearer(key).header("if-match", "\"1\"");
    archive.expect(200).await;
    assert_eq!(public("/api/catalog/services/n8n").await.status, 404);
    let categories = public("/api/catalog/service-categories").await;
    assert_eq!(categories.body["data"], json!([]));
    let out = patch(&json!({"category_id": null})).header("if-match", "\"2\"");
    out.expect(200).await;
    assert_eq!(public("/api/catalog/services/n8n").await.status, 200);
    let archive = client.post(&format!("{path}/archive"), &Value::Null);
    let archive = archive.bearer(key).header("if-match", "\"3\"");
    assert_eq!(archive.expect(200).await.body["status"], "archived");
    assert_eq!(public("/api/catalog/services/n8n").await.status, 404);
    let archived = client.get(&format!("{SERVICES}?status=archived"));
    let archived = archived.bearer(key).expect(200).await;
    assert_eq!(archived.body["data"].as_array().map(Vec::len), Some(1));
}

/// A template with one thing changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut changed = template();
    *changed.pointer_mut(pointer).expect("a place") = value;
    changed
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_that_kubernetes_would_refuse_are_refused(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    for (place, value, pointer) in [
        ("/image", json!("N8N:latest"), "/image"),
        ("/image", json!("https://docker.io/n8n"), "/image"),
        ("/ports/0/name", json!("HTTP"), "/ports/0/name"),
        ("/ports/0/number", json!(0), "/ports/0/number"),
        ("/ports/0/number", json!(65_536), "/ports/0/number"),
        (
            "/ports",
            json!([{"name": "http", "number": 1}, {"name": "http", "number": 2}]),
            "/ports/1/name",
        ),
        (
            "/ports",
            json!([{"name": "http", "number": 1}, {"name": "web", "number": 1}]),
            "/ports/1/number",
        ),
        ("/environment/0/name", json!("1X"), "/environment/0/name"),
        (
            "/environment/0/name",
            json!("N8N_LICENSE"),
            "/environment/1/name",
        ),
        (
            "/environment/1/secret/name",
            json!("N8N License"),
            "/environment/1/secret/name",
        ),
        (
            "/environment/1/secret/key",
            json!("a/b"),
            "/environment/1/secret/key",
        ),
        (
            "/resources/cpu_request",
            json!("a lot"),
            "/resources/cpu_request",
        ),
        (
            "/resources/cpu_request",
            json!("2"),
            "/resources/cpu_request",
        ),
        (
            "/resources/cpu_request",
            json!("100u"),
            "/resources/cpu_request",
        ),
        (
            "/resources/memory_limit",
            json!("0"),
            "/resources/memory_limit",
        ),
        (
            "/resources/memory_request",
            json!("1m"),
            "/resources/memory_request",
        ),
        (
            "/resources/memory_request",
            json!("-1Mi"),
            "/resources/memory_request",
        ),
        ("/volumes/0/name", json!("Data"), "/volumes/0/name"),
        (
            "/volumes/0/mount_path",
            json!("data"),
            "/volumes/0/mount_path",
        ),
        (
            "/volumes/0/mount_path",
            json!("/a/../b"),
            "/volumes/0/mount_path",
        ),
        ("/volumes/0/size", json!("0Gi"), "/volumes/0/size"),
        ("/health_check/port", json!("web"), "/health_check/port"),
        ("/health_check/path", json!("healthz"), "/health_check/path"),
        ("/ingress/host", json!("n8n.example.com"), "/ingress/host"),
        ("/ingress/host", json!("{instance}"), "/ingress/host"),
        (
            "/ingress/host",
            json!("*.{instance}.example.com"),
            "/ingress/host",
        ),
        (
            "/ingress/host",
            json!(format!("{}-{{instance}}.example.com", "a".repeat(23))),
            "/ingress/host",
        ),
        ("/ingress/port", json!("5678"), "/ingress/port"),
    ] {
        let body = json!({"name": "n8n", "template": with(place, value.clone())});
        let refused = app.client.post(SERVICES, &body).bearer(key);
        let refused = refused.refused(422, "service.invalid_template").await;
        let first = refused.text_at("/errors/0/pointer");
        assert_eq!(first, format!("/template{pointer}"), "{place} {value}");
    }
    // One error names all that is wrong.
    let mut bad = with("/image", json!("?"));
    bad["ingress"]["port"] = json!("web");
    let body = json!({"name": "n8n", "template": bad});
    let refused = app.client.post(SERVICES, &body).bearer(key);
    let refused = refused.refused(422, "service.invalid_template").await;
    assert_eq!(refused.body["errors"].as_array().map(Vec::len), Some(2));
    // Either a value or a secret.
    let mut both = template();
    both["environment"][0]["secret"] = json!({"name": "a", "key": "b"});
    let body = json!({"name": "n8n", "template": both});
    let refused = app.client.post(SERVICES, &body).bearer(key);
    let refused = refused.refused(422, "request.invalid_body").await;
    assert_eq!(
        refused.text_at("/errors/0/pointer"),
        "/template/environment/0"
    );
    let body = json!({"name": "n8n", "template": template(), "category_id": "scat_01h455vb4pex5vsknk084sn02q"});
    let refused = app.client.post(SERVICES, &body).bearer(key);
    refused.refused(422, "service.unknown_category").await;
}
