//! Rate limits: how many, by what, and how callers are told.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Answer, App, Backend, Client};

/// A login that is refused for its body, after it was counted.
pub async fn try_login(client: &Client, address: &str) -> Answer {
    client
        .post("/api/auth/login", &json!({}))
        .header("x-forwarded-for", address)
        .send()
        .await
}

/// How many more an answer says are allowed.
pub fn left(answer: &Answer) -> u64 {
    let header = answer.header("ratelimit");
    let left = header.split(';').find_map(|part| part.strip_prefix("r="));
    match left.map(str::parse) {
        Some(Ok(left)) => left,
        _ => panic!("no count in {header:?} of {}", answer.describe()),
    }
}

/// The limits that are the default, for clients at addresses of our choice.
async fn limited() -> App {
    App::with(
        Backend::Sqlite,
        &[
            ("RATE_LIMIT_ENABLED", "true"),
            ("HTTP_TRUSTED_PROXIES", "127.0.0.0/8"),
        ],
    )
    .await
}

/// How many are let through before the first refusal, which is answered too.
/// While time passes, some more are allowed: one for each part of the minute.
async fn exhaust<F: Future<Output = Answer>>(limit: u32, call: impl Fn() -> F) -> Answer {
    let started = Instant::now();
    for n in 0.. {
        let answer = call().await;
        if answer.status == 429 {
            let interval = Duration::from_mins(1) / limit;
            let more = started.elapsed().as_nanos() / interval.as_nanos() + 1;
            assert!(n >= limit, "only {n} of {limit}");
            assert!(u128::from(n) <= u128::from(limit) + more, "{n} of {limit}");
            return answer;
        }
        assert!(n < 3 * limit, "{}", answer.describe());
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_tells_its_limit() {
    let app = limited().await;
    let calls = [
        ("POST", "/api/auth/login", "login", 10, 60),
        ("POST", "/api/auth/register", "login", 10, 60),
        ("POST", "/api/auth/refresh", "auth", 30, 60),
        ("GET", "/api/auth/me", "auth", 30, 60),
        ("POST", "/api/auth/password/forgot", "auth", 30, 60),
        ("POST", "/api/checkout", "checkout", 30, 60),
        ("POST", "/api/orders/ord_x/payments", "checkout", 30, 60),
        ("POST", "/api/subscriptions", "checkout", 30, 60),
        ("GET", "/api/subscriptions", "general", 600, 60),
        (
            "POST",
            "/api/admin/catalog/products",
            "admin_writes",
            30,
            60,
        ),
        ("PATCH", "/api/admin/settings", "admin_writes", 30, 60),
        ("GET", "/api/admin/orders", "general", 600, 60),
        ("GET", "/api/catalog/products", "catalog", 1200, 60),
        ("GET", "/api/catalog/products/none", "catalog", 1200, 60),
        ("GET", "/api/orders", "general", 600, 60),
        ("GET", "/nothing/here", "general", 600, 60),
        ("PUT", "/api/catalog/categories", "catalog", 1200, 60),
        ("POST", "/api/webhooks/test", "webhooks", 6000, 60),
    ];
    for (n, (method, path, name, count, seconds)) in calls.into_iter().enumerate() {
        let answer = app
            .client
            .call(method.parse().expect("a method"), path)
            .header("x-forwarded-for", &format!("192.0.2.{n}"))
            .send()
            .await;
        let policy = format!("\"{name}\";q={count};w={seconds}");
        assert_eq!(
            answer.header("ratelimit-policy"),
            policy,
            "{}",
            answer.describe()
        );
        assert_eq!(left(&answer), count - 1, "{}", answer.describe());
        assert!(
            answer
                .header("ratelimit")
                .starts_with(&format!("\"{name}\";"))
        );
    }
    for path in ["/health", "/ready", "/metrics"] {
        let answer = app.client.get(path).expect(200).await;
        assert_eq!(answer.header("ratelimit"), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_refused_when_it_asks_too_often() {
    let app = limited().await;
    let refused = exhaust(10, || try_login(&app.client, "192.0.2.1")).await;
    assert_eq!(refused.body["code"], "rate_limited");
    assert_eq!(refused.body["status"], 429);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(left(&refused), 0);
    assert_eq!(refused.header("ratelimit-policy"), "\"login\";q=10;w=60");
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=6).contains(&wait), "{wait}");
    // Others are served, and so is this one elsewhere.
    assert_eq!(try_login(&app.client, "192.0.2.2").await.status, 422);
    app.client
        .get("/api/catalog/products")
        .header("x-forwarded-for", "192.0.2.1")
        .expect(200)
        .await;
    for (method, path) in [
        ("GET", "/api/auth/me"),
        ("POST", "/api/checkout"),
        ("PATCH", "/api/admin/settings"),
    ] {
        exhaust(30, || {
            let method = method.parse().expect("a method");
            let call = app.client.call(method, path);
            call.header("x-forwarded-for", "192.0.2.1").send()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_refused_wherever_it_asks_from() {
    let app = limited().await;
    let shop = app.shop().await;
    let tries = std::sync::atomic::AtomicU32::new(0);
    let elsewhere = || {
        let n = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        format!("198.51.{}.{}", n / 250, n % 250)
    };
    let refused = exhaust(30, || {
        let call = app.client.get("/api/auth/me");
        let call = call.bearer(&shop.second.user.token);
        call.header("x-forwarded-for", &elsewhere()).send()
    })
    .await;
    assert_eq!(left(&refused), 0);
    // Guesses of one account's password are counted for the account too.
    let refused = exhaust(10, || {
        let body = json!({"email": " Victim@mail.test", "password": "a guess of many"});
        let call = app.client.post("/api/auth/login", &body);
        call.header("x-forwarded-for", &elsewhere()).send()
    })
    .await;
    assert_eq!(refused.body["code"], "rate_limited");
    assert_eq!(left(&refused), 0, "the tighter of the two is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_trusted_proxies_name_the_client() {
    let app = App::with(Backend::Sqlite, &[("RATE_LIMIT_ENABLED", "true")]).await;
    let mut n = 0;
    for expected in (0..10).rev() {
        n += 1;
        let answer = try_login(&app.client, &format!("192.0.2.{n}")).await;
        // One comes back every six seconds.
        assert!(
            (expected..expected + 3).contains(&left(&answer)),
            "{}",
            answer.describe()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_escaped_in_a_path_is_counted_like_the_rest() {
    let app = limited().await;
    let disguised = || {
        app.client
            .post("/%61pi/auth/l%6Fgin", &json!({}))
            .header("x-forwarded-for", "203.0.113.77")
            .send()
    };
    let first = disguised().await;
    assert!(
        first.header("ratelimit-policy").contains("q=10;w=60"),
        "{}",
        first.describe()
    );
    exhaust(9, disguised).await;
    let plain = try_login(&app.client, "203.0.113.77").await;
    assert_eq!(plain.status, 429);
}
