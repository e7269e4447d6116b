//! Which cluster takes which instance, and that none takes more than it has.

use std::time::Duration;

use futures::future::join_all;
use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::kubernetes::{KubeApi, SETTINGS};

use super::{PATH, register};

/// Each instance keeps half a CPU free, of the four that there are.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn capacity_is_never_promised_twice(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, SETTINGS).await;
    let shop = app.shop().await;
    let kube = KubeApi::start();
    let cluster = register(&app, &shop.first, "here", &kube).await;
    let mut asked = Vec::new();
    for number in 0..16 {
        let user = &shop.first.user;
        asked.push(
            app.instance(&shop.first, user, &format!("sub-{number}"))
                .await,
        );
    }
    let scope = app.scope(&shop.first.id);
    // All look for a place at once.
    let looks = asked
        .iter()
        .map(|one| app.sutler.clusters.reconcile_instance(&scope, one.id));
    for look in join_all(looks).await {
        look.expect("a look");
    }
    let path = format!("/api/admin/instances?cluster_id={cluster}&limit=100");
    let placed = app
        .client
        .get(&path)
        .bearer(&shop.first.key)
        .expect(200)
        .await;
    assert_eq!(placed.body["data"].as_array().map(Vec::len), Some(8));
    let seen = app
        .client
        .get(&format!("{PATH}/{cluster}"))
        .bearer(&shop.first.key);
    let seen = seen.expect(200).await;
    assert_eq!(seen.number_at("/instances"), 8);
    assert_eq!(seen.number_at("/reserved_cpu_milli"), 4_000);
    let in_use = app
        .client
        .delete(&format!("{PATH}/{cluster}"))
        .bearer(&shop.first.key);
    let in_use = in_use.header("if-match", "\"1\"");
    in_use.refused(409, "cluster.in_use").await;

    // Those without a place wait, and get one when there is room. The others
    // are on their way as soon as the cluster counts by what all of them need.
    app.pass(Duration::from_secs(40), Duration::from_secs(10))
        .await;
    let path = "/api/admin/instances?status=requested&limit=100";
    let waiting = app
        .client
        .get(path)
        .bearer(&shop.first.key)
        .expect(200)
        .await;
    assert_eq!(waiting.body["data"].as_array().map(Vec::len), Some(8));
    assert!(waiting.text_at("/data/0/trouble").contains("room"));
    let told = waiting.text_at("/data/0/instance/reason");
    assert!(told.contains("waits until a cluster has room"), "{told}");
    let other = KubeApi::start();
    let second = register(&app, &shop.first, "there", &other).await;
    app.pass(Duration::from_mins(6), Duration::from_secs(30))
        .await;
    let path = format!("/api/admin/instances?cluster_id={second}&limit=100");
    let placed = app
        .client
        .get(&path)
        .bearer(&shop.first.key)
        .expect(200)
        .await;
    assert_eq!(placed.body["data"].as_array().map(Vec::len), Some(8));
}
