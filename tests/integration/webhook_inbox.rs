//! The inbox of webhooks, as operators see it.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::stripe::{Till, Trouble};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbox_shows_what_came_and_what_became_of_it(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    assert!(till.stripe.pay(&order.session));
    let paid = till.stripe.take_events();
    for event in paid.iter().chain(&till.nothings()) {
        till.stripe.deliver(&till.app.client, event).await;
    }
    assert!(
        till.inbox()
            .await
            .iter()
            .all(|event| event["state"] == "received")
    );
    till.app.drain().await;
    let notes: BTreeMap<String, (Value, Value)> = till
        .inbox()
        .await
        .iter()
        .map(|event| {
            let id = event["external_id"].as_str().unwrap_or_default().to_owned();
            (id, (event["state"].clone(), event["note"].clone()))
        })
        .collect();
    let ignored = |note: &str| (json!("ignored"), json!(note));
    assert_eq!(
        notes["evt_a"],
        ignored("customer.created means nothing here")
    );
    assert_eq!(
        notes["evt_b"],
        ignored("the session was not made by Sutler")
    );
    assert_eq!(notes["evt_c"], ignored("No such checkout.session: 'cs_2'"));
    for id in ["evt_d", "evt_e"] {
        assert_eq!(notes[id], ignored("no attempt of ours has this payment"));
    }
    assert_eq!(notes["evt_f"], ignored("it names no payment"));
    let id = paid[0]["id"].as_str().expect("an id");
    assert_eq!(notes[id], (json!("processed"), json!(null)));

    // Lists are by state and source, and in pages.
    let key = &till.tenant().key;
    let list = async |query: &str| {
        let path = format!("/api/admin/webhook-events?{query}");
        till.app.client.get(&path).bearer(key).expect(200).await
    };
    let processed = list("state=processed").await;
    assert_eq!(processed.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(list("source=test").await.body["data"], json!([]));
    let page = list("limit=4").await;
    assert_eq!(page.body["has_more"], true);
    let rest = list(&format!("limit=4&cursor={}", page.text_at("/next_cursor"))).await;
    assert_eq!(rest.body["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(rest.body["has_more"], false);

    // One with its body, byte for byte; nobody else's.
    let event = processed.text_at("/data/0/id");
    let path = format!("/api/admin/webhook-events/{event}");
    let one = till.app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(one.text_at("/payload"), paid[0].to_string());
    let other = &till.shop.second.key;
    till.app.client.get(&path).bearer(other).expect(404).await;
    let replay = format!("{path}/replay");
    let call = || till.app.client.post(&replay, &json!(null));
    call().bearer(other).expect(404).await;
    call().bearer(&till.tenant().user.token).expect(403).await;
    call().expect(401).await;

    // Again, and once more before its job came: without effect, and it stays
    // what it is.
    let before = till.see(&order).await;
    let again = call().bearer(key).expect(200).await;
    assert_eq!(again.body["state"], "received");
    call().bearer(key).expect(200).await;
    till.app.drain().await;
    let one = till.app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(one.body["state"], "processed");
    assert_eq!(one.body["note"], Value::Null);
    let nothing = list("state=ignored").await;
    let nothing = nothing.text_at("/data/0/id");
    let path = format!("/api/admin/webhook-events/{nothing}");
    let replay = till
        .app
        .client
        .post(&format!("{path}/replay"), &json!(null));
    replay.bearer(key).expect(200).await;
    till.app.drain().await;
    let one = till.app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(one.body["state"], "ignored");
    let mut after = till.see(&order).await;
    after["version"] = before["version"].clone();
    assert_eq!(after, before);
    assert_eq!(till.app.mails.to("buyer@mail.test").len(), 1);
}

/// Stripe is away while an event is worked on: the job comes back to it; when
/// Stripe stays away, the event waits for the operator, and can be replayed.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_waits_until_stripe_is_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    assert!(till.stripe.pay(&order.session));
    till.stripe
        .break_next("GET", &order.session, Trouble::Before(503), 2);
    till.deliver().await;
    assert_eq!(till.see(&order).await["status"], "pending");
    assert_eq!(till.inbox().await[0]["state"], "received");
    till.pass_minutes(9).await;
    assert_eq!(till.see(&order).await["status"], "paid");
    assert_eq!(till.inbox().await[0]["state"], "processed");
}
