//! Sessions of those who run a shop, the list of sessions, and mails about new
//! places.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{PASSWORD, Person};
use testkit::{Answer, App};

const HOST: &str = "127.0.0.1";
/// So that only idleness ends an access token.
const LONG_TOKENS: &[(&str, &str)] = &[("AUTH_ACCESS_TTL", "24h")];

fn me(app: &App, token: &str) -> Call {
    app.client.get("/api/auth/me").bearer(token)
}

fn login(app: &App, email: &str) -> Call {
    let body = json!({"email": email, "password": PASSWORD});
    app.client.post("/api/auth/login", &body)
}

fn refresh(app: &App, token: &str) -> Call {
    let body = json!({"refresh_token": token});
    app.client.post("/api/auth/refresh", &body)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_forgets_the_sessions_of_administrators(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let cookie = async |email: &str| {
        let body = json!({"email": email, "password": PASSWORD, "token_transport": "cookie"});
        let answer = app.client.post("/api/auth/login", &body).expect(200).await;
        answer.header("set-cookie").to_owned()
    };
    for (person, kept) in [
        (&shop.first.user, true),
        (&shop.first.manager, false),
        (&shop.first.admin, false),
        (&shop.operator, false),
    ] {
        let cookie = cookie(&person.email).await;
        assert!(cookie.starts_with("sutler_refresh=rt_"), "{cookie}");
        let persistent = cookie.contains("Max-Age") || cookie.contains("Expires");
        assert_eq!(persistent, kept, "{}: {cookie}", person.email);
        let name = cookie.split(';').next().expect("a pair");
        let again = app.client.post("/api/auth/refresh", &Value::Null);
        let again = again.header("cookie", name).expect(200).await;
        let cookie = again.header("set-cookie");
        let persistent = cookie.contains("Max-Age") || cookie.contains("Expires");
        assert_eq!(persistent, kept, "{}: {cookie}", person.email);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_administrators_end_when_they_are_idle(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, LONG_TOKENS).await;
    let node = app.another(LONG_TOKENS).await;
    let shop = app.shop().await;
    let opened = login(&app, &shop.first.manager.email).expect(200).await;
    let token = opened.text_at("/access_token");
    // Requests keep it open, on whichever node.
    for round in 0..6 {
        app.advance(Duration::from_mins(29));
        let at = if round % 2 == 0 { &app } else { &node };
        me(at, &token).expect(200).await;
    }
    me(&app, &token).expect(200).await;
    app.advance(Duration::from_mins(30));
    for at in [&app, &node] {
        me(at, &token).refused(401, "auth.invalid_token").await;
    }
    refresh(&app, &opened.text_at("/refresh_token"))
        .refused(401, "auth.invalid_refresh_token")
        .await;
    // The customer's goes on.
    me(&app, &shop.first.user.token).expect(200).await;

    // With another setting.
    let short = [LONG_TOKENS[0], ("AUTH_ADMIN_IDLE", "5m")];
    let app = App::with(backend, &short).await;
    let shop = app.shop().await;
    app.advance(Duration::from_mins(4));
    me(&app, &shop.first.admin.token).expect(200).await;
    app.advance(Duration::from_mins(5));
    me(&app, &shop.first.admin.token)
        .refused(401, "auth.invalid_token")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_administrators_end_at_last(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, LONG_TOKENS).await;
    let shop = app.shop().await;
    let opened = login(&app, &shop.first.admin.email).expect(200).await;
    let token = opened.text_at("/access_token");
    assert_eq!(opened.number_at("/refresh_expires_in"), 30 * 60);
    let mut next = opened.text_at("/refresh_token");
    for _ in 0..36 {
        me(&app, &token).expect(200).await;
        let again = refresh(&app, &next).expect(200).await;
        next = again.text_at("/refresh_token");
        app.advance(Duration::from_mins(20));
    }
    // That was twelve hours.
    me(&app, &token).refused(401, "auth.invalid_token").await;
    refresh(&app, &next)
        .refused(401, "auth.invalid_refresh_token")
        .await;
    me(&app, &shop.first.user.token).expect(200).await;
}

async fn sessions(app: &App, token: &str) -> Answer {
    let list = app.client.get("/api/auth/sessions?limit=100").bearer(token);
    list.expect(200).await
}

fn count(list: &Answer) -> usize {
    list.body["data"].as_array().expect("a list").len()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let node = app.another(&[]).await;
    let shop = app.shop().await;
    let (user, stranger) = (&shop.first.user, &shop.second.user);
    let phone = login(&app, &user.email).header("user-agent", "A phone");
    let phone = phone.expect(200).await.text_at("/access_token");
    let laptop = app.login(&user.email, HOST).await.token;
    let list = sessions(&app, &phone).await;
    assert_eq!(count(&list), 3, "{}", list.text);
    let entries = list.body["data"].as_array().expect("a list");
    let own: Vec<&Value> = entries
        .iter()
        .filter(|one| one["current"] == true)
        .collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["user_agent"], "A phone");
    assert_eq!(own[0]["address"], "127.0.0.1");
    let first = app.client.get("/api/auth/sessions?limit=1").bearer(&phone);
    let first = first.expect(200).await;
    assert_eq!((count(&first), &first.body["has_more"]), (1, &json!(true)));
    let cursor = first.text_at("/next_cursor");
    let path = format!("/api/auth/sessions?limit=1&cursor={cursor}");
    let second = app.client.get(&path).bearer(&phone).expect(200).await;
    assert_ne!(first.body["data"][0], second.body["data"][0]);

    // Somebody else's are not there, in this tenant or another.
    let id = own[0]["id"].as_str().expect("an id");
    let path = format!("/api/auth/sessions/{id}");
    for other in [&shop.first.admin.token, &stranger.token] {
        let end = app.client.delete(&path).bearer(other);
        end.refused(404, "session.not_found").await;
    }
    for token in [&phone, &laptop] {
        me(&node, token).expect(200).await;
    }
    app.client.delete(&path).bearer(&laptop).expect(204).await;
    let again = app.client.delete(&path).bearer(&laptop);
    again.refused(404, "session.not_found").await;
    me(&app, &phone).refused(401, "auth.invalid_token").await;
    assert_eq!(count(&sessions(&app, &laptop).await), 2);

    let others = app
        .client
        .post("/api/auth/sessions/revoke-others", &Value::Null);
    let ended = others.bearer(&laptop).expect(200).await;
    assert_eq!(ended.body["ended"], 1);
    assert_eq!(count(&sessions(&app, &laptop).await), 1);
    me(&app, &user.token)
        .refused(401, "auth.invalid_token")
        .await;
    me(&app, &shop.first.admin.token).expect(200).await;
    let by_key = app.client.get("/api/auth/sessions").bearer(&shop.first.key);
    by_key.refused(403, "auth.users_only").await;
}

/// Proves the address of somebody who just registered.
async fn verified(app: &App, email: &str) -> Person {
    let person = app.register(email, HOST).await;
    app.drain().await;
    let mails = app.mails.to(email);
    let (_, token) = mails[0].text.split_once("token=").expect("a link");
    let token = token.split_whitespace().next().expect("a token");
    let verify = app
        .client
        .post("/api/auth/verify-email", &json!({"token": token}));
    verify.expect(204).await;
    person
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_signs_in_from_elsewhere_is_told(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, &[("HTTP_TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    let ada = verified(&app, "ada@mail.test").await;
    let unproven = app.register("bea@mail.test", HOST).await;
    let from = async |email: &str, device: &str, address: &str| {
        let call = login(&app, email).header("user-agent", device);
        call.header("x-forwarded-for", address).expect(200).await;
        app.drain().await;
        app.mails
            .to(email)
            .into_iter()
            .filter(|mail| mail.subject.contains("new sign-in"))
            .collect::<Vec<_>>()
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";
    let updated = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Mobile/15E148";
    // She registered without a name of a device, at 127.0.0.1.
    for (device, address, mails) in [
        (firefox, "203.0.113.7", 1),
        (firefox, "203.0.113.99", 1),
        (updated, "203.0.113.7", 1),
        (phone, "203.0.113.7", 2),
        (firefox, "198.51.100.1", 3),
        (phone, "198.51.100.2", 3),
        (phone, "2001:db8:1::1", 4),
        (phone, "2001:db8:1:ffff::2", 4),
    ] {
        let told = from(&ada.email, device, address).await;
        assert_eq!(told.len(), mails, "{device} {address}");
        if let Some(last) = told.last().filter(|_| mails == 2) {
            assert!(last.text.contains("iPhone"), "{}", last.text);
            assert!(last.text.contains("203.0.113.7"), "{}", last.text);
        }
    }
    // Nobody is written to who may not be the one who registered.
    assert_eq!(from(&unproven.email, phone, "203.0.113.7").await.len(), 0);
    // What is known of places is hashed.
    let dump = app.store().dump("sign_in_places").await;
    if backend == Postgres {
        assert!(!dump.contains("iPhone") && !dump.contains("203.0.113"));
    }
}
