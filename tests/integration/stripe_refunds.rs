//! Money that goes back through Stripe, whoever asked for it.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Order, eur};
use testkit::stripe::Till;

async fn paid(backend: Backend) -> (Till, Order) {
    let till = Till::open(backend, 5).await;
    let order = till.order(2).await;
    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    (till, order)
}

/// Each refund's status and amount, oldest first.
fn refunds(order: &Value) -> Vec<(String, i64)> {
    let list = order["refunds"].as_array().expect("a list");
    list.iter()
        .map(|refund| {
            (
                refund["status"].as_str().unwrap_or_default().to_owned(),
                refund["amount"]["amount"].as_i64().unwrap_or_default(),
            )
        })
        .collect()
}

fn said(list: &[(&str, i64)]) -> Vec<(String, i64)> {
    list.iter()
        .map(|(status, amount)| ((*status).to_owned(), *amount))
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_goes_back_than_came_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, order) = paid(backend).await;
    assert_eq!(till.refund(&order, Some(1500)).await.status, 200);
    let refused = till.refund(&order, Some(4001)).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.body["code"], "refund.too_large");
    till.app.drain().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["payment_status"], "partially_refunded");
    assert_eq!(seen["refunded"], eur(1500));
    // The rest.
    assert_eq!(till.refund(&order, None).await.status, 200);
    assert_eq!(till.refund(&order, Some(1)).await.status, 409);
    till.app.drain().await;
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!(
        refunds(&seen),
        said(&[("succeeded", 1500), ("succeeded", 4000)])
    );
    assert_eq!(seen["attention"], json!(null));
    let made = till.stripe.refunds();
    assert_eq!(made.len(), 2);
    for refund in &made {
        assert_eq!(refund["metadata"]["sutler_payment"], json!(order.payment));
        assert_eq!(refund["metadata"]["sutler_tenant"], json!(till.tenant().id));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_made_at_the_dashboard_is_taken_over(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let (till, order) = paid(backend).await;
    till.stripe.refund_at_dashboard(&order.session, 1500);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["payment_status"], "partially_refunded");
    assert_eq!(refunds(&seen), said(&[("succeeded", 1500)]));
    assert_eq!(seen["refunds"][0]["reason"], "made at the gateway");
    // What is left is known here too.
    assert_eq!(till.refund(&order, Some(4001)).await.status, 409);
    assert_eq!(till.refund(&order, Some(3000)).await.status, 200);
    till.app.drain().await;
    till.app.advance(Duration::from_secs(1));
    till.stripe.refund_at_dashboard(&order.session, 1000);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!(seen["status"], "paid");
    assert_eq!(seen["attention"], json!(null));
    assert_eq!(
        refunds(&seen),
        said(&[
            ("succeeded", 1500),
            ("succeeded", 3000),
            ("succeeded", 1000)
        ])
    );
}

/// The news that money went back comes before the news that it came.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_is_heard_of_before_its_payment(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(2).await;
    assert!(till.stripe.pay(&order.session));
    till.stripe.refund_at_dashboard(&order.session, 5500);
    let mut events = till.stripe.take_events();
    events.reverse();
    for event in &events {
        till.stripe.deliver(&till.app.client, event).await;
        till.app.drain().await;
    }
    let seen = till.see(&order).await;
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!(seen["attention"], json!(null));
    assert_eq!(refunds(&seen), said(&[("succeeded", 5500)]));
}

/// A bank takes days, and nobody tells: the sweep asks, and asking is not
/// making another refund. Ours and the dashboard's.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_takes_days_ends_as_the_bank_says(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(true, false)] ours: bool,
    #[values(true, false)] taken: bool,
) {
    let (till, order) = paid(backend).await;
    till.stripe.let_refunds_wait(true);
    if ours {
        assert_eq!(till.refund(&order, Some(1500)).await.status, 200);
    } else {
        till.stripe.refund_at_dashboard(&order.session, 1500);
    }
    till.app.drain().await;
    till.deliver().await;
    till.stripe.forget_keys();
    till.pass_minutes(20).await;
    let seen = till.see(&order).await;
    assert_eq!(refunds(&seen), said(&[("pending", 1500)]));
    assert_eq!(seen["payment_status"], "partially_refunded");

    let made = till.stripe.refunds();
    assert_eq!(made.len(), 1);
    till.stripe
        .refund_ends(made[0]["id"].as_str().expect("an id"), taken);
    till.stripe.take_events();
    till.pass_minutes(6).await;
    let seen = till.see(&order).await;
    assert_eq!(till.stripe.refunds().len(), 1);
    if taken {
        assert_eq!(refunds(&seen), said(&[("succeeded", 1500)]));
        assert_eq!(seen["attention"], json!(null));
    } else {
        assert_eq!(refunds(&seen), said(&[("failed", 1500)]));
        assert_eq!(seen["attention"], "refund_failed");
        assert_eq!(seen["payment_status"], "paid");
        assert_eq!(seen["refunded"]["amount"], 0);
    }
}

/// The buyer's bank refuses what Stripe took for done.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_can_fail_after_it_succeeded(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, order) = paid(backend).await;
    assert_eq!(till.refund(&order, None).await.status, 200);
    till.app.drain().await;
    assert_eq!(till.see(&order).await["payment_status"], "refunded");
    let made = till.stripe.refunds();
    till.stripe
        .refund_ends(made[0]["id"].as_str().expect("an id"), false);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(refunds(&seen), said(&[("failed", 5500)]));
    assert_eq!(seen["refunds"][0]["failure"], "declined");
    assert_eq!(seen["attention"], "refund_failed");
    assert_eq!(seen["payment_status"], "paid");
    // And can be repeated.
    assert_eq!(till.refund(&order, None).await.status, 200);
    till.app.drain().await;
    assert_eq!(till.see(&order).await["payment_status"], "refunded");
}
