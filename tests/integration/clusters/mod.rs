//! Clusters, and what runs there for customers.

mod here;
mod instances;
mod kubernetes;
mod monitoring;
mod places;
mod real;
mod registry;
mod secrecy;
mod trouble;

use serde_json::{Value, json};
use testkit::App;
use testkit::kubernetes::{KubeApi, kubeconfig};
use testkit::shop::Tenant;

const PATH: &str = "/api/admin/clusters";
const PUBLIC: &str = "https://k8s.example.com:6443";

/// What registers a cluster.
fn body(name: &str, server: &str) -> Value {
    json!({"name": name, "access": "kubeconfig", "kubeconfig": kubeconfig(server)})
}

/// Registers a cluster that is nowhere.
async fn make(app: &App, tenant: &Tenant, name: &str) -> String {
    let made = app.client.post(PATH, &body(name, PUBLIC));
    made.bearer(&tenant.key).expect(201).await.text_at("/id")
}

/// Registers a stand-in, which is asked how it is.
async fn register(app: &App, tenant: &Tenant, name: &str, kube: &KubeApi) -> String {
    let body = json!({"name": name, "access": "kubeconfig", "kubeconfig": kube.kubeconfig()});
    let made = app.client.post(PATH, &body).bearer(&tenant.key);
    let id = made.expect(201).await.text_at("/id");
    app.drain().await;
    id
}
