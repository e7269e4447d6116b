//! Signatures of webhooks: Stripe's own library and ours agree on them, and the
//! endpoint takes in what Stripe's library signs.

use kernel::{Clock as _, Timestamp, signature};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::stripe::{WEBHOOK_SECRET, post};
use testkit::{App, node};

/// The 14th of November 2023, 22:13:20 UTC.
const NOW: i64 = 1_700_000_000;

/// What Stripe's library answers to commands.
async fn oracle(commands: Vec<Value>) -> Vec<Value> {
    let input = json!({"commands": commands});
    let answer = node::run("stripe", "oracle.cjs", &input).await;
    answer.as_array().expect("a list").clone()
}

async fn one(command: Value) -> Value {
    oracle(vec![command]).await.remove(0)
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
    let theirs = oracle(commands.collect()).await;
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
    let mut headers = oracle(commands.collect()).await.into_iter();
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
