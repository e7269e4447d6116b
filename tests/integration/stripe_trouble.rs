//! Stripe answers with errors, late or not at all: what came of a call is
//! asked for, never guessed, and nothing happens twice.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Cart, Order, placed};
use testkit::stripe::{Till, Trouble};

const SESSIONS: &str = "/v1/checkout/sessions";

async fn cart(till: &Till) -> Cart {
    let lines = [(till.item.variants[0].as_str(), 1)];
    till.app.cart(till.tenant().host, &lines).await
}

/// The one order there is, as the shop sees it, to be acted on as its buyer.
async fn only_order(till: &Till) -> serde_json::Value {
    let call = till.app.client.get("/api/admin/orders");
    let answer = call.bearer(&till.tenant().key).expect(200).await;
    let orders = answer.body["data"].as_array().expect("a list");
    assert_eq!(orders.len(), 1, "{}", answer.describe());
    let path = format!(
        "/api/admin/orders/{}",
        orders[0]["id"].as_str().expect("an id")
    );
    let call = till.app.client.get(&path).bearer(&till.tenant().key);
    call.expect(200).await.body
}

/// Pays the order and sees it paid.
async fn pays(till: &Till, order: &Order) {
    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    assert_eq!(till.see(order).await["status"], "paid");
    assert_eq!(till.stock().await, (4, 0));
}

/// Stripe did it and says that it failed; it will say so again to the same
/// key, so the session is looked up.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_behind_an_error_is_found(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    till.stripe.break_next("POST", SESSIONS, Trouble::After, 1);
    let order = till.order(1).await;
    assert_eq!(till.stripe.sessions().len(), 1);
    assert_eq!(till.stripe.sessions()[0]["id"], json!(order.session));
    pays(&till, &order).await;
}

/// Stripe failed and did nothing: there is no session and never will be one
/// with this key. The buyer makes another attempt.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_without_a_session_ends_the_attempt(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let (cart, host) = (cart(&till).await, till.tenant().host);
    till.stripe
        .break_next("POST", SESSIONS, Trouble::Before(500), 1);
    till.app
        .checkout(host, &cart)
        .once("one")
        .refused(502, "payment.gateway_refused")
        .await;
    let seen = only_order(&till).await;
    assert_eq!(seen["payments"][0]["status"], "failed");
    assert_eq!(till.stock().await, (5, 1));

    let again = till.app.checkout(host, &cart).once("one").expect(201).await;
    assert_eq!(again.body["order"]["id"], seen["id"]);
    assert_eq!(again.body["order"]["payments"][0]["status"], "failed");
    let mut order = Order {
        id: again.text_at("/order/id"),
        token: again.text_at("/order/token"),
        session: String::new(),
        payment: again.text_at("/order/payments/0/id"),
        answer: again.body.clone(),
    };
    order.session = till.pay_again(&order).await;
    assert_eq!(till.stripe.sessions().len(), 1);
    pays(&till, &order).await;
}

/// The answer is lost, comes too late, or is an error that passes: the same
/// key asks again.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_is_repeated_until_the_answer_is_heard(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(
        Trouble::Lost,
        Trouble::Slow(Duration::from_secs(3)),
        Trouble::Before(429),
        Trouble::Before(503)
    )]
    trouble: Trouble,
) {
    let till = Till::with(backend, 5, &[("STRIPE_TIMEOUT", "1s")]).await;
    let (cart, host) = (cart(&till).await, till.tenant().host);
    till.stripe.break_next("POST", SESSIONS, trouble, 1);
    let refused = till.app.checkout(host, &cart).once("one").expect(503).await;
    assert_ne!(refused.header("retry-after"), "", "{}", refused.describe());
    let answer = till.app.checkout(host, &cart).once("one").expect(201).await;
    let order = placed(&answer);
    let calls = till.stripe.calls();
    let created = calls.iter().filter(|call| call.method == "POST");
    let created: Vec<_> = created.collect();
    assert_eq!(created.len(), 2);
    assert!(
        created
            .iter()
            .all(|call| call.key.as_ref() == Some(&order.payment))
    );
    let effect = matches!(trouble, Trouble::Lost | Trouble::Slow(_));
    assert_eq!(created[1].replayed, effect);
    assert_eq!(till.stripe.sessions().len(), 1);
    pays(&till, &order).await;
}

/// The answer is lost, and the buyer does not come back: the sweep asks.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweep_hears_the_answer_that_was_lost(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let cart = cart(&till).await;
    till.stripe.break_next("POST", SESSIONS, Trouble::Lost, 1);
    till.app
        .checkout(till.tenant().host, &cart)
        .expect(503)
        .await;
    assert_eq!(
        only_order(&till).await["payments"][0]["session_id"],
        json!(null)
    );
    till.pass_minutes(2).await;
    let seen = only_order(&till).await;
    assert_eq!(
        seen["payments"][0]["session_id"],
        till.stripe.sessions()[0]["id"]
    );
    assert_eq!(seen["payments"][0]["status"], "open");
    assert_eq!(till.stripe.sessions().len(), 1);
}

/// Stripe is away for as long as the buyer would have had to pay. What it
/// did, if anything, is found when it is back; the goods are free again.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripe_is_away_until_the_attempt_is_over(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(true, false)] opened: bool,
) {
    let till = Till::open(backend, 5).await;
    let cart = cart(&till).await;
    let first = if opened {
        Trouble::Lost
    } else {
        Trouble::Before(503)
    };
    till.stripe.break_next("POST", SESSIONS, first, 1);
    till.app
        .checkout(till.tenant().host, &cart)
        .expect(503)
        .await;
    till.stripe.forget_keys();
    till.stripe
        .break_next("POST", SESSIONS, Trouble::Before(503), 1000);
    till.stripe
        .break_next("GET", SESSIONS, Trouble::Before(503), 5);
    till.pass_minutes(34).await;
    // Nobody knows yet, so the goods wait.
    assert_eq!(till.stock().await, (5, 1));
    till.pass_minutes(10).await;
    let seen = only_order(&till).await;
    assert_eq!(seen["payments"][0]["status"], "expired", "{seen}");
    assert_eq!(
        seen["payments"][0]["session_id"].is_string(),
        opened,
        "{seen}"
    );
    assert_eq!(till.stripe.sessions().len(), usize::from(opened));
    assert_eq!(till.stock().await, (5, 0));
}

/// A buyer who clicks twice makes two calls with one key at once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clicks_open_one_session(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    till.app.advance(Duration::from_mins(31));
    till.deliver().await;
    till.stripe.take(Duration::from_millis(200));
    let click = || till.try_again(&order).send();
    let (one, two) = tokio::join!(click(), click());
    for answer in [&one, &two] {
        assert_eq!(answer.status, 201, "{}", answer.describe());
    }
    assert_eq!(one.body["order"]["payments"], two.body["order"]["payments"]);
    assert_eq!(till.stripe.sessions().len(), 2);
    assert!(
        till.stripe.calls().iter().any(|call| call.status == 409),
        "the calls did not meet: {:?}",
        till.stripe.calls()
    );
}

/// The key was changed to another account's while an order was open: nothing
/// can be said of its session, so its goods are freed and a person told.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_stripe_does_not_know_is_flagged(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    till.stripe.forget(&order.session);
    till.pass_minutes(40).await;
    let seen = till.see(&order).await;
    assert_eq!(seen["attention"], "payment_lost");
    assert_eq!(seen["payments"][0]["status"], "failed");
    assert_eq!(till.stock().await, (5, 0));
}

/// Whatever becomes of the answer to a refund, the money goes back once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_made_once(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Trouble::Lost, Trouble::After, Trouble::Before(503))] trouble: Trouble,
    #[values(true, false)] keys_are_forgotten: bool,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    pays(&till, &order).await;
    till.stripe.break_next("POST", "/v1/refunds", trouble, 1);
    assert_eq!(till.refund(&order, Some(1000)).await.status, 200);
    till.app.drain().await;
    if keys_are_forgotten {
        till.stripe.forget_keys();
    }
    till.pass_minutes(30).await;
    let seen = till.see(&order).await;
    assert_eq!(seen["refunds"][0]["status"], "succeeded", "{seen}");
    assert_eq!(seen["payment_status"], "partially_refunded");
    assert_eq!(till.stripe.refunds().len(), 1);
    assert_eq!(till.stripe.refunds()[0]["amount"], 1000);
    till.deliver().await;
    assert_eq!(till.see(&order).await["refunds"], seen["refunds"]);
}

/// Stripe could not make a refund and would say so again: the promise is
/// taken back and a person told, who can repeat it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_failed_can_be_repeated(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    pays(&till, &order).await;
    till.stripe
        .break_next("POST", "/v1/refunds", Trouble::Before(500), 1);
    assert_eq!(till.refund(&order, None).await.status, 200);
    till.app.drain().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["refunds"][0]["status"], "failed");
    assert_eq!(seen["payment_status"], "paid");
    assert_eq!(seen["attention"], "refund_failed");
    assert_eq!(till.refund(&order, None).await.status, 200);
    till.app.drain().await;
    assert_eq!(till.see(&order).await["payment_status"], "refunded");
    assert_eq!(till.stripe.refunds().len(), 1);
}
