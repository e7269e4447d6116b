//! Money that goes back through Midtrans, and trouble there.

use std::time::Duration;

use rstest::rstest;
use serde_json::Value;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{AMOUNT, Till, idr};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_goes_back_in_whole_rupiah_and_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    let order = till.chosen().await;
    till.midtrans.settle(&order);
    till.notify(&order).await;
    // The answer gets lost; asking again is not giving back twice.
    till.midtrans.break_next("POST", "/refund", 503, 1);
    till.give_back(&order, 5_000_000).await;
    till.app
        .pass(Duration::from_mins(12), Duration::from_mins(1))
        .await;
    let refunds = till.midtrans.refunds(&order);
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!(refunds[0]["refund_amount"], "50000.00");
    assert_eq!(till.balance().await, 10_000_000);
    // At the dashboard, told twice.
    till.midtrans.refund_at_dashboard(&order, 30_000);
    let told = till.midtrans.notification(&order);
    till.tell(&told).await;
    till.notify(&order).await;
    assert_eq!(till.balance().await, 7_000_000);
    let seen = till.see(&order).await;
    assert_eq!(
        (&seen["refunded"], &seen["attention"]),
        (&idr(8_000_000), &Value::Null)
    );
    // Refused for good: the credit is there again. It was looked for once.
    till.midtrans.break_next("POST", "/refund", 412, 1);
    let before = till.midtrans.calls().len();
    till.give_back(&order, 1_000_000).await;
    till.app.drain().await;
    let calls = till.midtrans.calls();
    let methods: Vec<&str> = calls[before..]
        .iter()
        .map(|call| call.method.as_str())
        .collect();
    assert_eq!(methods, ["GET", "POST"]);
    assert_eq!(till.balance().await, 7_000_000);
    assert_eq!(till.see(&order).await["attention"], "refund_failed");
    // A part of a rupiah cannot go back, nor come.
    let give = till.give_back_as(&order, 150).await;
    for call in [give, till.top_up_as(150)] {
        let refused = call.refused(422, "top_up.amount_not_taken").await;
        assert!(refused.text.contains("whole rupiah"), "{}", refused.text);
    }
    assert_eq!(till.balance().await, 7_000_000);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_at_midtrans_opens_one_transaction(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend).await;
    for status in [401, 429, 500, 503] {
        till.midtrans.break_next("POST", "/transactions", status, 1);
        let key = format!("key-{status}");
        let away = till.top_up_as(AMOUNT).once(&key).expect(503).await;
        assert_ne!(away.header("retry-after"), "", "{}", away.describe());
        let opened = till.top_up_as(AMOUNT).once(&key).expect(201).await;
        assert_eq!(opened.text_at("/status"), "open");
    }
    assert_eq!(till.midtrans.calls().len(), 8);
    // The status call is away: the notification waits as a job.
    let order = till.chosen().await;
    till.midtrans.settle(&order);
    till.midtrans.break_next("GET", "/status", 500, 1);
    till.notify(&order).await;
    assert_eq!(till.balance().await, 0);
    till.app
        .pass(Duration::from_mins(12), Duration::from_mins(1))
        .await;
    assert_eq!(till.balance().await, AMOUNT);
}
