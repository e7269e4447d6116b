//! What happens when a cluster does not do what it is asked, and what it may be
//! asked.

use std::collections::BTreeSet;
use std::time::Duration;

use clusters_model::template::PlanLimits;
use gateway_kubernetes::rbac::RULES;
use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client;
use testkit::instance::template;
use testkit::kubernetes::KubeApi;

use super::PATH;
use super::here::{Here, namespace};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_is_told_and_gets_over(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    here.kube
        .break_image("docker.io/n8nio/n8n:1", "ImagePullBackOff");
    let asked = here
        .app
        .instance(&here.shop.first, &here.shop.first.user, "sub-1")
        .await;
    let id = asked.id.to_string();
    here.app.drain().await;
    here.settle().await;
    let seen = here.see(&id).await;
    assert_eq!(seen.body["status"], "provisioning");
    assert_eq!(seen.text_at("/reason"), "its image cannot be pulled");
    here.app
        .pass(Duration::from_mins(16), Duration::from_mins(1))
        .await;
    let seen = here.see(&id).await;
    assert_eq!(seen.body["status"], "failed", "{}", seen.text);
    assert_eq!(seen.text_at("/reason"), "its image cannot be pulled");
    here.kube.break_image("docker.io/n8nio/n8n:1", "");
    let path = format!("/api/admin/instances/{id}");
    let admin = || {
        here.app
            .client
            .get(&path)
            .bearer(&here.shop.first.key)
            .expect(200)
    };

    // What the API server refuses for good is told to administrators.
    here.kube.refuse("deployments", Some(422));
    here.act(&id, "restart").await;
    let told = admin().await;
    assert_eq!(told.text_at("/instance/status"), "failed");
    assert!(told.text_at("/trouble").contains("422"), "{}", told.text);
    assert!(!told.text_at("/instance/reason").contains("422"));
    // It is tried again, less and less often.
    let tries = || {
        let all = here.kube.calls().into_iter();
        all.filter(|call| call.resource == "deployments" && call.verb == "patch")
            .count()
    };
    let (half_an_hour, step) = (Duration::from_mins(30), Duration::from_secs(30));
    here.app.pass(half_an_hour, step).await;
    let before = tries();
    here.app.pass(half_an_hour, step).await;
    let after = tries() - before;
    assert!((5..=13).contains(&after), "{after} times in half an hour");
    here.kube.refuse("deployments", None);
    here.app
        .pass(Duration::from_mins(6), Duration::from_mins(1))
        .await;
    assert_eq!(admin().await.body["trouble"], json!(null));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_that_cannot_grow_keeps_nothing_from_running(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let owner = &here.shop.first.user;
    let asked = here.app.instance(&here.shop.first, owner, "sub-1").await;
    here.app.drain().await;
    here.settle().await;
    here.kube.refuse("persistentvolumeclaims", Some(422));
    let tx = here.app.begin_in(&here.shop.first).await;
    let mut resources = template().resources;
    resources.cpu_limit_milli = 2_000;
    let more = PlanLimits {
        resources,
        storage_bytes: Some(20 << 30),
    };
    let clusters = &here.app.sutler.clusters;
    let changed = clusters.change_limits_in_tx(&tx, "sub-1", &more).await;
    changed.expect("a change");
    tx.commit().await.expect("a commit");
    here.app.drain().await;
    let path = format!(
        "deployments/{}/{}",
        namespace(&owner.id),
        asked.object_name()
    );
    let deployment = here.kube.object(&path).expect("a deployment");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["resources"]["limits"]["cpu"], "2000m");
    here.settle().await;
    let path = format!("/api/admin/instances/{}", asked.id);
    let seen = async || {
        let call = here.app.client.get(&path).bearer(&here.shop.first.key);
        call.expect(200).await
    };
    let told = seen().await;
    assert_eq!(told.text_at("/instance/status"), "running");
    assert!(told.text_at("/trouble").contains("422"), "{}", told.text);
    here.kube.refuse("persistentvolumeclaims", None);
    here.app
        .pass(Duration::from_mins(6), Duration::from_mins(1))
        .await;
    assert_eq!(seen().await.body["trouble"], json!(null));
}

/// Right after its limits were made or raised, a namespace takes nothing: the
/// cluster has not read them yet.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_are_not_counted_by_yet_are_waited_for(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let owner = &here.shop.first.user;
    let first = here.app.instance(&here.shop.first, owner, "sub-1").await;
    here.app.drain().await;
    here.settle().await;
    let id = first.id.to_string();
    assert_eq!(here.see(&id).await.body["status"], "running");

    // The second one needs more than its owner may have now.
    here.kube.count_nothing(true);
    let second = here.app.instance(&here.shop.first, owner, "sub-2").await;
    here.app.drain().await;
    here.settle().await;
    let other = second.id.to_string();
    let seen = here.see(&other).await;
    assert_eq!(seen.body["status"], "requested", "{}", seen.text);
    assert_eq!(seen.body["reason"], json!(null));
    assert_eq!(here.see(&id).await.body["status"], "running");
    let path = format!("/api/admin/instances/{other}");
    let told = async || {
        let call = here.app.client.get(&path).bearer(&here.shop.first.key);
        call.expect(200).await
    };
    let seen = told().await;
    assert!(
        seen.text_at("/trouble").contains("does not count"),
        "{}",
        seen.text
    );
    let claim = format!(
        "persistentvolumeclaims/{}/{}-data",
        namespace(&owner.id),
        second.object_name()
    );
    assert_eq!(here.kube.object(&claim), None);

    here.kube.count_nothing(false);
    here.settle().await;
    here.settle().await;
    let seen = told().await;
    assert_eq!(
        (&seen.body["instance"]["status"], &seen.body["trouble"]),
        (&json!("running"), &json!(null)),
        "{}",
        seen.text
    );
    assert!(here.kube.object(&claim).is_some());
}

/// Nobody waits for a cluster to be forgotten; it is told when it answers.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_does_not_wait_for_a_cluster(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    let owner = &here.shop.first.user;
    let asked = here.app.instance(&here.shop.first, owner, "sub-1").await;
    here.app.drain().await;
    here.settle().await;
    here.kube.hang(true);
    let path = format!("/api/admin/users/{}/erase", owner.id);
    let erase = here.app.client.call(client::POST, &path);
    erase.bearer(&here.shop.first.key).expect(204).await;
    here.settle().await;
    let path = format!("/api/admin/instances/{}", asked.id);
    let seen = async || {
        let call = here.app.client.get(&path).bearer(&here.shop.first.key);
        call.expect(200).await
    };
    let waits = seen().await;
    assert_eq!(waits.text_at("/instance/status"), "terminating");
    assert!(!waits.text_at("/trouble").is_empty(), "{}", waits.text);
    let space = format!("namespaces/{}", namespace(&owner.id));
    assert!(here.kube.object(&space).is_some());

    here.kube.hang(false);
    for _ in 0..12 {
        here.settle().await;
    }
    assert_eq!(seen().await.text_at("/instance/status"), "terminated");
    assert_eq!(here.kube.object(&space), None, "the namespace is left");
    let path = format!("{PATH}/{}", here.cluster);
    let cluster = here.app.client.get(&path).bearer(&here.shop.first.key);
    let cluster = cluster.expect(200).await;
    assert_eq!(cluster.number_at("/instances"), 0);
    assert_eq!(cluster.number_at("/reserved_cpu_milli"), 0);
}

/// With another way in, a cluster is another one: what is there is not looked
/// for elsewhere any more.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_lost_for_good_is_replaced(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    let owner = &here.shop.first.user;
    let going = here.app.instance(&here.shop.first, owner, "sub-1").await;
    let stays = here.app.instance(&here.shop.first, owner, "sub-2").await;
    here.app.drain().await;
    here.settle().await;
    here.kube.hang(true);
    here.terminate("sub-1").await;
    let other = KubeApi::start();
    let path = format!("{PATH}/{}", here.cluster);
    let change = json!({"kubeconfig": other.kubeconfig()});
    let change = here.app.client.patch(&path, &change);
    let change = change.bearer(&here.shop.first.key);
    change.header("if-match", "\"1\"").expect(200).await;
    // All of them are looked at at once.
    for _ in 0..3 {
        other.settle();
        here.settle().await;
    }
    let seen = here.see(&going.id.to_string()).await;
    assert_eq!(seen.body["status"], "terminated");
    let seen = here.see(&stays.id.to_string()).await;
    assert_eq!(seen.body["status"], "running");
    let deployment = format!(
        "deployments/{}/{}",
        namespace(&owner.id),
        stays.object_name()
    );
    assert!(other.object(&deployment).is_some(), "it is not made there");
}

/// What is asked is what the manifest allows; another test compares both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_verb_is_used_that_the_manifest_does_not_allow_and_none_is_superfluous() {
    let here = Here::start(Sqlite).await;
    here.kube.with_metrics();
    let asked = here
        .app
        .instance(&here.shop.first, &here.shop.first.user, "sub-1")
        .await;
    here.app.drain().await;
    here.settle().await;
    let logs = format!("/api/instances/{}/logs", asked.id);
    let logs = here
        .app
        .client
        .get(&logs)
        .bearer(&here.shop.first.user.token);
    logs.expect(200).await;
    for kind in [
        "pods",
        "deployments",
        "nodes",
        "namespaces",
        "ingresses",
        "services",
    ] {
        let list = here.app.client.get(&format!("/api/admin/k8s/{kind}"));
        list.bearer(&here.shop.first.key).expect(200).await;
    }
    here.terminate("sub-1").await;
    here.settle().await;
    here.settle().await;
    assert_eq!(
        here.see(&asked.id.to_string()).await.body["status"],
        "terminated"
    );
    let used: BTreeSet<(String, String, String)> = here
        .kube
        .calls()
        .into_iter()
        .map(|call| (call.group, call.resource, call.verb.to_owned()))
        .collect();
    let allowed: BTreeSet<(String, String, String)> = RULES
        .iter()
        .flat_map(|rule| {
            let verb = |verb: &&str| {
                (
                    rule.group.to_owned(),
                    rule.resource.to_owned(),
                    (*verb).to_owned(),
                )
            };
            rule.verbs.iter().map(verb)
        })
        .collect();
    assert_eq!(used, allowed);
}

/// What a cluster does not take for long has failed, for its owner too, and
/// works when it is taken after all.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_for_long_has_failed(#[values(Sqlite, Postgres)] backend: Backend) {
    let here = Here::start(backend).await;
    here.kube.refuse("deployments", Some(403));
    let owner = &here.shop.first.user;
    let asked = here.app.instance(&here.shop.first, owner, "sub-1").await;
    let id = asked.id.to_string();
    here.app.drain().await;
    assert_ne!(here.see(&id).await.body["status"], "failed");
    let minute = Duration::from_mins(1);
    here.app.pass(minute * 20, minute).await;
    let seen = here.see(&id).await;
    assert_eq!(seen.body["status"], "failed", "{}", seen.text);
    assert!(seen.text_at("/reason").contains("does not take it"));
    here.kube.refuse("deployments", None);
    here.app.pass(minute * 6, minute).await;
    here.settle().await;
    here.app.pass(minute * 6, minute).await;
    assert_eq!(here.see(&id).await.body["status"], "running");
}

/// A look that is on its way makes what it makes, whatever is wished meanwhile;
/// what comes after it removes all of that.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_while_it_is_being_made_leaves_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let here = Here::start(backend).await;
    let owner = &here.shop.first.user;
    // Another one keeps the namespace.
    here.app.instance(&here.shop.first, owner, "sub-1").await;
    here.app.drain().await;
    here.settle().await;
    here.kube.count_nothing(true);
    let second = here.app.instance(&here.shop.first, owner, "sub-2").await;
    let tenant = here.shop.first.id.parse().expect("an id");
    let scope = here.app.sutler.accounts.system_scope(tenant, "test");
    let calls = here.kube.calls().len();
    let look = here
        .app
        .sutler
        .clusters
        .reconcile_instance(&scope, second.id);
    let end = async {
        testkit::until("the look has begun", async || {
            here.kube.calls().len() > calls
        })
        .await;
        here.terminate("sub-2").await;
        here.kube.count_nothing(false);
    };
    let (looked, ()) = tokio::join!(look, end);
    looked.expect("a look");
    let deployments = format!("deployments/{}/", namespace(&owner.id));
    let made = format!("{deployments}{}", second.object_name());
    assert!(here.kube.object(&made).is_some());
    for _ in 0..3 {
        here.settle().await;
    }
    let seen = here.see(&second.id.to_string()).await;
    assert_eq!(seen.body["status"], "terminated", "{}", seen.text);
    assert_eq!(here.kube.paths(&deployments).len(), 1);
    let claims = format!("persistentvolumeclaims/{}/", namespace(&owner.id));
    assert_eq!(here.kube.paths(&claims).len(), 1);
}
