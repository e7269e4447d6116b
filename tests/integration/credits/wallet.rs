//! A wallet, as its owner sees it.

use std::time::Duration;

use credits_service::CreditSource;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{Books, amount, funded, later, path, wallet_of};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_sees_balance_and_transactions(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    app.client
        .get("/api/wallet")
        .refused(401, "auth.required")
        .await;
    let empty = app
        .client
        .get("/api/wallet")
        .bearer(&user.token)
        .expect(200)
        .await;
    assert_eq!(empty.body["id"], Value::Null);
    assert_eq!(empty.body["credit_balance"], amount(0));
    let none = app
        .client
        .get("/api/wallet/transactions")
        .bearer(&user.token);
    assert_eq!(none.expect(200).await.body["data"], json!([]));
    // In the other shop's currency, and nothing of this one.
    let elsewhere = app
        .client
        .get("/api/wallet")
        .bearer(&shop.second.user.token);
    let elsewhere = elsewhere.expect(200).await;
    assert_eq!(
        elsewhere.body["credit_balance"],
        json!({"amount": 0, "currency": "USD"})
    );

    let key = wallet_of(user);
    let wallet = funded(&books, user, 1000).await;
    app.advance(Duration::from_secs(10));
    let middle = later(&app, 0);
    books.spend(key, "ord_1", 300).await.expect("a spend");
    app.advance(Duration::from_secs(10));
    books
        .refund("ord_1", "ref_1", Some(100))
        .await
        .expect("a refund");
    books
        .hold(key, "h", 50, later(&app, 60))
        .await
        .expect("a hold");

    let seen = app
        .client
        .get("/api/wallet")
        .bearer(&user.token)
        .expect(200)
        .await;
    assert_eq!(seen.text_at("/id"), wallet.to_string());
    for (name, minor) in [
        ("credit_balance", 800),
        ("held", 50),
        ("available", 750),
        ("total_top_up", 1000),
        ("total_spent", 200),
    ] {
        assert_eq!(seen.body[name], amount(minor), "{name}");
    }
    let list = async |query: &str| {
        let call = app.client.get(&format!("/api/wallet/transactions{query}"));
        call.bearer(&user.token).expect(200).await
    };
    let types = |answer: &testkit::Answer| -> Vec<String> {
        let all = answer.body["data"].as_array().expect("a list");
        all.iter()
            .filter_map(|one| one["type"].as_str().map(str::to_owned))
            .collect()
    };
    let all = list("").await;
    assert_eq!(types(&all), ["REFUND", "SUBSCRIPTION", "TOP_UP"]);
    assert_eq!(all.body["data"][0]["amount"], amount(100));
    assert_eq!(all.body["data"][0]["balance_after"], amount(800));
    assert_eq!(all.body["data"][0]["refund_of"], all.body["data"][1]["id"]);
    assert_eq!(all.body["data"][1]["amount"], amount(-300));
    assert_eq!(all.body["data"][1]["reference"], "ord_1");
    assert_eq!(all.body["data"][1]["lots"][0]["kind"], "paid");
    assert_eq!(all.body["data"][1]["lots"][0]["amount"], amount(-300));
    assert_eq!(types(&list("?type=SUBSCRIPTION").await), ["SUBSCRIPTION"]);
    assert_eq!(
        types(&list(&format!("?from={middle}")).await),
        ["REFUND", "SUBSCRIPTION"]
    );
    assert_eq!(types(&list(&format!("?to={middle}")).await), ["TOP_UP"]);
    let page = list("?limit=2").await;
    assert_eq!(types(&page), ["REFUND", "SUBSCRIPTION"]);
    let cursor = page.text_at("/next_cursor");
    let last = list(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(types(&last), ["TOP_UP"]);
    assert_eq!(last.body["has_more"], false);
    let wrong = app
        .client
        .get("/api/wallet/transactions?type=order")
        .bearer(&user.token);
    wrong.refused(400, "request.invalid_query").await;

    let csv = app
        .client
        .get("/api/wallet/transactions/export?type=SUBSCRIPTION")
        .bearer(&user.token);
    let csv = csv.expect(200).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2, "{}", csv.text);
    assert_eq!(
        lines[0],
        "sequence,id,created_at,type,reference,amount,balance_after,currency,reason"
    );
    assert!(
        lines[1].starts_with("2,txn_") && lines[1].ends_with("SUBSCRIPTION,ord_1,-3.00,7.00,EUR,"),
        "{}",
        lines[1]
    );
}

/// More than fits into one part.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_has_all_of_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    for n in 0..1001 {
        let reference = format!("t{n}");
        let booked = books.credit(wallet_of(user), CreditSource::TopUp, &reference, 1);
        booked.await.expect("a credit");
    }
    let csv = app
        .client
        .get("/api/wallet/transactions/export")
        .bearer(&user.token);
    let csv = csv.expect(200).await;
    let numbers: Vec<i64> = csv
        .text
        .split_terminator("\r\n")
        .skip(1)
        .filter_map(|line| line.split(',').next()?.parse().ok())
        .collect();
    let wanted: Vec<i64> = (1..=1001).rev().collect();
    assert_eq!(numbers, wanted);
}

/// The kinds of the events that were published, from the table that the relay
/// reads.
async fn published(books: &Books, kind: &str) -> i64 {
    let db = books.database.read(&books.scope).await.expect("a read");
    let rows = db
        .rows(
            "SELECT count(*) AS found FROM events WHERE tenant_id = $1 AND kind = $2",
            [kind.into()],
        )
        .await
        .expect("a count");
    rows[0].try_get("", "found").expect("a number")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_balance_is_published_once_for_each_crossing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(user);
    let patch = |body: Value| app.client.patch("/api/wallet", &body).bearer(&user.token);
    // Also before there is any credit.
    let changed = patch(json!({"low_balance_threshold": amount(100)}))
        .expect(200)
        .await;
    assert_eq!(changed.body["low_balance_threshold"], amount(100));
    let dollars = json!({"low_balance_threshold": {"amount": 1, "currency": "USD"}});
    patch(dollars)
        .refused(422, "wallet.currency_mismatch")
        .await;
    let nothing = json!({"low_balance_threshold": amount(0)});
    patch(nothing).refused(422, "request.invalid_body").await;
    funded(&books, user, 120).await;
    let low = async || published(&books, "wallet.low_balance").await;
    books.spend(key, "a", 20).await.expect("a spend");
    assert_eq!(low().await, 0);
    books.spend(key, "b", 1).await.expect("a spend");
    assert_eq!(low().await, 1);
    books.spend(key, "c", 9).await.expect("a spend");
    assert_eq!(low().await, 1);
    books.gift(key, "g", 50, Some(later(&app, 60))).await;
    app.advance(Duration::from_secs(61));
    books.credits.expire(&books.scope).await.expect("an expiry");
    assert_eq!(low().await, 2);
    let kept = patch(json!({})).expect(200).await;
    assert_eq!(kept.body["low_balance_threshold"], amount(100));
    let off = patch(json!({"low_balance_threshold": null}))
        .expect(200)
        .await;
    assert_eq!(off.body["low_balance_threshold"], Value::Null);
    books.gift(key, "h", 50, None).await;
    books.spend(key, "d", 60).await.expect("a spend");
    assert_eq!(low().await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_wallet_knows_is_handed_out_and_forgotten(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    let wallet = funded(&books, user, 1000).await;
    let adjust = json!({"amount": amount(5), "reason": "Some Body called"});
    let adjust = app
        .client
        .post(&format!("{}/adjustments", path(wallet)), &adjust);
    adjust.bearer(&shop.first.key).expect(200).await;
    let export = app.client.post(
        &format!("/api/admin/users/{}/export", user.id),
        &Value::Null,
    );
    let export = export.bearer(&shop.first.key).expect(200).await;
    let known = &export.body["credits"]["wallets"][0];
    assert_eq!(known["wallet"]["id"], wallet.to_string());
    assert_eq!(known["transactions"][0]["reason"], "Some Body called");

    let hold = books.hold(wallet_of(user), "h", 50, later(&app, 600)).await;
    let erase = || {
        let call = app
            .client
            .post(&format!("/api/admin/users/{}/erase", user.id), &Value::Null);
        call.bearer(&shop.first.key)
    };
    erase().refused(409, "user.erasure_blocked").await;
    books.void(hold.expect("a hold").id).await;
    erase().expect(204).await;
    let detail = app
        .client
        .get(&path(wallet))
        .bearer(&shop.first.key)
        .expect(200)
        .await;
    assert_eq!(detail.text_at("/status"), "closed");
    let list = app
        .client
        .get(&format!("{}/transactions", path(wallet)))
        .bearer(&shop.first.key);
    let list = list.expect(200).await;
    assert!(!list.text.contains("Some Body"), "{}", list.text);
    let closed = books.spend(wallet_of(user), "late", 1).await;
    assert!(matches!(closed, Err(credits_model::CreditsError::Closed)));
    books.assert_proven().await;
}

/// How often the database is asked: a number that does not grow with what there
/// is.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wallets_ask_the_database_as_often_as_ever(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    funded(&books, user, 1000).await;
    let mut spends = u64::MAX;
    for n in 0..30 {
        let before = app.sutler.database.round_trips();
        let reference = format!("s{n}");
        let spent = books.spend(wallet_of(user), &reference, 1).await;
        spent.expect("a spend");
        spends = spends.min(app.sutler.database.round_trips() - before);
    }
    let mut reads = Vec::new();
    for path in ["/api/wallet", "/api/wallet/transactions?limit=20"] {
        let mut fewest = u64::MAX;
        for _ in 0..8 {
            let before = app.sutler.database.round_trips();
            app.client.get(path).bearer(&user.token).expect(200).await;
            fewest = fewest.min(app.sutler.database.round_trips() - before);
        }
        reads.push(fewest);
    }
    // Begin, lock and read, write, commit; SQLite writes one by one.
    let expected = if backend == Postgres { 4 } else { 8 };
    assert_eq!((spends, reads), (expected, vec![1, 3]));
}
