//! An installation with a cluster, and what tests do with it.

use std::time::Duration;

use kernel::UserId;
use testkit::Backend;
use testkit::kubernetes::{KubeApi, SETTINGS};
use testkit::shop::Shop;
use testkit::{Answer, App, client};

use super::register;

/// An installation with a cluster.
pub struct Here {
    pub app: App,
    pub shop: Shop,
    pub kube: KubeApi,
    pub cluster: String,
}

impl Here {
    pub async fn start(backend: Backend) -> Self {
        let app = App::with(backend, SETTINGS).await;
        let shop = app.shop().await;
        let kube = KubeApi::start();
        let cluster = register(&app, &shop.first, "here", &kube).await;
        Self {
            app,
            shop,
            kube,
            cluster,
        }
    }

    pub async fn see(&self, id: &str) -> Answer {
        let path = format!("/api/instances/{id}");
        let call = self
            .app
            .client
            .get(&path)
            .bearer(&self.shop.first.user.token);
        call.expect(200).await
    }

    pub async fn act(&self, id: &str, what: &str) {
        let path = format!("/api/instances/{id}/{what}");
        let call = self.app.client.call(client::POST, &path);
        call.bearer(&self.shop.first.user.token).expect(200).await;
        self.app.drain().await;
    }

    /// The controllers of the cluster act, and it is looked at again.
    pub async fn settle(&self) {
        self.kube.settle();
        self.app
            .pass(Duration::from_secs(62), Duration::from_secs(31))
            .await;
    }

    pub async fn terminate(&self, subscription: &str) {
        let tx = self.app.begin_in(&self.shop.first).await;
        let ended = self
            .app
            .sutler
            .clusters
            .terminate_in_tx(&tx, subscription)
            .await;
        ended.expect("ended");
        tx.commit().await.expect("a commit");
        self.app.drain().await;
    }
}

/// The namespace of a customer.
pub fn namespace(owner: &str) -> String {
    let id: UserId = owner.parse().expect("the id of a user");
    clusters_model::instance::object_name("sutler", &id.to_string())
}
