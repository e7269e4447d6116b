//! What is sold before it is there.

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Item, Listing, Order, Tenant};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{adjust, moves, patch, pile, sql};

/// A lamp of which some are there, and more are sold.
async fn lamp(app: &App, tenant: &Tenant, stock: i64, limit: i64) -> Item {
    let item = app.simple(tenant, "Lamp", stock).await;
    let body = json!({"supply": "backorder", "backorder_limit": limit});
    patch(app, tenant, &item, &body).expect(200).await;
    item
}

/// What the public sees of a thing with one variant, as (word, how many).
async fn shown(app: &App, slug: &str) -> (String, Value, Value) {
    let path = format!("/api/catalog/products/{slug}");
    let seen = app.client.get(&path).expect(200).await;
    let variant = &seen.body["variants"][0];
    (
        variant["availability"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        variant["left"].clone(),
        variant["available_at"].clone(),
    )
}

/// (on hand, reserved, backordered) of a thing with one variant.
async fn numbers(app: &App, tenant: &Tenant, item: &Item) -> (i64, i64, i64) {
    let stock = pile(app, tenant, item).await;
    let number = |field: &str| stock[field].as_i64().unwrap_or_default();
    (number("on_hand"), number("reserved"), number("backordered"))
}

fn waits(order: &Value) -> i64 {
    order["lines"][0]["backordered"]
        .as_i64()
        .unwrap_or_default()
}

async fn ship(app: &App, tenant: &Tenant, order: &Order, quantity: i64) -> testkit::Answer {
    let line = order.answer["order"]["lines"][0]["id"].clone();
    let body = json!({"lines": [{"line_id": line, "quantity": quantity}]});
    let path = format!("/api/admin/orders/{}/shipments", order.id);
    app.client
        .post(&path, &body)
        .bearer(&tenant.key)
        .send()
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backorder_waits_for_the_goods(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = lamp(&app, tenant, 2, 4).await;
    assert_eq!(
        shown(&app, "lamp").await,
        ("in_stock".into(), json!(6), Value::Null)
    );

    // The cart says what of it is not there.
    let cart = app.cart(tenant.host, &[(&item.variants[0], 5)]).await;
    let call = app.client.get(&format!("/api/carts/{}", cart.id));
    let seen = call.header("x-cart-token", &cart.token).expect(200).await;
    let line = &seen.body["lines"][0];
    assert_eq!(
        (&line["backordered"], &line["notices"]),
        (&json!(3), &json!([]))
    );
    let placed = app.checkout(tenant.host, &cart).expect(201).await;
    let order = testkit::shop::placed(&placed);
    assert_eq!(waits(&placed.body["order"]), 3);
    assert_eq!(numbers(&app, tenant, &item).await, (2, 5, 3));
    assert_eq!(
        shown(&app, "lamp").await,
        ("backorder".into(), json!(1), Value::Null)
    );
    let cart = app.cart(tenant.host, &[(&item.variants[0], 2)]).await;
    let refused = app.checkout(tenant.host, &cart);
    refused.refused(409, "checkout.out_of_stock").await;

    // Paid: what is there is gone, what is not stays promised.
    app.pay(&order).await;
    assert_eq!(waits(&app.see(&order).await), 3);
    assert_eq!(numbers(&app, tenant, &item).await, (0, 3, 3));

    // What is there goes out, the rest when it came.
    let sent = ship(&app, tenant, &order, 2).await;
    assert_eq!(sent.status, 200, "{}", sent.describe());
    let early = ship(&app, tenant, &order, 1).await;
    assert_eq!(
        (early.status, early.text_at("/code").as_str()),
        (409, "shipment.not_there_yet")
    );
    assert_eq!(waits(&app.see(&order).await), 3);
    adjust(&app, tenant, &item, 2).expect(200).await;
    assert_eq!(numbers(&app, tenant, &item).await, (2, 3, 3));
    let sent = ship(&app, tenant, &order, 2).await;
    assert_eq!(sent.status, 200, "{}", sent.describe());
    assert_eq!(waits(&sent.body), 1);
    assert_eq!(numbers(&app, tenant, &item).await, (0, 1, 1));
    let all = moves(&app, tenant, &item).await;
    assert!(all.contains(&("filled".to_owned(), -2, -2, -2)), "{all:?}");

    // The last one never comes: the money goes back, and nothing into stock.
    let line = order.answer["order"]["lines"][0]["id"].clone();
    let body = json!({"reason": "it never came", "amount": {"amount": 2500, "currency": "EUR"},
        "restock": [{"line_id": line, "quantity": 1}]});
    let path = format!("/api/admin/orders/{}/refund", order.id);
    let call = app.client.post(&path, &body).bearer(&tenant.key);
    let refunded = call.send().await;
    assert!(refunded.status < 300, "{}", refunded.describe());
    assert_eq!(numbers(&app, tenant, &item).await, (0, 0, 0));
    let none = "SELECT count(*) FROM stock_reservations";
    assert_eq!(sql(&app, backend, none).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canceled_backorders_leave_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = lamp(&app, tenant, 2, 9).await;
    let variant = &item.variants[0];
    let cancel = async |order: &Order| {
        let path = format!("/api/admin/orders/{}/cancel", order.id);
        let call = app
            .client
            .post(&path, &json!({"reason": "changed their mind"}));
        call.bearer(&tenant.key).expect(200).await;
    };
    // Before it is paid.
    let order = app.order(tenant, &[(variant, 5)]).await;
    cancel(&order).await;
    assert_eq!(numbers(&app, tenant, &item).await, (2, 0, 0));
    // After.
    let order = app.order(tenant, &[(variant, 5)]).await;
    app.pay(&order).await;
    assert_eq!(numbers(&app, tenant, &item).await, (0, 3, 3));
    cancel(&order).await;
    assert_eq!(numbers(&app, tenant, &item).await, (2, 0, 0));
    // Not paid in time, and paid afterwards all the same.
    let late = app.order(tenant, &[(variant, 5)]).await;
    assert_eq!(numbers(&app, tenant, &item).await, (2, 5, 3));
    app.pass(Duration::from_hours(2), Duration::from_mins(10))
        .await;
    assert_eq!(numbers(&app, tenant, &item).await, (2, 0, 0));
    adjust(&app, tenant, &item, 2).expect(200).await;
    let path = format!("/api/orders/{}/payments", late.id);
    let again = app.client.post(&path, &json!({}));
    let again = again.header("x-order-token", &late.token).send().await;
    assert!(again.status < 300, "{}", again.describe());
    assert_eq!(waits(&app.see(&late).await), 1);
    assert_eq!(numbers(&app, tenant, &item).await, (4, 5, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preorder_ends_with_its_day(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Book", 0).await;
    let day = app.clock.now().plus(Duration::from_hours(48));
    let day = day.to_string();
    let body = json!({"supply": "preorder", "backorder_limit": 2, "available_at": day});
    let seen = patch(&app, tenant, &item, &body).expect(200).await;
    assert_eq!(
        (&seen.body["supply"], &seen.body["available_at"]),
        (&json!("preorder"), &json!(day))
    );
    assert_eq!(
        shown(&app, "book").await,
        ("preorder".into(), json!(2), json!(day))
    );
    let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
    let line = &order.answer["order"]["lines"][0];
    assert_eq!(
        (&line["backordered"], &line["expected_at"]),
        (&json!(1), &json!(day))
    );
    app.pay(&order).await;
    // With its day only what is there is sold.
    app.pass(Duration::from_hours(49), Duration::from_hours(7))
        .await;
    assert_eq!(
        shown(&app, "book").await,
        ("out_of_stock".into(), json!(0), Value::Null)
    );
    let cart = app.cart(tenant.host, &[(&item.variants[0], 1)]).await;
    let refused = app.checkout(tenant.host, &cart);
    refused.refused(409, "checkout.out_of_stock").await;
    adjust(&app, tenant, &item, 3).expect(200).await;
    assert_eq!(
        shown(&app, "book").await,
        ("low_stock".into(), json!(2), Value::Null)
    );
    let sent = ship(&app, tenant, &order, 1).await;
    assert_eq!(sent.status, 200, "{}", sent.describe());
    assert_eq!(numbers(&app, tenant, &item).await, (2, 0, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supply_says_what_belongs_to_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let past = "2020-01-01T00:00:00Z";
    for (body, code, pointer) in [
        (
            json!({"supply": "backorder"}),
            "stock.supply_limit",
            "/backorder_limit",
        ),
        (
            json!({"backorder_limit": 5}),
            "stock.supply_is_stock",
            "/supply",
        ),
        (
            json!({"supply": "preorder", "backorder_limit": 5}),
            "stock.preorder_day",
            "/available_at",
        ),
        (
            json!({"supply": "preorder", "backorder_limit": 5, "available_at": past}),
            "stock.preorder_day",
            "/available_at",
        ),
        (
            json!({"supply": "later"}),
            "request.invalid_body",
            "/supply",
        ),
        (
            json!({"low_stock_threshold": -1}),
            "request.invalid_body",
            "/low_stock_threshold",
        ),
        (json!({"more": 1}), "request.invalid_body", "/more"),
    ] {
        let refused = patch(&app, tenant, &item, &body).refused(422, code).await;
        assert_eq!(refused.text_at("/errors/0/pointer"), pointer);
    }
    let foreign = patch(
        &app,
        &shop.second,
        &item,
        &json!({"low_stock_threshold": 1}),
    );
    foreign.refused(404, "variant.not_found").await;
    let body = json!({"supply": "backorder", "backorder_limit": 5});
    patch(&app, tenant, &item, &body).expect(200).await;
    let back = patch(&app, tenant, &item, &json!({"supply": "stock"}))
        .expect(200)
        .await;
    assert_eq!(back.body["backorder_limit"], 0);
}

/// Sizes that share a pile share its limit, within one order as well; and of
/// many buyers at once as many get one as there are and may be owed.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_for_many_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    const BUYERS: usize = 32;
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let shared = Listing {
        name: "Shirt",
        strategy: "flat",
        price: 2500,
        stock: &[4, 0],
    };
    let item = app.list(tenant, &shared).await;
    let body = json!({"supply": "backorder", "backorder_limit": 6});
    patch(&app, tenant, &item, &body).expect(200).await;
    let mut carts = Vec::new();
    for n in 0..BUYERS {
        let variant = item.variants[n % 2].as_str();
        carts.push(app.cart(tenant.host, &[(variant, 1)]).await);
    }
    let barrier = Arc::new(Barrier::new(BUYERS));
    let mut buyers = JoinSet::new();
    for cart in &carts {
        let (call, barrier) = (app.checkout(tenant.host, cart), barrier.clone());
        buyers.spawn(async move {
            barrier.wait().await;
            call.send().await
        });
    }
    let answers = buyers.join_all().await;
    let bought: Vec<_> = answers.iter().filter(|one| one.status == 201).collect();
    assert_eq!(bought.len(), 10);
    let waiting: i64 = bought.iter().map(|one| waits(&one.body["order"])).sum();
    assert_eq!(waiting, 6);
    assert_eq!(numbers(&app, tenant, &item).await, (4, 10, 6));

    // Shipments race for the three that came: three of the six get theirs.
    let orders: Vec<Order> = bought
        .iter()
        .map(|one| testkit::shop::placed(one))
        .collect();
    for order in &orders {
        app.act(&order.session, "pay").await;
    }
    app.drain().await;
    assert_eq!(numbers(&app, tenant, &item).await, (0, 6, 6));
    adjust(&app, tenant, &item, 3).expect(200).await;
    let mut calls = JoinSet::new();
    for order in orders {
        let (client, key) = (app.client.clone(), tenant.key.clone());
        calls.spawn(async move {
            let path = format!("/api/admin/orders/{}/shipments", order.id);
            client
                .post(&path, &json!({}))
                .bearer(&key)
                .send()
                .await
                .status
        });
    }
    let sent = calls.join_all().await;
    assert_eq!(
        sent.iter().filter(|&&one| one == 200).count(),
        7,
        "{sent:?}"
    );
    assert_eq!(numbers(&app, tenant, &item).await, (0, 3, 3));
}
