//! Stripe's own client library against the stand-in: it answers as Stripe does.

use std::sync::Arc;
use std::time::Duration;

use kernel::{ManualClock, Timestamp};
use serde_json::{Value, json};
use testkit::node;
use testkit::stripe::{SECRET_KEY, StandIn, Trouble};

/// The 14th of November 2023, 22:13:20 UTC.
const NOW: i64 = 1_700_000_000;

const SESSIONS: &str = "/v1/checkout/sessions";

/// Stripe's client, and the stand-in it is pointed at.
struct Bench {
    stripe: StandIn,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(NOW)));
        Self {
            stripe: StandIn::start(clock.clone()),
            clock,
        }
    }

    /// Makes calls, one after the other.
    async fn calls(&self, commands: &[Value]) -> Vec<Value> {
        self.calls_as(SECRET_KEY, commands).await
    }

    async fn calls_as(&self, key: &str, commands: &[Value]) -> Vec<Value> {
        let input = json!({"port": self.stripe.port(), "key": key, "commands": commands});
        let answer = node::run("stripe", "oracle.cjs", &input).await;
        answer.as_array().expect("a list").clone()
    }

    async fn call(&self, command: Value) -> Value {
        self.calls(&[command]).await.remove(0)
    }
}

fn call(path: &str, with: &Value) -> Value {
    let path: Vec<&str> = path.split('.').collect();
    json!({"do": "call", "path": path, "with": with})
}

fn session_params() -> Value {
    let line = |name: &str, amount: i64, quantity: i64| {
        json!({"price_data": {"currency": "eur", "unit_amount": amount, "product_data": {"name": name}},
            "quantity": quantity})
    };
    json!({
        "mode": "payment",
        "client_reference_id": "pay_1",
        "customer_email": "buyer@mail.test",
        "line_items": [line("Lamp", 2500, 2), line("Shipping", 500, 1)],
        "metadata": {"a": "b"},
        "payment_intent_data": {"metadata": {"c": "d"}, "description": "Order 1"},
        "success_url": "https://shop.test/ok",
        "cancel_url": "https://shop.test/no",
        "expires_at": NOW + 31 * 60,
    })
}

/// The call that opens a session, with some parameters that are different.
fn create(key: &str, different: Value) -> Value {
    let mut params = session_params();
    if let (Some(params), Value::Object(different)) = (params.as_object_mut(), different) {
        params.extend(different);
    }
    call(
        "checkout.sessions.create",
        &json!([params, {"idempotencyKey": key}]),
    )
}

fn retrieve(session: &str) -> Value {
    let expand = json!([session, {"expand": ["payment_intent"]}]);
    call("checkout.sessions.retrieve", &expand)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_opened_paid_and_seen() {
    let bench = Bench::new();
    let created = bench.call(create("one", json!({}))).await;
    let id = created["object"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(created["object"]["status"], "open");
    assert_eq!(created["object"]["amount_total"], 5500);
    assert_eq!(created["object"]["payment_intent"], json!(null));
    assert_eq!(created["object"]["metadata"], json!({"a": "b"}));
    assert_eq!(created["replayed"], json!(null));

    assert!(bench.stripe.pay(&id));
    let seen = bench.call(retrieve(&id)).await;
    let intent = &seen["object"]["payment_intent"];
    assert_eq!(seen["object"]["payment_status"], "paid");
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["amount_received"], 5500);
    assert_eq!(intent["metadata"], json!({"c": "d"}));
    let list = |created: Value| {
        call(
            "checkout.sessions.list",
            &json!([{ "created": created, "limit": 1 }]),
        )
    };
    let results = bench
        .calls(&[
            call("paymentIntents.retrieve", &json!([intent["id"]])),
            call("checkout.sessions.expire", &json!([id])),
            list(json!({"gte": NOW, "lte": NOW})),
            list(json!({"gte": NOW + 1})),
        ])
        .await;
    assert_eq!(results[0]["object"]["id"], intent["id"]);
    assert_eq!(results[1]["error"]["statusCode"], 400);
    assert_eq!(results[2]["object"]["data"][0]["id"], json!(id));
    assert_eq!(results[3]["object"]["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_goes_back_once_and_never_more_than_came() {
    let bench = Bench::new();
    let created = bench.call(create("one", json!({}))).await;
    let id = created["object"]["id"].as_str().expect("an id");
    assert!(bench.stripe.pay(id));
    let intent = bench.stripe.session(id)["payment_intent"].clone();
    let refund = |params: Value, key: &str| {
        let mut params = params;
        params["payment_intent"] = intent.clone();
        call("refunds.create", &json!([params, {"idempotencyKey": key}]))
    };
    let part = json!({"amount": 1500, "metadata": {"e": "f"}});
    let list = json!([{"payment_intent": intent, "limit": 1}]);
    let results = bench
        .calls(&[
            refund(part.clone(), "two"),
            refund(part, "two"),
            refund(json!({"amount": 4001}), "three"),
            refund(json!({}), "four"),
            refund(json!({}), "five"),
            call("refunds.list", &list),
        ])
        .await;
    assert_eq!(results[0]["object"]["status"], "succeeded");
    assert_eq!(results[0]["object"]["metadata"], json!({"e": "f"}));
    assert_eq!(results[1]["object"], results[0]["object"]);
    assert_eq!(results[1]["replayed"], "true");
    assert_eq!(results[2]["error"]["param"], "amount");
    assert_eq!(results[3]["object"]["amount"], 4000);
    let refused = &results[4]["error"];
    assert_eq!(refused["code"], "charge_already_refunded");
    assert_eq!(refused["type"], "StripeInvalidRequestError");
    let (listed, last) = (&results[5]["object"], &results[3]["object"]);
    assert_eq!(listed["data"][0]["id"], last["id"]);
    assert_eq!(listed["has_more"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stripe_refuses_is_refused() {
    let bench = Bench::new();
    let refused = bench
        .calls_as("sk_test_wrong", &[create("one", json!({}))])
        .await;
    assert_eq!(refused[0]["error"]["type"], "StripeAuthenticationError");

    let trouble = Trouble::Before(429);
    bench.stripe.break_next("POST", SESSIONS, trouble, 1);
    let results = bench
        .calls(&[
            create("one", json!({})),
            create("one", json!({"expires_at": NOW + 1799})),
            create("one", json!({"expires_at": NOW + 24 * 3600 + 1})),
            create("one", json!({"line_items": []})),
            create("one", json!({"what": "ever"})),
            retrieve("cs_test_none"),
        ])
        .await;
    assert_eq!(results[0]["error"]["type"], "StripeRateLimitError");
    assert_eq!(results[1]["error"]["param"], "expires_at");
    assert_eq!(results[2]["error"]["param"], "expires_at");
    assert_eq!(results[3]["error"]["param"], "line_items");
    assert_eq!(results[4]["error"]["code"], "parameter_unknown");
    assert_eq!(results[5]["error"]["code"], "resource_missing");
    assert_eq!(bench.stripe.sessions().len(), 0);

    // None of these was kept for the key.
    let results = bench
        .calls(&[
            create("one", json!({})),
            create("one", json!({})),
            create("one", json!({"cancel_url": "https://shop.test/other"})),
        ])
        .await;
    assert_eq!(results[0]["object"]["status"], "open");
    assert_eq!(results[0]["replayed"], json!(null));
    assert_eq!(results[1]["object"], results[0]["object"]);
    assert_eq!(results[1]["replayed"], "true");
    assert_eq!(results[2]["error"]["type"], "StripeIdempotencyError");
    assert_eq!(bench.stripe.sessions().len(), 1);

    // A session's life ends by itself.
    let id = results[0]["object"]["id"].as_str().expect("an id");
    bench.clock.advance(Duration::from_mins(31));
    let seen = bench.call(retrieve(id)).await;
    assert_eq!(seen["object"]["status"], "expired");
    assert!(!bench.stripe.pay(id));
}

/// An answer is kept for its key, also one of trouble.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_is_kept_for_its_key() {
    let bench = Bench::new();
    for (key, trouble, made) in [("one", Trouble::Before(500), 0), ("two", Trouble::After, 1)] {
        bench.stripe.break_next("POST", SESSIONS, trouble, 1);
        let twice = [create(key, json!({})), create(key, json!({}))];
        for result in bench.calls(&twice).await {
            assert_eq!(result["error"]["type"], "StripeAPIError");
            assert_eq!(result["error"]["statusCode"], 500);
        }
        assert_eq!(bench.stripe.sessions().len(), made);
    }
    bench.stripe.break_next("POST", SESSIONS, Trouble::Lost, 1);
    let result = bench.call(create("three", json!({}))).await;
    // Stripe's client asks again by itself when a connection breaks.
    assert_eq!(result["object"]["status"], "open");
    assert_eq!(result["replayed"], "true");
    let calls = bench.stripe.calls();
    let replayed: Vec<bool> = calls
        .iter()
        .filter(|call| call.key.as_deref() == Some("three"))
        .map(|call| call.replayed)
        .collect();
    assert_eq!(replayed, [false, true]);
    assert_eq!(bench.stripe.sessions().len(), 2);
}
