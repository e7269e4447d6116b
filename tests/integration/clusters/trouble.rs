//! What happens when a cluster does not do what it is asked, and what it may be
//! asked.

use std::collections::BTreeSet;
use std::time::Duration;

use gateway_kubernetes::rbac::RULES;
use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};

use super::here::Here;

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
    here.kube.refuse("deployments", None);
    here.app
        .pass(Duration::from_mins(6), Duration::from_mins(1))
        .await;
    assert_eq!(admin().await.body["trouble"], json!(null));
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
