//! Wallets, and what is in them.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use testkit::App;
use testkit::shop::Tenant;

use super::callers::Things;
use super::routes::Route;

/// A wallet with credit in it.
pub async fn wallet(app: &App, tenant: &Tenant, currency: &str) -> String {
    let client = &app.client;
    let made = client.post("/api/admin/wallets", &json!({"user_id": tenant.user.id}));
    let id = made.bearer(&tenant.key).expect(201).await.text_at("/id");
    let amount = json!({"amount": {"amount": 1_000_000, "currency": currency}, "reason": "broken"});
    let path = format!("/api/admin/wallets/{id}/adjustments");
    let filled = client.post(&path, &amount).bearer(&tenant.key);
    filled.expect(200).await;
    id
}

/// What routes of wallets do something final to.
pub async fn fresh_in_wallet(
    app: &App,
    tenant: &Tenant,
    route: &Route,
    owner: &str,
    things: &mut Things,
) {
    if route.path.starts_with("/api/admin/top-ups") {
        flag_top_ups(app, tenant).await;
        things.insert("top_up_id", things["paid_top_up_id"].clone());
    } else if route.path.contains("{top_up_id}") {
        let id = top_up(app, owner, &things["currency"]).await;
        things.insert("top_up_id", id);
    }
    if route.path.contains("/gift-cards") {
        let body = json!({"amount": {"amount": 1, "currency": things["currency"]}});
        let made = app.client.post("/api/admin/gift-cards", &body);
        let made = made.bearer(&tenant.key).expect(201).await;
        things.insert("gift_card_id", made.text_at("/id"));
        things.insert("gift_code", made.text_at("/code"));
    }
    if route.body.contains("{transaction_id}") {
        let id = spend(app, tenant, things).await;
        things.insert("transaction_id", id);
    }
}

/// A top-up that was paid, of which so much is left that a little can go back
/// many times.
pub async fn paid_top_up(app: &App, tenant: &Tenant, currency: &str) -> String {
    let body = json!({"amount": {"amount": 10_000, "currency": currency}});
    let made = app.client.post("/api/wallet/top-ups", &body);
    let made = made.bearer(&tenant.user.token).expect(201).await;
    app.act(&made.text_at("/session_id"), "pay").await;
    app.drain().await;
    made.text_at("/id")
}

/// Lets somebody have to look at what was paid.
async fn flag_top_ups(app: &App, tenant: &Tenant) {
    let flag =
        "UPDATE top_ups SET attention = 'disputed' WHERE tenant_id = $1 AND status = 'succeeded'";
    let write = (flag, Vec::new());
    let database = &app.sutler.database;
    let flagged = database
        .write_one(&app.scope(&tenant.id), "test", write)
        .await;
    assert!(flagged.expect("a write") > 0);
}

/// A top-up of somebody, which is over: only so many can be open at once.
async fn top_up(app: &App, owner: &str, currency: &str) -> String {
    let body = json!({"amount": {"amount": 100, "currency": currency}});
    let made = app.client.post("/api/wallet/top-ups", &body).bearer(owner);
    let made = made.expect(201).await;
    app.act(&made.text_at("/session_id"), "decline").await;
    app.drain().await;
    made.text_at("/id")
}

/// Something that was spent of a wallet.
async fn spend(app: &App, tenant: &Tenant, things: &Things) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let tx = app.begin_in(tenant).await;
    let currency = things["currency"].parse().expect("a currency");
    let wallet = things["wallet_id"].parse().expect("the id of a wallet");
    let spend = credits_service::Spend {
        wallet: credits_model::wallet::WalletKey::Id(wallet),
        kind: credits_model::transfer::SpendKind::Subscription,
        reference: format!("spend-{number}"),
        amount: kernel::Money::new(1, currency),
    };
    let booked = app.sutler.credits.spend_in_tx(&tx, &spend).await;
    tx.commit().await.expect("a commit");
    booked.expect("a spend").transfer.to_string()
}
