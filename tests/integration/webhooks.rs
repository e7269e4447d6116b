//! Webhooks come twice, late, out of order, many at once and to several
//! nodes; the end is the same.

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::{Clock as _, signature};
use rand::seq::SliceRandom as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Order;
use testkit::stripe::{Till, WEBHOOK_SECRET, post};
use testkit::{App, seed};
use tokio::task::JoinSet;

/// How often each event is delivered.
const TIMES: usize = 5;
/// How many deliveries are on their way at once.
const AT_ONCE: usize = 8;

/// Orders that between them go through every kind of event, and what is done
/// to them at Stripe. `step` comes after each thing that happened.
async fn everything(till: &Till, step: impl AsyncFn(&Till)) -> Vec<Order> {
    let expired = till.order(1).await;
    till.app.advance(Duration::from_mins(31));
    till.stripe.session(&expired.session);
    step(till).await;
    let mut orders = vec![expired];
    for _ in 0..5 {
        orders.push(till.order(1).await);
    }
    let stripe = &till.stripe;
    let session = |n: usize| orders[n].session.as_str();
    // Paid, and given back in part at the dashboard.
    assert!(stripe.pay(session(1)));
    step(till).await;
    stripe.refund_at_dashboard(session(1), 1000);
    step(till).await;
    // Declined, then paid by a bank that takes its time.
    assert!(stripe.decline(session(2)));
    step(till).await;
    assert!(stripe.pay_later(session(2)));
    step(till).await;
    stripe.bank_says(session(2), true);
    step(till).await;
    // The bank refuses.
    assert!(stripe.pay_later(session(3)));
    step(till).await;
    stripe.bank_says(session(3), false);
    step(till).await;
    // Paid, and given back in two parts of which the bank refuses one.
    assert!(stripe.pay(session(4)));
    step(till).await;
    stripe.refund_at_dashboard(session(4), 500);
    let refused = stripe.refund_at_dashboard(session(4), 700);
    stripe.refund_ends(refused["id"].as_str().expect("an id"), false);
    step(till).await;
    // Just paid.
    assert!(stripe.pay(session(5)));
    step(till).await;
    orders
}

/// Everything about the end that a buyer, the shop or Stripe can see.
async fn end(till: &Till, others: &[&App], orders: &[Order]) -> Value {
    let money = |value: &Value| value["amount"].as_i64().unwrap_or_default();
    let mut seen = Vec::new();
    for order in orders {
        let order = till.see(order).await;
        let list = |name: &str| order[name].as_array().cloned().unwrap_or_default();
        let mut refunds: Vec<_> = list("refunds")
            .iter()
            .map(|refund| json!([refund["status"], money(&refund["amount"]), refund["reason"]]))
            .map(|refund| refund.to_string())
            .filter(|refund| !refund.contains("failed"))
            .collect();
        refunds.sort();
        let payments = list("payments").into_iter().map(|payment| {
            json!([
                payment["status"],
                money(&payment["captured"]),
                money(&payment["refunded"]),
                payment["failure"]
            ])
        });
        let count = |kind: &str| list("history").iter().filter(|e| e["kind"] == kind).count();
        seen.push(json!({
            "state": [order["status"], order["payment_status"], order["fulfilment_status"]],
            "money": [money(&order["captured"]), money(&order["refunded"]), money(&order["tax"])],
            "payments": payments.collect::<Vec<_>>(),
            "refunds": refunds,
            "paid": count("paid"),
        }));
    }
    let mut mails = till.app.mails.to("buyer@mail.test").len();
    for other in others {
        mails += other.mails.to("buyer@mail.test").len();
    }
    json!({"orders": seen, "stock": till.stock().await, "mails": mails, "refunds": till.stripe.refunds().len()})
}

/// No job gave up, and nothing waits in the inbox.
async fn all_is_done(till: &Till) {
    let call = till.app.client.get("/api/admin/jobs?state=dead");
    let dead = call.bearer(&till.tenant().key).expect(200).await;
    assert_eq!(dead.body["data"], json!([]));
    for event in till.inbox().await {
        let state = event["state"].as_str().unwrap_or_default();
        assert!(["processed", "ignored"].contains(&state), "{event}");
    }
}

/// Delivers events, some at a time, to nodes by turns.
async fn deliver(till: &Till, nodes: &[&App], events: &[Value]) {
    let now = till.app.clock.now();
    let mut on_their_way = JoinSet::new();
    for (n, event) in events.iter().enumerate() {
        if on_their_way.len() == AT_ONCE {
            on_their_way.join_next().await;
        }
        let client = nodes[n % nodes.len()].client.clone();
        let body = event.to_string();
        on_their_way.spawn(async move {
            let header = signature::sign(WEBHOOK_SECRET.as_bytes(), body.as_bytes(), now);
            let answer = post(&client, "/api/webhooks/stripe", &header, body).await;
            assert_eq!(answer.status, 200, "{}", answer.describe());
        });
    }
    on_their_way.join_all().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_five_times_shuffled_eight_at_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let mut rng = seed::rng("every_event_five_times_shuffled_eight_at_once");
    // Once each, in time.
    let calm = Till::open(backend, 20).await;
    let orders = everything(&calm, async |till| till.deliver().await).await;
    calm.app
        .pass(Duration::from_hours(2), Duration::from_mins(10))
        .await;
    let expected = end(&calm, &[], &orders).await;
    all_is_done(&calm).await;
    drop(calm);

    let till = Till::open(backend, 20).await;
    let settings = till.stripe.settings();
    let settings: Vec<_> = settings.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let node = till.app.another(&settings).await;
    let orders = everything(&till, async |_| ()).await;
    let mut events = till.stripe.take_events();
    let kinds: BTreeSet<String> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap_or_default().to_owned())
        .collect();
    for kind in [
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.payment_failed",
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "refund.failed",
    ] {
        assert!(kinds.contains(kind), "{kind} did not happen");
    }
    events.extend(till.nothings());
    let different = events.len();
    let mut all: Vec<Value> = std::iter::repeat_n(events, TIMES).flatten().collect();
    all.shuffle(&mut rng);
    // Both nodes work while deliveries come in, and after.
    let nodes = [&till.app, &node];
    for some in all.chunks(all.len() / 4 + 1) {
        tokio::join!(
            deliver(&till, &nodes, some),
            till.app.drain(),
            node.drain(),
            till.app.drain(),
        );
    }
    tokio::join!(till.app.drain(), node.drain());
    assert_eq!(till.inbox().await.len(), different);
    till.app
        .pass(Duration::from_hours(2), Duration::from_mins(10))
        .await;
    assert_eq!(end(&till, &[&node], &orders).await, expected);
    all_is_done(&till).await;
}

/// Events of one order hours late and backwards.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_events_change_nothing_that_was_settled(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 20).await;
    let orders = everything(&till, async |_| ()).await;
    let mut events = till.stripe.take_events();
    // Only the sweep knows.
    till.app
        .pass(Duration::from_hours(4), Duration::from_mins(5))
        .await;
    assert_eq!(till.see(&orders[5]).await["status"], "paid");
    let settled = till.stock().await;
    events.reverse();
    deliver(&till, &[&till.app], &events).await;
    till.app.drain().await;
    assert_eq!(till.stock().await, settled);
    for (order, refunded) in [(1, 1000), (2, 0), (4, 500), (5, 0)] {
        let seen = till.see(&orders[order]).await;
        assert_eq!(seen["status"], "paid");
        assert_eq!(seen["refunded"]["amount"], refunded, "{seen}");
    }
    all_is_done(&till).await;
}
