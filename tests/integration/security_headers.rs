//! What browsers are told about every answer, errors included.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Answer, App, Backend};

/// Answers of every kind: found and not, refused and broken, pages and data.
async fn answers(app: &App) -> Vec<Answer> {
    let client = &app.client;
    vec![
        client.get("/api/catalog/products").expect(200).await,
        client.get("/api/catalog/products/none").expect(404).await,
        client.get("/api/nothing").expect(404).await,
        client.get("/nothing").expect(404).await,
        client.get("/api/auth/me").expect(401).await,
        client.delete("/api/catalog/products").expect(405).await,
        client
            .call(Method::OPTIONS, "/api/catalog/products")
            .expect(204)
            .await,
        client.post("/api/auth/login", &json!({})).expect(422).await,
        client
            .post("/api/auth/login", &Value::Null)
            .body("{")
            .expect(415)
            .await,
        client
            .get("/api/catalog/products?limit=x")
            .expect(400)
            .await,
        client
            .get("/api/auth/me")
            .header("authorization", "Basic x")
            .expect(400)
            .await,
        client.get("/health").expect(200).await,
        client.get("/ready").expect(200).await,
        client.get("/metrics").expect(200).await,
        client.get("/api/openapi.json").expect(200).await,
        client.get("/docs/index.html").expect(200).await,
        client.get("/pay/test/none").send().await,
        client.get("/checkout/success").expect(200).await,
    ]
}

fn is_guarded(answer: &Answer) {
    let what = answer.describe();
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'"),
        "{policy:?} of {what}"
    );
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{policy:?} of {what}"
    );
    assert!(
        !policy.contains("script-src 'unsafe"),
        "{policy:?} of {what}"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
    assert!(!answer.header("cache-control").is_empty(), "{what}");
    assert!(!answer.header("x-request-id").is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_guarded() {
    let app = App::start(Backend::Sqlite).await;
    for answer in answers(&app).await {
        is_guarded(&answer);
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "not in development"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "");
        if [204, 405].contains(&answer.status) {
            assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
        }
        if answer.status >= 400 && answer.header("content-type") != "text/html; charset=utf-8" {
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.body["request_id"], answer.header("x-request-id"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_insists_on_https() {
    let app = App::with(
        Backend::Sqlite,
        &[
            ("ENVIRONMENT", "production"),
            ("HTTP_PUBLIC_URL", "https://shop.test"),
            ("HTTP_METRICS_TOKEN", "a-token-of-tests-for-metrics"),
            ("PAYMENT_GATEWAY", "stripe"),
            ("PAYMENT_TEST_ENABLED", "false"),
            ("STRIPE_SECRET_KEY", "sk_live_of_tests"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_of_tests"),
            ("MAIL_TRANSPORT", "smtp"),
            ("SMTP_URL", "smtps://127.0.0.1:465"),
        ],
    )
    .await;
    for path in [
        "/api/catalog/products",
        "/api/nothing",
        "/api/auth/me",
        "/health",
        "/metrics",
    ] {
        let answer = app.client.get(path).send().await;
        is_guarded(&answer);
        let policy = "max-age=31536000; includeSubDomains";
        assert_eq!(answer.header("strict-transport-security"), policy, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_configured_origins_may_call_from_a_browser() {
    let origin = "https://app.shop.test";
    let app = App::with(Backend::Sqlite, &[("HTTP_CORS_ORIGINS", origin)]).await;
    let preflight = |from: &str| {
        app.client
            .call("OPTIONS".parse().expect("a method"), "/api/checkout")
            .header("origin", from)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,idempotency-key,x-cart-token",
            )
    };
    let allowed = preflight(origin).send().await;
    assert!(
        (200..300).contains(&allowed.status),
        "{}",
        allowed.describe()
    );
    assert_eq!(allowed.header("access-control-allow-origin"), origin);
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    // No request of ours began.
    assert_eq!(allowed.header("x-request-id"), "");
    assert!(
        allowed
            .header("access-control-allow-methods")
            .contains("POST")
    );
    for stranger in [
        "https://evil.test",
        "http://app.shop.test",
        "https://app.shop.test.evil.test",
        "null",
    ] {
        let refused = preflight(stranger).send().await;
        assert_eq!(
            refused.header("access-control-allow-origin"),
            "",
            "{stranger}"
        );
        assert!(refused.status >= 400, "{stranger}: {}", refused.describe());
        assert_eq!(refused.header("x-request-id"), "");
        let get = app
            .client
            .get("/api/catalog/products")
            .header("origin", stranger);
        let answer = get.send().await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "",
            "{stranger}"
        );
    }
    // Pages of the origin see refusals too, and the headers that explain them.
    for path in ["/api/catalog/products", "/api/auth/me", "/api/nothing"] {
        let answer = app.client.get(path).header("origin", origin).send().await;
        is_guarded(&answer);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            origin,
            "{path}"
        );
        let exposed = answer.header("access-control-expose-headers");
        for name in ["etag", "retry-after", "ratelimit", "x-request-id"] {
            assert!(exposed.contains(name), "{name} in {exposed:?} of {path}");
        }
        let vary = answer.headers.get_all("vary").iter();
        let vary: Vec<_> = vary.filter_map(|value| value.to_str().ok()).collect();
        assert!(vary.join(",").to_lowercase().contains("origin"), "{vary:?}");
    }
}
