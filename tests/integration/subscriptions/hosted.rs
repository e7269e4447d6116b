//! A hosted service from the first top-up to the end, over HTTP alone: what is
//! paid for runs, and what is not does not.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Person, Tenant};

use super::{balance, eur, instance, lasting, post, see, used};

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);

/// A service with a secret, a volume and a host, and what its plans are called.
struct Offer {
    service: String,
    basic: String,
    pro: String,
}

async fn offer(app: &App, tenant: &Tenant) -> Offer {
    let path = "/api/admin/catalog/services";
    let body = json!({
        "name": "n8n",
        "status": "active",
        "template": {
            "image": "docker.io/n8nio/n8n:1.80.0",
            "ports": [{"name": "http", "number": 5678}],
            "environment": [
                {"name": "NODE_ENV", "value": "production"},
                {"name": "N8N_ENCRYPTION_KEY", "secret": {"name": "n8n", "key": "encryption-key"}},
                {"name": "WORKER_KEY", "secret": {"name": "n8n", "key": "encryption-key"}},
                {"name": "ADMIN_PASSWORD", "secret": {"name": "n8n", "key": "admin"}},
            ],
            "resources": {"cpu_request": "250m", "cpu_limit": "1", "memory_request": "256Mi", "memory_limit": "512Mi"},
            "volumes": [{"name": "data", "mount_path": "/home/node/.n8n", "size": "5Gi"}],
            "health_check": {"port": "http", "path": "/healthz"},
            "ingress": {"host": "{instance}.n8n.example.com", "port": "http"},
        },
    });
    let service = post(app, tenant, path, body).await.text_at("/id");
    let path = format!("{path}/{service}/plans");
    let basic = json!({
        "name": "Basic", "tier": "BASIC", "price": eur(1000),
        "interval": {"unit": "month"}, "total_quota": 1,
    });
    let pro = json!({
        "name": "Pro", "tier": "PRO", "price": eur(3000),
        "interval": {"unit": "month"}, "total_quota": 1,
        "limits": {"storage_bytes": 20_i64 << 30, "workflows": 100},
        "resources": {"cpu_request": "500m", "cpu_limit": "2", "memory_request": "1Gi", "memory_limit": "2Gi"},
    });
    Offer {
        basic: post(app, tenant, &path, basic).await.text_at("/id"),
        pro: post(app, tenant, &path, pro).await.text_at("/id"),
        service,
    }
}

/// A customer with a subscription.
struct Customer<'a> {
    app: &'a App,
    person: Person,
    subscription: String,
}

impl Customer<'_> {
    fn ask(&self, path: &str, body: &Value) -> Call {
        let call = self.app.client.post(path, body);
        call.bearer(&self.person.token)
    }

    async fn top_up(&self, minor: i64) {
        top_up(self.app, &self.person, minor).await;
    }

    fn subscription(&self, what: &str, body: &Value) -> Call {
        let path = format!("/api/subscriptions/{}/{what}", self.subscription);
        self.ask(&path, body)
    }

    async fn instance(&self) -> Value {
        instance(self.app, &self.person, &self.subscription).await
    }

    async fn status(&self) -> String {
        let runs = self.instance().await;
        runs["status"].as_str().expect("a word").to_owned()
    }

    fn act(&self, instance: &str, what: &str) -> Call {
        let path = format!("/api/instances/{instance}/{what}");
        self.ask(&path, &Value::Null)
    }
}

async fn top_up(app: &App, person: &Person, minor: i64) {
    let call = app
        .client
        .post("/api/wallet/top-ups", &json!({"amount": eur(minor)}));
    let made = call.bearer(&person.token).expect(201).await;
    app.act(&made.text_at("/session_id"), "pay").await;
    app.drain().await;
}

async fn pass(app: &App, seconds: u64) {
    app.pass(Duration::from_secs(seconds), Duration::from_secs(1))
        .await;
}

/// Somebody who topped up 5000 and runs the BASIC plan.
async fn customer<'a>(app: &'a App, tenant: &Tenant, offer: &Offer) -> Customer<'a> {
    let person = lasting(app, &tenant.user).await;
    let body = json!({"plan_id": offer.basic});
    let subscribe = || {
        let call = app.client.post("/api/subscriptions", &body);
        call.bearer(&person.token)
    };
    subscribe().refused(402, "wallet.insufficient_credit").await;
    let none = app.client.get("/api/instances").bearer(&person.token);
    assert_eq!(none.expect(200).await.body["data"], json!([]));
    top_up(app, &person, 5000).await;
    assert_eq!(balance(app, &person).await, 5000);
    let plans = format!("/api/catalog/services/{}/plans", offer.service);
    let plans = app.client.get(&plans).expect(200).await;
    assert_eq!(plans.number_at("/data/0/availability/left"), 1);
    let made = subscribe().expect(201).await;
    Customer {
        app,
        person,
        subscription: made.text_at("/id"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_paid_runs_and_is_upgraded(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let offer = offer(&app, tenant).await;
    let customer = customer(&app, tenant, &offer).await;
    assert_eq!(balance(&app, &customer.person).await, 4000);
    assert_eq!(used(&app, tenant, &offer.basic).await, 1);
    assert_eq!(customer.status().await, "requested");
    app.drain().await;
    assert_eq!(customer.status().await, "provisioning");
    pass(&app, 6).await;
    let runs = customer.instance().await;
    assert_eq!(runs["status"], "running", "{runs}");
    assert_eq!(runs["name"], "n8n");
    let gib = |gib: i64| gib << 30;
    assert_eq!(
        runs["resources"],
        json!({"cpu_milli": 1000, "memory_bytes": gib(1) / 2, "storage_bytes": gib(5)})
    );
    let id = runs["id"].as_str().expect("an id");
    let endpoint = runs["endpoint"].as_str().expect("an endpoint");
    assert!(endpoint.ends_with(".n8n.example.com"), "{endpoint}");

    // Each secret is made once, and shown once.
    let path = format!("/api/instances/{id}/credentials");
    let credentials = || {
        app.client
            .post(&path, &Value::Null)
            .bearer(&customer.person.token)
    };
    let shown = credentials().expect(200).await;
    let secret = |name: &str| shown.text_at(&format!("/variables/{name}"));
    assert_eq!(secret("N8N_ENCRYPTION_KEY").len(), 48);
    assert_eq!(secret("N8N_ENCRYPTION_KEY"), secret("WORKER_KEY"));
    assert_ne!(secret("N8N_ENCRYPTION_KEY"), secret("ADMIN_PASSWORD"));
    assert_eq!(shown.body["variables"]["NODE_ENV"], Value::Null);
    credentials()
        .refused(410, "instance.credentials_shown")
        .await;

    customer.act(id, "stop").expect(200).await;
    app.drain().await;
    assert_eq!(customer.status().await, "stopped");
    customer
        .act(id, "restart")
        .refused(409, "instance.stopped")
        .await;
    customer.act(id, "start").expect(200).await;
    pass(&app, 6).await;
    assert_eq!(customer.status().await, "running");
    customer.act(id, "restart").expect(200).await;
    assert_eq!(customer.status().await, "provisioning");
    pass(&app, 6).await;
    assert_eq!(customer.status().await, "running");

    let to = json!({"plan_id": offer.pro});
    let preview = customer.subscription("upgrade/preview", &to);
    let charge = preview.expect(200).await.number_at("/charge/amount");
    customer.subscription("upgrade", &to).expect(200).await;
    assert_eq!(balance(&app, &customer.person).await, 4000 - charge);
    assert_eq!(used(&app, tenant, &offer.basic).await, 0);
    pass(&app, 6).await;
    let runs = customer.instance().await;
    assert_eq!(
        (&runs["status"], &runs["id"]),
        (&json!("running"), &json!(id))
    );
    assert_eq!(
        runs["resources"],
        json!({"cpu_milli": 2000, "memory_bytes": gib(2), "storage_bytes": gib(20)})
    );

    // Canceled now: what is unused goes back, and nothing of it is left.
    let cancel = customer.subscription("cancel", &json!({"now": true}));
    cancel.expect(200).await;
    assert_eq!(customer.status().await, "terminating");
    customer
        .act(id, "start")
        .refused(409, "instance.over")
        .await;
    pass(&app, 3).await;
    assert_eq!(customer.status().await, "terminated");
    assert!(balance(&app, &customer.person).await >= 4990);
    assert_eq!(used(&app, tenant, &offer.pro).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_paid_for_stops_and_goes(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let offer = offer(&app, tenant).await;
    let customer = customer(&app, tenant, &offer).await;
    let to = json!({"plan_id": offer.pro});
    customer.subscription("upgrade", &to).expect(200).await;
    assert_eq!(balance(&app, &customer.person).await, 2000);
    pass(&app, 6).await;
    let id = customer.instance().await["id"].clone();
    let id = id.as_str().expect("an id");

    // 2000 are not enough for the second month: it runs on for a while.
    app.pass(DAY * 31 + HOUR * 2, DAY).await;
    let seen = see(&app, &customer.person, &customer.subscription).await;
    assert_eq!(seen.text_at("/status"), "past_due");
    assert_eq!(customer.status().await, "running");
    app.pass(DAY * 7 + HOUR * 2, HOUR * 6).await;
    assert_eq!(customer.status().await, "suspended");
    for what in ["start", "stop", "restart"] {
        let refused = customer.act(id, what);
        refused.refused(409, "instance.suspended").await;
    }
    let resume = || customer.subscription("resume", &Value::Null);
    resume().refused(402, "wallet.insufficient_credit").await;

    // Topped up and resumed, the same one starts again.
    customer.top_up(1500).await;
    resume().expect(200).await;
    assert_eq!(balance(&app, &customer.person).await, 500);
    pass(&app, 6).await;
    let runs = customer.instance().await;
    assert_eq!(
        (&runs["status"], &runs["id"]),
        (&json!("running"), &json!(id))
    );
    assert_eq!(runs["credentials"], "ready");

    // And without, it goes: a month, a week of grace, two more.
    app.pass(DAY * 53, HOUR * 12).await;
    let seen = see(&app, &customer.person, &customer.subscription).await;
    assert_eq!(seen.text_at("/status"), "ended");
    assert_eq!(seen.text_at("/end_reason"), "unpaid");
    let gone = customer.instance().await;
    assert_eq!(
        (&gone["status"], &gone["wanted"]),
        (&json!("terminated"), &json!("gone"))
    );
    let path = format!("/api/instances/{id}/credentials");
    let call = app
        .client
        .post(&path, &Value::Null)
        .bearer(&customer.person.token);
    call.refused(409, "instance.over").await;
    assert_eq!(used(&app, tenant, &offer.pro).await, 0);
    assert_eq!(balance(&app, &customer.person).await, 500);
    let path = format!("/api/admin/wallets?user_id={}", customer.person.id);
    let wallet = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let path = format!("/api/admin/wallets/{}/verify", wallet.text_at("/data/0/id"));
    let proof = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(proof.body["holds"], true, "{}", proof.text);
    // Somebody else can have the unit.
    let plans = format!("/api/catalog/services/{}/plans", offer.service);
    let plans = app.client.get(&plans).expect(200).await;
    assert_eq!(plans.number_at("/data/0/availability/left"), 1);
}
