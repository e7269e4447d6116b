//! Wallets, and what is in them.

use serde_json::json;
use testkit::App;
use testkit::shop::Tenant;

use super::callers::Things;

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

/// A top-up of somebody, which is over: only so many can be open at once.
pub async fn top_up(app: &App, owner: &str, currency: &str) -> String {
    let body = json!({"amount": {"amount": 100, "currency": currency}});
    let made = app.client.post("/api/wallet/top-ups", &body).bearer(owner);
    let made = made.expect(201).await;
    app.act(&made.text_at("/session_id"), "decline").await;
    app.drain().await;
    made.text_at("/id")
}

/// Something that was spent of a wallet.
pub async fn spend(app: &App, tenant: &Tenant, number: u32, things: &Things) -> String {
    let tenant = tenant.id.parse().expect("the id of a tenant");
    let scope = app.sutler.accounts.system_scope(tenant, "test");
    let tx = app.sutler.database.begin_write(&scope, "test").await;
    let tx = tx.expect("a transaction");
    let currency = things["currency"].parse().expect("a currency");
    let wallet = things["wallet_id"].parse().expect("the id of a wallet");
    let spend = credits_service::Spend {
        wallet: credits_model::wallet::WalletKey::Id(wallet),
        kind: credits_model::transfer::SpendKind::Order,
        reference: format!("spend-{number}"),
        amount: kernel::Money::new(1, currency),
    };
    let booked = app.sutler.credits.spend_in_tx(&tx, &spend).await;
    tx.commit().await.expect("a commit");
    booked.expect("a spend").transfer.to_string()
}
