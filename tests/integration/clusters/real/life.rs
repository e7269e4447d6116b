//! Instances from the first object to the last.

use std::time::Duration;

use clusters_model::template::PlanLimits;
use futures::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::instance::template;

use super::Here;
use super::cluster::BROKEN;
use crate::clusters::here::namespace;

/// Paths of what is in the namespace of a customer.
struct Space {
    core: String,
    apps: String,
    networking: String,
}

impl Space {
    fn of(owner: &str) -> Self {
        let namespace = namespace(owner);
        Self {
            core: format!("/api/v1/namespaces/{namespace}"),
            apps: format!("/apis/apps/v1/namespaces/{namespace}"),
            networking: format!("/apis/networking.k8s.io/v1/namespaces/{namespace}"),
        }
    }

    /// All that an instance is.
    fn objects(&self, name: &str) -> [String; 6] {
        [
            format!("{}/configmaps/{name}", self.core),
            format!("{}/secrets/{name}", self.core),
            format!("{}/persistentvolumeclaims/{name}-data", self.core),
            format!("{}/services/{name}", self.core),
            format!("{}/ingresses/{name}", self.networking),
            format!("{}/deployments/{name}", self.apps),
        ]
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes API server: make kubernetes"]
async fn it_is_made_runs_stops_and_is_upgraded(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    let admin = &here.cluster.admin;
    let seen = here.admin(&format!("{}/{}", super::PATH, here.id)).await;
    assert_eq!(seen.body["reachable"], true, "{}", seen.text);
    assert!(seen.text_at("/kubernetes_version").starts_with("v1.20.2"));
    assert_eq!(
        seen.body["capacity"],
        json!({"nodes": 1, "cpu_milli": 4_000, "memory_bytes": 8_u64 << 30})
    );
    let owner = here.user();
    let asked = here.app.instance(&here.shop.first, owner, "sub-1").await;
    let (id, name) = (asked.id.to_string(), asked.object_name());
    here.app.drain().await;
    here.until(&id, "running").await;

    // All of it is there, and belongs to one anchor.
    let space = Space::of(&owner.id);
    let [anchor, rest @ ..] = space.objects(&name);
    let anchor = admin.get(&anchor).await.expect("an anchor");
    for path in &rest {
        let object = admin.get(path).await;
        let object = object.unwrap_or_else(|| panic!("no {path}"));
        assert_eq!(
            object["metadata"]["ownerReferences"][0]["uid"], anchor["metadata"]["uid"],
            "{path}"
        );
        assert_eq!(object["metadata"]["labels"]["sutler.dev/instance"], id);
    }
    for path in [
        format!("{}/limitranges/customer", space.core),
        format!("{}/networkpolicies/customer", space.networking),
    ] {
        assert!(admin.get(&path).await.is_some(), "{path}");
    }
    let quota = format!("{}/resourcequotas/customer", space.core);
    let quota = async || admin.get(&quota).await.expect("a quota");
    assert_eq!(quota().await["status"]["used"]["pods"], "1");
    let deployment = format!("{}/deployments/{name}", space.apps);
    let deployed = async || admin.get(&deployment).await.expect("a deployment");

    // Four looks at once are the same as one.
    let generation = deployed().await["metadata"]["generation"].clone();
    let scope = here.app.scope(&here.shop.first.id);
    here.app.advance(Duration::from_mins(6));
    let look = || {
        here.app
            .sutler
            .clusters
            .reconcile_instance(&scope, asked.id)
    };
    for look in join_all((0..4).map(|_| look())).await {
        look.expect("a look");
    }
    assert_eq!(deployed().await["metadata"]["generation"], generation);

    // What runs is shown as it is.
    let logs = format!("/api/instances/{id}/logs?tail=2");
    let logs = here.app.client.get(&logs).bearer(&owner.token);
    assert_eq!(
        logs.expect(200).await.body["lines"],
        json!(["Version: 1", "Editor is now accessible"])
    );
    let path = format!("/api/instances/{id}/credentials");
    let shown = here
        .app
        .client
        .post(&path, &Value::Null)
        .bearer(&owner.token);
    assert_eq!(
        shown
            .expect(200)
            .await
            .text_at("/variables/N8N_ENCRYPTION_KEY")
            .len(),
        48
    );

    here.act(&id, "restart").await;
    here.until(&id, "running").await;
    let annotations = &deployed().await["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["sutler.dev/restarts"], "1");
    // Its secret is forgotten here, and stays there.
    let secret = admin.get(&rest[0]).await.expect("a secret");
    assert!(secret["data"]["key"].is_string(), "{secret}");

    here.act(&id, "stop").await;
    here.until(&id, "stopped").await;
    assert_eq!(
        admin.list(&format!("{}/pods", space.core)).await,
        Vec::<Value>::new()
    );
    assert!(admin.get(&rest[1]).await.is_some(), "its storage is kept");
    here.act(&id, "start").await;
    here.until(&id, "running").await;

    // More of everything; the storage of this cluster does not grow.
    let mut resources = template().resources;
    resources.cpu_limit_milli = 2_000;
    let more = PlanLimits {
        resources,
        storage_bytes: Some(20 << 30),
    };
    let tx = here.app.begin_in(&here.shop.first).await;
    let clusters = &here.app.sutler.clusters;
    let changed = clusters.change_limits_in_tx(&tx, "sub-1", &more).await;
    changed.expect("a change");
    tx.commit().await.expect("a commit");
    here.app.drain().await;
    here.until(&id, "running").await;
    let container = &deployed().await["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["resources"]["limits"]["cpu"], "2");
    assert_eq!(quota().await["spec"]["hard"]["limits.cpu"], "2");
    let told = here.instance(&id).await;
    assert!(
        told.text_at("/trouble").contains("Forbidden")
            || told.text_at("/trouble").contains("forbidden"),
        "{}",
        told.text
    );

    // What drifts is put right.
    admin
        .patch(&deployment, &json!({"spec": {"replicas": 0}}))
        .await;
    here.app
        .pass(Duration::from_mins(6), Duration::from_mins(6))
        .await;
    assert_eq!(deployed().await["spec"]["replicas"], 1);
    here.terminate("sub-1").await;
    here.until(&id, "terminated").await;
    assert!(
        admin.get(&space.core).await.is_none(),
        "the namespace is left"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes API server: make kubernetes"]
async fn it_goes_with_all_of_it_and_the_last_one_with_its_namespace(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let admin = &here.cluster.admin;
    let owner = here.user();
    let first = here.app.instance(&here.shop.first, owner, "sub-1").await;
    let second = here.app.instance(&here.shop.first, owner, "sub-2").await;
    let mut broken = template();
    broken.image = BROKEN.to_owned();
    let broken = here
        .app
        .instance_of(&here.shop.first, owner, "sub-3", broken)
        .await;
    here.app.drain().await;
    here.until(&first.id.to_string(), "running").await;
    here.until(&second.id.to_string(), "running").await;
    for _ in 0..40 {
        here.app.pass(super::STEP, super::STEP).await;
        let seen = here.instance(&broken.id.to_string()).await;
        if seen.body["instance"]["reason"] == "its image cannot be pulled" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let seen = here.instance(&broken.id.to_string()).await;
    assert_eq!(
        seen.text_at("/instance/reason"),
        "its image cannot be pulled"
    );
    assert_eq!(seen.text_at("/instance/status"), "provisioning");

    let space = Space::of(&owner.id);
    here.terminate("sub-3").await;
    here.terminate("sub-1").await;
    here.until(&first.id.to_string(), "terminated").await;
    here.until(&broken.id.to_string(), "terminated").await;
    for path in space.objects(&first.object_name()) {
        assert!(admin.get(&path).await.is_none(), "{path} is left");
    }
    for path in space.objects(&second.object_name()) {
        assert!(admin.get(&path).await.is_some(), "{path} is gone");
    }
    let quota = format!("{}/resourcequotas/customer", space.core);
    let quota = admin.get(&quota).await.expect("a quota");
    assert_eq!(quota["spec"]["hard"]["pods"], "1");

    here.terminate("sub-2").await;
    here.until(&second.id.to_string(), "terminated").await;
    assert!(
        admin.get(&space.core).await.is_none(),
        "the namespace is left"
    );
    let seen = here.admin(&format!("{}/{}", super::PATH, here.id)).await;
    assert_eq!(seen.number_at("/instances"), 0);
    assert_eq!(seen.number_at("/reserved_cpu_milli"), 0);
}
