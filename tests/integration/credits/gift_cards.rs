//! Gift cards: whoever redeems one first has its credit.

use std::time::Duration;

use kernel::Clock as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::Person;
use testkit::{Answer, App};

use super::top_ups::{LONG, balance};
use super::{Books, amount, later};
use crate::kept;

fn issuing(app: &App, credential: &str, body: &Value) -> Call {
    app.client
        .post("/api/admin/gift-cards", body)
        .bearer(credential)
}

async fn issue(app: &App, key: &str, minor: i64) -> Answer {
    issuing(app, key, &json!({"amount": amount(minor)}))
        .expect(201)
        .await
}

fn redeeming(app: &App, person: &Person, code: &str) -> Call {
    app.client
        .post("/api/wallet/gift-cards", &json!({"code": code}))
        .bearer(&person.token)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gift_card_is_shown_once_and_redeemed_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let (key, user) = (&shop.first.key, &shop.first.user);
    let books = Books::new(&app, &shop.first);
    let body = json!({"amount": amount(2500), "note": "for Ada"});
    let card = issuing(&app, key, &body).once("one").expect(201).await;
    let again = issuing(&app, key, &body).once("one").expect(201).await;
    assert_eq!(again.body, card.body);
    let code = card.text_at("/code");
    assert_eq!(code.len(), 23, "{code}");
    assert!(code.ends_with(&card.text_at("/hint")));
    let other = issue(&app, key, 2500).await;
    assert_ne!(other.text_at("/code"), code);
    // Nobody is told again, and nobody keeps it.
    let path = format!("/api/admin/gift-cards/{}", card.text_at("/id"));
    assert_eq!(card.header("location"), path);
    let seen = app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(seen.body.get("code"), None);
    assert_eq!(seen.text_at("/status"), "active");
    let plain = code.replace('-', "");
    let tables = ["gift_cards", "request_keys", "audit_log", "events", "jobs"];
    let rows = kept::rows(&app, &shop.first.id, &tables).await;
    assert!(rows.iter().any(|row| row.contains("for Ada")), "{rows:?}");
    assert!(!kept::has(&rows, &code) && !kept::has(&rows, &plain));
    // Another tenant's shop does not know it.
    let stranger = redeeming(&app, &shop.second.user, &code);
    stranger.refused(404, "gift_card.not_found").await;
    let strangers = app.client.get(&path).bearer(&shop.second.key);
    strangers.refused(404, "gift_card.not_found").await;
    issuing(&app, &shop.first.manager.token, &body)
        .refused(403, "auth.forbidden")
        .await;

    let typed = plain.to_lowercase();
    let mine = redeeming(&app, user, &typed).once("mine").expect(200).await;
    assert_eq!(mine.body["credit_balance"], amount(2500));
    let mine = redeeming(&app, user, &typed).once("mine").expect(200).await;
    assert_eq!(mine.body["credit_balance"], amount(2500));
    redeeming(&app, user, &code)
        .refused(409, "gift_card.redeemed")
        .await;
    redeeming(&app, &shop.first.manager, &code)
        .refused(409, "gift_card.redeemed")
        .await;
    for wrong in ["", "7Q3KD-M0XEV-2FW8N-3GX9P", "!", &plain[1..]] {
        let answer = redeeming(&app, user, wrong).send().await;
        assert!([404, 422].contains(&answer.status), "{}", answer.describe());
    }
    let seen = app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(seen.text_at("/status"), "redeemed");
    let wallet = app.client.get("/api/wallet").bearer(&user.token);
    let wallet = wallet.expect(200).await;
    assert_eq!(seen.text_at("/wallet_id"), wallet.text_at("/id"));
    // It is credit that counts as paid for, and no top-up.
    assert_eq!(wallet.body["total_top_up"], amount(0));
    let list = app.client.get("/api/wallet/transactions");
    let list = list.bearer(&user.token).expect(200).await;
    let booked = &list.body["data"][0];
    assert_eq!(
        (&booked["type"], &booked["reference"]),
        (&json!("GIFT"), &card.body["id"])
    );
    assert_eq!(booked["lots"][0]["kind"], "paid");
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_redeem_a_card_one_has_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let people = [&tenant.user, &tenant.manager, &tenant.admin];
    let mut total = 0;
    for _ in 0..5 {
        let code = issue(&app, &tenant.key, 100).await.text_at("/code");
        let calls = (0..24).map(|n| redeeming(&app, people[n % 3], &code).send());
        let answers = futures::future::join_all(calls).await;
        let got = answers.iter().filter(|one| one.status == 200).count();
        let late = answers
            .iter()
            .filter(|one| one.body["code"] == "gift_card.redeemed")
            .count();
        assert_eq!((got, late), (1, 23));
        total += 100;
        let mut sum = 0;
        for person in people {
            sum += balance(&app, person).await.0;
        }
        assert_eq!(sum, total);
    }
    Books::new(&app, tenant).assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cards_that_are_over_or_taken_back_are_refused(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let (key, user) = (&shop.first.key, &shop.first.user);
    let past = json!({"amount": amount(1), "expires_at": app.clock.now()});
    issuing(&app, key, &past)
        .refused(422, "wallet.invalid_expiry")
        .await;
    let dollars = json!({"amount": {"amount": 1, "currency": "USD"}});
    issuing(&app, key, &dollars)
        .refused(422, "wallet.currency_mismatch")
        .await;
    issuing(&app, key, &json!({"amount": amount(0)}))
        .refused(422, "request.invalid_body")
        .await;
    let body = json!({"amount": amount(700), "expires_at": later(&app, 60)});
    let short = issuing(&app, key, &body).expect(201).await;
    app.advance(Duration::from_mins(1));
    let kept = issue(&app, key, 800).await;
    app.advance(Duration::from_secs(1));
    let voided = issue(&app, key, 900).await;
    redeeming(&app, user, &short.text_at("/code"))
        .refused(410, "gift_card.expired")
        .await;
    let void = |card: &Answer| {
        let path = format!("/api/admin/gift-cards/{}/void", card.text_at("/id"));
        app.client.post(&path, &Value::Null).bearer(key)
    };
    let done = void(&voided).expect(200).await;
    assert_eq!(done.text_at("/status"), "voided");
    void(&voided).refused(409, "gift_card.voided").await;
    redeeming(&app, user, &voided.text_at("/code"))
        .refused(409, "gift_card.voided")
        .await;
    // A wallet that is frozen takes nothing new.
    let books = Books::new(&app, &shop.first);
    let wallet = super::funded(&books, user, 1).await;
    let freeze = |what: &str| {
        let path = format!("{}/{what}", super::path(wallet));
        app.client.post(&path, &Value::Null).bearer(key)
    };
    freeze("freeze").expect(200).await;
    redeeming(&app, user, &kept.text_at("/code"))
        .refused(409, "wallet.frozen")
        .await;
    freeze("unfreeze").expect(200).await;
    redeeming(&app, user, &kept.text_at("/code"))
        .expect(200)
        .await;
    void(&kept).refused(409, "gift_card.redeemed").await;
    for (status, card) in [
        ("expired", &short),
        ("redeemed", &kept),
        ("voided", &voided),
    ] {
        let path = format!("/api/admin/gift-cards?status={status}");
        let list = app.client.get(&path).bearer(key).expect(200).await;
        let ids: Vec<_> = list.body["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["id"].clone())
            .collect();
        assert_eq!(ids, [card.body["id"].clone()], "{status}");
    }
    let first = app.client.get("/api/admin/gift-cards?limit=2").bearer(key);
    let first = first.expect(200).await;
    assert_eq!(first.body["data"][0]["id"], voided.body["id"]);
    let next = format!(
        "/api/admin/gift-cards?limit=2&cursor={}",
        first.text_at("/next_cursor")
    );
    let rest = app.client.get(&next).bearer(key).expect(200).await;
    assert_eq!(rest.body["data"][0]["id"], short.body["id"]);
    assert_eq!(balance(&app, user).await, (801, 1));
    books.assert_proven().await;
}
