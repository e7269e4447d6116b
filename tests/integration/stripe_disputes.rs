//! Payments that buyers dispute, as Stripe tells of them: late, twice and out
//! of order.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Order, eur};
use testkit::stripe::Till;

async fn paid(till: &Till) -> Order {
    let order = till.order(2).await;
    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    order
}

async fn disputed(till: &Till, is: bool) -> Vec<Value> {
    let path = format!("/api/admin/orders?disputed={is}");
    let call = till.app.client.get(&path).bearer(&till.tenant().key);
    let found = call.expect(200).await;
    found.body["data"].as_array().cloned().unwrap_or_default()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_is_seen_flagged_and_followed(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 10).await;
    let order = paid(&till).await;
    paid(&till).await;
    let dispute = till.stripe.dispute(&order.session, 5500);
    let created = till.stripe.take_events();
    let withdrawn = json!({"balance_transactions": [{
        "id": "txn_1", "object": "balance_transaction", "amount": -5500, "available_on": 1, "created": 1,
        "currency": "eur", "description": null, "exchange_rate": null, "fee": 1500, "fee_details": [],
        "net": -7000, "reporting_category": "dispute", "source": null, "status": "available",
        "type": "adjustment", "balance_type": "payments"}]});
    let kind = "charge.dispute.funds_withdrawn";
    till.stripe.dispute_goes_on(&dispute, kind, withdrawn);
    // The later event first, and each twice.
    let mut events = till.stripe.take_events();
    events.extend(created);
    for event in events.iter().chain(&events) {
        let answer = till.stripe.deliver(&till.app.client, event).await;
        assert_eq!(answer.status, 200, "{}", answer.describe());
    }
    till.app.drain().await;
    let seen = till.see(&order).await;
    assert_eq!(
        (&seen["dispute"], &seen["attention"]),
        (&json!("open"), &json!("disputed"))
    );
    assert_eq!(seen["disputes"].as_array().map(Vec::len), Some(1));
    let shown = &seen["disputes"][0];
    assert_eq!(
        (
            &shown["amount"],
            &shown["reason"],
            &shown["funds_withdrawn"]
        ),
        (&eur(5500), &json!("fraudulent"), &json!(5500))
    );
    assert_eq!(shown["external_id"], json!(dispute));
    let noted = seen["history"].as_array().cloned().unwrap_or_default();
    assert_eq!(
        noted
            .iter()
            .filter(|entry| entry["kind"] == "dispute")
            .count(),
        1
    );
    // The buyer is not told what they know.
    let own = till.app.see(&order).await;
    assert_eq!((own.get("disputes"), own.get("dispute")), (None, None));
    let found = disputed(&till, true).await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!(order.id)));
    assert_eq!(disputed(&till, false).await.len(), 1);
    let states: Vec<Value> = till
        .inbox()
        .await
        .iter()
        .map(|event| event["state"].clone())
        .collect();
    let done = |state: &Value| state == "processed" || state == "ignored";
    assert!(states.iter().all(done), "{states:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_under_dispute_does_not_go_back_by_mistake(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 10).await;
    let order = paid(&till).await;
    let dispute = till.stripe.dispute(&order.session, 5500);
    till.deliver().await;
    // The bank may give the money back: not twice by mistake.
    let refused = till.refund(&order, Some(100)).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("order.disputed"))
    );
    let cancel = till.app.client.post(
        &format!("/api/admin/orders/{}/cancel", order.id),
        &json!({}),
    );
    cancel
        .bearer(&till.tenant().key)
        .refused(409, "order.disputed")
        .await;
    let body = json!({"amount": eur(100), "reason": "agreed", "despite_dispute": true});
    let call = till
        .app
        .client
        .post(&format!("/api/admin/orders/{}/refund", order.id), &body);
    call.bearer(&till.tenant().key).expect(200).await;

    let won = json!({"status": "won", "balance_transactions": []});
    till.stripe
        .dispute_goes_on(&dispute, "charge.dispute.closed", won);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(
        (&seen["dispute"], &seen["disputes"][0]["status"]),
        (&json!("won"), &json!("won"))
    );
    assert_eq!(seen["disputes"][0]["funds_withdrawn"], 0);
    assert!(disputed(&till, true).await.is_empty());
    assert_eq!(till.refund(&order, Some(100)).await.status, 200);
}

/// A dispute says nothing of ours, so it comes to the default tenant; the
/// payment behind it tells whose it is. One of somebody else's has no effect.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_finds_its_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 10).await;
    let second = &till.shop.second;
    let item = till.app.simple(second, "Lamp", 5).await;
    let order = till.app.order(second, &[(&item.variants[0], 1)]).await;
    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    let dispute = till.stripe.dispute(&order.session, 1000);
    till.stripe
        .dispute_goes_on(&dispute, "charge.dispute.closed", json!({"status": "lost"}));
    let mut stranger = till.stripe.take_events();
    for event in &stranger {
        assert_eq!(
            till.stripe.deliver(&till.app.client, event).await.status,
            200
        );
    }
    let mut unknown = stranger.remove(0);
    unknown["id"] = json!("evt_unknown");
    unknown["data"]["object"]["id"] = json!("du_unknown");
    assert_eq!(
        till.stripe.deliver(&till.app.client, &unknown).await.status,
        200
    );
    till.app.drain().await;
    let path = format!("/api/admin/orders/{}", order.id);
    let seen = till
        .app
        .client
        .get(&path)
        .bearer(&second.key)
        .expect(200)
        .await;
    assert_eq!(seen.body["dispute"], "lost");
    assert_eq!(
        seen.body["disputes"][0]["amount"],
        json!({"amount": 1000, "currency": "USD"})
    );
    assert!(disputed(&till, true).await.is_empty());
    let inbox = till.inbox().await;
    let state = |id: &str| {
        let event = inbox.iter().find(|event| event["external_id"] == id);
        event.map(|event| event["state"].clone())
    };
    assert_eq!(state("evt_unknown"), Some(json!("ignored")));
}
