//! Wallets that are topped up through Midtrans: the status call decides, once,
//! whatever notifications say and however they come.

mod oracle;
mod orders;
mod refunds;
mod taken_back;

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::midtrans::{Call, Midtrans, examples, signed};
use testkit::shop::{Person, Shop};
use testkit::{Answer, App};

/// People stay signed in however the clock is moved.
const LONG: (&str, &str) = ("AUTH_ACCESS_TTL", "24h");

/// A shop in rupiah.
struct Till {
    app: App,
    midtrans: Midtrans,
    shop: Shop,
}

/// 150,000 rupiah, in our minor units.
const AMOUNT: i64 = 15_000_000;

fn idr(minor: i64) -> Value {
    json!({"amount": minor, "currency": "IDR"})
}

impl Till {
    async fn open(backend: Backend) -> Self {
        let (app, midtrans) = App::with_midtrans(backend, &[LONG]).await;
        let shop = app.shop().await;
        Self {
            app,
            midtrans,
            shop,
        }
    }

    fn user(&self) -> &Person {
        &self.shop.first.user
    }

    async fn top_up(&self, minor: i64) -> Answer {
        self.top_up_as(minor).expect(201).await
    }

    fn top_up_as(&self, minor: i64) -> testkit::client::Call {
        let body = json!({"amount": idr(minor)});
        let call = self.app.client.post("/api/wallet/top-ups", &body);
        call.bearer(&self.user().token)
    }

    /// A top-up on whose page the buyer chose a way to pay.
    async fn chosen(&self) -> String {
        let order = self.top_up(AMOUNT).await.text_at("/session_id");
        self.midtrans.choose(&order, "bank_transfer");
        order
    }

    /// A notification that is taken in and worked on.
    async fn tell(&self, notification: &Value) {
        let answer = self.midtrans.deliver(&self.app.client, notification).await;
        assert_eq!(answer.status, 200, "{}", answer.describe());
        self.app.drain().await;
    }

    async fn notify(&self, order: &str) {
        self.tell(&self.midtrans.notification(order)).await;
    }

    async fn balance(&self) -> i64 {
        let wallet = self.app.client.get("/api/wallet");
        let wallet = wallet.bearer(&self.user().token).expect(200).await;
        wallet.number_at("/credit_balance/amount")
    }

    /// The top-up of a transaction, as the shop sees it.
    async fn see(&self, order: &str) -> Value {
        let list = self.app.client.get("/api/admin/top-ups?limit=100");
        let list = list.bearer(&self.shop.first.key).expect(200).await;
        let all = list.body["data"].as_array().cloned().unwrap_or_default();
        let found = all.into_iter().find(|one| one["session_id"] == order);
        found.expect("a top-up")
    }

    async fn status(&self, order: &str) -> String {
        let status = self.see(order).await["status"].clone();
        status.as_str().expect("a word").to_owned()
    }

    async fn give_back(&self, order: &str, minor: i64) -> Answer {
        self.give_back_as(order, minor).await.expect(200).await
    }

    async fn give_back_as(&self, order: &str, minor: i64) -> testkit::client::Call {
        self.app.advance(Duration::from_secs(1));
        let id = self.see(order).await["id"].clone();
        let path = format!("/api/admin/top-ups/{}/refund", id.as_str().expect("an id"));
        let body = json!({"amount": idr(minor), "reason": "by mistake"});
        let call = self.app.client.post(&path, &body);
        call.bearer(&self.shop.first.key)
    }
}

/// One of each call that the gateway makes.
async fn every_call() -> Vec<Call> {
    let till = Till::open(Sqlite).await;
    let order = till.chosen().await;
    till.midtrans.settle(&order);
    till.notify(&order).await;
    till.give_back(&order, 100).await;
    till.app.drain().await;
    till.chosen().await;
    till.app
        .pass(Duration::from_mins(40), Duration::from_mins(5))
        .await;
    till.midtrans.calls()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_settled_is_credited_once_however_it_is_told(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let made = till.top_up(AMOUNT).await;
    let order = made.text_at("/session_id");
    assert!(
        made.text_at("/url").contains("midtrans.com"),
        "{}",
        made.text
    );
    // Whole rupiah on the wire.
    let page = till.midtrans.page(&order);
    assert_eq!(page["transaction_details"]["gross_amount"], 150_000);
    assert_eq!(page["item_details"][0]["price"], 150_000);
    assert_eq!(page["custom_field1"], json!(till.shop.first.id));
    assert_eq!(page["custom_field2"], made.body["id"]);
    let ways = page["enabled_payments"].as_array().expect("ways");
    for way in ["bca_va", "gopay", "credit_card", "other_qris"] {
        assert!(ways.contains(&json!(way)), "{ways:?}");
    }
    till.midtrans.choose(&order, "bank_transfer");
    let pending = till.midtrans.notification(&order);
    till.tell(&pending).await;
    assert_eq!(
        (till.status(&order).await.as_str(), till.balance().await),
        ("open", 0)
    );
    till.midtrans.settle(&order);
    let settled = till.midtrans.notification(&order);
    // Out of order, and several times.
    for notification in [&settled, &pending, &settled, &pending, &settled] {
        till.tell(notification).await;
        assert_eq!(till.status(&order).await, "succeeded");
        assert_eq!(till.balance().await, AMOUNT);
    }
    till.app
        .pass(Duration::from_mins(40), Duration::from_mins(10))
        .await;
    assert_eq!(till.balance().await, AMOUNT);
    assert_eq!(till.see(&order).await["paid"], idr(AMOUNT));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_notification_of_the_documentation_is_understood(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let mut credited = 0;
    for (name, example) in examples() {
        // As it stands it is signed, and about nothing of ours.
        assert_eq!(signed(example.clone()), example, "{name}");
        till.tell(&example).await;
        // The same of a top-up of ours.
        let order = till.top_up(AMOUNT).await.text_at("/session_id");
        till.midtrans.choose(&order, "bank_transfer");
        let mut fields = example.clone();
        let fields_of = fields.as_object_mut().expect("fields");
        for own in ["order_id", "transaction_id", "signature_key"] {
            fields_of.remove(own);
        }
        till.midtrans.change(&order, &fields);
        till.notify(&order).await;
        let expected = match example["transaction_status"].as_str() {
            Some("settlement" | "capture") => "succeeded",
            Some("pending") => "open",
            _ => "expired",
        };
        assert_eq!(till.status(&order).await, expected, "{name}");
        if expected == "succeeded" {
            credited += AMOUNT;
        }
        assert_eq!(till.balance().await, credited, "{name}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forged_or_of_others_credits_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    let order = till.chosen().await;
    let good = till.midtrans.notification(&order);
    let with = |fields: Value| {
        let mut changed = good.clone();
        for (name, value) in fields.as_object().expect("fields") {
            changed[name] = value.clone();
        }
        changed
    };
    for forged in [
        with(json!({"signature_key": "00"})),
        with(json!({"status_code": "200"})),
        with(json!({"gross_amount": "150000"})),
        with(json!({"gross_amount": "1500000.00"})),
        with(json!({"order_id": "pay_01j9z6m3k4f5g6h7j8k9m0n1p2"})),
        with(json!({"gross_amount": 150_000})),
        json!({}),
    ] {
        let answer = till.midtrans.deliver(&till.app.client, &forged).await;
        assert_eq!(answer.status, 400, "{}", answer.describe());
        assert_eq!(answer.body["code"], "webhook.refused");
    }
    // What the signature does not cover is not believed.
    till.tell(&with(
        json!({"transaction_status": "settlement", "fraud_status": "accept"}),
    ))
    .await;
    till.tell(&with(json!({"transaction_status": "refund"})))
        .await;
    let elsewhere = with(json!({"custom_field1": till.shop.second.id, "x": 1}));
    till.tell(&elsewhere).await;
    assert_eq!(
        (till.status(&order).await.as_str(), till.balance().await),
        ("open", 0)
    );
    // Another merchant's, signed with our key.
    till.tell(&with(json!({"merchant_id": "G999999999"}))).await;
    till.midtrans.settle(&order);
    till.midtrans
        .change(&order, &json!({"merchant_id": "G999999999"}));
    till.app
        .pass(Duration::from_mins(12), Duration::from_mins(1))
        .await;
    assert_eq!(till.balance().await, 0);
    // Another amount, currency: for somebody to look at.
    let other = till.chosen().await;
    till.midtrans.settle(&other);
    till.midtrans
        .change(&other, &json!({"gross_amount": "149999.00"}));
    till.notify(&other).await;
    let seen = till.see(&other).await;
    assert_eq!(seen["attention"], "amount_mismatch");
    assert_eq!(seen["paid"], idr(14_999_900));
    assert_eq!(till.balance().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_status_means_what_midtrans_says(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    let now = async |order: &str, status: &str, code: &str, fraud: &str| {
        let fields =
            json!({"transaction_status": status, "status_code": code, "fraud_status": fraud});
        till.midtrans.change(order, &fields);
        till.notify(order).await;
        till.status(order).await
    };
    // A challenge waits; once it is accepted, it is paid.
    let order = till.chosen().await;
    assert_eq!(
        now(&order, "capture", "201", "challenge").await,
        "processing"
    );
    assert_eq!(till.balance().await, 0);
    till.app
        .pass(Duration::from_mins(50), Duration::from_mins(10))
        .await;
    assert_eq!(till.status(&order).await, "processing");
    assert_eq!(now(&order, "capture", "200", "accept").await, "succeeded");
    assert_eq!(till.balance().await, AMOUNT);
    // Those that come to nothing; money that comes all the same is credited.
    let mut sum = AMOUNT;
    for (status, code, fraud, expected) in [
        ("deny", "202", "deny", "failed"),
        ("cancel", "200", "accept", "failed"),
        ("failure", "202", "accept", "failed"),
        ("expire", "407", "accept", "expired"),
    ] {
        let order = till.chosen().await;
        assert_eq!(now(&order, status, code, fraud).await, expected, "{status}");
        assert_eq!(now(&order, "pending", "201", "accept").await, expected);
        assert_eq!(till.balance().await, sum);
        assert_eq!(
            now(&order, "settlement", "200", "accept").await,
            "succeeded"
        );
        sum += AMOUNT;
        assert_eq!(till.balance().await, sum);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_notifications_and_crashes_lose_no_money(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    // Nobody told us.
    let order = till.chosen().await;
    till.midtrans.settle(&order);
    till.app
        .pass(Duration::from_mins(12), Duration::from_mins(1))
        .await;
    assert_eq!(till.balance().await, AMOUNT);
    // We crashed before we could note the page, and it was paid.
    let order = till.chosen().await;
    let scope = till.app.scope(&till.shop.first.id);
    let forget = "UPDATE top_ups SET session_id = NULL, url = NULL, status = 'created' \
                  WHERE tenant_id = $1 AND status = 'open'";
    let database = &till.app.sutler.database;
    let forgot = database
        .write_one(&scope, "test", (forget, Vec::new()))
        .await;
    assert_eq!(forgot.expect("a write"), 1);
    till.midtrans.settle(&order);
    // Asking for another page is refused, because one is in use.
    till.app
        .pass(Duration::from_mins(3), Duration::from_mins(1))
        .await;
    assert_eq!(till.balance().await, AMOUNT);
    till.notify(&order).await;
    assert_eq!(till.balance().await, 2 * AMOUNT);
    assert_eq!(till.status(&order).await, "succeeded");
    // The same without a notification: it is found when its time is over.
    let order = till.chosen().await;
    let forgot = database
        .write_one(&scope, "test", (forget, Vec::new()))
        .await;
    assert_eq!(forgot.expect("a write"), 1);
    till.midtrans.settle(&order);
    till.app
        .pass(Duration::from_mins(40), Duration::from_mins(2))
        .await;
    assert_eq!(till.balance().await, 3 * AMOUNT);
    // What nobody pays is closed there, too.
    let order = till.chosen().await;
    let untouched = till.top_up(AMOUNT).await.text_at("/session_id");
    till.app
        .pass(Duration::from_mins(40), Duration::from_mins(2))
        .await;
    assert_eq!(till.status(&order).await, "expired");
    assert_eq!(till.status(&untouched).await, "expired");
    assert_eq!(
        till.midtrans.transaction(&order)["transaction_status"],
        "expire"
    );
    assert_eq!(till.balance().await, 3 * AMOUNT);
}
