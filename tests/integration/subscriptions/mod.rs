//! Subscriptions of hosted services that are paid with credit.

mod changes;
mod coupons;
mod hosted;
mod life;
mod limits;
mod races;
mod renewals;
mod round_trips;

use credits_model::wallet::WalletKey;
use credits_service::{Credit, CreditSource};
use kernel::{Currency, Money, Scope, TransferId};
use serde_json::{Value, json};
use testkit::shop::{Person, Tenant};
use testkit::{Answer, App};

use crate::services::lasting;

/// The authority of a tenant's own work.
fn scope(app: &App, tenant: &Tenant) -> Scope {
    app.scope(&tenant.id)
}

/// An amount as the API has it, in the first tenant's currency.
fn eur(minor: i64) -> Value {
    json!({"amount": minor, "currency": "EUR"})
}

/// Puts credit into somebody's wallet.
pub async fn fund(app: &App, tenant: &Tenant, person: &Person, amount: i64) {
    let tx = app.begin_in(tenant).await;
    let now = kernel::Clock::now(&*app.clock);
    let credit = Credit {
        wallet: WalletKey::Of {
            user: person.id.parse().expect("the id of a user"),
            currency: Currency::EUR,
        },
        source: CreditSource::TopUp,
        reference: TransferId::new(now).to_string(),
        amount: Money::new(amount, Currency::EUR),
    };
    let booked = app.sutler.credits.credit_in_tx(&tx, &credit).await;
    booked.expect("a credit");
    tx.commit().await.expect("a commit");
}

/// What is in somebody's wallet.
async fn balance(app: &App, person: &Person) -> i64 {
    let wallet = app.client.get("/api/wallet").bearer(&person.token);
    wallet.expect(200).await.number_at("/credit_balance/amount")
}

/// A service with plans: a free one, BASIC for 1000 and PRO for 3000 a month,
/// and PRO for 30000 a year. PRO a month can be tried for 14 days.
pub struct Menu {
    pub service: String,
    pub free: String,
    pub basic: String,
    pub pro: String,
    pub yearly: String,
}

/// Sets when subscriptions go up and down, with the times that are the default.
async fn set_policies(app: &App, tenant: &Tenant, upgrades: &str, downgrades: &str) {
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let etag = settings.expect(200).await.header("etag").to_owned();
    let terms = json!({"upgrades": upgrades, "downgrades": downgrades, "grace_days": 7, "suspension_days": 14});
    let change = json!({"subscriptions": terms});
    let call = app.client.patch("/api/admin/settings", &change);
    let call = call.bearer(&tenant.key).header("if-match", &etag);
    call.expect(200).await;
}

async fn post(app: &App, tenant: &Tenant, path: &str, body: Value) -> Answer {
    let made = app.client.post(path, &body).bearer(&tenant.key);
    made.expect(201).await
}

pub async fn menu(app: &App, tenant: &Tenant, name: &str, total: Value) -> Menu {
    let body = json!({
        "name": name,
        "status": "active",
        "template": {
            "image": "n8nio/n8n:1.80.0",
            "resources": {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "1Gi"},
        },
    });
    let path = "/api/admin/catalog/services";
    let service = post(app, tenant, path, body).await.text_at("/id");
    let path = format!("{path}/{service}/plans");
    let plan = async |name: &str, tier: &str, price: i64, unit: &str, trial: i64| {
        let body = json!({
            "name": name, "tier": tier, "price": eur(price), "interval": {"unit": unit},
            "trial_days": trial, "total_quota": total,
            // BASIC has half a CPU more than the free one, PRO 1.5 more.
            "resources": {
                "cpu_request": "100m", "cpu_limit": format!("{}m", 1000 + price.min(3000) / 2),
                "memory_request": "128Mi", "memory_limit": "1Gi",
            },
        });
        post(app, tenant, &path, body).await.text_at("/id")
    };
    Menu {
        free: plan("Free", "FREE", 0, "month", 0).await,
        basic: plan("Basic", "BASIC", 1000, "month", 0).await,
        pro: plan("Pro", "PRO", 3000, "month", 14).await,
        yearly: plan("Pro a year", "PRO", 30_000, "year", 0).await,
        service,
    }
}

/// How many units of a plan are given.
pub async fn used(app: &App, tenant: &Tenant, plan: &str) -> i64 {
    let path = format!("/api/admin/catalog/plans/{plan}");
    let seen = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    seen.number_at("/availability/used_quota")
}

/// The instance of somebody's subscription, as they see it.
async fn instance(app: &App, person: &Person, subscription: &str) -> Value {
    let path = format!("/api/instances?subscription_id={subscription}");
    let list = app.client.get(&path).bearer(&person.token);
    let list = list.expect(200).await;
    let found = list.body["data"].as_array().map(Vec::as_slice);
    let [found] = found.unwrap_or_default() else {
        panic!("a subscription has one instance: {}", list.text);
    };
    assert_eq!(found["subscription_id"], subscription);
    found.clone()
}

/// What is wanted of the instance of somebody's subscription.
async fn wanted(app: &App, person: &Person, subscription: &str) -> String {
    let found = instance(app, person, subscription).await;
    found["wanted"].as_str().expect("a word").to_owned()
}

/// Somebody's subscription, as they see it.
async fn see(app: &App, person: &Person, id: &str) -> Answer {
    let seen = app.client.get(&format!("/api/subscriptions/{id}"));
    seen.bearer(&person.token).expect(200).await
}
