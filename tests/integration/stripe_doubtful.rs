//! Money that is not as it should be: another amount, currency, mode or
//! account, or too late.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;
use testkit::stripe::{Paid, Till};

/// Status, state of the money, and what somebody should look at.
fn state(order: &Value) -> (&str, &str, Option<&str>) {
    let text = |name: &str| order[name].as_str();
    (
        text("status").unwrap_or_default(),
        text("payment_status").unwrap_or_default(),
        text("attention"),
    )
}

/// What came is kept and shown to a person; the order is not paid.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_or_currency_is_flagged_and_not_paid(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let (less, other) = (till.order(1).await, till.order(1).await);
    let paid = Paid {
        amount: Some(2999),
        ..Paid::default()
    };
    assert!(till.stripe.pay_as(&less.session, &paid));
    let paid = Paid {
        currency: Some("usd"),
        ..Paid::default()
    };
    assert!(till.stripe.pay_as(&other.session, &paid));
    till.deliver().await;
    let seen = till.see(&less).await;
    assert_eq!(seen["status"], "pending");
    assert_eq!(seen["attention"], "amount_mismatch");
    assert_eq!(seen["captured"], eur(2999));
    let seen = till.see(&other).await;
    assert_eq!(seen["status"], "pending");
    assert_eq!(seen["attention"], "paid_in_other_currency");
    assert_eq!(seen["captured"], eur(0));
    assert_eq!(seen["payments"][0]["status"], "failed");
    assert_eq!(till.app.mails.to("buyer@mail.test").len(), 0);

    // The person gives back what came.
    assert_eq!(till.refund(&less, None).await.status, 200);
    till.app.drain().await;
    let seen = till.see(&less).await;
    assert_eq!(seen["refunds"][0]["status"], "succeeded");
    assert_eq!(till.stripe.refunds()[0]["amount"], 2999);
    assert_eq!(till.stock().await.0, 5);
}

/// Events of the live mode or of another account are not taken in, and a
/// session that turns out to be of the other mode does not pay an order.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_mode_or_account_does_not_pay(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 5, &[("STRIPE_ACCOUNT", "acct_ours")]).await;
    let order = till.order(1).await;
    assert!(till.stripe.pay(&order.session));
    let event = till.stripe.take_events().remove(0);
    let with = |change: Value| {
        let mut event = event.clone();
        if let (Some(event), Value::Object(change)) = (event.as_object_mut(), change) {
            event.extend(change);
        }
        event
    };
    for foreign in [
        with(json!({"id": "evt_live", "livemode": true})),
        with(json!({"id": "evt_account", "account": "acct_other"})),
    ] {
        let answer = till.stripe.deliver(&till.app.client, &foreign).await;
        assert_eq!(answer.status, 200, "{}", answer.describe());
    }
    till.app.drain().await;
    assert_eq!(till.inbox().await, Vec::<Value>::new());
    assert_eq!(till.see(&order).await["status"], "pending");

    till.stripe
        .tamper(&order.session, json!({"livemode": true}));
    let answer = till.stripe.deliver(&till.app.client, &event).await;
    assert_eq!(answer.status, 200, "{}", answer.describe());
    till.app.drain().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["status"], "pending");
    assert_eq!(seen["attention"], "payment_not_verifiable");
    assert_eq!(till.inbox().await[0]["state"], "ignored");

    // An event that names our account is ours.
    till.stripe
        .tamper(&order.session, json!({"livemode": false}));
    let ours = with(json!({"id": "evt_ours", "account": "acct_ours"}));
    till.stripe.deliver(&till.app.client, &ours).await;
    till.app.drain().await;
    assert_eq!(till.see(&order).await["status"], "paid");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_too_late_buys_the_goods_if_they_are_there(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 1).await;
    let order = till.order(1).await;
    till.pass_minutes(40).await;
    assert_eq!(till.stock().await, (1, 0));
    till.stripe.pay_late(&order.session);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("paid", "paid", None));
    assert_eq!(till.stock().await, (0, 0));
    assert_eq!(till.stripe.refunds().len(), 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_comes_too_late_goes_back_when_the_goods_are_gone(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 1).await;
    let late = till.order(1).await;
    till.pass_minutes(40).await;
    let quick = till.order(1).await;
    assert!(till.stripe.pay(&quick.session));
    till.deliver().await;
    assert_eq!(till.stock().await, (0, 0));

    till.stripe.pay_late(&late.session);
    till.deliver().await;
    let seen = till.see(&late).await;
    assert_eq!(
        state(&seen),
        ("canceled", "refunded", Some("paid_after_expiry"))
    );
    assert_eq!(seen["refunds"][0]["status"], "succeeded");
    assert_eq!(seen["refunds"][0]["amount"], eur(3000));
    assert_eq!(till.stripe.refunds().len(), 1);
    assert_eq!(till.see(&quick).await["status"], "paid");
    assert_eq!(till.stock().await, (0, 0));
    // One mail for what was bought, one for the money that goes back.
    assert_eq!(till.app.mails.to("buyer@mail.test").len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_for_a_canceled_or_paid_order_goes_back(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    till.app
        .client
        .post(&format!("/api/orders/{}/cancel", order.id), &json!({}))
        .header("x-order-token", &order.token)
        .expect(200)
        .await;
    assert_eq!(till.stripe.session(&order.session)["status"], "expired");
    till.stripe.pay_late(&order.session);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(
        state(&seen),
        ("canceled", "refunded", Some("paid_after_cancellation"))
    );

    let order = till.order(1).await;
    till.pass_minutes(40).await;
    let second = till.pay_again(&order).await;
    assert!(till.stripe.pay(&second));
    till.stripe.pay_late(&order.session);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(
        state(&seen),
        ("paid", "partially_refunded", Some("paid_twice"))
    );
    assert_eq!(seen["captured"], eur(6000));
    assert_eq!(seen["refunded"], eur(3000));
    assert_eq!(till.stripe.refunds().len(), 2);
    assert_eq!(till.stock().await, (4, 0));
}

/// Nobody throws an order away whose money is there; who cancels it gives the
/// money back.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_with_the_wrong_amount_waits_for_a_person(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    let paid = Paid {
        amount: Some(2999),
        ..Paid::default()
    };
    assert!(till.stripe.pay_as(&order.session, &paid));
    till.deliver().await;
    till.app
        .pass(Duration::from_hours(72), Duration::from_hours(6))
        .await;
    let seen = till.see(&order).await;
    assert_eq!(seen["status"], "pending");
    assert_eq!(seen["captured"], eur(2999));

    // Nor does anybody pay twice.
    let path = format!("/api/orders/{}/payments", order.id);
    let again = till.app.client.post(&path, &json!({}));
    again
        .header("x-order-token", &order.token)
        .refused(409, "order.money_held")
        .await;

    let cancel = |path: String| till.app.client.post(&path, &json!({"reason": "a mistake"}));
    cancel(format!("/api/orders/{}/cancel", order.id))
        .header("x-order-token", &order.token)
        .refused(409, "order.already_paid")
        .await;
    cancel(format!("/api/admin/orders/{}/cancel", order.id))
        .bearer(&till.tenant().key)
        .expect(200)
        .await;
    till.app.drain().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["status"], "canceled");
    assert_eq!(seen["refunds"][0]["status"], "succeeded");
    assert_eq!(till.stripe.refunds()[0]["amount"], 2999);
    assert_eq!(till.stock().await, (5, 0));
}
