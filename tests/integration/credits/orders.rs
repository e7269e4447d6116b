//! Orders that are paid from a wallet, in whole or in part: the credit is
//! promised when the order is placed, spent when the rest is paid, and goes
//! back after what the gateway took.

use std::time::Duration;

use credits_service::CreditSource;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Answer;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Order};
use testkit::stripe::Till;

use super::top_ups::LONG;
use super::{Books, amount, wallet_of};

/// Orders pieces for 25.00 each, and 5.00 for shipping, as a customer.
async fn checkout(till: &Till, pieces: i64, wallet: Value) -> Call {
    let tenant = till.tenant();
    let lines = [(till.item.variants[0].as_str(), pieces)];
    let cart = till.app.cart(tenant.host, &lines).await;
    ordering(till, &cart, &wallet)
}

fn ordering(till: &Till, cart: &Cart, wallet: &Value) -> Call {
    let tenant = till.tenant();
    let mut body = json!({"cart_id": cart.id});
    if !wallet.is_null() {
        body["wallet"] = wallet.clone();
    }
    till.app
        .client
        .post("/api/checkout", &body)
        .header("host", tenant.host)
        .header("x-cart-token", &cart.token)
        .bearer(&tenant.user.token)
}

/// The order that was placed; without a session when the wallet pays it all.
fn placed(answer: &Answer) -> Order {
    let text = |at: &str| {
        let found = answer.body.pointer(at).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    Order {
        id: answer.text_at("/order/id"),
        token: String::new(),
        session: text("/order/payments/0/session_id"),
        payment: answer.text_at("/order/payments/0/id"),
        answer: answer.body.clone(),
    }
}

async fn order(till: &Till, pieces: i64, wallet: Value) -> (Order, Answer) {
    let answer = checkout(till, pieces, wallet).await.expect(201).await;
    (placed(&answer), answer)
}

/// What is in the wallet of the customer, and what of it is held.
async fn wallet(till: &Till) -> (i64, i64) {
    let tenant = till.tenant();
    let path = format!("/api/admin/wallets?user_id={}", tenant.user.id);
    let list = till
        .app
        .client
        .get(&path)
        .bearer(&tenant.key)
        .expect(200)
        .await;
    let at = |name: &str| list.number_at(&format!("/data/0/{name}/amount"));
    (at("credit_balance"), at("held"))
}

/// A till with a customer who has 8.00 of gifts and the rest paid in.
async fn till(backend: Backend, credit: i64) -> (Till, Books) {
    let till = Till::with(backend, 20, &[LONG]).await;
    let books = Books::new(&till.app, till.tenant());
    let key = wallet_of(&till.shop.first.user);
    books.gift(key, "gift", 800, None).await;
    let paid = books.credit(key, CreditSource::TopUp, "paid", credit - 800);
    paid.await.expect("a credit");
    (till, books)
}

fn is_paid(order: &Value) -> (&str, &str) {
    let word = |name: &str| order[name].as_str().unwrap_or_default();
    (word("status"), word("payment_status"))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_in_whole_from_the_wallet(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = till(backend, 10_000).await;
    let token = &till.shop.first.user.token;
    let sessions = till.stripe.sessions().len();
    let cart = till
        .app
        .cart(till.tenant().host, &[(&till.item.variants[0], 2)])
        .await;
    let call = || ordering(&till, &cart, &json!({})).once("once");
    let first = call().expect(201).await;
    let again = call().expect(201).await;
    assert_eq!(first.body, again.body);
    assert_eq!(first.body["payment_url"], Value::Null);
    let shown = &first.body["order"];
    assert_eq!(is_paid(shown), ("paid", "paid"));
    assert_eq!(
        (&shown["wallet_credit"], &shown["captured"]),
        (&amount(5500), &amount(5500))
    );
    let payments = shown["payments"].as_array().expect("a list");
    assert_eq!(payments.len(), 1);
    assert_eq!(
        (&payments[0]["gateway"], &payments[0]["status"]),
        (&json!("wallet"), &json!("succeeded"))
    );
    assert_eq!(till.stripe.sessions().len(), sessions);
    assert_eq!(wallet(&till).await, (4500, 0));
    assert_eq!(till.stock().await, (18, 0));
    // By way of the wallet the order would not hear of it.
    let spent = till.app.client.get("/api/wallet/transactions?type=ORDER");
    let spent = spent.bearer(token).expect(200).await;
    let list = format!("/api/admin/wallets?user_id={}", till.tenant().user.id);
    let list = till.app.client.get(&list).bearer(&till.tenant().key);
    let path = list.expect(200).await.text_at("/data/0/id");
    let body = json!({"transaction_id": spent.text_at("/data/0/id"), "reason": "a mistake"});
    let path = format!("/api/admin/wallets/{path}/refunds");
    let back = till.app.client.post(&path, &body);
    let back = back.bearer(&till.tenant().key);
    back.refused(409, "wallet.refund_of_order").await;
    // A part goes back, and then the rest: to paid credit first.
    let placed = self::placed(&first);
    assert_eq!(till.refund(&placed, Some(1000)).await.status, 200);
    till.app.drain().await;
    assert_eq!(wallet(&till).await, (5500, 0));
    assert_eq!(till.refund(&placed, None).await.status, 200);
    assert_eq!(till.refund(&placed, Some(1)).await.status, 409);
    till.app.drain().await;
    till.app.drain().await;
    assert_eq!(wallet(&till).await, (10_000, 0));
    let seen = till.see(&placed).await;
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!(seen["attention"], Value::Null);
    let list = till.app.client.get("/api/wallet/transactions?type=REFUND");
    let list = list.bearer(token).expect(200).await;
    let parts = |n: usize| -> Vec<(String, i64)> {
        let lots = list.body["data"][n]["lots"].as_array().expect("lots");
        let mut parts: Vec<_> = lots
            .iter()
            .map(|lot| {
                let kind = lot["kind"].as_str().unwrap_or_default().to_owned();
                (kind, lot["amount"]["amount"].as_i64().unwrap_or_default())
            })
            .collect();
        parts.sort();
        parts
    };
    assert_eq!(parts(1), [("paid".to_owned(), 1000)]);
    assert_eq!(
        parts(0),
        [("paid".to_owned(), 3700), ("promotional".to_owned(), 800)]
    );
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_takes_the_rest_and_gives_it_back_first(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let (till, books) = till(backend, 2000).await;
    let (placed, answer) = order(&till, 2, json!({})).await;
    assert_eq!(answer.body["order"]["wallet_credit"], amount(2000));
    assert_eq!(is_paid(&answer.body["order"]), ("pending", "unpaid"));
    let session = till.stripe.session(&placed.session);
    assert_eq!(session["amount_total"], 3500);
    // It is promised: it stays, and cannot be spent otherwise.
    assert_eq!(wallet(&till).await, (2000, 2000));
    let elsewhere = books
        .spend(wallet_of(&till.shop.first.user), "else", 1)
        .await;
    assert!(elsewhere.is_err());
    let other = checkout(&till, 1, json!({"amount": amount(1)})).await;
    other.refused(402, "wallet.insufficient_credit").await;
    assert!(till.stripe.pay(&placed.session));
    till.deliver().await;
    let seen = till.see(&placed).await;
    assert_eq!(is_paid(&seen), ("paid", "paid"));
    assert_eq!(seen["captured"], amount(5500));
    assert_eq!(wallet(&till).await, (0, 0));
    assert_eq!(till.stock().await, (18, 0));
    // 40.00 go back: 35.00 to the card, 5.00 to the wallet.
    assert_eq!(till.refund(&placed, Some(4000)).await.status, 200);
    till.app.drain().await;
    assert_eq!(wallet(&till).await, (500, 0));
    let given: Vec<_> = till
        .stripe
        .refunds()
        .iter()
        .map(|one| one["amount"].clone())
        .collect();
    assert_eq!(given, [json!(3500)]);
    let refused = till.refund(&placed, Some(1501)).await;
    assert_eq!(refused.body["code"], "refund.too_large");
    assert_eq!(till.refund(&placed, None).await.status, 200);
    till.app.drain().await;
    assert_eq!(wallet(&till).await, (2000, 0));
    assert_eq!(till.see(&placed).await["payment_status"], "refunded");
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_has_bounds(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = till(backend, 2000).await;
    let refused = async |share: Value, status: u16, code: &str| {
        let answer = checkout(&till, 1, share).await.refused(status, code).await;
        let at = answer.body["errors"][0]["pointer"].clone();
        (answer, at)
    };
    let (_, at) = refused(
        json!({"amount": amount(3001)}),
        422,
        "checkout.wallet_share_too_large",
    )
    .await;
    assert_eq!(at, "/wallet/amount");
    refused(
        json!({"amount": amount(2001)}),
        402,
        "wallet.insufficient_credit",
    )
    .await;
    refused(json!({"amount": amount(0)}), 422, "request.invalid_body").await;
    refused(json!({"more": 1}), 422, "request.invalid_body").await;
    let dollars = json!({"amount": {"amount": 1, "currency": "USD"}});
    refused(dollars, 422, "wallet.currency_mismatch").await;
    // A guest has none.
    let cart = till
        .app
        .cart(till.tenant().host, &[(&till.item.variants[0], 1)])
        .await;
    let body = json!({"cart_id": cart.id, "wallet": {}});
    let guest = till.app.client.post("/api/checkout", &body);
    let guest = guest.header("host", till.tenant().host);
    guest
        .header("x-cart-token", &cart.token)
        .refused(401, "auth.required")
        .await;
    // Nothing stayed behind.
    assert_eq!(till.stock().await, (20, 0));
    let (_, answer) = order(&till, 1, json!({"amount": amount(1200)})).await;
    assert_eq!(answer.body["order"]["wallet_credit"], amount(1200));
    let user = &till.shop.first.user;
    let id = till.app.client.get("/api/wallet").bearer(&user.token);
    let id = id.expect(200).await.text_at("/id");
    let freeze = format!("/api/admin/wallets/{id}/freeze");
    let freeze = till.app.client.post(&freeze, &Value::Null);
    freeze.bearer(&till.tenant().key).expect(200).await;
    refused(json!({}), 409, "wallet.frozen").await;
    // Without the wallet they can buy.
    order(&till, 1, Value::Null).await;
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_of_orders_that_do_not_happen_is_let_go(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let (till, books) = till(backend, 2000).await;
    let token = &till.shop.first.user.token;
    let cancel = async |order: &Order| {
        let path = format!("/api/orders/{}/cancel", order.id);
        let call = till.app.client.post(&path, &json!({})).bearer(token);
        call.expect(200).await
    };
    // By the buyer.
    let (first, _) = order(&till, 1, json!({})).await;
    assert_eq!(wallet(&till).await, (2000, 2000));
    cancel(&first).await;
    assert_eq!(wallet(&till).await, (2000, 0));
    // The card is charged all the same: that goes back, the credit stays.
    till.stripe.pay_late(&first.session);
    till.deliver().await;
    let seen = till.see(&first).await;
    assert_eq!(seen["attention"], "paid_after_cancellation");
    assert_eq!(seen["refunded"], amount(1000));
    assert_eq!(wallet(&till).await, (2000, 0));
    // Nobody pays: the page closes, another attempt is for the rest again, and
    // in the end the order is canceled.
    let (second, _) = order(&till, 1, json!({})).await;
    till.pass_minutes(40).await;
    let path = format!("/api/orders/{}/payments", second.id);
    let again = till.app.client.post(&path, &json!({})).bearer(token);
    let again = again.expect(201).await;
    let last = again.body["order"]["payments"]
        .as_array()
        .and_then(|all| all.last());
    assert_eq!(last.expect("an attempt")["amount"], amount(1000));
    assert_eq!(wallet(&till).await, (2000, 2000));
    till.app
        .pass(Duration::from_hours(23), Duration::from_mins(30))
        .await;
    till.pass_minutes(40).await;
    assert_eq!(till.see(&second).await["status"], "canceled");
    assert_eq!(wallet(&till).await, (2000, 0));
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_order_holds_no_more_than_it_costs(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = till(backend, 4000).await;
    let token = &till.shop.first.user.token;
    let (placed, answer) = order(&till, 2, json!({})).await;
    let edit = async |version: i64, pieces: i64| {
        let lines = json!({"lines": [{"variant_id": till.item.variants[0], "quantity": pieces}]});
        let call = till
            .app
            .client
            .patch(&format!("/api/orders/{}", placed.id), &lines);
        let call = call
            .bearer(token)
            .header("if-match", &format!("\"{version}\""));
        call.expect(200).await
    };
    // Dearer: the gateway takes more. Later, so that it is the last attempt.
    till.app.advance(Duration::from_secs(1));
    let dearer = edit(answer.number_at("/order/version"), 3).await;
    let attempt = |answer: &Answer| {
        let all = answer.body["order"]["payments"].as_array().cloned();
        all.and_then(|all| all.last().cloned()).expect("an attempt")
    };
    assert_eq!(attempt(&dearer)["amount"], amount(4000));
    assert_eq!(wallet(&till).await, (4000, 4000));
    // Cheaper than the wallet's share: nothing is left to pay.
    till.app.advance(Duration::from_secs(1));
    let cheaper = edit(dearer.number_at("/order/version"), 1).await;
    assert_eq!(is_paid(&cheaper.body["order"]), ("paid", "paid"));
    assert_eq!(cheaper.body["order"]["wallet_credit"], amount(3000));
    assert_eq!(wallet(&till).await, (1000, 0));
    assert_eq!(till.stock().await, (19, 0));
    books.assert_proven().await;
}

/// Many orders at once from a wallet that covers some: it is never spent twice.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_orders_share_one_wallet(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = till(backend, 9000).await;
    let mut calls = Vec::new();
    for _ in 0..8 {
        calls.push(checkout(&till, 1, json!({"amount": amount(3000)})).await);
    }
    let answers = futures::future::join_all(calls.into_iter().map(Call::send)).await;
    let paid = answers.iter().filter(|answer| answer.status == 201).count();
    let short = answers.iter().filter(|answer| answer.status == 402).count();
    assert_eq!((paid, short), (3, 5));
    assert_eq!(wallet(&till).await, (0, 0));
    assert_eq!(till.stock().await, (17, 0));
    books.assert_proven().await;
}
