//! Wallets that top themselves up, with the embedded gateway.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Person;
use testkit::{Answer, App};

use super::top_ups::{LONG, balance, by_hand};
use super::{Books, amount, funded, path, wallet_of};
use crate::crowd::at_once;

/// Addresses that are not proven are not written to.
const PROVEN: &str = "UPDATE users SET email_verified_at = 1 WHERE tenant_id = $1";

const PATH: &str = "/api/wallet/auto-top-up";

fn terms(threshold: i64, minor: i64) -> Value {
    json!({"threshold": amount(threshold), "amount": amount(minor)})
}

/// Pays something in and lets the gateway keep the card.
async fn save_card(app: &App, person: &Person, outcome: &str) -> Answer {
    let body = json!({"amount": amount(1000), "save_payment_method": true});
    let made = app.client.post("/api/wallet/top-ups", &body);
    let made = made.bearer(&person.token).expect(201).await;
    app.act(&made.text_at("/session_id"), outcome).await;
    app.drain().await;
    made
}

async fn see(app: &App, person: &Person) -> Answer {
    let call = app.client.get(PATH).bearer(&person.token);
    call.expect(200).await
}

async fn turn_on(app: &App, person: &Person, body: &Value) -> Answer {
    let call = app.client.put(PATH, body).bearer(&person.token);
    call.expect(200).await
}

/// Automatic top-ups of the tenant, by how they ended.
async fn automatic(app: &App, key: &str) -> Vec<String> {
    let list = app.client.get("/api/admin/top-ups?limit=100").bearer(key);
    let list = list.expect(200).await;
    let all = list.body["data"].as_array().cloned().expect("a list");
    let mut found: Vec<String> = all
        .iter()
        .filter(|one| one["is_automatic"] == true)
        .map(|one| one["status"].as_str().unwrap_or_default().to_owned())
        .collect();
    found.reverse();
    found
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_falls_low_is_topped_up_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let (user, key) = (&shop.first.user, &shop.first.key);
    let books = Books::new(&app, &shop.first);
    let wallet = wallet_of(user);
    let put = |body: Value| app.client.put(PATH, &body).bearer(&user.token);
    // There is nothing to charge.
    assert_eq!(see(&app, user).await.body["payment_method"], Value::Null);
    let refused = put(terms(500, 2000));
    refused.refused(409, "auto_top_up.no_payment_method").await;
    funded(&books, user, 10).await;
    let refused = put(terms(500, 2000));
    refused.refused(409, "auto_top_up.no_payment_method").await;

    save_card(&app, user, "pay").await;
    let seen = see(&app, user).await;
    assert_eq!(seen.text_at("/status"), "off");
    assert_eq!(seen.text_at("/payment_method/gateway"), "test");
    assert_eq!(seen.text_at("/payment_method/label"), "test card 4242");
    let dollars = json!({"threshold": {"amount": 1, "currency": "USD"}, "amount": amount(2000)});
    put(dollars)
        .refused(422, "auto_top_up.invalid_threshold")
        .await;
    let much = terms(500, 100_000_000);
    put(much).refused(422, "top_up.amount_out_of_bounds").await;
    let often = json!({"threshold": amount(1), "amount": amount(2000), "max_per_day": 11});
    put(often).refused(422, "request.invalid_body").await;
    let on = turn_on(&app, user, &terms(500, 2000)).await;
    assert_eq!(on.text_at("/status"), "active");
    assert_eq!(on.body["threshold"], amount(500));
    assert_eq!(on.body["max_per_day"], 3);
    app.drain().await;
    assert_eq!(balance(&app, user).await, (1010, 1010));

    // Down to the threshold, and below it.
    books.spend(wallet, "a", 510).await.expect("a spend");
    app.drain().await;
    assert_eq!(balance(&app, user).await, (500, 1010));
    books.spend(wallet, "b", 1).await.expect("a spend");
    assert_eq!(balance(&app, user).await, (499, 1010));
    app.drain().await;
    assert_eq!(balance(&app, user).await, (2499, 3010));
    app.pass(Duration::from_mins(12), Duration::from_mins(1))
        .await;
    assert_eq!(balance(&app, user).await, (2499, 3010));
    assert_eq!(automatic(&app, key).await, ["succeeded"]);

    // Turned on when it is low already; many at once make one.
    app.client
        .delete(PATH)
        .bearer(&user.token)
        .expect(204)
        .await;
    books.spend(wallet, "c", 2400).await.expect("a spend");
    app.pass(Duration::from_mins(3), Duration::from_mins(1))
        .await;
    assert_eq!(balance(&app, user).await, (99, 3010));
    turn_on(&app, user, &terms(500, 2000)).await;
    let id = funded(&books, user, 10).await;
    let counts = at_once(16, |n| {
        let books = books.clone();
        async move {
            if n % 4 == 0 {
                books.credits.sweep_top_ups(&books.scope).await
            } else {
                books.credits.top_up_when_low(&books.scope, id, None).await
            }
        }
    });
    assert_eq!(counts.await.get("ok"), Some(&16));
    app.drain().await;
    assert_eq!(balance(&app, user).await, (2099, 5010));
    assert_eq!(automatic(&app, key).await, ["succeeded", "succeeded"]);

    // No more than three in a day, whatever is spent.
    books.spend(wallet, "d", 2099).await.expect("a spend");
    app.pass(Duration::from_mins(2), Duration::from_mins(1))
        .await;
    assert_eq!(balance(&app, user).await, (2000, 7010));
    books.spend(wallet, "e", 2000).await.expect("a spend");
    app.pass(Duration::from_mins(2), Duration::from_mins(1))
        .await;
    assert_eq!(balance(&app, user).await, (0, 7010));
    let waits = see(&app, user).await;
    assert!(waits.body["not_before"].is_string(), "{}", waits.text);
    app.pass(Duration::from_hours(24), Duration::from_hours(1))
        .await;
    let later = books.detail(id).await.wallet;
    assert_eq!((later.balance, later.total_top_up), (2000, 9010));
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_declines_stops_it_and_its_owner_hears_of_it(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    let wallet = wallet_of(user);
    by_hand(&books, PROVEN).await;
    save_card(&app, user, "pay_once").await;
    turn_on(&app, user, &terms(500, 2000)).await;
    books.spend(wallet, "a", 600).await.expect("a spend");
    let failed = async || automatic(&app, &shop.first.key).await.len();
    app.drain().await;
    assert_eq!(failed().await, 1);
    let seen = see(&app, user).await;
    assert_eq!(seen.number_at("/failures"), 1);
    assert_eq!(seen.text_at("/failure"), "the card was declined");
    // Not before an hour is over, then not before six are.
    app.pass(Duration::from_mins(58), Duration::from_mins(2))
        .await;
    assert_eq!(failed().await, 1);
    app.pass(Duration::from_mins(4), Duration::from_mins(2))
        .await;
    assert_eq!(failed().await, 2);
    app.pass(Duration::from_mins(350), Duration::from_mins(10))
        .await;
    assert_eq!(failed().await, 2);
    let mails = app.mails.to(&user.email).len();
    app.pass(Duration::from_mins(20), Duration::from_mins(2))
        .await;
    assert_eq!(failed().await, 3);
    let stopped = see(&app, user).await;
    assert_eq!(stopped.text_at("/status"), "stopped");
    let mails = app.mails.to(&user.email).split_off(mails);
    assert_eq!(mails.len(), 1);
    let text = &mails[0].text;
    for part in [
        "20.00 EUR",
        "test card 0341",
        "the card was declined",
        "4.00 EUR",
        "/wallet",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    books.spend(wallet, "b", 1).await.expect("a spend");
    app.pass(Duration::from_hours(12), Duration::from_hours(1))
        .await;
    assert_eq!(failed().await, 3);
    assert_eq!(balance(&app, user).await, (399, 1000));
    // Another card, and on again.
    app.advance(Duration::from_secs(1));
    save_card(&app, user, "pay").await;
    assert_eq!(see(&app, user).await.text_at("/status"), "stopped");
    turn_on(&app, user, &terms(2000, 2000)).await;
    app.drain().await;
    assert_eq!(balance(&app, user).await, (3399, 4000));
    books.assert_proven().await;
}

/// A crash after it was decided on, before and after the gateway was asked: it
/// is charged once, and there is one at a time whatever is written.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_at_a_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    save_card(&app, user, "pay").await;
    turn_on(&app, user, &terms(500, 2000)).await;
    books
        .spend(wallet_of(user), "a", 600)
        .await
        .expect("a spend");
    app.drain().await;
    assert_eq!(balance(&app, user).await, (2400, 3000));
    // As if the answer of the gateway had not been noted.
    let forget = "UPDATE top_ups SET status = 'created', session_id = NULL, intent_id = NULL, paid = NULL, paid_currency = NULL, \
        credited = NULL, credited_at = NULL WHERE tenant_id = $1 AND charged_to IS NOT NULL";
    let write = (forget, Vec::new());
    let done = books.database.write_one(&books.scope, "test", write).await;
    assert_eq!(done.expect("a write"), 1);
    let twice = "INSERT INTO top_ups (tenant_id, id, wallet_id, payment_id, gateway, status, amount, currency, return_urls, expires_at, \
        checked_at, created_at, updated_at, refunded, taken_back, charged_to) \
        SELECT tenant_id, wallet_id, wallet_id, wallet_id, gateway, status, amount, currency, return_urls, expires_at, \
        checked_at, created_at, updated_at, 0, 0, charged_to FROM top_ups WHERE tenant_id = $1 AND charged_to IS NOT NULL";
    let write = (twice, Vec::new());
    let fault = books.database.write_one(&books.scope, "test", write).await;
    let fault = fault.expect_err("one at a time");
    assert!(fault.violates("top_ups(wallet_id)"), "{}", fault.chain());
    app.pass(Duration::from_mins(3), Duration::from_mins(1))
        .await;
    assert_eq!(balance(&app, user).await, (2400, 3000));
    assert_eq!(automatic(&app, &shop.first.key).await, ["succeeded"]);
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_forgotten_with_its_owner_or_when_asked(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let (user, key) = (&shop.first.user, &shop.first.key);
    let books = Books::new(&app, &shop.first);
    let wallet = funded(&books, user, 10).await;
    let kept = async || {
        let db = books.database.read(&books.scope).await.expect("a read");
        let sql = "SELECT count(*) AS kept FROM test_gateway_sessions WHERE tenant_id = $1 AND kept IS NOT NULL";
        let rows = db.rows(sql, []).await.expect("rows");
        rows[0].try_get::<i64>("", "kept").expect("a number")
    };
    save_card(&app, user, "pay").await;
    turn_on(&app, user, &terms(500, 2000)).await;
    assert_eq!(kept().await, 1);
    for _ in 0..2 {
        let call = app.client.delete("/api/wallet/payment-method");
        call.bearer(&user.token).expect(204).await;
    }
    app.drain().await;
    assert_eq!(kept().await, 0);
    assert_eq!(see(&app, user).await.body["payment_method"], Value::Null);
    books
        .spend(wallet_of(user), "a", 900)
        .await
        .expect("a spend");
    app.pass(Duration::from_mins(3), Duration::from_mins(1))
        .await;
    assert_eq!(balance(&app, user).await, (110, 1010));

    // Another one takes the place of the one before, at the gateway as well.
    save_card(&app, user, "pay").await;
    app.advance(Duration::from_secs(1));
    save_card(&app, user, "pay").await;
    app.drain().await;
    assert_eq!(kept().await, 1);
    let export = format!("/api/admin/users/{}/export", user.id);
    let export = app.client.post(&export, &Value::Null).bearer(key);
    let export = export.expect(200).await;
    let known = &export.body["credits"]["wallets"][0]["auto_top_up"];
    assert_eq!(known["payment_method"], "test card 4242");
    // One that is over for us, and that is paid after all when they are gone.
    let body = json!({"amount": amount(1000), "save_payment_method": true});
    let late = app.client.post("/api/wallet/top-ups", &body);
    let late = late.bearer(&user.token).expect(201).await;
    let over = "UPDATE top_ups SET status = 'expired' WHERE tenant_id = $1 AND status = 'open'";
    by_hand(&books, over).await;
    let erase = format!("/api/admin/users/{}/erase", user.id);
    let erase = app.client.post(&erase, &Value::Null).bearer(key);
    erase.expect(204).await;
    app.drain().await;
    app.act(&late.text_at("/session_id"), "pay").await;
    app.drain().await;
    let list = app.client.get("/api/admin/top-ups?limit=1").bearer(key);
    let list = list.expect(200).await;
    assert_eq!(list.text_at("/data/0/status"), "succeeded");
    assert_eq!(kept().await, 0);
    let detail = app.client.get(&path(wallet)).bearer(key).expect(200).await;
    assert_eq!(detail.text_at("/status"), "closed");
    books.assert_proven().await;
}

/// The owner of a wallet that is low gets a mail, in their language.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_balance_is_mailed_once_for_each_fall(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    by_hand(&books, PROVEN).await;
    funded(&books, user, 120).await;
    let threshold = json!({"low_balance_threshold": amount(100)});
    let patch = app.client.patch("/api/wallet", &threshold);
    patch.bearer(&user.token).expect(200).await;
    app.drain().await;
    let before = app.mails.to(&user.email).len();
    for (reference, minor) in [("a", 20), ("b", 1), ("c", 9)] {
        let spent = books.spend(wallet_of(user), reference, minor).await;
        spent.expect("a spend");
        app.drain().await;
    }
    let mails = app.mails.to(&user.email).split_off(before);
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("running low"), "{mails:?}");
    assert!(
        mails[0].text.contains("0.99 EUR") && mails[0].text.contains("1.00 EUR"),
        "{mails:?}"
    );
}
