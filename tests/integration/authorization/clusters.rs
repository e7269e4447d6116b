//! Clusters, and what runs there for somebody.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use testkit::App;
use testkit::shop::{Person, Tenant};

use super::callers::Things;
use super::routes::Route;

/// Where clusters are registered.
pub const PATH: &str = "/api/admin/clusters";

/// A cluster that is nowhere.
#[rustfmt::skip]
pub const ONE: &str = r#"{"name": "one", "access": "kubeconfig", "kubeconfig": "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: https://k8s.example.com}}]\nusers: [{name: u, user: {token: abc}}]"}"#;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// What routes of clusters do something final to.
pub async fn fresh_in_clusters(
    app: &App,
    tenant: &Tenant,
    route: &Route,
    owner: &str,
    things: &mut Things,
) {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    if route.path.contains("{instance_id}") {
        things.insert("instance_id", instance(app, tenant, owner, number).await);
    }
    if route.method == "DELETE" && route.path.contains("{cluster_id}") {
        things.insert("cluster_id", cluster(app, tenant, number).await);
    }
}

/// What runs for somebody, whose credentials nobody saw yet.
async fn instance(app: &App, tenant: &Tenant, owner: &str, number: u32) -> String {
    let me = app
        .client
        .get("/api/auth/me")
        .bearer(owner)
        .expect(200)
        .await;
    let owner = Person {
        id: me.text_at("/user/id"),
        email: String::new(),
        token: owner.to_owned(),
    };
    let subscription = format!("subscription-{number}");
    let asked = app.instance(tenant, &owner, &subscription).await;
    let tx = app.begin_in(tenant).await;
    tx.run(
        "UPDATE service_instances SET status = 'running', ran_at = 1 WHERE tenant_id = $1 AND id = $2",
        [asked.id.uuid().into()],
    )
    .await
    .expect("an update");
    tx.commit().await.expect("a commit");
    asked.id.to_string()
}

/// A cluster that is not used: one that nobody deleted yet, because there can
/// be only so many.
async fn cluster(app: &App, tenant: &Tenant, number: u32) -> String {
    let path = format!("{PATH}?limit=100");
    let list = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let mut all = list.body["data"].as_array().into_iter().flatten();
    let is_short_lived = |one: &&Value| {
        one["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("short-lived"))
    };
    if let Some(id) = all.find(is_short_lived).and_then(|one| one["id"].as_str()) {
        return id.to_owned();
    }
    let mut body: Value = serde_json::from_str(ONE).expect("a body");
    body["name"] = format!("short-lived-{number}").into();
    let made = app.client.post(PATH, &body).bearer(&tenant.key);
    made.expect(201).await.text_at("/id")
}
