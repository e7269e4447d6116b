//! Reports of errors, at an endpoint like Sentry's.

use serde_json::{Value, json};
use sqlx::Executor as _;
use testkit::Backend;
use testkit::programs::Rotel;
use testkit::shop::PASSWORD;
use testkit::sink::Sink;
use testkit::store::Store;

use crate::binary::{self, Binary, Secrets};
use crate::day::EMAIL;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_reported_without_personal_data() {
    let (sentry, rotel) = (Sink::start(), Rotel::start().await);
    let dsn = sentry.url().replace("http://", "http://a-public-key@") + "/7";
    let store = Store::new(Backend::Postgres).await;
    let sutler = Binary::serve(
        &store,
        &[
            ("SENTRY_DSN", &dsn),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &rotel.url()),
        ],
    )
    .await;
    let client = &sutler.client;
    let body = json!({"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace"});
    let access = client
        .post("/api/auth/register", &body)
        .expect(201)
        .await
        .text_at("/access_token");
    let mut database = store.superuser().await;
    database
        .execute("ALTER TABLE orders RENAME TO lost")
        .await
        .expect("renamed");
    let answer = client
        .get("/api/orders?limit=7")
        .bearer(&access)
        .header("x-request-id", "a-request-of-tests")
        .header("cookie", "sutler_refresh=a-cookie-of-tests")
        .refused(500, "internal")
        .await;
    assert_eq!(answer.body["request_id"], "a-request-of-tests");
    assert!(!answer.text.contains("relation"), "{}", answer.text);

    let report = sentry
        .wait_for("report", |received| {
            String::from_utf8_lossy(&received.body).contains("a-request-of-tests")
        })
        .await;
    assert_eq!(report.target, "POST /api/7/envelope/");
    assert!(
        report
            .header("x-sentry-auth")
            .contains("sentry_key=a-public-key"),
        "{report:?}"
    );
    // One error is one report, and nothing else is reported.
    assert_eq!(sentry.received().len(), 1, "{:#?}", sentry.received());
    let text = String::from_utf8_lossy(&report.body).into_owned();
    is_an_error_of_ours(&text);
    let mut secrets = Secrets::default();
    secrets.add(&[
        EMAIL,
        PASSWORD,
        "Ada Lovelace",
        &access,
        "a-cookie-of-tests",
        binary::SECRET_KEY,
    ]);
    for received in sentry.received() {
        secrets.assert_absent(&String::from_utf8_lossy(&received.body));
    }
    let failed = rotel
        .wait_for("the failed request", |span| span.name == "GET /api/orders")
        .await;
    assert_eq!(failed.status, "STATUS_CODE_ERROR", "{failed:?}");
    secrets.assert_absent(&rotel.program.log());
    sutler.stop().await;
}

/// An envelope: a line about itself, then for each item a line and a body.
fn is_an_error_of_ours(envelope: &str) {
    let mut lines = envelope
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert!(
        lines
            .next()
            .is_some_and(|head| head["event_id"].is_string()),
        "{envelope}"
    );
    assert!(
        lines.next().is_some_and(|head| head["type"] == "event"),
        "{envelope}"
    );
    let event = lines.next().expect("an event");
    // Which is the level where none is named.
    assert_eq!(event.get("level"), None, "{event}");
    assert_eq!(event["environment"], "development");
    assert!(
        event["release"]
            .as_str()
            .is_some_and(|name| name.starts_with("sutler@")),
        "{event}"
    );
    assert!(envelope.contains("/api/orders"), "{envelope}");
}
