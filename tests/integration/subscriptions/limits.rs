//! How many subscriptions a customer may have.

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;

use super::{lasting, post};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_more_than_a_hundred_at_a_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let mut plans = Vec::new();
    for n in 0..102 {
        let body = json!({
            "name": format!("Service {n}"), "status": "active",
            "template": {
                "image": "n8nio/n8n:1.80.0",
                "resources": {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "1Gi"},
            },
        });
        let path = "/api/admin/catalog/services";
        let service = post(&app, tenant, path, body).await.text_at("/id");
        let body = json!({
            "name": "Free", "tier": "FREE", "price": super::eur(0), "interval": {"unit": "month"},
            "total_quota": null,
        });
        let path = format!("{path}/{service}/plans");
        plans.push(post(&app, tenant, &path, body).await.text_at("/id"));
    }
    let subscribe = |n: usize| -> Call {
        let body = json!({"plan_id": plans[n]});
        let call = app.client.post("/api/subscriptions", &body);
        call.bearer(&person.token)
    };
    let first = subscribe(0).expect(201).await.text_at("/id");
    for n in 1..99 {
        subscribe(n).expect(201).await;
    }
    // Two at the same time, and room for one.
    let (one, other) = tokio::join!(subscribe(99).send(), subscribe(100).send());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
    subscribe(101).refused(409, "subscription.too_many").await;
    let cancel = format!("/api/subscriptions/{first}/cancel");
    let cancel = app.client.post(&cancel, &json!({"now": true}));
    cancel.bearer(&person.token).expect(200).await;
    subscribe(101).expect(201).await;
}
