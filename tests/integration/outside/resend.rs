//! Mail through Resend: our request against their own OpenAPI document, and
//! what follows from their refusals.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::programs::Prism;
use testkit::sink::Sink;
use testkit::{App, Backend};

const KEY: &str = "re_a_key_of_tests";

async fn mailing(url: &str) -> App {
    App::with(
        Backend::Sqlite,
        &[
            ("MAIL_TRANSPORT", "resend"),
            ("RESEND_API_BASE", url),
            ("RESEND_API_KEY", KEY),
            ("MAIL_FROM", "The Shop <shop@shop.test>"),
        ],
    )
    .await
}

/// The jobs that are left, with their states and errors.
async fn jobs(app: &App) -> Vec<Value> {
    let shop_key = app.operator_key().await;
    let list = app
        .client
        .get("/api/admin/jobs")
        .bearer(&shop_key)
        .expect(200);
    list.await.body["data"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_request_is_what_resend_documents() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/resend-openapi.json");
    let prism = Prism::start(&document).await;
    let app = mailing(&prism.url()).await;

    // What the document does not allow is refused, or all of this shows nothing.
    let bad = testkit::Client::new(prism.url())
        .post("/emails", &json!({"from": "shop@shop.test"}))
        .bearer(KEY)
        .send()
        .await;
    assert_eq!(bad.status, 422, "{}", bad.describe());
    let anonymous = testkit::Client::new(prism.url())
        .post(
            "/emails",
            &json!({"from": "a@b.test", "to": "a@b.test", "subject": "x"}),
        )
        .send()
        .await;
    assert_eq!(anonymous.status, 401, "{}", anonymous.describe());

    app.register("ada@mail.test", "127.0.0.1").await;
    app.drain().await;
    assert_eq!(jobs(&app).await, Vec::<Value>::new(), "{}", prism.0.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_that_pass_are_retried_and_others_are_not() {
    let resend = Sink::start();
    let app = mailing(&resend.url()).await;
    resend.answer_next(&[
        (
            429,
            r#"{"statusCode":429,"name":"rate_limit_exceeded","message":"Too many requests"}"#,
        ),
        (
            500,
            r#"{"statusCode":500,"name":"internal_server_error","message":"Sorry"}"#,
        ),
    ]);
    app.register("ada@mail.test", "127.0.0.1").await;
    app.drain().await;
    app.pass(Duration::from_mins(10), Duration::from_mins(1))
        .await;
    let requests = resend.received();
    assert_eq!(requests.len(), 3, "{requests:?}");
    let sent: Value = serde_json::from_slice(&requests[2].body).expect("JSON");
    assert_eq!(sent["to"], json!(["ada@mail.test"]));
    assert_eq!(requests[2].target, "POST /emails");
    assert_eq!(requests[2].header("authorization"), format!("Bearer {KEY}"));
    // The same key each time, so that Resend sends it once.
    let keys: Vec<&str> = requests
        .iter()
        .map(|r| r.header("idempotency-key"))
        .collect();
    assert!(
        !keys[0].is_empty() && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
    assert_eq!(jobs(&app).await, Vec::<Value>::new());

    resend.answer_next(&[(
        422,
        r#"{"statusCode":422,"name":"validation_error","message":"The domain of bob@mail.test is not verified"}"#,
    )]);
    app.register("bob@mail.test", "127.0.0.1").await;
    app.drain().await;
    app.pass(Duration::from_mins(10), Duration::from_mins(1))
        .await;
    assert_eq!(resend.received().len(), 4);
    let left = jobs(&app).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["state"], "dead", "{left:?}");
    let error = left[0]["last_error"].as_str().unwrap_or_default();
    assert!(
        error.contains("422") && error.contains("is not verified"),
        "{error}"
    );
    assert!(!error.contains("bob@mail.test"), "{error}");
}
