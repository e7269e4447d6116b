//! Purchases through Stripe, from the cart to the goods.

use std::time::Duration;

use kernel::Clock as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{eur, placed};
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

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_through_stripe(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let now = till.app.clock.now().seconds();
    let order = till.order(2).await;
    assert_eq!(
        order.answer["order"]["payments"][0]["url"],
        json!(format!(
            "https://checkout.stripe.com/c/pay/{}",
            order.session
        ))
    );
    let session = till.stripe.session(&order.session);
    let ours = json!({"sutler_tenant": till.tenant().id, "sutler_order": order.id, "sutler_payment": order.payment});
    assert_eq!(session["metadata"], ours);
    assert_eq!(session["client_reference_id"], json!(order.payment));
    assert_eq!(session["amount_total"], 5500);
    assert_eq!(session["currency"], "eur");
    assert_eq!(session["customer_email"], "buyer@mail.test");
    assert_eq!(session["success_url"], "http://shop.test/checkout/success");
    assert_eq!(session["cancel_url"], "http://shop.test/checkout/canceled");
    assert_eq!(session["expires_at"], json!(now + 31 * 60));
    let data = till.stripe.intent_data(&order.session);
    assert_eq!(data["metadata"], ours);
    let created = &till.stripe.calls()[0];
    assert_eq!(created.key.as_ref(), Some(&order.payment));
    assert_eq!(till.stock().await, (5, 2));

    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("paid", "paid", None));
    assert_eq!(seen["captured"], eur(5500));
    assert_eq!(seen["tax"], eur(0));
    assert_eq!(seen["payments"][0]["status"], "succeeded");
    assert_eq!(seen["payments"][0]["url"], json!(null));
    assert_eq!(till.stock().await, (3, 0));
    assert_eq!(till.app.mails.to("buyer@mail.test").len(), 1);
}

/// All tenants share one endpoint; the events say whose they are.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_find_the_tenant_they_are_for(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let other = &till.shop.second;
    let item = till.app.simple(other, "Hat", 3).await;
    let order = till.app.order(other, &[(&item.variants[0], 1)]).await;
    assert_eq!(till.stripe.session(&order.session)["currency"], "usd");
    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    assert_eq!(till.app.stock(other, &item, 0).await, (2, 0));
    let path = format!("/api/admin/orders/{}", order.id);
    let call = till.app.client.get(&path).bearer(&other.key);
    assert_eq!(call.expect(200).await.body["status"], "paid");
    // Nothing of it is in the default tenant.
    assert_eq!(till.inbox().await, Vec::<Value>::new());

    // Our refund's events name the tenant too.
    till.app
        .client
        .post(&format!("{path}/refund"), &json!({"reason": "returned"}))
        .bearer(&other.key)
        .expect(200)
        .await;
    till.app.drain().await;
    till.deliver().await;
    assert_eq!(till.inbox().await, Vec::<Value>::new());
    let call = till.app.client.get(&path).bearer(&other.key);
    assert_eq!(call.expect(200).await.body["payment_status"], "refunded");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taxes_are_stored_as_stripe_computes_them(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(true, false)] inside: bool,
) {
    let till = Till::with(backend, 5, &[("STRIPE_AUTOMATIC_TAX", "true")]).await;
    let order = till.order(2).await;
    let session = till.stripe.session(&order.session);
    assert_eq!(session["automatic_tax"]["enabled"], true);
    let (paid, captured) = if inside {
        let paid = Paid {
            tax_inside: 878,
            ..Paid::default()
        };
        (paid, 5500)
    } else {
        let paid = Paid {
            tax: 1045,
            ..Paid::default()
        };
        (paid, 6545)
    };
    assert!(till.stripe.pay_as(&order.session, &paid));
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("paid", "paid", None));
    assert_eq!(seen["total"], eur(5500));
    assert_eq!(seen["tax"], eur(paid.tax + paid.tax_inside));
    assert_eq!(seen["captured"], eur(captured));

    // All that came in can go back, taxes included.
    assert_eq!(till.refund(&order, Some(captured + 1)).await.status, 409);
    assert_eq!(till.refund(&order, None).await.status, 200);
    till.app.drain().await;
    assert_eq!(till.see(&order).await["refunded"], eur(captured));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_takes_days_holds_the_goods(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let (good, bad) = (till.order(2).await, till.order(1).await);
    for order in [&good, &bad] {
        assert!(till.stripe.pay_later(&order.session));
    }
    till.deliver().await;
    assert_eq!(
        state(&till.see(&good).await),
        ("pending", "processing", None)
    );
    till.app
        .pass(Duration::from_hours(50), Duration::from_hours(1))
        .await;
    assert_eq!(till.stock().await, (5, 3));
    till.try_again(&good)
        .refused(409, "order.payment_processing")
        .await;
    let cancel = format!("/api/orders/{}/cancel", good.id);
    till.app
        .client
        .post(&cancel, &json!({}))
        .header("x-order-token", &good.token)
        .refused(409, "order.payment_processing")
        .await;

    till.stripe.bank_says(&good.session, true);
    till.stripe.bank_says(&bad.session, false);
    till.deliver().await;
    assert_eq!(state(&till.see(&good).await), ("paid", "paid", None));
    let failed = till.see(&bad).await;
    assert_eq!(failed["payments"][0]["status"], "failed");
    assert_eq!(
        failed["payments"][0]["failure"],
        "The bank refused the debit."
    );
    assert_eq!(failed["payment_status"], "unpaid");
    assert_eq!(till.stock().await, (3, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_failed_at_the_bank_is_followed_by_another(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(2).await;
    assert!(till.stripe.pay_later(&order.session));
    till.deliver().await;
    till.stripe.bank_says(&order.session, false);
    till.deliver().await;
    assert_eq!(till.stock().await, (5, 0));
    let second = till.pay_again(&order).await;
    assert_ne!(second, order.session);
    assert_eq!(till.stock().await, (5, 2));
    assert!(till.stripe.pay(&second));
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("paid", "paid", None));
    assert_eq!(seen["payments"].as_array().map(Vec::len), Some(2));
    assert_eq!(till.stock().await, (3, 0));
}

/// With the webhook, and without it, when only the sweep can notice.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_session_frees_the_goods_and_can_be_followed_by_another(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(true, false)] webhook: bool,
) {
    let till = Till::open(backend, 5).await;
    let order = till.order(2).await;
    if webhook {
        till.app.advance(Duration::from_mins(31));
        till.deliver().await;
    } else {
        till.pass_minutes(32).await;
    }
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("pending", "unpaid", None));
    assert_eq!(seen["payments"][0]["status"], "expired");
    assert_eq!(till.stock().await, (5, 0));
    let second = till.pay_again(&order).await;
    assert_eq!(till.stock().await, (5, 2));
    assert!(till.stripe.pay(&second));
    till.deliver().await;
    assert_eq!(state(&till.see(&order).await), ("paid", "paid", None));
    assert_eq!(till.stock().await, (3, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_card_leaves_the_page_open(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let order = till.order(1).await;
    assert!(till.stripe.decline(&order.session));
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("pending", "unpaid", None));
    assert_eq!(seen["payments"][0]["status"], "open");
    assert_eq!(seen["payments"][0]["failure"], "Your card was declined.");
    assert_eq!(till.pay_again(&order).await, order.session);
    assert!(till.stripe.pay(&order.session));
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(state(&seen), ("paid", "paid", None));
    assert_eq!(seen["payments"][0]["failure"], json!(null));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_webhook_is_made_up_for_by_the_sweep(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let order = till.order(2).await;
    assert!(till.stripe.pay(&order.session));
    assert_eq!(till.stripe.take_events().len(), 1);
    till.pass_minutes(11).await;
    assert_eq!(state(&till.see(&order).await), ("paid", "paid", None));
    assert_eq!(till.stock().await, (3, 0));
    assert_eq!(till.inbox().await, Vec::<Value>::new());
}

/// A checkout that is sent again with its key is one order and one session.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_checkout_opens_one_session(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::open(backend, 5).await;
    let host = till.tenant().host;
    let lines = [(till.item.variants[0].as_str(), 1)];
    let cart = till.app.cart(host, &lines).await;
    let first = till.app.checkout(host, &cart).once("one").expect(201).await;
    let again = till.app.checkout(host, &cart).once("one").expect(201).await;
    assert_eq!(placed(&first).session, placed(&again).session);
    assert_eq!(till.stripe.sessions().len(), 1);
}
