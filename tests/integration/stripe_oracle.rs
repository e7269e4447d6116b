//! Stripe's own library against the stand-in, and against our signatures.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock as _, ManualClock, Timestamp, signature};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::stripe::{SECRET_KEY, StandIn, Trouble, WEBHOOK_SECRET, post};
use testkit::{App, node};

/// Half past the 14th of November 2023, 22:13:20 UTC.
const NOW: i64 = 1_700_000_000;

async fn oracle(port: u16, key: &str, commands: Vec<Value>) -> Vec<Value> {
    let input = json!({"port": port, "key": key, "commands": commands});
    let answer = node::run("stripe", "oracle.cjs", &input).await;
    answer.as_array().expect("a list").clone()
}

async fn one(command: Value) -> Value {
    oracle(1, SECRET_KEY, vec![command]).await.remove(0)
}

fn call(path: &[&str], with: Value) -> Value {
    json!({"do": "call", "path": path, "with": with})
}

fn session_params() -> Value {
    json!({
        "mode": "payment",
        "client_reference_id": "pay_1",
        "customer_email": "buyer@mail.test",
        "line_items": [
            {"price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Lamp"}}, "quantity": 2},
            {"price_data": {"currency": "eur", "unit_amount": 500, "product_data": {"name": "Shipping"}}, "quantity": 1},
        ],
        "metadata": {"a": "b"},
        "payment_intent_data": {"metadata": {"c": "d"}, "description": "Order 1"},
        "success_url": "https://shop.test/ok",
        "cancel_url": "https://shop.test/no",
        "expires_at": NOW + 31 * 60,
    })
}

const CREATE: &[&str] = &["checkout", "sessions", "create"];
const RETRIEVE: &[&str] = &["checkout", "sessions", "retrieve"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripes_own_client_buys_and_refunds_at_the_stand_in() {
    let stripe = StandIn::start(Arc::new(ManualClock::new(Timestamp::from_seconds(NOW))));
    let port = stripe.port;
    let created = oracle(
        port,
        SECRET_KEY,
        vec![call(
            CREATE,
            json!([session_params(), {"idempotencyKey": "one"}]),
        )],
    )
    .await
    .remove(0);
    let id = created["object"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(created["object"]["status"], "open");
    assert_eq!(created["object"]["amount_total"], 5500);
    assert_eq!(created["object"]["payment_intent"], json!(null));
    assert_eq!(created["object"]["metadata"], json!({"a": "b"}));
    assert_eq!(created["replayed"], json!(null));

    assert!(stripe.pay(&id));
    let expanded = json!([id, {"expand": ["payment_intent"]}]);
    let seen = oracle(port, SECRET_KEY, vec![call(RETRIEVE, expanded)])
        .await
        .remove(0);
    let intent = &seen["object"]["payment_intent"];
    assert_eq!(seen["object"]["payment_status"], "paid");
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["amount_received"], 5500);
    assert_eq!(intent["metadata"], json!({"c": "d"}));

    let refund = json!([{"payment_intent": intent["id"], "amount": 1500, "metadata": {"e": "f"}},
        {"idempotencyKey": "two"}]);
    let results = oracle(
        port,
        SECRET_KEY,
        vec![
            call(&["refunds", "create"], refund.clone()),
            call(&["refunds", "create"], refund),
            call(
                &["refunds", "create"],
                json!([{"payment_intent": intent["id"], "amount": 4001}]),
            ),
            call(
                &["refunds", "create"],
                json!([{"payment_intent": intent["id"]}]),
            ),
            call(
                &["refunds", "create"],
                json!([{"payment_intent": intent["id"]}]),
            ),
            call(
                &["refunds", "list"],
                json!([{"payment_intent": intent["id"], "limit": 1}]),
            ),
            call(&["paymentIntents", "retrieve"], json!([intent["id"]])),
            call(&["checkout", "sessions", "expire"], json!([id])),
            call(
                &["checkout", "sessions", "list"],
                json!([{"created": {"gte": NOW, "lte": NOW}}]),
            ),
            call(
                &["checkout", "sessions", "list"],
                json!([{"created": {"gte": NOW + 1}}]),
            ),
        ],
    )
    .await;
    assert_eq!(results[0]["object"]["status"], "succeeded");
    assert_eq!(results[1]["object"], results[0]["object"]);
    assert_eq!(results[1]["replayed"], "true");
    assert_eq!(results[2]["error"]["param"], "amount");
    assert_eq!(results[3]["object"]["amount"], 4000);
    assert_eq!(results[4]["error"]["code"], "charge_already_refunded");
    assert_eq!(
        results[4]["error"]["type"], "StripeInvalidRequestError",
        "{}",
        results[4]
    );
    assert_eq!(
        results[5]["object"]["data"][0]["id"],
        results[3]["object"]["id"]
    );
    assert_eq!(results[5]["object"]["has_more"], true);
    assert_eq!(results[6]["object"]["id"], intent["id"]);
    assert_eq!(results[7]["error"]["statusCode"], 400);
    assert_eq!(results[8]["object"]["data"][0]["id"], json!(id));
    assert_eq!(results[9]["object"]["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stand_in_refuses_what_stripe_refuses() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(NOW)));
    let stripe = StandIn::start(clock.clone());
    let with = |change: Value| {
        let mut params = session_params();
        if let (Some(params), Value::Object(change)) = (params.as_object_mut(), change) {
            params.extend(change);
        }
        call(CREATE, json!([params, {"idempotencyKey": "one"}]))
    };
    let refused = oracle(stripe.port, "sk_test_wrong", vec![with(json!({}))]).await;
    assert_eq!(refused[0]["error"]["type"], "StripeAuthenticationError");

    stripe.break_next("POST", "/v1/checkout/sessions", Trouble::Before(429), 1);
    let results = oracle(
        stripe.port,
        SECRET_KEY,
        vec![
            with(json!({})),
            with(json!({"expires_at": NOW + 1799})),
            with(json!({"expires_at": NOW + 24 * 3600 + 1})),
            with(json!({"line_items": []})),
            with(json!({"what": "ever"})),
            // None of these was kept for the key.
            with(json!({})),
            with(json!({})),
            with(json!({"cancel_url": "https://shop.test/other"})),
            call(RETRIEVE, json!(["cs_test_none"])),
        ],
    )
    .await;
    assert_eq!(results[0]["error"]["type"], "StripeRateLimitError");
    assert_eq!(results[1]["error"]["param"], "expires_at");
    assert_eq!(results[2]["error"]["param"], "expires_at");
    assert_eq!(results[3]["error"]["param"], "line_items");
    assert_eq!(results[4]["error"]["code"], "parameter_unknown");
    assert_eq!(
        results[5]["object"]["status"], "open",
        "{}",
        results[5]["error"]
    );
    assert_eq!(results[5]["replayed"], json!(null));
    assert_eq!(results[6]["object"], results[5]["object"]);
    assert_eq!(results[6]["replayed"], "true");
    assert_eq!(results[7]["error"]["type"], "StripeIdempotencyError");
    assert_eq!(results[8]["error"]["code"], "resource_missing");
    assert_eq!(stripe.sessions().len(), 1);

    // Its life ends by itself, and can be ended.
    let id = results[5]["object"]["id"].clone();
    clock.advance(Duration::from_mins(31));
    let seen = oracle(
        stripe.port,
        SECRET_KEY,
        vec![call(RETRIEVE, json!([id.clone()]))],
    )
    .await;
    assert_eq!(seen[0]["object"]["status"], "expired");
    assert!(!stripe.pay(id.as_str().expect("an id")));

    // An answer of trouble is kept for its key, with and without an effect.
    for (key, trouble, made) in [
        ("two", Trouble::Before(500), 1),
        ("three", Trouble::After, 2),
    ] {
        let mut params = session_params();
        params["expires_at"] = json!(NOW + 2 * 3600);
        let create = call(CREATE, json!([params, {"idempotencyKey": key}]));
        stripe.break_next("POST", "/v1/checkout/sessions", trouble, 1);
        let results = oracle(stripe.port, SECRET_KEY, vec![create.clone(), create]).await;
        for result in &results {
            assert_eq!(result["error"]["type"], "StripeAPIError");
            assert_eq!(result["error"]["statusCode"], 500);
        }
        assert_eq!(stripe.sessions().len(), made);
    }
    // A lost answer is replayed.
    let mut params = session_params();
    params["expires_at"] = json!(NOW + 2 * 3600);
    let create = call(CREATE, json!([params, {"idempotencyKey": "four"}]));
    stripe.break_next("POST", "/v1/checkout/sessions", Trouble::Lost, 1);
    let results = oracle(stripe.port, SECRET_KEY, vec![create]).await;
    // Stripe's client asks again by itself when a connection breaks.
    assert_eq!(results[0]["object"]["status"], "open");
    assert_eq!(results[0]["replayed"], "true");
    let calls = stripe.calls();
    let lost: Vec<bool> = calls
        .iter()
        .filter(|call| call.key.as_deref() == Some("four"))
        .map(|call| call.replayed)
        .collect();
    assert_eq!(lost, [false, true]);
    assert_eq!(stripe.sessions().len(), 3);
}

fn sign(payload: &str, secret: &str, timestamp: i64) -> Value {
    json!({"do": "sign", "payload": payload, "secret": secret, "timestamp": timestamp})
}

/// What Stripe's library signs is what we would sign, and it accepts and
/// refuses what we sign as we do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripes_library_and_ours_agree_on_signatures() {
    let now = Timestamp::from_seconds(NOW);
    for payload in [
        "{}",
        r#"{"id":"evt_1","name":"Zoë 🦀"}"#,
        "{\n  \"a\": 1\n}\n",
    ] {
        let theirs = one(sign(payload, "whsec_a", NOW)).await;
        assert_eq!(
            theirs,
            json!(signature::sign(b"whsec_a", payload.as_bytes(), now))
        );
    }
    let payload = r#"{"id":"evt_1","object":"event"}"#;
    let other_body = r#"{"id":"evt_2","object":"event"}"#;
    let at = |seconds: i64| {
        signature::sign(
            b"whsec_a",
            payload.as_bytes(),
            Timestamp::from_seconds(seconds),
        )
    };
    let second = signature::sign(b"whsec_b", payload.as_bytes(), now);
    let both = format!("{},{}", at(NOW), second.split(',').nth(1).expect("v1"));
    let cases = [
        ("good", payload, at(NOW), "whsec_a"),
        ("300 s old", payload, at(NOW - 300), "whsec_a"),
        ("301 s old", payload, at(NOW - 301), "whsec_a"),
        ("other secret", payload, at(NOW), "whsec_b"),
        ("other body", other_body, at(NOW), "whsec_a"),
        ("two, first", payload, both.clone(), "whsec_a"),
        ("two, second", payload, both, "whsec_b"),
        (
            "old scheme",
            payload,
            at(NOW).replace("v1=", "v0="),
            "whsec_a",
        ),
        ("nothing", payload, String::new(), "whsec_a"),
        (
            "no time",
            payload,
            at(NOW).split(',').nth(1).expect("v1").to_owned(),
            "whsec_a",
        ),
    ];
    let commands = cases.iter().map(|(_, payload, header, secret)| {
        json!({"do": "construct", "payload": payload, "header": header, "secret": secret, "now": NOW})
    });
    let theirs = oracle(1, SECRET_KEY, commands.collect()).await;
    let mut accepted = Vec::new();
    for ((name, payload, header, secret), theirs) in cases.iter().zip(&theirs) {
        let ours = signature::verify(header, payload.as_bytes(), [secret.as_bytes()], now);
        assert_eq!(ours, theirs["id"].is_string(), "{name}: {theirs}");
        if ours {
            accepted.push(*name);
        }
    }
    assert_eq!(accepted, ["good", "300 s old", "two, first", "two, second"]);
}

/// What an event of nothing of ours looks like.
fn foreign(id: &str) -> String {
    json!({"id": id, "object": "event", "type": "customer.created", "livemode": false, "created": NOW,
        "data": {"object": {"id": "cus_1", "object": "customer", "metadata": {}}}})
    .to_string()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stripes_library_signs_is_taken_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let rotating = format!("{WEBHOOK_SECRET},whsec_before");
    let settings = [("STRIPE_WEBHOOK_SECRET", rotating.as_str())];
    let (app, _stripe) = App::with_stripe(backend, &settings).await;
    let now = app.clock.now().seconds();
    let (new, old) = (WEBHOOK_SECRET, "whsec_before");
    // Path, what is signed, what is sent, secrets, when, and the answer.
    let cases = [
        (
            "/api/webhooks/stripe",
            foreign("evt_1"),
            foreign("evt_1"),
            vec![new],
            now,
            200,
        ),
        (
            "/api/stripe/webhook",
            foreign("evt_2"),
            foreign("evt_2"),
            vec![new],
            now,
            200,
        ),
        (
            "/api/webhooks/stripe",
            foreign("evt_3"),
            foreign("evt_3"),
            vec![old],
            now,
            200,
        ),
        (
            "/api/webhooks/stripe",
            foreign("evt_4"),
            foreign("evt_4"),
            vec!["whsec_x", old],
            now,
            200,
        ),
        (
            "/api/webhooks/stripe",
            foreign("evt_5"),
            foreign("evt_5"),
            vec![new],
            now - 300,
            200,
        ),
        (
            "/api/webhooks/stripe",
            foreign("evt_6"),
            foreign("evt_6"),
            vec![new],
            now - 301,
            400,
        ),
        (
            "/api/webhooks/stripe",
            foreign("evt_7"),
            foreign("evt_7"),
            vec!["whsec_x"],
            now,
            400,
        ),
        (
            "/api/webhooks/stripe",
            foreign("evt_8"),
            foreign("evt_9"),
            vec![new],
            now,
            400,
        ),
        (
            "/api/webhooks/stripe",
            "{".into(),
            "{".into(),
            vec![new],
            now,
            400,
        ),
        (
            "/api/webhooks/stripe",
            "[]".into(),
            "[]".into(),
            vec![new],
            now,
            400,
        ),
        (
            "/api/webhooks/stripe",
            String::new(),
            String::new(),
            vec![new],
            now,
            400,
        ),
        (
            "/api/webhooks/stripe",
            foreign(&"e".repeat(4000)),
            foreign(&"e".repeat(4000)),
            vec![new],
            now,
            400,
        ),
    ];
    let commands = cases.iter().flat_map(|(_, signed, _, secrets, at, _)| {
        secrets.iter().map(|secret| sign(signed, secret, *at))
    });
    let mut headers = oracle(1, SECRET_KEY, commands.collect()).await.into_iter();
    for (n, (path, _, sent, secrets, _, status)) in cases.iter().enumerate() {
        let mut header = String::new();
        for _ in secrets {
            let next = headers.next().expect("a header for each");
            let next = next.as_str().expect("a header").to_owned();
            header = match header.as_str() {
                "" => next,
                first => format!("{first},{}", next.split(',').nth(1).expect("v1")),
            };
        }
        let answer = post(&app.client, path, &header, sent.clone()).await;
        assert_eq!(answer.status, *status, "case {n}: {}", answer.describe());
        if *status != 200 {
            assert_eq!(answer.body["code"], "webhook.refused", "case {n}");
        }
    }
    app.drain().await;
    let big = foreign(&"x".repeat(2 << 20));
    let header = one(sign(&big, new, now)).await;
    let answer = post(
        &app.client,
        "/api/webhooks/stripe",
        header.as_str().expect("a header"),
        big,
    )
    .await;
    assert_eq!(answer.status, 413, "{}", answer.describe());
}
