//! Paying into a wallet: what is paid for is credited once, and what is
//! doubtful is shown to a person.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Person;
use testkit::stripe::{Paid, Till};
use testkit::{Answer, App};

use super::{Books, amount, funded, path};

/// People stay signed in however the clock is moved.
pub(super) const LONG: (&str, &str) = ("AUTH_ACCESS_TTL", "24h");

pub(super) async fn top_up(app: &App, person: &Person, minor: i64) -> Answer {
    let call = app
        .client
        .post("/api/wallet/top-ups", &json!({"amount": amount(minor)}));
    call.bearer(&person.token).expect(201).await
}

/// The balance and what was topped up.
pub(super) async fn balance(app: &App, person: &Person) -> (i64, i64) {
    let wallet = app
        .client
        .get("/api/wallet")
        .bearer(&person.token)
        .expect(200)
        .await;
    let at = |name: &str| wallet.number_at(&format!("/{name}/amount"));
    (at("credit_balance"), at("total_top_up"))
}

async fn see(app: &App, person: &Person, top_up: &Answer) -> Answer {
    let path = format!("/api/wallet/top-ups/{}", top_up.text_at("/id"));
    app.client
        .get(&path)
        .bearer(&person.token)
        .expect(200)
        .await
}

/// Runs a statement on the tenant's rows, as somebody would by hand.
pub(super) async fn by_hand(books: &Books, sql: &str) {
    let write = (sql.to_owned(), Vec::new());
    let changed = books.database.write_one(&books.scope, "test", write).await;
    assert!(changed.expect("a write") > 0, "{sql}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_is_credited_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    let made = top_up(&app, user, 5000).await;
    assert_eq!(made.text_at("/status"), "open");
    assert!(made.text_at("/url").contains("/pay/test/"), "{}", made.text);
    assert_eq!(
        made.header("location"),
        format!("/api/wallet/top-ups/{}", made.text_at("/id"))
    );
    assert_eq!(balance(&app, user).await, (0, 0));
    let session = made.text_at("/session_id");
    let page = app
        .client
        .get(&format!("/api/test-gateway/sessions/{session}"))
        .expect(200)
        .await;
    assert_eq!(page.text_at("/description"), "Top-up");
    assert_eq!(page.body["amount"], amount(5000));
    // Somebody else's is none of theirs.
    let own = format!("/api/wallet/top-ups/{}", made.text_at("/id"));
    let other = app.client.get(&own).bearer(&shop.first.manager.token);
    other.refused(404, "top_up.not_found").await;
    let other = app.client.get(&own).bearer(&shop.second.user.token);
    other.refused(404, "top_up.not_found").await;

    app.act(&session, "pay").await;
    app.drain().await;
    let seen = see(&app, user, &made).await;
    assert_eq!(seen.text_at("/status"), "succeeded");
    assert_eq!(seen.body["url"], Value::Null);
    assert!(!seen.body["credited_at"].is_null());
    assert_eq!(balance(&app, user).await, (5000, 5000));

    // The same webhook again, and the sweep.
    let inbox = app
        .client
        .get("/api/admin/webhook-events")
        .bearer(&shop.first.key)
        .expect(200)
        .await;
    assert_eq!(inbox.text_at("/data/0/state"), "processed");
    let replay = format!(
        "/api/admin/webhook-events/{}/replay",
        inbox.text_at("/data/0/id")
    );
    app.client
        .post(&replay, &Value::Null)
        .bearer(&shop.first.key)
        .expect(200)
        .await;
    app.pass(Duration::from_mins(30), Duration::from_mins(5))
        .await;
    assert_eq!(balance(&app, user).await, (5000, 5000));
    let list = app
        .client
        .get("/api/wallet/transactions")
        .bearer(&user.token)
        .expect(200)
        .await;
    assert_eq!(list.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(list.body["data"][0]["reference"], made.body["id"]);
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_up_has_bounds_and_happens_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let settings = [
        LONG,
        ("CREDITS_TOP_UP_MIN", "500"),
        ("CREDITS_TOP_UP_MAX", "9000"),
    ];
    let app = App::with(backend, &settings).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let post = |body: Value| {
        app.client
            .post("/api/wallet/top-ups", &body)
            .bearer(&user.token)
    };
    for minor in [499, 9001] {
        let refused = post(json!({"amount": amount(minor)}));
        let refused = refused.refused(422, "top_up.amount_out_of_bounds").await;
        assert!(
            refused.text.contains("5.00 EUR to 90.00 EUR"),
            "{}",
            refused.text
        );
    }
    post(json!({"amount": amount(0)}))
        .refused(422, "request.invalid_body")
        .await;
    let dollars = json!({"amount": {"amount": 500, "currency": "USD"}});
    post(dollars).refused(422, "wallet.currency_mismatch").await;
    let gateway = json!({"amount": amount(500), "gateway": "cash"});
    post(gateway).refused(422, "top_up.unknown_gateway").await;
    let away = json!({"amount": amount(500), "success_url": "https://evil.test/"});
    post(away).refused(422, "top_up.return_url").await;
    let unknown = json!({"amount": amount(500), "more": 1});
    post(unknown).refused(422, "request.invalid_body").await;

    let body = json!({"amount": amount(500), "success_url": "http://shop.test/done"});
    let first = post(body.clone()).once("once").expect(201).await;
    let again = post(body).once("once").expect(201).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let session = first.text_at("/session_id");
    let page = app
        .client
        .get(&format!("/api/test-gateway/sessions/{session}"))
        .expect(200)
        .await;
    assert_eq!(page.text_at("/success_url"), "http://shop.test/done");

    // Nine more, and no more than that until some are over.
    for _ in 0..9 {
        post(json!({"amount": amount(500)})).expect(201).await;
    }
    let full = post(json!({"amount": amount(500)}));
    full.refused(409, "top_up.too_many_open").await;
    app.act(&session, "decline").await;
    app.drain().await;
    assert_eq!(see(&app, user, &first).await.text_at("/status"), "failed");
    post(json!({"amount": amount(500)})).expect(201).await;
    app.pass(Duration::from_mins(40), Duration::from_mins(5))
        .await;
    let open = app
        .client
        .get("/api/admin/top-ups?status=open")
        .bearer(&shop.first.key);
    assert_eq!(open.expect(200).await.body["data"], json!([]));
    let over = app
        .client
        .get("/api/admin/top-ups?status=expired")
        .bearer(&shop.first.key);
    assert_eq!(
        over.expect(200).await.body["data"].as_array().map(Vec::len),
        Some(10)
    );
    assert_eq!(balance(&app, user).await, (0, 0));

    let wallet = funded(&Books::new(&app, &shop.first), user, 10).await;
    let freeze = app
        .client
        .post(&format!("{}/freeze", path(wallet)), &Value::Null);
    freeze.bearer(&shop.first.key).expect(200).await;
    post(json!({"amount": amount(500)}))
        .refused(409, "wallet.frozen")
        .await;
}

/// Money that comes is credited, whatever happened to the page, the webhook or
/// the wallet meanwhile.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_news_and_crashes_do_not_lose_money(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    let books = Books::new(app, till.tenant());
    // Nobody told us: the sweep asks.
    let silent = top_up(app, user, 1000).await;
    let session = silent.text_at("/session_id");
    let metadata = till.stripe.session(&session)["metadata"].clone();
    assert_eq!(metadata["sutler_top_up"], silent.body["id"]);
    assert!(till.stripe.pay(&session));
    till.stripe.take_events();
    till.pass_minutes(12).await;
    assert_eq!(balance(app, user).await, (1000, 1000));

    // We crashed before we could note the page: the webhook names the attempt.
    let unnoted = top_up(app, user, 200).await;
    by_hand(
        &books,
        "UPDATE top_ups SET session_id = NULL, url = NULL, status = 'created' WHERE tenant_id = $1 AND status = 'open'",
    )
    .await;
    assert!(till.stripe.pay(&unnoted.text_at("/session_id")));
    till.deliver().await;
    assert_eq!(balance(app, user).await, (1200, 1200));
    assert_eq!(
        see(app, user, &unnoted).await.body["session_id"],
        unnoted.body["session_id"]
    );

    // The same, and it was not paid: the sweep opens the same page again.
    let unnoted = top_up(app, user, 300).await;
    by_hand(
        &books,
        "UPDATE top_ups SET session_id = NULL, url = NULL, status = 'created' WHERE tenant_id = $1 AND status = 'open'",
    )
    .await;
    let sessions = till.stripe.sessions().len();
    till.pass_minutes(2).await;
    assert_eq!(till.stripe.sessions().len(), sessions);
    let seen = see(app, user, &unnoted).await;
    assert_eq!(seen.body["session_id"], unnoted.body["session_id"]);
    assert_eq!(seen.text_at("/status"), "open");

    // Paid at the last moment, after the wallet was frozen.
    let wallet = seen.text_at("/wallet_id");
    let freeze = app
        .client
        .post(&format!("/api/admin/wallets/{wallet}/freeze"), &Value::Null);
    freeze.bearer(&till.tenant().key).expect(200).await;
    till.pass_minutes(40).await;
    assert_eq!(see(app, user, &unnoted).await.text_at("/status"), "expired");
    till.stripe.pay_late(&unnoted.text_at("/session_id"));
    till.deliver().await;
    assert_eq!(balance(app, user).await, (1500, 1500));
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_and_sweeps_at_once_credit_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    let books = Books::new(app, till.tenant());
    for round in 1..=5 {
        let made = top_up(app, user, 100).await;
        assert!(till.stripe.pay(&made.text_at("/session_id")));
        let events = till.stripe.take_events();
        for event in events.iter().rev().chain(&events) {
            let answer = till.stripe.deliver(&app.client, event).await;
            assert_eq!(answer.status, 200, "{}", answer.describe());
        }
        app.advance(Duration::from_mins(11));
        let sweep = || books.credits.sweep_top_ups(&books.scope);
        let (a, b, c, ..) = tokio::join!(sweep(), sweep(), sweep(), app.drain(), app.drain());
        a.and(b).and(c).expect("sweeps");
        app.drain().await;
        assert_eq!(balance(app, user).await, (100 * round, 100 * round));
    }
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_doubtful_is_flagged_and_not_credited(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    let books = Books::new(app, till.tenant());
    let pay = async |paid: Paid| {
        // So that they are listed in this order.
        app.advance(Duration::from_secs(1));
        let made = top_up(app, user, 1000).await;
        assert!(till.stripe.pay_as(&made.text_at("/session_id"), &paid));
        till.deliver().await;
        made
    };
    let amount_of = |amount| Paid {
        amount: Some(amount),
        ..Paid::default()
    };
    pay(amount_of(999)).await;
    pay(amount_of(1001)).await;
    let dollars = Paid {
        currency: Some("usd"),
        ..Paid::default()
    };
    pay(dollars).await;
    assert_eq!(balance(app, user).await, (0, 0));
    // Taxes on top are the gateway's business.
    let taxed = Paid {
        tax: 190,
        ..Paid::default()
    };
    pay(taxed).await;
    assert_eq!(balance(app, user).await, (1000, 1000));
    let flagged = async || {
        let call = app.client.get("/api/admin/top-ups?needs_attention=true");
        let list = call.bearer(&till.tenant().key).expect(200).await;
        let all = list.body["data"].as_array().cloned().expect("a list");
        let mut words: Vec<_> = all
            .iter()
            .map(|one| {
                (
                    one["attention"].as_str().unwrap_or_default().to_owned(),
                    one["paid"].clone(),
                )
            })
            .collect();
        words.reverse();
        words
    };
    let usd = |minor: i64| json!({"amount": minor, "currency": "USD"});
    let wanted = [
        ("amount_mismatch".to_owned(), amount(999)),
        ("amount_mismatch".to_owned(), amount(1001)),
        ("paid_in_other_currency".to_owned(), usd(1000)),
    ];
    assert_eq!(flagged().await, wanted);
    // Told again, it stays as it is.
    till.pass_minutes(15).await;
    assert_eq!(flagged().await, wanted);

    // The inbox has nothing that failed.
    let states: Vec<_> = till
        .inbox()
        .await
        .iter()
        .map(|one| one["state"].clone())
        .collect();
    assert!(
        states
            .iter()
            .all(|state| state != "failed" && state != "received"),
        "{states:?}"
    );
    books.assert_proven().await;
}
