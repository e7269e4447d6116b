//! Tokens: how long they live, how they rotate, which are refused.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, decode_header, encode};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::PASSWORD;
use testkit::{Answer, App};

const DAY: Duration = Duration::from_hours(24);

async fn session(app: &App) -> Answer {
    let body = json!({"email": "ada@mail.test", "password": PASSWORD, "name": "Ada"});
    let made = app.client.post("/api/auth/register", &body);
    made.expect(201).await
}

fn refresh(app: &App, token: &str) -> testkit::client::Call {
    app.client
        .post("/api/auth/refresh", &json!({"refresh_token": token}))
}

fn me(app: &App, token: &str) -> testkit::client::Call {
    app.client.get("/api/auth/me").bearer(token)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_used_twice_ends_its_family(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let other_device = session(&app).await;
    let body = json!({"email": "ada@mail.test", "password": PASSWORD});
    let first = app.client.post("/api/auth/login", &body).expect(200).await;
    let stolen = first.text_at("/refresh_token");
    let second = refresh(&app, &stolen).expect(200).await;
    let third = refresh(&app, &second.text_at("/refresh_token"))
        .expect(200)
        .await;
    assert_eq!(third.body["user"]["email"], "ada@mail.test");

    // At once it may be another tab; that ends nothing.
    refresh(&app, &stolen)
        .refused(409, "auth.refresh_raced")
        .await;
    me(&app, &third.text_at("/access_token")).expect(200).await;

    app.advance(Duration::from_secs(11));
    refresh(&app, &stolen)
        .refused(401, "auth.refresh_reused")
        .await;
    for answer in [&first, &second, &third] {
        let over = refresh(&app, &answer.text_at("/refresh_token"));
        over.refused(401, "auth.invalid_refresh_token").await;
        let over = me(&app, &answer.text_at("/access_token"));
        over.refused(401, "auth.invalid_token").await;
    }
    // Another session of the same person goes on.
    me(&app, &other_device.text_at("/access_token"))
        .expect(200)
        .await;
    refresh(&app, &other_device.text_at("/refresh_token"))
        .expect(200)
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_refreshes_at_once_one_gets_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let mut token = session(&app).await.text_at("/refresh_token");
    for _ in 0..10 {
        let (a, b) = tokio::join!(refresh(&app, &token).send(), refresh(&app, &token).send());
        let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
        assert_eq!(won.status, 200, "{}", won.describe());
        assert_eq!(lost.status, 409, "{}", lost.describe());
        assert_eq!(lost.body["code"], "auth.refresh_raced");
        token = won.text_at("/refresh_token");
    }
    refresh(&app, &token).expect(200).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_session_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let other = app.another(&[]).await;
    let made = session(&app).await;
    let (access, token) = (
        made.text_at("/access_token"),
        made.text_at("/refresh_token"),
    );
    me(&other, &access).expect(200).await;
    let logout = || {
        app.client
            .post("/api/auth/logout", &Value::Null)
            .bearer(&access)
    };
    logout().expect(204).await;
    me(&app, &access).refused(401, "auth.invalid_token").await;
    refresh(&app, &token)
        .refused(401, "auth.invalid_refresh_token")
        .await;
    logout().refused(401, "auth.invalid_token").await;

    // With the refresh token alone, and a second time.
    let body = json!({"email": "ada@mail.test", "password": PASSWORD});
    let made = app.client.post("/api/auth/login", &body).expect(200).await;
    let body = json!({"refresh_token": made.text_at("/refresh_token")});
    for _ in 0..2 {
        app.client.post("/api/auth/logout", &body).expect(204).await;
    }
    me(&app, &made.text_at("/access_token"))
        .refused(401, "auth.invalid_token")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_live_as_long_as_the_settings_say(#[values(Sqlite, Postgres)] backend: Backend) {
    for (setting, life) in [("15m", Duration::from_mins(15)), ("24h", DAY)] {
        let app = App::with(backend, &[("AUTH_ACCESS_TTL", setting)]).await;
        let made = session(&app).await;
        assert_eq!(made.number_at("/expires_in").unsigned_abs(), life.as_secs());
        let access = made.text_at("/access_token");
        app.advance(life.saturating_sub(Duration::from_secs(1)));
        me(&app, &access).expect(200).await;
        app.advance(Duration::from_secs(1));
        me(&app, &access).refused(401, "auth.invalid_token").await;
    }
    let app = App::start(backend).await;
    let token = session(&app).await.text_at("/refresh_token");
    app.advance(6 * DAY);
    let next = refresh(&app, &token)
        .expect(200)
        .await
        .text_at("/refresh_token");
    // Whoever comes back in time stays signed in.
    app.advance(6 * DAY);
    let last = refresh(&app, &next)
        .expect(200)
        .await
        .text_at("/refresh_token");
    app.advance(7 * DAY);
    refresh(&app, &last)
        .refused(401, "auth.invalid_refresh_token")
        .await;
}

/// A token signed with our key that says `changes`.
fn forged(app: &App, good: &str, algorithm: Algorithm, changes: &Value) -> String {
    let key = app.sutler.keys.derive("access-token")[0];
    let mut header = Header::new(algorithm);
    header.kid = decode_header(good).expect("a header").kid;
    header.typ = Some(changes["typ"].as_str().unwrap_or("at+jwt").to_owned());
    let body = good.split('.').nth(1).expect("a body");
    let body = kernel::secret::from_base64url(body).expect("base64url");
    let mut claims: Value = serde_json::from_slice(&body).expect("claims");
    for (name, value) in changes.as_object().expect("an object") {
        if name != "typ" {
            claims[name] = value.clone();
        }
    }
    encode(&header, &claims, &EncodingKey::from_secret(&key)).expect("a token")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_tokens_are_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let good = &shop.first.admin.token;
    let hs256 = Algorithm::HS256;
    me(&app, &forged(&app, good, hs256, &json!({})))
        .expect(200)
        .await;
    let (long_ago, second) = (1_700_000_000, &shop.second.id);
    for (algorithm, changes) in [
        (hs256, json!({"iss": "http://evil.test"})),
        (hs256, json!({"aud": "another"})),
        (hs256, json!({"aud": null})),
        (hs256, json!({"exp": long_ago})),
        (hs256, json!({"exp": null})),
        (hs256, json!({"sub": null})),
        (hs256, json!({"sub": shop.first.user.id})),
        (hs256, json!({"tid": second})),
        (hs256, json!({"typ": "JWT"})),
        (Algorithm::HS384, json!({})),
        (Algorithm::HS512, json!({})),
    ] {
        let token = forged(&app, good, algorithm, &changes);
        let refused = me(&app, &token).send().await;
        assert_eq!(refused.status, 401, "{changes}: {}", refused.describe());
        assert_eq!(refused.body["code"], "auth.invalid_token");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    for junk in ["x", "a.b.c", "sk_abc", &good[..good.len() - 2]] {
        me(&app, junk).refused(401, "auth.invalid_token").await;
    }
    let basic = app
        .client
        .get("/api/auth/me")
        .header("authorization", "Basic YTpi");
    basic.refused(400, "request.invalid_header").await;
}

/// A password that is being replaced opens no session that outlives it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_login_with_the_old_password_survives_its_change(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let mut token = session(&app).await.text_at("/access_token");
    let mut old = PASSWORD.to_owned();
    for round in 0..5 {
        let new = format!("another long password {round}");
        let body = json!({"current_password": old, "password": new});
        let change = app.client.post("/api/profile/password", &body);
        let change = change.bearer(&token).expect(200);
        let logins = (0..12).map(|n| {
            let body = json!({"email": "ada@mail.test", "password": old});
            let call = app.client.post("/api/auth/login", &body);
            async move {
                tokio::time::sleep(Duration::from_millis(n * 2)).await;
                call.send().await
            }
        });
        let (changed, logins) = tokio::join!(change, futures::future::join_all(logins));
        for login in logins.iter().filter(|login| login.status == 200) {
            let old_session = me(&app, &login.text_at("/access_token"));
            old_session.refused(401, "auth.invalid_token").await;
        }
        token = changed.text_at("/access_token");
        me(&app, &token).expect(200).await;
        old = new;
    }
}
