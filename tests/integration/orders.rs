//! Orders after they were placed: seen, listed, canceled, shipped, retried,
//! swept.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Order, Tenant};
use testkit::{Answer, App};

const HOST: &str = "127.0.0.1";

fn buyer(app: &App, order: &Order, action: &str) -> Call {
    let path = format!("/api/orders/{}{action}", order.id);
    let call = app.client.post(&path, &Value::Null);
    call.header("x-order-token", &order.token)
}

fn admin(app: &App, tenant: &Tenant, order: &Order, action: &str, body: &Value) -> Call {
    let path = format!("/api/admin/orders/{}{action}", order.id);
    app.client.post(&path, body).bearer(&tenant.key)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guests_order_is_seen_with_its_token_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 9).await;
    let order = app.order(&shop.first, &[(&item.variants[0], 1)]).await;
    let other = app.order(&shop.first, &[(&item.variants[0], 1)]).await;
    let path = format!("/api/orders/{}", order.id);
    let get = || app.client.get(&path);
    let seen = get()
        .header("x-order-token", &order.token)
        .expect(200)
        .await;
    assert_eq!(seen.header("cache-control"), "private, no-store");
    for call in [
        get(),
        get().header("x-order-token", &other.token),
        get().bearer(&shop.first.user.token),
        get().bearer(&shop.second.key),
        get()
            .header("host", "other.test")
            .header("x-order-token", &order.token),
        app.client.post(&format!("{path}/cancel"), &Value::Null),
        app.client.post(&format!("{path}/payments"), &Value::Null),
    ] {
        call.refused(404, "order.not_found").await;
    }
    let foreign = app.client.get(&format!("/api/admin/orders/{}", order.id));
    foreign
        .bearer(&shop.second.key)
        .refused(404, "order.not_found")
        .await;
    let own = app.client.get(&format!("/api/admin/orders/{}", order.id));
    assert!(
        own.bearer(&shop.first.key)
            .expect(200)
            .await
            .body
            .get("token")
            .is_none()
    );
}

/// Orders somebody places while signed in.
async fn order_of(app: &App, token: &str, variant: &str) -> Answer {
    let cart = app.client.post("/api/carts", &Value::Null).bearer(token);
    let cart = cart.expect(201).await.text_at("/id");
    let line = json!({"variant_id": variant, "quantity": 1});
    let line = app.client.post(&format!("/api/carts/{cart}/lines"), &line);
    line.bearer(token).expect(200).await;
    let body = json!({"cart_id": cart, "email": "Own@mail.test", "shipping_method": "standard",
        "shipping_address": testkit::shop::address()});
    app.client
        .post("/api/checkout", &body)
        .bearer(token)
        .expect(201)
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_listed_by_pages_and_filters(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 9).await;
    let guest = app.order(tenant, &[(&item.variants[0], 1)]).await;
    let mut own = Vec::new();
    for _ in 0..3 {
        app.advance(Duration::from_millis(10));
        own.push(order_of(&app, &tenant.user.token, &item.variants[0]).await);
    }
    app.pay(&guest).await;
    let mine = |query: &str| {
        let call = app.client.get(&format!("/api/orders?{query}"));
        call.bearer(&tenant.user.token)
    };
    let first = mine("limit=2").expect(200).await;
    assert_eq!(first.text_at("/data/0/id"), own[2].text_at("/order/id"));
    assert_eq!(first.text_at("/data/1/id"), own[1].text_at("/order/id"));
    let cursor = first.text_at("/next_cursor");
    let last = mine(&format!("limit=2&cursor={cursor}")).expect(200).await;
    assert_eq!(last.text_at("/data/0/id"), own[0].text_at("/order/id"));
    assert_eq!(
        (
            &last.body["has_more"],
            last.body["data"].as_array().map(Vec::len)
        ),
        (&json!(false), Some(1))
    );
    // A cursor of one list is none for another, nor for the shop's own.
    let other = app
        .client
        .get(&format!("/api/admin/orders?limit=2&cursor={cursor}"));
    other
        .bearer(&tenant.key)
        .refused(400, "request.invalid_cursor")
        .await;
    app.client
        .get("/api/orders")
        .refused(401, "auth.required")
        .await;
    let manager = app.client.get("/api/orders").bearer(&tenant.manager.token);
    assert_eq!(manager.expect(200).await.body["data"], json!([]));

    let number = guest.answer["order"]["number"].as_i64().expect("a number");
    for (query, expected) in [
        (String::new(), 4),
        ("status=paid".to_owned(), 1),
        ("status=pending".to_owned(), 3),
        ("payment_status=paid".to_owned(), 1),
        (format!("number={number}"), 1),
        ("number=9".to_owned(), 0),
        ("email=%20OWN@mail.test".to_owned(), 3),
        ("needs_attention=true".to_owned(), 0),
    ] {
        let all = app.client.get(&format!("/api/admin/orders?{query}"));
        let all = all.bearer(&tenant.key).expect(200).await;
        assert_eq!(
            all.body["data"].as_array().map(Vec::len),
            Some(expected),
            "{query}"
        );
    }
    let others = app.client.get("/api/admin/orders").bearer(&shop.second.key);
    assert_eq!(others.expect(200).await.body["data"], json!([]));
}

/// Numbers count up by one for each tenant, also when many order at once and
/// some are refused.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_numbers_have_no_gaps(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    for tenant in [&shop.first, &shop.second] {
        let item = app.simple(tenant, "Lamp", 8).await;
        let mut carts = Vec::new();
        for _ in 0..12 {
            carts.push(app.cart(tenant.host, &[(&item.variants[0], 1)]).await);
        }
        let calls = carts
            .iter()
            .map(|cart| app.checkout(tenant.host, cart).send());
        let answers = futures::future::join_all(calls).await;
        let mut numbers: Vec<i64> = answers
            .iter()
            .filter(|answer| answer.status == 201)
            .map(|answer| answer.number_at("/order/number"))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1001..=1008).collect::<Vec<_>>());
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_order_is_canceled_and_its_page_closed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    let canceled = buyer(&app, &order, "/cancel").expect(200).await;
    assert_eq!(canceled.body["status"], "canceled");
    assert_eq!(canceled.body["cancel_reason"], "canceled by the buyer");
    assert_eq!(app.stock(tenant, &item, 0).await, (5, 0));
    // Again is no error, and nobody can pay it any more.
    buyer(&app, &order, "/cancel").expect(200).await;
    let path = format!("/api/test-gateway/sessions/{}", order.session);
    let pay = app.client.post(&path, &json!({"outcome": "pay"}));
    pay.refused(410, "test_gateway.session_closed").await;
    app.drain().await;
    assert_eq!(app.see(&order).await["status"], "canceled");
    buyer(&app, &order, "/payments")
        .refused(409, "order.not_payable")
        .await;
    let ship = admin(&app, tenant, &order, "/ship", &Value::Null);
    ship.refused(409, "order.wrong_state").await;
    let refund = admin(&app, tenant, &order, "/refund", &json!({"reason": "x"}));
    refund.refused(409, "refund.not_paid").await;
    assert_eq!(app.stock(tenant, &item, 0).await, (5, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_order_is_canceled_by_the_shop_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    app.pay(&order).await;
    buyer(&app, &order, "/cancel")
        .refused(409, "order.already_paid")
        .await;
    let path = format!("/api/admin/orders/{}/cancel", order.id);
    let manager = app
        .client
        .post(&path, &Value::Null)
        .bearer(&tenant.manager.token);
    manager.refused(403, "auth.forbidden").await;
    let reason = json!({"reason": "broken in the store"});
    let canceled = admin(&app, tenant, &order, "/cancel", &reason)
        .expect(200)
        .await;
    assert_eq!(canceled.body["refunded"]["amount"], 5500);
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(seen["status"], "canceled");
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!(seen["refunds"][0]["status"], "succeeded");
    assert_eq!(app.stock(tenant, &item, 0).await, (5, 0));
    admin(&app, tenant, &order, "/cancel", &reason)
        .refused(409, "order.wrong_state")
        .await;
    assert_eq!(app.stock(tenant, &item, 0).await, (5, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_is_shipped_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    let parcel = json!({"carrier": "DHL", "tracking_number": "42"});
    admin(&app, tenant, &order, "/ship", &parcel)
        .refused(409, "order.wrong_state")
        .await;
    app.pay(&order).await;
    let ships = (0..3).map(|_| admin(&app, tenant, &order, "/ship", &parcel).send());
    let mut ships: Vec<u16> = futures::future::join_all(ships)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    ships.sort_unstable();
    assert_eq!(ships, [200, 409, 409]);
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(
        (&seen["carrier"], &seen["tracking_number"]),
        (&json!("DHL"), &json!("42"))
    );
    // One mail for the payment, one for the parcel.
    assert_eq!(app.mails.to("buyer@mail.test").len(), 2);
    admin(&app, tenant, &order, "/cancel", &Value::Null)
        .refused(409, "order.wrong_state")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_failed_is_tried_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let mut order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    // While a page is open, it is the one that is answered.
    let open = buyer(&app, &order, "/payments").expect(201).await;
    assert_eq!(open.text_at("/order/payments/0/session_id"), order.session);
    // A declined card may be followed by another at once; who lets the page
    // expire has gone.
    for (n, outcome, reserved) in [(1, "decline", 2), (2, "expire", 0)] {
        // Attempts sort by time, and the clock of tests stands still.
        app.advance(Duration::from_secs(1));
        app.act(&order.session, outcome).await;
        app.drain().await;
        let seen = app.see(&order).await;
        let status = if outcome == "decline" {
            "failed"
        } else {
            "expired"
        };
        assert_eq!(seen["payments"][n - 1]["status"], status);
        assert_eq!(
            (&seen["status"], app.stock(tenant, &item, 0).await),
            (&json!("pending"), (5, reserved))
        );
        let again = buyer(&app, &order, "/payments").expect(201).await;
        let session = again.text_at(&format!("/order/payments/{n}/session_id"));
        assert!(again.text_at("/payment_url").contains(&session));
        assert_ne!(session, order.session);
        order.session = session;
        assert_eq!(app.stock(tenant, &item, 0).await, (5, 2));
    }
    app.pay(&order).await;
    assert_eq!(app.see(&order).await["status"], "paid");
    assert_eq!(app.stock(tenant, &item, 0).await, (3, 0));
    buyer(&app, &order, "/payments")
        .refused(409, "order.not_payable")
        .await;
}

/// However many there are, so that what fails cannot keep others from their
/// turn.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sweep_goes_over_all_that_was_left_open(#[values(Sqlite, Postgres)] backend: Backend) {
    const MANY: i64 = 205;
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", MANY).await;
    for _ in 0..MANY {
        app.order(tenant, &[(&item.variants[0], 1)]).await;
    }
    assert_eq!(app.stock(tenant, &item, 0).await, (MANY, MANY));
    app.advance(Duration::from_hours(1));
    app.drain().await;
    assert_eq!(app.stock(tenant, &item, 0).await, (MANY, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_freed_in_time_and_taken_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 2).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    let late = app
        .order(
            tenant,
            &[(&app.simple(tenant, "Desk", 1).await.variants[0], 1)],
        )
        .await;
    // As long as the page is open nothing is freed.
    app.pass(Duration::from_mins(30), Duration::from_mins(5))
        .await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 2));
    app.pass(Duration::from_mins(10), Duration::from_mins(1))
        .await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 0));
    let seen = app.see(&order).await;
    assert_eq!(
        (&seen["status"], &seen["payments"][0]["status"]),
        (&json!("pending"), &json!("expired"))
    );
    // Trying again takes it again, if it is still there.
    let again = buyer(&app, &order, "/payments").expect(201).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 2));
    app.act(&again.text_at("/order/payments/1/session_id"), "expire")
        .await;
    app.pass(Duration::from_mins(40), Duration::from_mins(5))
        .await;
    app.order(tenant, &[(&item.variants[0], 1)]).await;
    buyer(&app, &order, "/payments")
        .refused(409, "checkout.out_of_stock")
        .await;
    // After a day it is over.
    app.pass(Duration::from_hours(24), Duration::from_hours(1))
        .await;
    let seen = app.see(&late).await;
    assert_eq!(
        (&seen["status"], &seen["cancel_reason"]),
        (&json!("canceled"), &json!("not paid in time"))
    );
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 0));
    let cart = app.cart(HOST, &[(&item.variants[0], 2)]).await;
    app.checkout(HOST, &cart).expect(201).await;
}
