//! What failed for good, once its cause is mended.

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

/// Lets the webhooks that wait fail for good, as broken data would.
async fn fail_webhooks(app: &App, tenant: &str) {
    let scope = app.scope(tenant);
    let tx = app.sutler.database.begin_write(&scope, "test").await;
    let tx = tx.expect("a transaction");
    for sql in [
        "UPDATE webhook_events SET state = 'failed', note = 'broken' WHERE tenant_id = $1",
        "UPDATE jobs SET state = 'dead', attempts = 12 WHERE tenant_id = $1 AND kind = 'orders.process_webhook'",
    ] {
        assert_eq!(tx.run(sql, []).await.expect("an update"), 1, "{sql}");
    }
    tx.commit().await.expect("a commit");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_failed_has_its_effect_when_its_job_is_retried(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    app.drain().await;
    let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
    app.act(&order.session, "pay").await;
    fail_webhooks(&app, &tenant.id).await;
    app.drain().await;
    assert_eq!(app.see(&order).await["status"], "pending");

    let token = &tenant.admin.token;
    let dead = app.client.get("/api/admin/jobs?state=dead").bearer(token);
    let job = dead.expect(200).await.text_at("/data/0/id");
    app.client
        .post(&format!("/api/admin/jobs/{job}/retry"), &json!({}))
        .bearer(token)
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(app.see(&order).await["status"], "paid");
    let events = app.client.get("/api/admin/webhook-events").bearer(token);
    let event = events.expect(200).await;
    assert_eq!(event.text_at("/data/0/state"), "processed");
}
