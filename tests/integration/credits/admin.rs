//! Wallets, as those who run the shop see and change them.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{Books, amount, funded, later, path, wallet_of};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wallets_are_made_adjusted_and_given_credit(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (key, user) = (&shop.first.key, &shop.first.user);
    let books = Books::new(&app, &shop.first);
    let post = |path: &str, body: Value| app.client.post(path, &body).bearer(key);
    let made = post("/api/admin/wallets", json!({"user_id": user.id}))
        .expect(201)
        .await;
    let again = post("/api/admin/wallets", json!({"user_id": user.id}))
        .expect(201)
        .await;
    assert_eq!(again.body["id"], made.body["id"]);
    let stranger = json!({"user_id": shop.second.user.id});
    post("/api/admin/wallets", stranger)
        .refused(404, "user.not_found")
        .await;
    let id = made.text_at("/id");
    let wallet = format!("/api/admin/wallets/{id}");

    let adjust = |minor: i64| {
        let body = json!({"amount": amount(minor), "reason": "counted"});
        post(&format!("{wallet}/adjustments"), body)
    };
    let added = adjust(500).once("adjust").expect(200).await;
    assert_eq!(added.body["credit_balance"], amount(500));
    let again = adjust(500).once("adjust").expect(200).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let less = adjust(-200).expect(200).await;
    assert_eq!(less.body["credit_balance"], amount(300));
    assert_eq!(less.body["total_spent"], amount(0));
    let over = adjust(-301)
        .refused(409, "wallet.adjustment_too_large")
        .await;
    assert!(over.text.contains("3.00 EUR"), "{}", over.text);
    adjust(0).refused(422, "request.invalid_body").await;
    let blank = json!({"amount": amount(1), "reason": "  "});
    post(&format!("{wallet}/adjustments"), blank)
        .refused(422, "request.invalid_body")
        .await;
    let dollars = json!({"amount": {"amount": 1, "currency": "USD"}, "reason": "x"});
    let dollars = post(&format!("{wallet}/adjustments"), dollars);
    dollars.refused(422, "wallet.currency_mismatch").await;
    adjust(i64::MIN).refused(422, "wallet.invalid_amount").await;

    let end = later(&app, 3600);
    let grant =
        json!({"amount": amount(50), "expires_at": end, "priority": 3, "reason": "welcome"});
    let given = post(&format!("{wallet}/grants"), grant).expect(200).await;
    assert_eq!(given.body["credit_balance"], amount(350));
    let past = json!({"amount": amount(50), "expires_at": later(&app, 0), "reason": "late"});
    let past = post(&format!("{wallet}/grants"), past);
    past.refused(422, "wallet.invalid_expiry").await;
    let seen = app.client.get(&wallet).bearer(key).expect(200).await;
    assert_eq!(seen.body["lots"][0]["kind"], "promotional");
    assert_eq!(seen.body["lots"][0]["priority"], 3);
    assert_eq!(seen.body["lots"][0]["remaining"], amount(50));
    assert_eq!(seen.body["lots"][1]["remaining"], amount(300));

    let spent = books
        .spend(wallet_of(user), "ord_1", 100)
        .await
        .expect("a spend");
    let back = json!({"transaction_id": spent.transfer, "amount": amount(30), "reason": "late"});
    let back = post(&format!("{wallet}/refunds"), back).expect(200).await;
    assert_eq!(back.body["credit_balance"], amount(280));
    assert_eq!(back.body["total_spent"], amount(70));
    let more = json!({"transaction_id": spent.transfer, "amount": amount(71), "reason": "more"});
    let more = post(&format!("{wallet}/refunds"), more);
    more.refused(409, "wallet.refund_too_large").await;
    let rest = json!({"transaction_id": spent.transfer, "reason": "the rest"});
    let rest = post(&format!("{wallet}/refunds"), rest).expect(200).await;
    assert_eq!(rest.body["credit_balance"], amount(350));
    // A transaction of another wallet is none of this one.
    let other = funded(&books, &shop.first.manager, 10).await;
    let theirs = books
        .spend(wallet_of(&shop.first.manager), "ord_2", 1)
        .await;
    let theirs = json!({"transaction_id": theirs.expect("a spend").transfer, "reason": "x"});
    let theirs = post(&format!("{wallet}/refunds"), theirs);
    theirs.refused(404, "wallet.transaction_not_found").await;

    let list = app
        .client
        .get(&format!("{wallet}/transactions"))
        .bearer(key)
        .expect(200)
        .await;
    let all = list.body["data"].as_array().expect("a list");
    let types: Vec<_> = all.iter().filter_map(|one| one["type"].as_str()).collect();
    let wanted = [
        "REFUND",
        "REFUND",
        "SUBSCRIPTION",
        "GIFT",
        "ADMIN_ADJUSTMENT",
        "ADMIN_ADJUSTMENT",
    ];
    assert_eq!(types, wanted);
    assert_eq!(all[0]["reason"], "the rest");
    let verify = app
        .client
        .get(&format!("{wallet}/verify"))
        .bearer(key)
        .expect(200)
        .await;
    assert_eq!(verify.body["holds"], true);
    let found = app
        .client
        .get(&format!("/api/admin/wallets?user_id={}", user.id))
        .bearer(key);
    let found = found.expect(200).await;
    assert_eq!(found.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(found.text_at("/data/0/id"), id);
    let all = app
        .client
        .get("/api/admin/wallets")
        .bearer(key)
        .expect(200)
        .await;
    assert_eq!(all.body["data"].as_array().map(Vec::len), Some(2));
    let elsewhere = app.client.get(&path(other)).bearer(&shop.second.key);
    elsewhere.refused(404, "wallet.not_found").await;
    let log = app.audited(&shop.first).await;
    for action in [
        "wallet.open",
        "wallet.adjust",
        "wallet.grant",
        "wallet.refund",
    ] {
        assert!(log.iter().any(|one| one == action), "{action} in {log:?}");
    }
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_wallet_keeps_its_promises_and_makes_no_new_ones(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (key, user) = (&shop.first.key, &shop.first.user);
    let books = Books::new(&app, &shop.first);
    let wallet = funded(&books, user, 100).await;
    let owner = wallet_of(user);
    let hold = books
        .hold(owner, "h", 30, later(&app, 600))
        .await
        .expect("a hold");
    books.spend(owner, "s", 10).await.expect("a spend");
    let act = |what: &str| {
        let call = app
            .client
            .post(&format!("{}/{what}", path(wallet)), &Value::Null);
        call.bearer(key)
    };
    act("unfreeze").refused(409, "wallet.already_there").await;
    assert_eq!(act("freeze").expect(200).await.text_at("/status"), "frozen");
    act("freeze").refused(409, "wallet.already_there").await;
    let frozen = books.spend(owner, "t", 1).await;
    assert!(matches!(frozen, Err(credits_model::CreditsError::Frozen)));
    let frozen = books.hold(owner, "i", 1, later(&app, 600)).await;
    assert!(matches!(frozen, Err(credits_model::CreditsError::Frozen)));
    books
        .capture(hold.id, "c", Some(5), true)
        .await
        .expect("a capture");
    books.refund("s", "r", None).await.expect("a refund");
    let list = app
        .client
        .get("/api/admin/wallets?status=frozen")
        .bearer(key)
        .expect(200)
        .await;
    assert_eq!(list.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        act("unfreeze").expect(200).await.text_at("/status"),
        "active"
    );
    books.spend(owner, "t", 95).await.expect("all of it");
    books.assert_proven().await;
}
