//! What the binary tells those who run it, and what it keeps to itself: log
//! lines, traces at a real receiver, reports of errors.

mod binary;

use binary::{Binary, Secrets};
use serde_json::{Value, json};
use sqlx::Executor as _;
use testkit::Backend;
use testkit::programs::Rotel;
use testkit::shop::{PASSWORD, address};
use testkit::sink::Sink;
use testkit::store::Store;

const EMAIL: &str = "ada.lovelace@mail.test";
const BUYER: &str = "bea.buyer@mail.test";

/// Everything a shop's day has in it, with every kind of secret there is.
async fn a_day(sutler: &Binary) -> Secrets {
    let client = &sutler.client;
    let mut secrets = Secrets::default();
    secrets.add(&[
        PASSWORD,
        EMAIL,
        BUYER,
        "wrong password 1",
        "Ada Lovelace",
        binary::SECRET_KEY,
    ]);
    for part in ["name", "line1", "postal_code"] {
        secrets.add(&[address()[part].as_str().expect("an address")]);
    }
    let body = json!({"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace", "token_transport": "cookie"});
    let registered = client.post("/api/auth/register", &body).expect(201).await;
    let cookie = registered
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let access = registered.text_at("/access_token");
    secrets.add(&[&access, cookie.split_once('=').expect("a cookie").1]);
    let wrong = json!({"email": EMAIL, "password": "wrong password 1"});
    client.post("/api/auth/login", &wrong).expect(401).await;
    let refreshed = client
        .post("/api/auth/refresh", &Value::Null)
        .header("cookie", &cookie);
    secrets.add(&[&refreshed.expect(200).await.text_at("/access_token")]);
    let key = json!({"name": "feed", "scopes": []});
    let key = client
        .post("/api/api-keys", &key)
        .bearer(&access)
        .expect(201)
        .await;
    let key = key.text_at("/secret");
    client.get("/api/auth/me").bearer(&key).expect(200).await;
    secrets.add(&[&key]);
    client
        .post("/api/auth/password/forgot", &json!({"email": EMAIL}))
        .expect(202)
        .await;

    let cart = client.post("/api/carts", &Value::Null).expect(201).await;
    let token = cart.text_at("/token");
    secrets.add(&[&token]);
    let products = client
        .get("/api/catalog/products?in_stock=true")
        .expect(200)
        .await;
    let product = products.text_at("/data/0/id");
    let product = client
        .get(&format!("/api/catalog/products/{product}"))
        .expect(200)
        .await;
    let variants = product.body["variants"].as_array().expect("variants");
    let there = |variant: &&Value| variant["availability"] != "out_of_stock";
    let variant = variants.iter().find(there).expect("one that is there");
    let line = json!({"variant_id": variant["id"], "quantity": 1});
    let path = format!("/api/carts/{}/lines", cart.text_at("/id"));
    client
        .post(&path, &line)
        .header("x-cart-token", &token)
        .expect(200)
        .await;
    let body = json!({"cart_id": cart.text_at("/id"), "email": BUYER, "shipping_address": address(),
        "shipping_method": sutler.shipping_method(&cart.text_at("/id"), &token).await});
    let placed = client
        .post("/api/checkout", &body)
        .header("x-cart-token", &token);
    let placed = placed
        .header("idempotency-key", "an-idempotency-key-of-tests")
        .expect(201)
        .await;
    let token = placed.text_at("/order/token");
    secrets.add(&[&token]);
    let session = placed.text_at("/order/payments/0/session_id");
    let path = format!("/api/test-gateway/sessions/{session}");
    client
        .post(&path, &json!({"outcome": "pay"}))
        .expect(200)
        .await;
    let path = format!("/api/orders/{}", placed.text_at("/order/id"));
    sutler
        .until("the order is paid", async || {
            let order = client
                .get(&path)
                .header("x-order-token", &token)
                .expect(200)
                .await;
            order.body["status"] == "paid"
        })
        .await;
    // Verification, password reset, confirmation.
    sutler
        .until("three mails are written", async || {
            sutler.mails().len() == 3
        })
        .await;
    for mail in sutler.mails() {
        if let Some((_, rest)) = mail.split_once("?token=") {
            secrets.add(&[rest.split_whitespace().next().unwrap_or_default()]);
        }
    }
    client
        .get("/api/orders")
        .bearer("not.a.token")
        .expect(401)
        .await;
    client
        .get(&format!("/api/nothing?email={EMAIL}"))
        .expect(404)
        .await;
    for _ in 0..3 {
        client
            .post(
                "/api/checkout",
                &json!({"email": BUYER, "card": "4242424242424242"}),
            )
            .send()
            .await;
    }
    secrets.add(&["4242424242424242"]);
    secrets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_name_the_request_and_no_secret() {
    let store = Store::new(Backend::Sqlite).await;
    let sutler = Binary::serve(
        &store,
        &[
            ("LOG_FORMAT", "json"),
            ("LOG_FILTER", binary::EVERYTHING),
            ("RATE_LIMIT_CHECKOUT", "3/h"),
        ],
    )
    .await;
    let secrets = a_day(&sutler).await;
    let log = sutler.stop().await;
    secrets.assert_absent(&log);

    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let of = |message: &str| -> Vec<&Value> {
        lines
            .iter()
            .filter(|line| line["message"] == message)
            .collect()
    };
    let answered = of("answered");
    assert!(answered.len() > 15, "{log}");
    for line in &answered {
        let span = &line["span"];
        assert_eq!(span["name"], "request", "{line}");
        for field in ["request_id", "method", "route"] {
            assert!(
                span[field].as_str().is_some_and(|text| !text.is_empty()),
                "no {field}: {line}"
            );
        }
    }
    let me = answered
        .iter()
        .find(|line| line["span"]["route"] == "/api/auth/me");
    let me = &me.expect("a line of /api/auth/me")["span"];
    assert!(
        me["user"].as_str().is_some_and(|id| id.starts_with("usr_")),
        "{me}"
    );
    assert!(
        me["tenant"]
            .as_str()
            .is_some_and(|id| id.starts_with("ten_")),
        "{me}"
    );
    let done = of("job done");
    assert!(done.len() >= 3, "{log}");
    for line in &done {
        for field in ["job_id", "kind", "tenant", "request_id"] {
            assert!(
                line["span"][field]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{line}"
            );
        }
    }
    // A job goes by the id of the request that caused it.
    let confirmation = done
        .iter()
        .find(|line| line["span"]["kind"] == "orders.send_confirmation");
    assert!(confirmation.is_some(), "{log}");
    let refused = of("too many requests");
    assert!(!refused.is_empty(), "{log}");
    assert_eq!(refused[0]["limit"], "checkout");
    assert_eq!(refused[0]["span"]["route"], "/api/checkout");
    // Nothing of a request goes without its id.
    for line in &lines {
        let ours = ["api", "accounts", "catalog", "orders"];
        let target = line["target"].as_str().unwrap_or_default();
        if ours.iter().any(|name| target.starts_with(name)) {
            let id = &line["span"]["request_id"];
            assert!(id.as_str().is_some_and(|id| !id.is_empty()), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_arrive_at_a_receiver() {
    let rotel = Rotel::start().await;
    let store = Store::new(Backend::Sqlite).await;
    let sutler = Binary::serve(&store, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &rotel.url())]).await;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    sutler
        .client
        .get("/api/catalog/products")
        .header("x-request-id", "a-request-of-tests")
        .header("traceparent", &format!("00-{trace}-{parent}-01"))
        .expect(200)
        .await;
    let secrets = a_day(&sutler).await;
    // What is left is sent when it stops.
    sutler.stop().await;

    let continued = rotel
        .wait_for("the traced request", |span| span.trace == trace)
        .await;
    assert_eq!(continued.parent, parent);
    assert_eq!(continued.name, "GET /api/catalog/products");
    assert_eq!(continued.kind, "SPAN_KIND_SERVER");
    assert_eq!(continued.attributes["request_id"], "a-request-of-tests");
    assert!(
        continued.attributes["tenant"].starts_with("ten_"),
        "{continued:?}"
    );
    let me = rotel
        .wait_for("/api/auth/me", |span| span.name == "GET /api/auth/me")
        .await;
    assert!(me.attributes["user"].starts_with("usr_"), "{me:?}");
    assert_eq!(me.attributes["route"], "/api/auth/me");
    let job = rotel
        .wait_for("the confirmation", |span| {
            span.attributes
                .get("kind")
                .is_some_and(|kind| kind == "orders.send_confirmation")
        })
        .await;
    assert_eq!(job.name, "job");
    assert!(job.attributes["tenant"].starts_with("ten_"), "{job:?}");
    assert!(!job.attributes["request_id"].is_empty(), "{job:?}");
    assert!(rotel.program.log().contains("service.name: Str(sutler)"));
    secrets.assert_absent(&rotel.program.log());
}

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
    // An envelope: a line about itself, then for each item a line and a body.
    let text = String::from_utf8_lossy(&report.body).into_owned();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert!(
        lines
            .next()
            .is_some_and(|head| head["event_id"].is_string()),
        "{text}"
    );
    assert!(
        lines.next().is_some_and(|head| head["type"] == "event"),
        "{text}"
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
    assert!(text.contains("/api/orders"), "{text}");
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
