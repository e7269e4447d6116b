//! A hosted service, and somebody who waits for it.

use serde_json::json;
use testkit::App;
use testkit::shop::Tenant;

use super::callers::Things;
use super::routes::Route;

/// A service with a plan of which nothing is left.
pub async fn hosted(app: &App, tenant: &Tenant, things: &mut Things) {
    let client = &app.client;
    let make = async |path: String, body: serde_json::Value| {
        let made = client.post(&path, &body).bearer(&tenant.key);
        made.expect(201).await
    };
    let path = "/api/admin/catalog";
    let category = make(
        format!("{path}/service-categories"),
        json!({"name": "Automation"}),
    );
    things.insert("service_category_id", category.await.text_at("/id"));
    let service = json!({
        "name": "n8n",
        "status": "active",
        "template": {
            "image": "n8nio/n8n:1.80.0",
            "resources": {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "1Gi"},
        },
    });
    let service = make(format!("{path}/services"), service)
        .await
        .text_at("/id");
    let plan = json!({
        "name": "Basic",
        "tier": "BASIC",
        "price": {"amount": 500, "currency": things["currency"]},
        "interval": {"unit": "month"},
        "total_quota": 0,
    });
    let plan = make(format!("{path}/services/{service}/plans"), plan).await;
    things.insert("plan_id", plan.text_at("/id"));
    things.insert("quota_id", plan.text_at("/quota_id"));
    for (name, tier, price) in [("free_plan_id", "FREE", 0), ("dear_plan_id", "PRO", 100)] {
        let plan = json!({
            "name": tier,
            "tier": tier,
            "price": {"amount": price, "currency": things["currency"]},
            "interval": {"unit": "month"},
        });
        let plan = make(format!("{path}/services/{service}/plans"), plan).await;
        things.insert(name, plan.text_at("/id"));
    }
    let coupon = json!({"code": "WELCOME", "basis_points": 1000});
    let coupon = make("/api/admin/subscription-coupons".to_owned(), coupon).await;
    things.insert("subscription_coupon_id", coupon.text_at("/id"));
    things.insert("service", service.clone());
    things.insert("service_id", service);
}

/// What routes of hosted services do something final to.
pub async fn fresh_in_hosting(app: &App, route: &Route, owner: &str, things: &mut Things) {
    if route.path.contains("{waiter_id}") {
        let id = wait(app, owner, &things["plan_id"]).await;
        things.insert("waiter_id", id);
    }
    if route.path.contains("{subscription_id}") {
        let id = subscribe(app, owner, &things["free_plan_id"]).await;
        things.insert("subscription_id", id);
    }
}

/// A subscription of somebody.
async fn subscribe(app: &App, owner: &str, plan: &str) -> String {
    let subscribe = app
        .client
        .post("/api/subscriptions", &json!({"plan_id": plan}));
    subscribe.bearer(owner).send().await;
    let list = app.client.get("/api/subscriptions?limit=100").bearer(owner);
    let list = list.expect(200).await;
    let mut all = list.body["data"].as_array().into_iter().flatten();
    let live = all
        .find(|one| one["status"] != "ended")
        .expect("a subscription");
    live["id"].as_str().expect("an id").to_owned()
}

/// A place of somebody in a waiting list.
async fn wait(app: &App, owner: &str, plan: &str) -> String {
    let join = app
        .client
        .post("/api/waiting-list", &json!({"plan_id": plan}));
    let joined = join.bearer(owner).send().await;
    if joined.status == 201 {
        return joined.text_at("/id");
    }
    let list = app.client.get("/api/waiting-list").bearer(owner);
    let list = list.expect(200).await;
    let mut all = list.body["data"].as_array().into_iter().flatten();
    let place = all.find(|one| one["status"] == "waiting");
    let place = place.unwrap_or_else(|| panic!("no place in the list: {}", joined.describe()));
    place["id"].as_str().expect("an id").to_owned()
}
