//! Making an account, signing in, one's own profile.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::PASSWORD;
use testkit::{Answer, App};

const HOST: &str = "127.0.0.1";

fn account(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "name": "Ada Lovelace"})
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_signs_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let made = app
        .client
        .post("/api/auth/register", &account("Ada@Mail.test"));
    let made = made.expect(201).await;
    assert_eq!(made.body["token_type"], "Bearer");
    assert_eq!(made.body["expires_in"], 900);
    assert_eq!(made.header("cache-control"), "private, no-store");
    let me = app
        .client
        .get("/api/auth/me")
        .bearer(&made.text_at("/access_token"));
    let me = me.expect(200).await;
    assert_eq!(me.body["user"]["email"], "ada@mail.test");
    assert_eq!(me.body["user"]["role"], "user");
    assert_eq!(me.body["user"]["email_verified"], false);
    assert_eq!(me.body["permissions"], json!([]));
    app.client
        .get("/api/auth/me")
        .refused(401, "auth.required")
        .await;
    // The same address, in other letters.
    let again = app
        .client
        .post("/api/auth/register", &account("ADA@mail.test"));
    again.refused(409, "auth.email_taken").await;
    app.login("ADA@mail.test", HOST).await;
}

/// The answer may have got lost, so the second request gets a session as well,
/// of the same account; but not past what was asked of it since.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_registration_signs_in_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let body = account("ada@mail.test");
    let register = |body: &Value| {
        let call = app.client.post("/api/auth/register", body);
        call.header("idempotency-key", "a-registration-of-ada")
    };
    let first = register(&body).expect(201).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = register(&body).expect(201).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.body["user"], again.body["user"]);
    assert_ne!(first.body["access_token"], again.body["access_token"]);
    for made in [&first, &again] {
        let token = made.text_at("/access_token");
        let me = app.client.get("/api/auth/me").bearer(&token);
        assert_eq!(me.expect(200).await.body["user"]["email"], "ada@mail.test");
    }
    let mut other = body.clone();
    other["name"] = json!("Eve");
    let refused = register(&other);
    refused.refused(422, "idempotency.key_reused").await;
    // The password is another one since: it does not open the account again.
    let change = json!({"current_password": PASSWORD, "password": "quite another long one"});
    let change = app.client.post("/api/profile/password", &change);
    let change = change.bearer(&again.text_at("/access_token"));
    change.expect(200).await;
    register(&body).refused(409, "auth.email_taken").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_registrations_name_the_field(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    for (field, value, code) in [
        ("email", json!("no address"), "auth.invalid_email"),
        ("password", json!("short"), "auth.password_length"),
        ("password", json!("password123"), "auth.password_guessable"),
        ("name", json!(""), "request.invalid_body"),
        ("name", json!("  \u{a0} "), "request.invalid_body"),
        ("name", json!(7), "request.invalid_body"),
        ("role", json!("admin"), "request.invalid_body"),
        ("locale", json!("de_DE!"), "request.invalid_body"),
    ] {
        let mut body = account("ada@mail.test");
        body[field] = value;
        let refused = app.client.post("/api/auth/register", &body);
        let refused = refused.refused(422, code).await;
        assert_eq!(refused.text_at("/errors/0/pointer"), format!("/{field}"));
    }
    // All that cannot be read is named at once.
    let body = json!({"email": 1, "password": true, "name": "Ada"});
    let refused = app.client.post("/api/auth/register", &body);
    let refused = refused.refused(422, "request.invalid_body").await;
    let named: Vec<_> = (0..2)
        .map(|n| refused.text_at(&format!("/errors/{n}/pointer")))
        .collect();
    assert_eq!(named, ["/email", "/password"]);
    let closed = App::with(backend, &[("AUTH_REGISTRATION_OPEN", "false")]).await;
    let refused = closed
        .client
        .post("/api/auth/register", &account("ada@mail.test"));
    refused.refused(403, "auth.registration_closed").await;
}

async fn attempt(app: &App, email: &str) -> (Value, Duration) {
    let started = Instant::now();
    let body = json!({"email": email, "password": "not the password"});
    let refused = app.client.post("/api/auth/login", &body);
    let mut refused = refused.refused(401, "auth.bad_credentials").await;
    let took = started.elapsed();
    for name in ["request_id", "timestamp"] {
        refused.body[name] = Value::Null;
    }
    (refused.body, took)
}

/// Whoever asks cannot tell an unknown address from a wrong password: not by
/// the answer, and not by its time, because a dummy is hashed for the unknown.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_addresses_answer_like_wrong_passwords(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    app.register("ada@mail.test", HOST).await;
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    for _ in 0..6 {
        let (body, took) = attempt(&app, "ada@mail.test").await;
        known = known.min(took);
        let (other, took) = attempt(&app, "nobody@mail.test").await;
        unknown = unknown.min(took);
        assert_eq!(body, other);
        let (other, _) = attempt(&app, "no address").await;
        assert_eq!(body, other);
    }
    // A hash takes many times as long as the rest of the request.
    assert!(unknown * 3 > known, "{unknown:?} and {known:?}");
}

fn cookie(answer: &Answer) -> (String, Vec<String>) {
    let header = answer.header("set-cookie").to_owned();
    let mut parts = header.split("; ").map(str::to_owned);
    let pair = parts.next().unwrap_or_default();
    let value = pair.strip_prefix("sutler_refresh=");
    (value.expect("our cookie").to_owned(), parts.collect())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_get_a_cookie_that_scripts_cannot_read(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    app.register("ada@mail.test", HOST).await;
    let body = json!({"email": "ada@mail.test", "password": PASSWORD, "token_transport": "cookie"});
    let login = app.client.post("/api/auth/login", &body).expect(200).await;
    assert!(login.body.get("refresh_token").is_none());
    let (first, attributes) = cookie(&login);
    for wanted in [
        "HttpOnly",
        "Secure",
        "SameSite=Strict",
        "Path=/api/auth",
        "Max-Age=604800",
    ] {
        assert!(attributes.iter().any(|a| a == wanted), "{attributes:?}");
    }
    let refresh = app.client.post("/api/auth/refresh", &Value::Null);
    let refresh = refresh.header("cookie", &format!("sutler_refresh={first}"));
    let refresh = refresh.expect(200).await;
    assert!(refresh.body.get("refresh_token").is_none());
    let (second, _) = cookie(&refresh);
    assert_ne!(first, second);
    let logout = app.client.post("/api/auth/logout", &Value::Null);
    let logout = logout.header("cookie", &format!("sutler_refresh={second}"));
    let (emptied, attributes) = cookie(&logout.expect(204).await);
    assert!(emptied.is_empty() && attributes.iter().any(|a| a == "Max-Age=0"));
    let over = app.client.post("/api/auth/refresh", &Value::Null);
    let over = over.header("cookie", &format!("sutler_refresh={second}"));
    over.refused(401, "auth.invalid_refresh_token").await;
    // Whoever is no browser gets no cookie.
    let login = json!({"email": "ada@mail.test", "password": PASSWORD});
    let login = app.client.post("/api/auth/login", &login).expect(200).await;
    assert_eq!(login.header("set-cookie"), "");
    login.text_at("/refresh_token");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_changed_by_merge_patches(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let ada = app.register("ada@mail.test", HOST).await;
    let patch = |body: Value| app.client.patch("/api/profile", &body).bearer(&ada.token);
    let set = patch(json!({"phone": "+49 30 1", "locale": "de"}))
        .expect(200)
        .await;
    assert_eq!(set.body["phone"], "+49 30 1");
    assert_eq!(set.body["name"], "Some Body");
    let removed = patch(json!({"phone": null, "name": "Ada"}))
        .expect(200)
        .await;
    assert_eq!(removed.body["phone"], Value::Null);
    assert_eq!(removed.body["locale"], "de");
    assert_eq!(removed.body["name"], "Ada");
    for wrong in [
        json!({"name": null}),
        json!({"locale": "xx-invalid-!"}),
        json!({"locale": "not a language"}),
    ] {
        patch(wrong).refused(422, "request.invalid_body").await;
    }
    patch(json!({"email": "x@mail.test"}))
        .refused(422, "request.invalid_body")
        .await;

    let read = app
        .client
        .get("/api/profile")
        .bearer(&ada.token)
        .expect(200)
        .await;
    assert_eq!(read.body, removed.body);
    let etag = read.header("etag").to_owned();
    let matching = patch(json!({"name": "Ada L."})).header("if-match", &etag);
    matching.expect(200).await;
    let stale = patch(json!({"name": "late"})).header("if-match", &etag);
    stale.refused(412, "version_mismatch").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_ends_all_other_sessions(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let first = app.register("ada@mail.test", HOST).await;
    let second = app.login("ada@mail.test", HOST).await;
    let change = |current: &str| {
        let body = json!({"current_password": current, "password": "another password"});
        app.client
            .post("/api/profile/password", &body)
            .bearer(&second.token)
    };
    change("not it, sorry")
        .refused(422, "auth.wrong_password")
        .await;
    let changed = change(PASSWORD).expect(200).await;
    for token in [&first.token, &second.token] {
        let me = app.client.get("/api/auth/me").bearer(token);
        me.refused(401, "auth.invalid_token").await;
    }
    let me = app
        .client
        .get("/api/auth/me")
        .bearer(&changed.text_at("/access_token"));
    me.expect(200).await;
    let old = json!({"email": "ada@mail.test", "password": PASSWORD});
    let old = app.client.post("/api/auth/login", &old);
    old.refused(401, "auth.bad_credentials").await;
}
