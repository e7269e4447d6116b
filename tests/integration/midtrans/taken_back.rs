//! Money that Midtrans or a bank takes back after it was paid, and amounts
//! that are not as they should be.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};

use super::{AMOUNT, Till, idr};

impl Till {
    /// A top-up that was paid, with its credit.
    async fn paid(&self) -> String {
        let order = self.chosen().await;
        self.midtrans.settle(&order);
        self.notify(&order).await;
        assert_eq!(self.status(&order).await, "succeeded");
        order
    }

    /// What Midtrans says from now on, told twice.
    async fn becomes(&self, order: &str, fields: &Value) {
        self.midtrans.change(order, fields);
        self.notify(order).await;
        // The same again, in other bytes.
        let mut again = self.midtrans.notification(order);
        again["again"] = json!(true);
        self.tell(&again).await;
    }

    async fn wallet(&self) -> Value {
        let wallet = self.app.client.get("/api/wallet");
        wallet.bearer(&self.user().token).expect(200).await.body
    }

    async fn admin(&self, path: &str, body: &Value) -> testkit::Answer {
        self.app.advance(Duration::from_secs(1));
        let call = self.app.client.post(&format!("/api/admin/{path}"), body);
        call.bearer(&self.shop.first.key).send().await
    }

    async fn top_up_path(&self, order: &str, what: &str) -> String {
        let id = self.see(order).await["id"].clone();
        format!("top-ups/{}{what}", id.as_str().expect("an id"))
    }

    /// What went back of a top-up: why, how much, and how much credit.
    async fn went_back(&self, order: &str) -> Vec<(String, i64, i64)> {
        let path = self.top_up_path(order, "").await;
        let seen = self.app.client.get(&format!("/api/admin/{path}"));
        let seen = seen.bearer(&self.shop.first.key).expect(200).await;
        let refunds = seen.body["refunds"].as_array().cloned();
        let refunds = refunds.unwrap_or_default().into_iter();
        refunds
            .map(|one| {
                let number = |at: &str| one.pointer(at).and_then(Value::as_i64).expect("a number");
                let cause = one["cause"].as_str().expect("a word").to_owned();
                (cause, number("/amount/amount"), number("/taken/amount"))
            })
            .collect()
    }
}

fn ended(status: &str, code: &str, fraud: &str) -> Value {
    json!({"transaction_status": status, "status_code": code, "fraud_status": fraud})
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_canceled_after_it_was_paid_takes_its_credit(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    for (status, code, fraud) in [
        ("cancel", "200", "accept"),
        ("deny", "202", "deny"),
        ("failure", "202", "accept"),
        ("expire", "407", "accept"),
    ] {
        let order = till.paid().await;
        assert_eq!(till.balance().await, AMOUNT);
        // Midtrans does not answer at first.
        till.midtrans.break_next("GET", "/status", 500, 1);
        till.becomes(&order, &ended(status, code, fraud)).await;
        till.app
            .pass(Duration::from_mins(12), Duration::from_mins(1))
            .await;
        let all = ("made_at_gateway".to_owned(), AMOUNT, AMOUNT);
        assert_eq!(till.went_back(&order).await, [all], "{status}");
        assert_eq!(till.balance().await, 0, "{status}");
        let seen = till.see(&order).await;
        assert_eq!(
            (&seen["status"], &seen["refunded"], &seen["attention"]),
            (&json!("succeeded"), &idr(AMOUNT), &Value::Null)
        );
    }
    // Of what went back in part, the rest.
    let order = till.paid().await;
    till.give_back(&order, 5_000_000).await;
    till.app.drain().await;
    till.becomes(&order, &ended("cancel", "200", "accept"))
        .await;
    assert_eq!(till.balance().await, 0);
    assert_eq!(till.see(&order).await["refunded"], idr(AMOUNT));
    // Where some of it is promised for an order, somebody has to look.
    let order = till.paid().await;
    let lamp = till.lamp().await;
    till.ordering(&lamp, Some(14_000_000))
        .await
        .expect(201)
        .await;
    till.becomes(&order, &ended("cancel", "200", "accept"))
        .await;
    let seen = till.see(&order).await;
    assert_eq!(seen["attention"], "credit_missing");
    let some = ("made_at_gateway".to_owned(), AMOUNT, 1_000_000);
    assert_eq!(till.went_back(&order).await, [some]);
    assert_eq!(till.wallet().await["status"], "frozen");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_canceled_or_charged_back_at_midtrans_is_given_back(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let lamp = till.lamp().await;
    for (fields, attention) in [
        (ended("cancel", "200", "accept"), Value::Null),
        (ended("deny", "202", "deny"), Value::Null),
        (ended("chargeback", "200", "accept"), json!("charged_back")),
    ] {
        let made = till.ordering(&lamp, None).await.expect(201).await;
        let order = made.text_at("/order/id");
        let session = made.text_at("/order/payments/0/session_id");
        till.midtrans.choose(&session, "credit_card");
        let captured = ended("capture", "200", "accept");
        till.becomes(&session, &captured).await;
        let paid = till.see_order(&order).await;
        assert_eq!(
            (&paid["status"], &paid["refunded"]),
            (&json!("paid"), &idr(0))
        );
        till.becomes(&session, &fields).await;
        let seen = till.see_order(&order).await;
        assert_eq!(seen["refunded"], idr(AMOUNT + 500), "{fields}");
        assert_eq!(seen["attention"], attention, "{fields}");
        let refunds = seen["refunds"].as_array().expect("a list");
        assert_eq!(refunds.len(), 1, "{refunds:?}");
        assert_eq!(refunds[0]["status"], "succeeded");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_bank_takes_freezes_the_wallet_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    let order = till.paid().await;
    let chargeback = json!({"transaction_status": "chargeback", "status_code": "200"});
    till.becomes(&order, &chargeback).await;
    let seen = till.see(&order).await;
    assert_eq!(seen["attention"], "charged_back");
    let all = ("charged_back".to_owned(), AMOUNT, AMOUNT);
    assert_eq!(till.went_back(&order).await, std::slice::from_ref(&all));
    let wallet = till.wallet().await;
    assert_eq!(wallet["status"], "frozen");
    assert_eq!(till.balance().await, 0);
    // Somebody settled it; hearing of it again is no news.
    let reason = json!({"reason": "settled"});
    let path = till.top_up_path(&order, "/acknowledge").await;
    let done = till.admin(&path, &reason).await;
    assert_eq!(done.status, 200, "{}", done.describe());
    let path = format!("wallets/{}/unfreeze", wallet["id"].as_str().expect("an id"));
    let done = till.admin(&path, &Value::Null).await;
    assert_eq!(done.status, 200, "{}", done.describe());
    let mut again = till.midtrans.notification(&order);
    again["late"] = json!(true);
    till.tell(&again).await;
    assert_eq!(till.see(&order).await["attention"], Value::Null);
    assert_eq!(till.wallet().await["status"], "active");
    assert_eq!(till.went_back(&order).await, [all]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_listed_nowhere_is_counted_by_its_amount(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let order = till.paid().await;
    for (told, left) in [("50000.00", 10_000_000), ("70000.00", 8_000_000)] {
        let part = json!({"transaction_status": "partial_refund", "refund_amount": told});
        till.becomes(&order, &part).await;
        assert_eq!(till.balance().await, left);
    }
    let went = |minor| ("made_at_gateway".to_owned(), minor, minor);
    let mut all = till.went_back(&order).await;
    all.sort();
    assert_eq!(all, [went(2_000_000), went(5_000_000)]);
    assert_eq!(till.see(&order).await["attention"], Value::Null);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_of_another_kind_is_for_somebody_to_look_at(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let lamp = till.lamp().await;
    let settled = |fields: Value| {
        let mut all = ended("settlement", "200", "accept");
        for (name, value) in fields.as_object().expect("fields") {
            all[name] = value.clone();
        }
        all
    };
    for (fields, attention) in [
        (json!({"currency": "USD"}), "paid_in_other_currency"),
        (json!({"gross_amount": "150000.50"}), "amount_mismatch"),
        (
            json!({"gross_amount": "150000.505"}),
            "payment_not_verifiable",
        ),
        (json!({"currency": "ZZZ"}), "payment_not_verifiable"),
    ] {
        let fields = settled(fields);
        let order = till.chosen().await;
        till.becomes(&order, &fields).await;
        assert_eq!(till.see(&order).await["attention"], attention, "{fields}");
        assert_eq!(till.balance().await, 0);
        let made = till.ordering(&lamp, None).await.expect(201).await;
        let id = made.text_at("/order/id");
        let session = made.text_at("/order/payments/0/session_id");
        till.midtrans.choose(&session, "qris");
        till.becomes(&session, &fields).await;
        let seen = till.see_order(&id).await;
        assert_eq!(seen["attention"], attention, "{fields}");
        assert_eq!(seen["status"], "pending", "{fields}");
    }
    let dead = till.app.client.get("/api/admin/jobs?state=dead");
    let dead = dead.bearer(&till.shop.first.admin.token).expect(200).await;
    assert_eq!(dead.body["data"], json!([]), "{}", dead.text);
}

/// What is not whole rupiah stays credit.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_can_is_whole_rupiah(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    let order = till.paid().await;
    let wallet = till.wallet().await;
    let path = format!(
        "wallets/{}/adjustments",
        wallet["id"].as_str().expect("an id")
    );
    let taken = json!({"amount": idr(-50), "reason": "half a rupiah"});
    let done = till.admin(&path, &taken).await;
    assert!(done.status < 300, "{}", done.describe());
    assert_eq!(till.balance().await, AMOUNT - 50);
    // The wallet pays as much as leaves whole rupiah to be paid.
    let lamp = till.lamp().await;
    let cart = till.cart_of(&lamp).await;
    let made = till.checking_out(&cart, Some(json!({})));
    let made = made.expect(201).await;
    let session = made.text_at("/order/payments/0/session_id");
    let page = till.midtrans.page(&session);
    assert_eq!(page["transaction_details"]["gross_amount"], 6);
    let held = till.wallet().await["held"].clone();
    assert_eq!(held, idr(AMOUNT - 100));
    let cancel = format!("orders/{}/cancel", made.text_at("/order/id"));
    let done = till.admin(&cancel, &json!({"reason": "changed"})).await;
    assert_eq!(done.status, 200, "{}", done.describe());
    till.app.drain().await;
    assert_eq!(till.wallet().await["held"], idr(0));
    // All that can go back.
    let path = till.top_up_path(&order, "/refund").await;
    let done = till.admin(&path, &json!({"reason": "by mistake"})).await;
    assert_eq!(done.status, 200, "{}", done.describe());
    till.app.drain().await;
    assert_eq!(
        till.midtrans.refunds(&order)[0]["refund_amount"],
        "149999.00"
    );
    assert_eq!(till.balance().await, 50);
    // Less than a rupiah cannot.
    let done = till.admin(&path, &json!({"reason": "the rest"})).await;
    assert_eq!(done.body["code"], "top_up.amount_not_taken");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_million_rupiah_can_be_paid_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    let much = 10_000_000_000;
    let order = till.top_up(much).await.text_at("/session_id");
    till.midtrans.pay(&order);
    till.notify(&order).await;
    assert_eq!(till.balance().await, much);
    let refused = till.top_up_as(much + 100);
    refused.refused(422, "top_up.amount_out_of_bounds").await;
}
