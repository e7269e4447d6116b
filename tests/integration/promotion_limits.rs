//! The limits of promotions: never exceeded, and given back by orders that do
//! not happen.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Cart, address, eur, placed};
use testkit::{Answer, App};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::promotions::{change, coupon, percent, promote, see, use_code, used};

const HOST: &str = "127.0.0.1";

async fn cancel(app: &App, answer: &Answer) {
    let order = placed(answer);
    let path = format!("/api/orders/{}/cancel", order.id);
    let call = app.client.post(&path, &Value::Null);
    call.header("x-order-token", &order.token).expect(200).await;
}

/// As many orders at the same moment.
async fn order_all(app: &App, carts: Vec<Cart>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(carts.len()));
    let mut buyers = JoinSet::new();
    for (n, cart) in carts.into_iter().enumerate() {
        let (client, barrier) = (app.client.clone(), barrier.clone());
        buyers.spawn(async move {
            let email = format!("buyer-{n}@mail.test");
            let body = json!({"cart_id": cart.id, "email": email,
                "shipping_address": address(), "shipping_method": "standard"});
            barrier.wait().await;
            let call = client.post("/api/checkout", &body);
            call.header("x-cart-token", &cart.token).send().await
        });
    }
    buyers.join_all().await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_checkouts_with_a_coupon_for_10_exactly_10_get_it(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 1000).await;
    let rule = percent(1000);
    let id = coupon(&app, tenant, "TEN", rule, json!({"total_limit": 10})).await;
    let mut carts = Vec::new();
    for _ in 0..64 {
        let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
        use_code(&app, &cart, "TEN").expect(200).await;
        carts.push(cart);
    }
    let answers = order_all(&app, carts.clone()).await;
    let (got, refused): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(got.len(), 10);
    for answer in &got {
        assert_eq!(answer.body["order"]["discount"], eur(250));
    }
    for answer in refused {
        let code = answer.body["code"].as_str().unwrap_or_default();
        let known = ["checkout.promotion_used_up", "checkout.cart_changed"];
        assert!(
            answer.status == 409 && known.contains(&code),
            "{}",
            answer.describe()
        );
    }
    assert_eq!(used(&app, tenant, &id).await, 10);
    // What was refused took nothing.
    assert_eq!(app.stock(tenant, &item, 0).await, (1000, 10));
    // Who is too late is told so, and can order without.
    let mut late = None;
    for cart in carts {
        let seen = see(&app, &cart).expect(200).await;
        if seen.body["status"] == "open" {
            assert_eq!(
                seen.body["coupons"][0]["refusal"],
                json!({"reason": "used_up"})
            );
            late = Some((cart, seen.body["totals"]["total"].clone()));
        }
    }
    let (late, total) = late.expect("somebody who was too late");
    let body = json!({"cart_id": late.id, "expected_total": total});
    let call = app.client.post("/api/checkout", &body);
    call.header("x-cart-token", &late.token).expect(201).await;
    // A canceled order gives its use back, and one that nobody paid as well.
    cancel(&app, got[0]).await;
    assert_eq!(used(&app, tenant, &id).await, 9);
    let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    use_code(&app, &cart, "TEN").expect(200).await;
    app.checkout(HOST, &cart).expect(201).await;
    assert_eq!(used(&app, tenant, &id).await, 10);
    app.pass(Duration::from_hours(30), Duration::from_hours(6))
        .await;
    assert_eq!(used(&app, tenant, &id).await, 0);
}

/// One of 16 tabs of a customer gets what is there once for each.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_uses_a_promotion_as_often_as_they_may(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 1000).await;
    let once = json!({"customer_limit": 1});
    let id = coupon(&app, tenant, "WELCOME", percent(1000), once).await;
    let barrier = Arc::new(Barrier::new(16));
    let mut tabs = JoinSet::new();
    for _ in 0..16 {
        let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
        use_code(&app, &cart, "WELCOME").expect(200).await;
        let (call, barrier) = (app.checkout(HOST, &cart), barrier.clone());
        tabs.spawn(async move {
            barrier.wait().await;
            call.send().await
        });
    }
    let answers = tabs.join_all().await;
    let got: Vec<&Answer> = answers.iter().filter(|one| one.status == 201).collect();
    assert_eq!(got.len(), 1);
    assert!(
        answers
            .iter()
            .all(|one| one.status == 201 || one.status == 409)
    );
    assert_eq!(used(&app, tenant, &id).await, 1);
    // The same address in other letters is the same customer.
    let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    let patch = json!({"email": "Buyer@Mail.Test"});
    let patch = app.client.patch(&format!("/api/carts/{}", cart.id), &patch);
    patch.header("x-cart-token", &cart.token).expect(200).await;
    let seen = use_code(&app, &cart, "WELCOME").expect(200).await;
    let limit = json!({"reason": "customer_limit"});
    assert_eq!(seen.body["coupons"][0]["refusal"], limit);
    assert_eq!(seen.body["totals"]["discount"], eur(0));
    // An account is one customer, whatever address it gives.
    let token = &tenant.user.token;
    let mut seen = Value::Null;
    for email in ["one@mail.test", "two@mail.test"] {
        let made = app.client.post("/api/carts", &Value::Null).bearer(token);
        let own = made.expect(201).await.text_at("/id");
        let line = json!({"variant_id": item.variants[0], "quantity": 1});
        let line = app.client.post(&format!("/api/carts/{own}/lines"), &line);
        line.bearer(token).expect(200).await;
        let code = json!({"code": "WELCOME"});
        let code = app.client.post(&format!("/api/carts/{own}/coupons"), &code);
        seen = code.bearer(token).expect(200).await.body["coupons"][0]["refusal"].clone();
        let body = json!({"cart_id": own, "email": email,
            "shipping_address": address(), "shipping_method": "standard"});
        let order = app.client.post("/api/checkout", &body).bearer(token);
        order.expect(201).await;
    }
    assert_eq!(seen, limit);
    // Canceled is not used.
    cancel(&app, got[0]).await;
    let seen = see(&app, &cart).expect(200).await;
    assert_eq!(seen.body["totals"]["discount"], eur(250));
}

/// A promotion without a code that is used up is not shown as if it applied.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_up_is_not_promised(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 99).await;
    let body = json!({"name": "First buyer", "needs_coupon": false, "rule": percent(2000), "total_limit": 1});
    let id = promote(&app, tenant, body).await;
    let (one, two) = (
        app.cart(HOST, &[(&item.variants[0], 1)]).await,
        app.cart(HOST, &[(&item.variants[0], 1)]).await,
    );
    let got = app.checkout(HOST, &one).expect(201).await;
    assert_eq!(got.body["order"]["discount"], eur(500));
    app.checkout(HOST, &two)
        .refused(409, "checkout.cart_changed")
        .await;
    let seen = see(&app, &two).expect(200).await;
    assert_eq!(seen.body["totals"]["discount"], eur(0));
    assert_eq!(seen.body["promotions"], json!([]));
    cancel(&app, &got).await;
    let seen = see(&app, &two).expect(200).await;
    assert_eq!(seen.body["totals"]["discount"], eur(500));
    app.checkout(HOST, &two).expect(201).await;
    // The limit cannot be less than what is used.
    let none = change(&app, tenant, &id, json!({"total_limit": null})).await;
    assert_eq!(none.status, 200);
    let three = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    app.checkout(HOST, &three).expect(201).await;
    let less = change(&app, tenant, &id, json!({"total_limit": 1})).await;
    assert_eq!(
        (less.status, &less.body["code"]),
        (409, &json!("promotion.limit_below_used"))
    );
    let end = change(&app, tenant, &id, json!({"status": "archived"})).await;
    assert_eq!(end.status, 200);
    let four = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    let answer = app.checkout(HOST, &four).expect(201).await;
    assert_eq!(answer.body["order"]["discount"], eur(0));
}
