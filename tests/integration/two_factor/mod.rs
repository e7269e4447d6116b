//! The second factor: codes of an app, recovery codes, and shops that require
//! it.

mod shops;

use std::time::Duration;

use kernel::Clock as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::PASSWORD;
use testkit::{Answer, App};
use totp_rs::{Builder, Secret, Totp};

const HOST: &str = "127.0.0.1";
const STEP: Duration = Duration::from_secs(30);

/// The app of somebody.
struct Phone {
    totp: Totp,
    secret: String,
}

impl Phone {
    fn new(secret: String) -> Self {
        let read = Secret::try_from_base32(&secret).expect("base 32");
        let built = Builder::new().with_secret(read).with_account_name("me");
        Self {
            totp: built.build().expect("a TOTP"),
            secret,
        }
    }

    /// What it shows now.
    fn shows(&self, app: &App) -> String {
        let now = app.clock.now().seconds();
        self.totp.generate(now.unsigned_abs()).to_string()
    }

    /// What it shows next, when what it shows now was used.
    fn next(&self, app: &App) -> String {
        app.advance(STEP);
        self.shows(app)
    }

    /// A code that is not good now.
    fn wrong(&self, app: &App) -> String {
        let now = app.clock.now().seconds().unsigned_abs();
        let good = [now - 30, now, now + 30].map(|then| self.totp.generate(then).to_string());
        let wrong = (0..10).map(|n| format!("{n}{n}{n}{n}{n}{n}"));
        let mut wrong = wrong.filter(|code| !good.contains(code));
        wrong.next().expect("at most three are good")
    }
}

fn call(app: &App, who: &str, path: &str, body: &Value) -> Call {
    app.client
        .post(&format!("/api/auth/2fa/{path}"), body)
        .bearer(who)
}

async fn enroll(app: &App, token: &str) -> Phone {
    let body = json!({"current_password": PASSWORD});
    let answer = call(app, token, "enroll", &body).expect(200).await;
    let secret = answer.text_at("/secret");
    let uri = answer.text_at("/uri");
    assert!(uri.starts_with("otpauth://totp/"), "{uri}");
    assert!(uri.contains(&secret), "{uri}");
    Phone::new(secret)
}

/// Turns it on; the phone and the recovery codes.
async fn turn_on(app: &App, token: &str) -> (Phone, Vec<String>) {
    let phone = enroll(app, token).await;
    let body = json!({"code": phone.shows(app)});
    let answer = call(app, token, "confirm", &body).expect(200).await;
    let codes = answer.body["recovery_codes"].as_array().expect("a list");
    let codes = codes.iter().filter_map(Value::as_str).map(str::to_owned);
    (phone, codes.collect())
}

fn first_step(app: &App, email: &str) -> Call {
    let body = json!({"email": email, "password": PASSWORD});
    app.client.post("/api/auth/login", &body)
}

async fn challenge(app: &App, email: &str) -> String {
    let answer = first_step(app, email).expect(202).await;
    assert_eq!(answer.body["next"], "two_factor");
    assert!(answer.body.get("access_token").is_none());
    answer.text_at("/two_factor_token")
}

fn second_step(app: &App, token: &str, code: &str) -> Call {
    let body = json!({"two_factor_token": token, "code": code});
    app.client.post("/api/auth/login/2fa", &body)
}

async fn standing(app: &App, token: &str) -> Value {
    let answer = app.client.get("/api/auth/2fa").bearer(token);
    answer.expect(200).await.body
}

fn me(app: &App, token: &str) -> Call {
    app.client.get("/api/auth/me").bearer(token)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_takes_a_code_and_each_code_works_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let ada = app.register("ada@mail.test", HOST).await;
    let other = app.login(&ada.email, HOST).await;
    assert_eq!(standing(&app, &ada.token).await["enabled"], false);

    // It is not on before a code was confirmed.
    let wrong_password = json!({"current_password": "not the password"});
    call(&app, &ada.token, "enroll", &wrong_password)
        .refused(422, "auth.wrong_password")
        .await;
    call(&app, &ada.token, "confirm", &json!({"code": "123456"}))
        .refused(409, "auth.two_factor_not_enrolled")
        .await;
    let replaced = enroll(&app, &ada.token).await;
    let phone = enroll(&app, &ada.token).await;
    assert_ne!(replaced.secret, phone.secret);
    first_step(&app, &ada.email).expect(200).await;
    let body = json!({"code": phone.wrong(&app)});
    call(&app, &ada.token, "confirm", &body)
        .refused(422, "auth.wrong_code")
        .await;
    let code = phone.shows(&app);
    let confirm = call(&app, &ada.token, "confirm", &json!({"code": code}));
    let recovery = confirm.expect(200).await.body["recovery_codes"].clone();
    assert_eq!(recovery.as_array().map(Vec::len), Some(10));
    let now = standing(&app, &ada.token).await;
    assert_eq!(
        (&now["enabled"], &now["recovery_codes_left"]),
        (&json!(true), &json!(10))
    );

    // Other sessions ended, this one goes on.
    me(&app, &ada.token).expect(200).await;
    me(&app, &other.token)
        .refused(401, "auth.invalid_token")
        .await;
    call(
        &app,
        &ada.token,
        "enroll",
        &json!({"current_password": PASSWORD}),
    )
    .refused(409, "auth.two_factor_enabled")
    .await;

    // The code that confirmed it was used.
    let token = challenge(&app, &ada.email).await;
    second_step(&app, &token, &code)
        .refused(401, "auth.two_factor_code")
        .await;
    let code = phone.next(&app);
    let signed_in = second_step(&app, &token, &code).expect(200).await;
    me(&app, &signed_in.text_at("/access_token"))
        .expect(200)
        .await;
    // The token led to a session, and leads to no other one.
    let spare = recovery[9].as_str().expect("a text");
    second_step(&app, &token, spare)
        .refused(401, "auth.challenge_over")
        .await;
    let token = challenge(&app, &ada.email).await;
    second_step(&app, &token, &code)
        .refused(401, "auth.two_factor_code")
        .await;
    // An older one that was never used is over, too.
    app.advance(2 * STEP);
    let early = phone.shows(&app);
    let late = phone.next(&app);
    let token = challenge(&app, &ada.email).await;
    second_step(&app, &token, &late).expect(200).await;
    let token = challenge(&app, &ada.email).await;
    second_step(&app, &token, &early)
        .refused(401, "auth.two_factor_code")
        .await;

    // A recovery code works once, however it is typed.
    let spare = recovery[3].as_str().expect("a text");
    let typed = spare.to_uppercase().replace('-', " ");
    second_step(&app, &token, &typed).expect(200).await;
    let token = challenge(&app, &ada.email).await;
    second_step(&app, &token, spare)
        .refused(401, "auth.two_factor_code")
        .await;
    let now = standing(&app, &ada.token).await;
    assert_eq!(now["recovery_codes_left"], 9);
    let body = json!({"code": phone.next(&app)});
    let renewed = call(&app, &ada.token, "recovery-codes", &body)
        .expect(200)
        .await;
    second_step(&app, &token, recovery[4].as_str().expect("a text"))
        .refused(401, "auth.two_factor_code")
        .await;
    second_step(&app, &token, &renewed.text_at("/recovery_codes/0"))
        .expect(200)
        .await;

    // Nothing of it is stored in clear.
    for table in ["two_factors", "recovery_codes"] {
        let dump = app.store().dump(table).await;
        for secret in [phone.secret.as_str(), spare, &spare.replace('-', "")] {
            assert!(!dump.contains(secret), "{table} holds {secret}");
        }
    }

    let token = challenge(&app, &ada.email).await;
    // Off takes the password and a code.
    let body = json!({"current_password": PASSWORD, "code": phone.wrong(&app)});
    call(&app, &ada.token, "disable", &body)
        .refused(422, "auth.wrong_code")
        .await;
    let body = json!({"current_password": "not it", "code": phone.next(&app)});
    let wrong = call(&app, &ada.token, "disable", &body);
    let wrong = wrong.refused(422, "auth.wrong_password").await;
    assert_eq!(wrong.text_at("/errors/0/pointer"), "/current_password");
    let body = json!({"current_password": PASSWORD, "code": phone.next(&app)});
    call(&app, &ada.token, "disable", &body).expect(204).await;
    first_step(&app, &ada.email).expect(200).await;
    second_step(&app, &token, &phone.next(&app))
        .refused(401, "auth.challenge_over")
        .await;
    app.drain().await;
    let mails = app.mails.to(&ada.email);
    let about: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    for what in ["is on", "is off"] {
        assert!(
            about.iter().any(|subject| subject.contains(what)),
            "{about:?}"
        );
    }
}

/// How often each status was answered.
fn count(answers: &[Answer], status: u16) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_code_one_gets_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let ada = app.register("ada@mail.test", HOST).await;
    let (phone, recovery) = turn_on(&app, &ada.token).await;
    for code in [phone.next(&app), recovery[0].clone()] {
        let token = challenge(&app, &ada.email).await;
        let tries = (0..4).map(|_| second_step(&app, &token, &code).send());
        let answers = futures::future::join_all(tries).await;
        assert_eq!(count(&answers, 200), 1, "{answers:?}");
        assert_eq!(count(&answers, 401), 3, "{answers:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_first_step_leads_to_one_session(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let ada = app.register("ada@mail.test", HOST).await;
    let (_, recovery) = turn_on(&app, &ada.token).await;
    let token = challenge(&app, &ada.email).await;
    // Each with a good code of its own, at once.
    let tries = (0..4).map(|n| second_step(&app, &token, &recovery[n]).send());
    let answers = futures::future::join_all(tries).await;
    assert_eq!(count(&answers, 200), 1, "{answers:?}");
    assert_eq!(count(&answers, 401), 3, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status == 401) {
        assert_eq!(answer.body["code"], "auth.challenge_over");
    }
    // What was refused used no code up.
    let now = standing(&app, &ada.token).await;
    assert_eq!(now["recovery_codes_left"], 9);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_codes_close_the_door_for_a_while(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let ada = app.register("ada@mail.test", HOST).await;
    let bea = app.register("bea@mail.test", HOST).await;
    let (phone, recovery) = turn_on(&app, &ada.token).await;
    let (hers, _) = turn_on(&app, &bea.token).await;
    let token = challenge(&app, &ada.email).await;
    let wrong = phone.wrong(&app);
    let tries = (0..20).map(|_| second_step(&app, &token, &wrong).send());
    let answers = futures::future::join_all(tries).await;
    assert_eq!(count(&answers, 401), 5, "{answers:?}");
    assert_eq!(count(&answers, 429), 15, "{answers:?}");
    for code in [phone.next(&app), recovery[0].clone()] {
        let blocked = second_step(&app, &token, &code);
        let blocked = blocked.refused(429, "auth.two_factor_blocked").await;
        let wait: u64 = blocked.header("retry-after").parse().expect("seconds");
        assert!((1..=900).contains(&wait), "{wait}");
    }
    // Others are not held up.
    let theirs = challenge(&app, &bea.email).await;
    second_step(&app, &theirs, &hers.next(&app))
        .expect(200)
        .await;
    app.advance(Duration::from_mins(15));
    let token = challenge(&app, &ada.email).await;
    second_step(&app, &token, &phone.wrong(&app))
        .expect(401)
        .await;
    second_step(&app, &token, &phone.next(&app))
        .expect(200)
        .await;
    // A good one starts the count anew.
    let token = challenge(&app, &ada.email).await;
    for _ in 0..4 {
        second_step(&app, &token, &phone.wrong(&app))
            .expect(401)
            .await;
    }
    second_step(&app, &token, &phone.next(&app))
        .expect(200)
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_step_is_over_after_a_while_and_with_the_password(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let ada = app.register("ada@mail.test", HOST).await;
    let (phone, _) = turn_on(&app, &ada.token).await;
    let token = challenge(&app, &ada.email).await;
    app.advance(Duration::from_mins(5));
    second_step(&app, &token, &phone.shows(&app))
        .refused(401, "auth.challenge_over")
        .await;

    let token = challenge(&app, &ada.email).await;
    let body = json!({"current_password": PASSWORD, "password": "another long password"});
    let change = app.client.post("/api/profile/password", &body);
    change.bearer(&ada.token).expect(200).await;
    second_step(&app, &token, &phone.next(&app))
        .refused(401, "auth.challenge_over")
        .await;
    for bad in [
        "",
        "2fa_",
        "2fa_AAAA",
        &token[..token.len() - 3],
        &shop.first.user.token,
    ] {
        let answer = second_step(&app, bad, "123456").send().await;
        assert!([401, 422].contains(&answer.status), "{}", answer.describe());
    }
    // The token names its tenant, whatever host it is sent to.
    let body = json!({"email": "ada@mail.test", "password": "another long password"});
    let step = app.client.post("/api/auth/login", &body).expect(202).await;
    let code = phone.next(&app);
    let second = second_step(&app, &step.text_at("/two_factor_token"), &code);
    let in_first = second.header("host", "other.test").expect(200).await;
    let me = me(&app, &in_first.text_at("/access_token"))
        .expect(200)
        .await;
    assert_eq!(me.body["tenant_id"], shop.first.id.as_str());
}
