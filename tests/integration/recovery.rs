//! Proving an address, and getting back in without the password.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{PASSWORD, Person};

const HOST: &str = "127.0.0.1";
const EMAIL: &str = "ada@mail.test";
const NEW: &str = "an even better password";

/// Somebody whose first mail has arrived.
async fn registered(app: &App) -> Person {
    let person = app.register(EMAIL, HOST).await;
    app.drain().await;
    person
}

/// The token in the last mail to somebody.
fn mailed(app: &App) -> String {
    let mails = app.mails.to(EMAIL);
    let text = &mails.last().expect("a mail").text;
    let (_, rest) = text.split_once("token=").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

fn verify(app: &App, token: &str) -> Call {
    app.client
        .post("/api/auth/verify-email", &json!({"token": token}))
}

fn reset(app: &App, token: &str, password: &str) -> Call {
    let body = json!({"token": token, "password": password});
    app.client.post("/api/auth/password/reset", &body)
}

async fn forgot(app: &App, email: &str) -> String {
    let body = json!({"email": email});
    let answer = app.client.post("/api/auth/password/forgot", &body);
    let answer = answer.expect(202).await;
    app.drain().await;
    answer.text
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_proven_once_and_in_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let ada = registered(&app).await;
    let late = mailed(&app);
    app.advance(Duration::from_hours(72));
    verify(&app, &late).refused(410, "auth.link_expired").await;

    let ada = app.login(&ada.email, HOST).await;
    let again = || {
        let call = app
            .client
            .post("/api/auth/verify-email/request", &Value::Null);
        call.bearer(&ada.token).expect(202)
    };
    again().await;
    app.drain().await;
    let token = mailed(&app);
    assert_ne!(token, late);
    // It proves an address, and sets no password.
    reset(&app, &token, NEW)
        .refused(410, "auth.link_expired")
        .await;
    verify(&app, &token).expect(204).await;
    let me = app
        .client
        .get("/api/auth/me")
        .bearer(&ada.token)
        .expect(200);
    assert_eq!(me.await.body["user"]["email_verified"], true);
    for over in [token.as_str(), "ott_nonsense", "x"] {
        verify(&app, over).refused(410, "auth.link_expired").await;
    }
    // What is proven needs no mail.
    let mails = app.mails.len();
    again().await;
    app.drain().await;
    assert_eq!(app.mails.len(), mails);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_password_is_set_anew_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let ada = registered(&app).await;
    let mails = app.mails.len();
    // Strangers learn nothing from the answer.
    let unknown = forgot(&app, "nobody@mail.test").await;
    assert_eq!(app.mails.len(), mails);
    assert_eq!(forgot(&app, EMAIL).await, unknown);
    let first = mailed(&app);
    forgot(&app, EMAIL).await;
    let token = mailed(&app);

    // A password that is refused does not use the token up.
    reset(&app, &token, "short")
        .refused(422, "auth.password_length")
        .await;
    reset(&app, &token, NEW).expect(204).await;
    for over in [&token, &first] {
        reset(&app, over, NEW)
            .refused(410, "auth.link_expired")
            .await;
    }
    let me = app.client.get("/api/auth/me").bearer(&ada.token);
    me.refused(401, "auth.invalid_token").await;
    let old = json!({"email": EMAIL, "password": PASSWORD});
    let old = app.client.post("/api/auth/login", &old);
    old.refused(401, "auth.bad_credentials").await;
    let new = json!({"email": EMAIL, "password": NEW});
    let new = app.client.post("/api/auth/login", &new).expect(200).await;
    // Whoever got the mail owns the address.
    assert_eq!(new.body["user"]["email_verified"], true);
}

/// Neither the answer nor the work behind it tells whether there is an account.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_an_account_cannot_be_asked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    registered(&app).await;
    let mut seen = Vec::new();
    for email in [EMAIL, "nobody@mail.test"] {
        // The fewest round trips: connections are opened, and rolled back
        // after others, now and then.
        let mut fewest = u64::MAX;
        for _ in 0..6 {
            let before = app.sutler.database.round_trips();
            let call = app
                .client
                .post("/api/auth/password/forgot", &json!({"email": email}));
            let answer = call.expect(202).await;
            fewest = fewest.min(app.sutler.database.round_trips() - before);
            let names = ["content-type", "content-length", "cache-control"];
            seen.push((
                answer.text.clone(),
                names.map(|n| answer.header(n).to_owned()),
            ));
        }
        let jobs = app.sutler.queue_admin.lag_of_all().await.expect("a lag");
        assert_eq!((jobs.due, fewest), (6, 4), "{email}");
        app.drain().await;
        // Nobody's job is done, and no dead letter.
        let jobs = app.sutler.queue_admin.lag_of_all().await.expect("a lag");
        assert_eq!((jobs.due, jobs.later, jobs.dead), (0, 0, 0), "{email}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    // The link to verify the address, and those to set a password.
    assert_eq!((app.mails.len(), app.mails.to(EMAIL).len()), (7, 7));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_set_a_password_expires(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    registered(&app).await;
    forgot(&app, EMAIL).await;
    let token = mailed(&app);
    app.advance(Duration::from_hours(1));
    reset(&app, &token, NEW)
        .refused(410, "auth.link_expired")
        .await;
    app.login(EMAIL, HOST).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_resets_with_one_link_one_works(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    registered(&app).await;
    forgot(&app, EMAIL).await;
    let token = mailed(&app);
    let passwords: Vec<String> = (0..6).map(|n| format!("{NEW} {n}")).collect();
    let tries = passwords
        .iter()
        .map(|password| reset(&app, &token, password).send());
    let mut tries: Vec<u16> = futures::future::join_all(tries)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    tries.sort_unstable();
    assert_eq!(tries, [204, 410, 410, 410, 410, 410]);
}
