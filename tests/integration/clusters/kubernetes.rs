//! Making, stopping and removing instances in a cluster.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::kubernetes::KubeApi;

use super::here::{Here, namespace};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_made_whole(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    let user = &here.shop.first.user;
    let asked = here.app.instance(&here.shop.first, user, "sub-1").await;
    let (id, name) = (asked.id.to_string(), asked.object_name());
    here.app.drain().await;
    assert_eq!(here.see(&id).await.body["status"], "provisioning");
    let namespace = namespace(&user.id);
    let object = |kind: &str, name: &str| {
        let path = format!("{kind}/{namespace}/{name}");
        here.kube
            .object(&path)
            .unwrap_or_else(|| panic!("no {path}"))
    };
    let space = here
        .kube
        .object(&format!("namespaces/{namespace}"))
        .expect("a namespace");
    assert_eq!(space["metadata"]["labels"]["sutler.dev/customer"], user.id);
    assert_eq!(
        space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "baseline"
    );
    let quota = object("resourcequotas", "customer");
    assert_eq!(quota["spec"]["hard"]["requests.cpu"], "500m");
    assert_eq!(
        quota["spec"]["hard"]["limits.memory"],
        (1_u64 << 30).to_string()
    );
    assert_eq!(quota["spec"]["hard"]["pods"], "1");
    let range = object("limitranges", "customer");
    assert_eq!(range["spec"]["limits"][0]["max"]["cpu"], "1000m");
    let policy = object("networkpolicies", "customer");
    assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
    for network in ["169.254.0.0/16", "168.63.129.16/32", "192.0.0.0/24"] {
        assert!(policy.to_string().contains(network), "{network}");
    }

    // All of it belongs to one anchor.
    let anchor = object("configmaps", &name)["metadata"]["uid"].clone();
    let claim = format!("{name}-data");
    for (kind, name) in [
        ("secrets", &name),
        ("persistentvolumeclaims", &claim),
        ("services", &name),
        ("ingresses", &name),
        ("deployments", &name),
    ] {
        let one = object(kind, name);
        assert_eq!(
            one["metadata"]["ownerReferences"][0]["uid"], anchor,
            "{kind}"
        );
        assert_eq!(
            one["metadata"]["labels"]["sutler.dev/instance"], id,
            "{kind}"
        );
    }
    let secret = object("secrets", &name)["stringData"]["key"].clone();
    assert_eq!(secret.as_str().map(str::len), Some(48));
    let deployment = object("deployments", &name);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["env"][1]["valueFrom"]["secretKeyRef"]["name"],
        name
    );
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/healthz");
    assert_eq!(
        container["securityContext"]["allowPrivilegeEscalation"],
        false
    );
    assert!(
        !deployment
            .to_string()
            .contains(secret.as_str().unwrap_or_default())
    );
    let ingress = object("ingresses", &name);
    assert_eq!(
        ingress["spec"]["rules"][0]["host"],
        format!("{name}.n8n.example.com")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_runs_restarts_and_writes_logs(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    let user = &here.shop.first.user;
    let asked = here.app.instance(&here.shop.first, user, "sub-1").await;
    let (id, name) = (asked.id.to_string(), asked.object_name());
    here.app.drain().await;
    let object = |kind: &str| {
        let path = format!("{kind}/{}/{name}", namespace(&user.id));
        here.kube
            .object(&path)
            .unwrap_or_else(|| panic!("no {path}"))
    };
    let secret = object("secrets")["stringData"]["key"].clone();
    here.settle().await;
    assert_eq!(here.see(&id).await.body["status"], "running");
    // What is shown is what the cluster has; it stays there when forgotten.
    let path = format!("/api/instances/{id}/credentials");
    let shown = here
        .app
        .client
        .post(&path, &Value::Null)
        .bearer(&user.token)
        .expect(200)
        .await;
    assert_eq!(shown.body["variables"]["N8N_ENCRYPTION_KEY"], secret);
    here.act(&id, "restart").await;
    assert_eq!(object("secrets")["stringData"]["key"], secret);
    let deployment = object("deployments");
    let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["sutler.dev/restarts"], "1");
    let logs = here
        .app
        .client
        .get(&format!("/api/instances/{id}/logs?tail=2"));
    let logs = logs.bearer(&user.token).expect(200).await;
    assert_eq!(
        logs.body["lines"],
        json!(["Version: 1", "Editor is now accessible"])
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_with_its_storage_and_goes_with_all_of_it(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let user = &here.shop.first.user;
    let first = here.app.instance(&here.shop.first, user, "sub-1").await;
    let second = here.app.instance(&here.shop.first, user, "sub-2").await;
    here.app.drain().await;
    here.settle().await;
    let namespace = namespace(&user.id);
    let quota = format!("resourcequotas/{namespace}/customer");
    let pods = |kube: &KubeApi| {
        kube.object(&quota)
            .map(|one| one["spec"]["hard"]["pods"].clone())
    };
    // Which of the two is looked at last is not said.
    here.app
        .pass(Duration::from_mins(6), Duration::from_mins(6))
        .await;
    assert_eq!(pods(&here.kube), Some(json!("2")));

    here.act(&first.id.to_string(), "stop").await;
    let deployment = format!("deployments/{namespace}/{}", first.object_name());
    let replicas = here
        .kube
        .object(&deployment)
        .map(|one| one["spec"]["replicas"].clone());
    assert_eq!(replicas, Some(json!(0)));
    here.settle().await;
    assert_eq!(
        here.see(&first.id.to_string()).await.body["status"],
        "stopped"
    );
    let claim = format!(
        "persistentvolumeclaims/{namespace}/{}-data",
        first.object_name()
    );
    assert!(here.kube.object(&claim).is_some());

    here.terminate("sub-1").await;
    assert_eq!(
        here.see(&first.id.to_string()).await.body["status"],
        "terminating"
    );
    here.settle().await;
    assert_eq!(
        here.see(&first.id.to_string()).await.body["status"],
        "terminated"
    );
    let left = here.kube.paths("");
    let of_first = |path: &&String| path.contains(&first.object_name());
    assert_eq!(left.iter().find(of_first), None);
    assert!(left.iter().any(|path| path.contains(&second.object_name())));
    assert_eq!(pods(&here.kube), Some(json!("1")));

    // With the last one goes the namespace.
    here.terminate("sub-2").await;
    here.settle().await;
    here.settle().await;
    assert_eq!(
        here.see(&second.id.to_string()).await.body["status"],
        "terminated"
    );
    let left = here.kube.paths("");
    assert!(
        left.iter().all(|path| path.starts_with("nodes/")),
        "{left:?}"
    );
    let list = here
        .app
        .client
        .get("/api/admin/clusters")
        .bearer(&here.shop.first.key);
    let list = list.expect(200).await;
    assert_eq!(list.number_at("/data/0/instances"), 0);
    assert_eq!(list.number_at("/data/0/reserved_cpu_milli"), 0);
    assert_eq!(list.number_at("/data/0/reserved_memory_bytes"), 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_drifts_is_mended_and_what_is_lost_made_again(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let asked = here
        .app
        .instance(&here.shop.first, &here.shop.first.user, "sub-1")
        .await;
    here.app.drain().await;
    here.settle().await;
    let path = format!(
        "deployments/{}/{}",
        namespace(&here.shop.first.user.id),
        asked.object_name()
    );
    let mut drifted = here.kube.object(&path).expect("a deployment");
    drifted["spec"]["replicas"] = json!(7);
    here.kube.put(&path, drifted);
    here.app
        .pass(Duration::from_mins(6), Duration::from_mins(6))
        .await;
    let mended = here.kube.object(&path).expect("a deployment");
    assert_eq!(mended["spec"]["replicas"], 1);
    // A job that was lost is made up for.
    let tx = here.app.begin_in(&here.shop.first).await;
    tx.run("DELETE FROM jobs WHERE tenant_id = $1", [])
        .await
        .expect("deleted");
    tx.commit().await.expect("a commit");
    here.kube.put(&path, Value::Null);
    here.app
        .pass(Duration::from_mins(12), Duration::from_mins(2))
        .await;
    assert_eq!(
        here.kube.object(&path).expect("a deployment")["spec"]["replicas"],
        1
    );
}
