//! What runs for customers, where it is simulated.

use std::time::Duration;

use clusters_model::template::PlanLimits;
use kernel::InstanceId;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::instance::template;
use testkit::shop::{Person, Tenant};
use testkit::{Answer, App, client};

const PATH: &str = "/api/instances";

async fn see(app: &App, owner: &Person, id: &str) -> Answer {
    let path = format!("{PATH}/{id}");
    app.client.get(&path).bearer(&owner.token).expect(200).await
}

async fn act(app: &App, owner: &Person, id: &str, what: &str) -> Answer {
    let path = format!("{PATH}/{id}/{what}");
    let call = app.client.call(client::POST, &path).bearer(&owner.token);
    call.send().await
}

async fn pass(app: &App, seconds: u64) {
    app.pass(Duration::from_secs(seconds), Duration::from_secs(1))
        .await;
}

/// An instance that runs.
async fn running(app: &App, tenant: &Tenant, subscription: &str) -> String {
    let asked = app.instance(tenant, &tenant.user, subscription).await;
    pass(app, 6).await;
    asked.id.to_string()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_follow_each_other_by_the_clock(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let asked = app.instance(&shop.first, user, "sub-1").await;
    let id = asked.id.to_string();
    let seen = see(&app, user, &id).await;
    assert_eq!(seen.body["status"], "requested");
    assert_eq!(seen.body["subscription_id"], "sub-1");
    assert_eq!(seen.body["credentials"], "waiting");
    let host = format!("https://{}.n8n.example.com", asked.object_name());
    assert_eq!(seen.text_at("/endpoint"), host);
    app.drain().await;
    assert_eq!(see(&app, user, &id).await.body["status"], "provisioning");
    pass(&app, 6).await;
    assert_eq!(see(&app, user, &id).await.body["status"], "running");

    let stopped = act(&app, user, &id, "stop").await;
    assert_eq!(
        (stopped.status, &stopped.body["wanted"]),
        (200, &json!("stopped"))
    );
    app.drain().await;
    assert_eq!(see(&app, user, &id).await.body["status"], "stopped");
    // Again is no error; what is stopped cannot be restarted.
    assert_eq!(act(&app, user, &id, "stop").await.status, 200);
    let refused = act(&app, user, &id, "restart").await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("instance.stopped"))
    );
    assert_eq!(act(&app, user, &id, "start").await.status, 200);
    app.drain().await;
    assert_eq!(see(&app, user, &id).await.body["status"], "provisioning");
    pass(&app, 6).await;
    let restarted = act(&app, user, &id, "restart").await;
    assert_eq!(restarted.body["status"], "provisioning");
    assert_eq!(restarted.body["restarts"], 1);
    pass(&app, 6).await;
    assert_eq!(see(&app, user, &id).await.body["status"], "running");
    // Without anything to do it stays so, for days.
    app.pass(Duration::from_hours(48), Duration::from_hours(6))
        .await;
    let path = format!("/api/admin/instances/{id}");
    let seen = app.client.get(&path).bearer(&shop.first.key).expect(200);
    assert_eq!(seen.await.text_at("/instance/status"), "running");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_restart_has_one_effect(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let id = running(&app, &shop.first, "sub-1").await;
    let path = format!("{PATH}/{id}/restart");
    let call = || {
        app.client
            .call(client::POST, &path)
            .bearer(&shop.first.user.token)
    };
    let first = call().once("r1").expect(200).await;
    let again = call().once("r1").expect(200).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(see(&app, &shop.first.user, &id).await.body["restarts"], 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_ask_suspend_resume_and_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let id = running(&app, &shop.first, "sub-1").await;
    // One instance for each subscription, however often it is asked for.
    let again = app.instance(&shop.first, user, "sub-1").await;
    assert_eq!(again.id.to_string(), id);
    let clusters = &app.sutler.clusters;

    let tx = app.begin_in(&shop.first).await;
    clusters
        .suspend_in_tx(&tx, "sub-1")
        .await
        .expect("suspended");
    clusters.suspend_in_tx(&tx, "sub-1").await.expect("again");
    tx.commit().await.expect("a commit");
    app.drain().await;
    let seen = see(&app, user, &id).await;
    assert_eq!(
        (&seen.body["status"], &seen.body["wanted"]),
        (&json!("suspended"), &json!("suspended"))
    );
    for what in ["start", "stop", "restart"] {
        let refused = act(&app, user, &id, what).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (409, &json!("instance.suspended")),
            "{what}"
        );
    }
    let tx = app.begin_in(&shop.first).await;
    clusters.resume_in_tx(&tx, "sub-1").await.expect("resumed");
    let mut more = PlanLimits {
        resources: template().resources,
        storage_bytes: None,
    };
    more.resources.cpu_limit_milli = 2_000;
    let larger = clusters
        .change_limits_in_tx(&tx, "sub-1", &more)
        .await
        .expect("larger");
    assert_eq!(larger.template.resources.cpu_limit_milli, 2_000);
    tx.commit().await.expect("a commit");
    pass(&app, 6).await;
    assert_eq!(see(&app, user, &id).await.body["status"], "running");

    let tx = app.begin_in(&shop.first).await;
    clusters.terminate_in_tx(&tx, "sub-1").await.expect("ended");
    tx.commit().await.expect("a commit");
    assert_eq!(see(&app, user, &id).await.body["status"], "terminating");
    let refused = act(&app, user, &id, "start").await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("instance.over"))
    );
    pass(&app, 3).await;
    assert_eq!(see(&app, user, &id).await.body["status"], "terminated");
    let tx = app.begin_in(&shop.first).await;
    clusters.terminate_in_tx(&tx, "sub-1").await.expect("again");
    assert!(clusters.resume_in_tx(&tx, "sub-1").await.is_err());
    tx.rollback().await.expect("a rollback");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn credentials_are_shown_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let token = &shop.first.user.token;
    let asked = app.instance(&shop.first, &shop.first.user, "sub-1").await;
    let path = format!("{PATH}/{}/credentials", asked.id);
    let ask = |token: &str| app.client.post(&path, &Value::Null).bearer(token);
    let early = ask(token);
    early.refused(409, "instance.not_ready").await;
    pass(&app, 6).await;
    let other = ask(&shop.first.manager.token);
    other.refused(404, "instance.not_found").await;
    // Of eight at once, one sees them.
    let calls = (0..8).map(|_| ask(token).send());
    let answers = futures::future::join_all(calls).await;
    let (shown, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 200);
    assert_eq!(
        shown.len(),
        1,
        "{:?}",
        answers.iter().map(|one| one.status).collect::<Vec<_>>()
    );
    assert!(
        refused
            .iter()
            .all(|one| one.body["code"] == "instance.credentials_shown")
    );
    let secret = shown[0].text_at("/variables/N8N_ENCRYPTION_KEY");
    assert_eq!(secret.len(), 48);
    assert_eq!(shown[0].body["variables"]["N8N_PORT"], json!(null));
    assert!(shown[0].header("cache-control").contains("no-store"));
    let seen = see(&app, &shop.first.user, &asked.id.to_string()).await;
    assert_eq!(seen.body["credentials"], "shown");
    // An answer that was lost can be had again.
    let second = app.instance(&shop.first, &shop.first.user, "sub-3").await;
    pass(&app, 6).await;
    let path = format!("{PATH}/{}/credentials", second.id);
    let ask = || app.client.post(&path, &Value::Null).bearer(token);
    let first = ask().once("mine").expect(200).await;
    let again = ask().once("mine").expect(200).await;
    assert_eq!(first.body, again.body);
    let other = ask().once("another");
    other.refused(410, "instance.credentials_shown").await;
    // One without secrets has none to show.
    let mut plain = template();
    plain.variables.clear();
    let plain = app
        .instance_of(&shop.first, &shop.first.user, "sub-2", plain)
        .await;
    let none = app
        .client
        .post(&format!("{PATH}/{}/credentials", plain.id), &Value::Null)
        .bearer(token);
    none.refused(404, "instance.no_credentials").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_failures_and_lists(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let id = running(&app, &shop.first, "sub-1").await;
    let logs = app
        .client
        .get(&format!("{PATH}/{id}/logs?tail=1"))
        .bearer(&user.token);
    let logs = logs.expect(200).await;
    assert_eq!(logs.body["available"], true);
    assert_eq!(
        logs.body["lines"],
        json!(["this instance is simulated; it runs nowhere"])
    );
    let too_many = app
        .client
        .get(&format!("{PATH}/{id}/logs?tail=1001"))
        .bearer(&user.token);
    too_many.refused(400, "request.invalid_query").await;
    app.advance(Duration::from_secs(1));
    let mut broken = template();
    broken.image = "example.com/n8n:broken".to_owned();
    let failed = app.instance_of(&shop.first, user, "sub-2", broken).await;
    app.drain().await;
    let list = app
        .client
        .get(&format!("{PATH}?status=failed"))
        .bearer(&user.token);
    let list = list.expect(200).await;
    assert_eq!(list.text_at("/data/0/id"), failed.id.to_string());
    assert_eq!(list.text_at("/data/0/reason"), "the image cannot be pulled");
    assert_eq!(list.body["data"].as_array().map(Vec::len), Some(1));

    let page = app
        .client
        .get("/api/admin/instances?limit=1")
        .bearer(&shop.first.key);
    let page = page.expect(200).await;
    assert_eq!(page.text_at("/data/0/instance/id"), failed.id.to_string());
    assert_eq!(page.text_at("/data/0/user_id"), user.id);
    let cursor = page.text_at("/next_cursor");
    let next = app
        .client
        .get(&format!("/api/admin/instances?limit=1&cursor={cursor}"));
    let next = next.bearer(&shop.first.key).expect(200).await;
    assert_eq!(next.text_at("/data/0/instance/id"), id);
    for tenant in [&shop.second] {
        let other = app.client.get("/api/admin/instances").bearer(&tenant.key);
        assert_eq!(other.expect(200).await.body["data"], json!([]));
        let one = app
            .client
            .get(&format!("/api/admin/instances/{id}"))
            .bearer(&tenant.key);
        one.refused(404, "instance.not_found").await;
        let own = app
            .client
            .get(&format!("{PATH}/{id}"))
            .bearer(&tenant.user.token);
        own.refused(404, "instance.not_found").await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_for_who_is_erased_goes(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let id = running(&app, &shop.first, "sub-1").await;
    let other = app
        .instance(&shop.first, &shop.first.manager, "sub-2")
        .await;
    pass(&app, 6).await;
    let key = &shop.first.key;
    let path = format!("/api/admin/users/{}/erase", shop.first.user.id);
    let erase = app.client.call(client::POST, &path).bearer(key);
    erase.expect(204).await;
    let status = async |id: &str| {
        let path = format!("/api/admin/instances/{id}");
        let seen = app.client.get(&path).bearer(key).expect(200).await;
        seen.text_at("/instance/status")
    };
    // Not only when nothing of it is left.
    assert_eq!(status(&id).await, "terminating");
    let scope = app.scope(&shop.first.id);
    let db = app.sutler.database.read(&scope).await.expect("a scope");
    let kept = async |id: &str| {
        let id: InstanceId = id.parse().expect("an id");
        let sql = "SELECT id FROM service_instances WHERE tenant_id = $1 AND id = $2 AND credentials IS NOT NULL";
        let rows = db.rows(sql, [id.uuid().into()]).await;
        !rows.expect("rows").is_empty()
    };
    assert!(!kept(&id).await, "its secrets are kept");
    assert!(kept(&other.id.to_string()).await);
    drop(db);
    pass(&app, 3).await;
    assert_eq!(status(&id).await, "terminated");
    assert_eq!(status(&other.id.to_string()).await, "running");
}
