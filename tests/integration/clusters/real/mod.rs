//! The same against a real Kubernetes API server, with what
//! `deploy/kubernetes/rbac.yml` allows and nothing else: `make kubernetes`.
//!
//! There are no nodes: [`cluster`] makes one and plays its kubelet.

mod cluster;
mod least_privilege;
mod life;
mod monitoring;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::shop::{Person, Shop};
use testkit::{Answer, App, Backend};

use super::PATH;
use cluster::Cluster;

/// The settings, with time enough: the clock of Sutler is moved by hand while
/// the cluster's goes on.
const SETTINGS: &[(&str, &str)] = &[
    ("CLUSTERS_PROVISIONER", "kubernetes"),
    ("CLUSTERS_ALLOW_PRIVATE_ADDRESSES", "true"),
    ("CLUSTERS_TIMEOUT", "10s"),
    ("CLUSTERS_PROVISION_TIMEOUT", "12h"),
    ("AUTH_ACCESS_TTL", "24h"),
];
/// How much longer than the cluster Sutler waits between two looks.
const STEP: Duration = Duration::from_secs(31);

/// An installation with a real cluster.
struct Here {
    app: App,
    shop: Shop,
    cluster: Cluster,
    id: String,
}

impl Here {
    async fn start(backend: Backend) -> Self {
        let cluster = Cluster::start().await;
        let app = App::with(backend, SETTINGS).await;
        let shop = app.shop().await;
        let body =
            json!({"name": "real", "access": "kubeconfig", "kubeconfig": Cluster::kubeconfig()});
        let made = app.client.post(PATH, &body).bearer(&shop.first.key);
        let id = made.expect(201).await.text_at("/id");
        app.drain().await;
        Self {
            app,
            shop,
            cluster,
            id,
        }
    }

    fn user(&self) -> &Person {
        &self.shop.first.user
    }

    async fn admin(&self, path: &str) -> Answer {
        let call = self.app.client.get(path).bearer(&self.shop.first.key);
        call.expect(200).await
    }

    async fn instance(&self, id: &str) -> Answer {
        self.admin(&format!("/api/admin/instances/{id}")).await
    }

    async fn act(&self, id: &str, what: &str) {
        let path = format!("/api/instances/{id}/{what}");
        let call = self.app.client.post(&path, &Value::Null);
        call.bearer(&self.user().token).expect(200).await;
        self.app.drain().await;
    }

    /// Looks at an instance until it is in a state.
    async fn until(&self, id: &str, status: &str) {
        for _ in 0..240 {
            let seen = self.instance(id).await;
            if seen.text_at("/instance/status") == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
            self.app.pass(STEP, STEP).await;
        }
        let seen = self.instance(id).await;
        panic!("it does not become {status}: {}", seen.text);
    }

    async fn terminate(&self, subscription: &str) {
        let tx = self.app.begin_in(&self.shop.first).await;
        let clusters = &self.app.sutler.clusters;
        let ended = clusters.terminate_in_tx(&tx, subscription).await;
        ended.expect("ended");
        tx.commit().await.expect("a commit");
        self.app.drain().await;
    }
}
