//! Subscribing to a hosted service with credit.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Stage;
use crate::client::Call;

/// What is paid in, in minor units.
const CREDIT: i64 = 10_000;

/// Credit is paid in, and a customer subscribes to a service with it, takes
/// more, and ends it.
pub(super) async fn subscribe(stage: &mut Stage, token: &str) -> Result<()> {
    stage.title("The services there are, and what is left of their plans");
    let path = "/api/catalog/services/n8n/plans";
    let plans = stage
        .show(
            &Call::get(path),
            200,
            &["/data/1/name", "/data/1/price", "/data/1/availability/left"],
        )
        .await?;
    let id_of = |tier: &str| -> Result<String> {
        let found = plans
            .list("/data")?
            .iter()
            .find(|plan| plan["tier"] == tier);
        let id = found.and_then(|plan| plan["id"].as_str());
        id.map(str::to_owned)
            .with_context(|| format!("no plan {tier}"))
    };
    let (starter, team) = (id_of("BASIC")?, id_of("PRO")?);
    let currency = plans.text("/data/1/price/currency")?;
    top_up(stage, token, currency).await?;

    stage.title("Subscribe: quota, credit and subscription in one transaction");
    let subscribe = Call::post("/api/subscriptions")
        .bearer(token)
        .once("subscribe-n8n")
        .json(json!({"plan_id": starter, "trial": false}));
    let shown = ["/status", "/price", "/period_end", "/auto_renew"];
    let made = stage.show(&subscribe, 201, &shown).await?;
    let path = format!("/api/subscriptions/{}", made.text("/id")?);
    let price = made.number("/price/amount")?;
    balance(stage, token, CREDIT - price).await?;

    runs(stage, token, made.text("/id")?).await?;

    stage.title("What a higher plan costs now, and changing to it");
    let wanted = json!({"plan_id": team});
    let preview = Call::post(format!("{path}/upgrade/preview")).bearer(token);
    let preview = stage
        .show(
            &preview.json(wanted.clone()),
            200,
            &["/charge", "/next_price"],
        )
        .await?;
    let upgrade = Call::post(format!("{path}/upgrade"))
        .bearer(token)
        .json(wanted);
    stage.show(&upgrade, 200, &["/status", "/price"]).await?;
    // Some seconds may have gone by.
    let charge = preview.number("/charge/amount")?;
    let left = CREDIT - price - charge;
    let wallet = stage
        .client
        .expect(&Call::get("/api/wallet").bearer(token), 200)
        .await?;
    let found = wallet.number("/credit_balance/amount")?;
    ensure!(
        (left..=left + 1).contains(&found),
        "{found} are left and not {left}"
    );

    stage.title("End it now: what is unused goes back into the wallet");
    let cancel = Call::post(format!("{path}/cancel")).bearer(token);
    stage
        .show(&cancel.json(json!({"now": true})), 200, &["/status"])
        .await?;
    let wallet = Call::get("/api/wallet").bearer(token);
    stage
        .show(&wallet, 200, &["/credit_balance", "/total_spent"])
        .await?;
    Ok(())
}

/// The instance of a subscription works after a while, and tells its secrets once.
async fn runs(stage: &mut Stage, token: &str, subscription: &str) -> Result<()> {
    stage.title("Its instance runs, simulated, and tells its secrets once");
    let find = Call::get(format!("/api/instances?subscription_id={subscription}")).bearer(token);
    let found = stage.client.expect(&find, 200).await?;
    let path = format!("/api/instances/{}", found.text("/data/0/id")?);
    let look = Call::get(&path).bearer(token);
    stage.wait_for(&look, "/status", "running").await?;
    let path = format!("{path}/credentials");
    let credentials = Call::post(&path).bearer(token).once("credentials-n8n");
    let told = stage.client.expect(&credentials, 200).await?;
    let secret = told.text("/variables/N8N_ENCRYPTION_KEY")?;
    ensure!(secret.len() == 48, "the secret is {secret}");
    let again = Call::post(&path).bearer(token);
    stage.show(&again, 410, &["/code"]).await?;
    Ok(())
}

async fn top_up(stage: &mut Stage, token: &str, currency: &str) -> Result<()> {
    stage.title("Pay into the wallet at the test gateway");
    let amount = json!({"amount": CREDIT, "currency": currency});
    let call = Call::post("/api/wallet/top-ups")
        .bearer(token)
        .once("top-up-1")
        .json(json!({"amount": amount}));
    let made = stage.show(&call, 201, &["/status", "/url"]).await?;
    let session = made.text("/session_id")?;
    let pay =
        Call::post(format!("/api/test-gateway/sessions/{session}")).json(json!({"outcome": "pay"}));
    stage.show(&pay, 200, &["/amount"]).await?;
    let look = Call::get(format!("/api/wallet/top-ups/{}", made.text("/id")?)).bearer(token);
    stage.wait_for(&look, "/status", "succeeded").await?;
    balance(stage, token, CREDIT).await
}

/// Shows and checks what is in the wallet.
async fn balance(stage: &mut Stage, token: &str, expected: i64) -> Result<()> {
    let call = Call::get("/api/wallet").bearer(token);
    let wallet = stage.show(&call, 200, &["/credit_balance"]).await?;
    let found: &Value = &wallet.body["credit_balance"]["amount"];
    ensure!(
        *found == expected,
        "{found} are in the wallet and not {expected}"
    );
    Ok(())
}
