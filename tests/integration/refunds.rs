//! Money that goes back: in full, in parts, never more than came in.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Order, Tenant, eur};

fn refund(app: &App, tenant: &Tenant, order: &Order, body: &Value) -> Call {
    let path = format!("/api/admin/orders/{}/refund", order.id);
    app.client.post(&path, body).bearer(&tenant.key)
}

/// Four lamps at 25.00 and 5.00 for shipping, paid: 105.00.
async fn paid(app: &App, tenant: &Tenant) -> (Item, Order) {
    let item = app.simple(tenant, "Lamp", 10).await;
    let order = app.order(tenant, &[(&item.variants[0], 4)]).await;
    app.pay(&order).await;
    (item, order)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_go_back_until_nothing_is_left(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order) = paid(&app, tenant).await;
    let part = |amount: Value| {
        refund(
            &app,
            tenant,
            &order,
            &json!({"amount": amount, "reason": "late"}),
        )
    };
    for reason in ["", " \u{a0} ", "one\ntwo"] {
        let call = refund(&app, tenant, &order, &json!({"reason": reason}));
        call.refused(422, "request.invalid_body").await;
    }
    let path = format!("/api/admin/orders/{}/refund", order.id);
    let manager = app
        .client
        .post(&path, &json!({"reason": "x"}))
        .bearer(&tenant.manager.token);
    manager.refused(403, "auth.forbidden").await;
    for amount in [0, -1] {
        part(eur(amount)).refused(422, "request.invalid_body").await;
    }
    part(eur(10_501)).refused(409, "refund.too_large").await;
    part(json!({"amount": 100, "currency": "USD"}))
        .refused(422, "refund.currency_mismatch")
        .await;
    let first = part(eur(4000)).expect(200).await;
    assert_eq!(first.body["payment_status"], "partially_refunded");
    part(eur(6501)).refused(409, "refund.too_large").await;
    app.drain().await;
    // Without an amount it is all that is left.
    let rest = refund(&app, tenant, &order, &json!({"reason": "all"}))
        .expect(200)
        .await;
    assert_eq!(rest.body["refunded"], eur(10_500));
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(seen["payment_status"], "refunded");
    assert_eq!(seen["payments"][0]["refunded"], eur(10_500));
    let amounts = [&seen["refunds"][0], &seen["refunds"][1]].map(|refund| {
        assert_eq!(refund["status"], "succeeded");
        refund["amount"]["amount"].as_i64().unwrap_or_default()
    });
    assert_eq!(amounts.iter().sum::<i64>(), 10_500);
    part(eur(1)).refused(409, "refund.too_large").await;
    let ship = app.client.post(
        &format!("/api/admin/orders/{}/ship", order.id),
        &Value::Null,
    );
    ship.bearer(&tenant.key)
        .refused(409, "order.refunded")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_at_once_never_exceed_what_came_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order) = paid(&app, tenant).await;
    let body = json!({"amount": eur(4000), "reason": "raced"});
    let calls = (0..8).map(|_| refund(&app, tenant, &order, &body).send());
    let mut statuses: Vec<u16> = futures::future::join_all(calls)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 409, 409, 409, 409, 409, 409]);
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(seen["refunded"], eur(8000));
    assert_eq!(seen["payments"][0]["refunded"], eur(8000));
    assert_eq!(seen["refunds"].as_array().map(Vec::len), Some(2));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_go_back_into_stock_as_far_as_they_were_sold(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (item, order) = paid(&app, tenant).await;
    let line = app.see(&order).await["lines"][0]["id"].clone();
    let back = |amount: i64, quantities: &[i64]| {
        let restock: Vec<Value> = quantities
            .iter()
            .map(|quantity| json!({"line_id": line, "quantity": quantity}))
            .collect();
        refund(
            &app,
            tenant,
            &order,
            &json!({"amount": eur(amount), "reason": "returned", "restock": restock}),
        )
    };
    assert_eq!(app.stock(tenant, &item, 0).await, (6, 0));
    back(2500, &[1]).expect(200).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (7, 0));
    for too_many in [&[4][..], &[2, 2], &[9999]] {
        back(100, too_many)
            .refused(409, "refund.restock_too_large")
            .await;
    }
    back(100, &[0]).refused(422, "request.invalid_body").await;
    // A refused refund puts nothing back.
    back(99_999, &[1]).refused(409, "refund.too_large").await;
    assert_eq!(app.stock(tenant, &item, 0).await, (7, 0));
    assert_eq!(app.see(&order).await["lines"][0]["restocked"], 1);
    let at_once = (0..4).map(|_| back(100, &[2]).send());
    let won = futures::future::join_all(at_once).await;
    assert_eq!(won.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(app.stock(tenant, &item, 0).await, (9, 0));
    // Canceling puts back what was not.
    let cancel = app.client.post(
        &format!("/api/admin/orders/{}/cancel", order.id),
        &Value::Null,
    );
    cancel.bearer(&tenant.key).expect(200).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (10, 0));
}

/// An order whose money went back before still has its goods put back when it
/// is canceled; so has one that cost nothing.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canceling_puts_goods_back_when_no_money_is_left(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let cancel = |order: &str| {
        let call = app
            .client
            .post(&format!("/api/admin/orders/{order}/cancel"), &Value::Null);
        call.bearer(&tenant.key).expect(200)
    };
    let (item, order) = paid(&app, tenant).await;
    refund(&app, tenant, &order, &json!({"reason": "all"}))
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(app.stock(tenant, &item, 0).await, (6, 0));
    assert_eq!(cancel(&order.id).await.body["status"], "canceled");
    assert_eq!(app.stock(tenant, &item, 0).await, (10, 0));

    let pickup =
        json!({"code": "pickup", "name": "Pick up", "rates": {"kind": "flat", "amount": eur(0)}});
    let pickup = app.client.post("/api/admin/shipping-methods", &pickup);
    pickup.bearer(&tenant.key).expect(201).await;
    let gift = testkit::shop::Listing {
        name: "Gift",
        strategy: "per_size",
        price: 0,
        stock: &[3],
    };
    let gift = app.list(tenant, &gift).await;
    let cart = app.cart(tenant.host, &[(&gift.variants[0], 2)]).await;
    let body = json!({"cart_id": cart.id, "shipping_method": "pickup"});
    let free = app
        .client
        .post("/api/checkout", &body)
        .header("x-cart-token", &cart.token);
    let free = free.expect(201).await;
    assert_eq!(free.body["order"]["status"], "paid");
    assert_eq!(app.stock(tenant, &gift, 0).await, (1, 0));
    assert_eq!(
        cancel(&free.text_at("/order/id")).await.body["status"],
        "canceled"
    );
    assert_eq!(app.stock(tenant, &gift, 0).await, (3, 0));
}
