//! Orders that are changed before they are paid: never is money held of
//! another amount.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Order, Tenant, address, eur};
use testkit::stripe::Till;
use testkit::{Answer, App};

/// Changes an order, a moment later, so that its new attempt is the last one.
fn edit(app: &App, order: &Order, version: i64, body: &Value) -> Call {
    app.advance(Duration::from_secs(1));
    let call = app.client.patch(&format!("/api/orders/{}", order.id), body);
    call.header("x-order-token", &order.token)
        .header("if-match", &format!("\"{version}\""))
}

fn lines(wanted: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> = wanted
        .iter()
        .map(|(variant, quantity)| json!({"variant_id": variant, "quantity": quantity}))
        .collect();
    json!({"lines": lines})
}

/// The order as it is after a change, and what pays it now.
fn changed(order: &Order, answer: &Answer) -> Order {
    let payments = answer.body["order"]["payments"]
        .as_array()
        .expect("payments");
    let last = payments.last().expect("an attempt");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Order {
        id: order.id.clone(),
        token: order.token.clone(),
        session: text(&last["session_id"]),
        payment: text(&last["id"]),
        answer: answer.body.clone(),
    }
}

async fn version(app: &App, order: &Order) -> i64 {
    app.see(order).await["version"].as_i64().unwrap_or_default()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_changed_and_paid_at_its_new_price(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 10).await;
    let desk = app.simple(tenant, "Desk", 3).await;
    let (lamp_id, desk_id) = (lamp.variants[0].as_str(), desk.variants[0].as_str());
    let order = app.order(tenant, &[(lamp_id, 2)]).await;
    assert_eq!(app.stock(tenant, &lamp, 0).await, (10, 2));
    let before = version(&app, &order).await;
    // What cannot be had changes nothing, and closes no page.
    for (body, status, code) in [
        (
            lines(&[(lamp_id, 1), (lamp_id, 1)]),
            422,
            "order.edit_lines",
        ),
        (
            lines(&[("var_01h455vb4pex5vsknk084sn02q", 1)]),
            422,
            "cart.not_for_sale",
        ),
        (
            json!({"shipping_method": "none"}),
            422,
            "checkout.shipping_unavailable",
        ),
    ] {
        edit(&app, &order, before, &body)
            .refused(status, code)
            .await;
    }
    edit(&app, &order, before + 7, &lines(&[(lamp_id, 1)]))
        .refused(412, "version_mismatch")
        .await;
    assert_eq!(version(&app, &order).await, before);
    // The lamp got dearer since: what was ordered keeps its price.
    let path = format!("/api/admin/catalog/variants/{lamp_id}");
    let dearer = app.client.patch(&path, &json!({"price": eur(9900)}));
    let dearer = dearer.bearer(&tenant.key).header("if-match", "\"1\"");
    dearer.expect(200).await;
    let mut to = address();
    to["city"] = json!("Hamburg");
    let mut body = lines(&[(desk_id, 3), (lamp_id, 1)]);
    body["shipping_address"] = to;
    let answer = edit(&app, &order, before, &body).expect(200).await;
    let seen = &answer.body["order"];
    assert_eq!(seen["total"], eur(4 * 2500 + 500));
    assert_eq!(seen["shipping_address"]["city"], "Hamburg");
    assert_eq!(seen["lines"][1]["unit_price"], eur(2500));
    assert_eq!(app.stock(tenant, &lamp, 0).await, (10, 1));
    assert_eq!(app.stock(tenant, &desk, 0).await, (3, 3));
    let attempts: Vec<(&Value, &Value)> = seen["payments"]
        .as_array()
        .expect("payments")
        .iter()
        .map(|one| (&one["status"], &one["amount"]))
        .collect();
    assert_eq!(
        attempts,
        [
            (&json!("expired"), &eur(5500)),
            (&json!("open"), &eur(10_500))
        ]
    );
    // The page of before takes no money any more.
    let old = format!("/api/test-gateway/sessions/{}", order.session);
    app.client
        .post(&old, &json!({"outcome": "pay"}))
        .refused(410, "test_gateway.session_closed")
        .await;
    let order = changed(&order, &answer);
    app.pay(&order).await;
    let seen = app.see(&order).await;
    assert_eq!(
        (&seen["status"], &seen["captured"], &seen["attention"]),
        (&json!("paid"), &eur(10_500), &Value::Null)
    );
    assert_eq!(app.stock(tenant, &desk, 0).await, (0, 0));
    let now = version(&app, &order).await;
    edit(&app, &order, now, &lines(&[(lamp_id, 1)]))
        .refused(409, "order.not_editable")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_finds_too_little_keeps_the_order(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 3).await;
    let variant = item.variants[0].as_str();
    let order = app.order(tenant, &[(variant, 2)]).await;
    let before = version(&app, &order).await;
    edit(&app, &order, before, &lines(&[(variant, 4)]))
        .refused(409, "checkout.out_of_stock")
        .await;
    let seen = app.see(&order).await;
    assert_eq!(
        (&seen["status"], &seen["total"]),
        (&json!("pending"), &eur(5500))
    );
    assert_eq!(
        (&seen["version"], &seen["payments"][0]["status"]),
        (&json!(before), &json!("open"))
    );
    assert_eq!(app.stock(tenant, &item, 0).await, (3, 2));
    // Strangers and the other shop see no order; the shop's people may change it.
    let body = lines(&[(variant, 1)]);
    let path = format!("/api/orders/{}", order.id);
    let call = || app.client.patch(&path, &body).header("if-match", "\"1\"");
    call().refused(404, "order.not_found").await;
    call()
        .bearer(&shop.second.key)
        .refused(404, "order.not_found")
        .await;
    let now = seen["version"].as_i64().unwrap_or_default();
    let call = app.client.patch(&path, &body).bearer(&tenant.manager.token);
    let call = call.header("if-match", &format!("\"{now}\""));
    assert_eq!(call.expect(200).await.body["order"]["total"], eur(3000));
}

async fn free_from_two(app: &App, tenant: &Tenant) -> String {
    let rule = json!({"effect": {"kind": "percent", "basis_points": 1000}, "minimum_quantity": 2});
    let body =
        json!({"name": "Two or more", "needs_coupon": false, "rule": rule, "total_limit": 5});
    let call = app.client.post("/api/admin/promotions", &body);
    call.bearer(&tenant.key).expect(201).await.text_at("/id")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_follow_the_lines(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 30).await;
    let variant = item.variants[0].as_str();
    let id = free_from_two(&app, tenant).await;
    let used = async || {
        let call = app.client.get(&format!("/api/admin/promotions/{id}"));
        call.bearer(&tenant.key)
            .expect(200)
            .await
            .number_at("/used")
    };
    let order = app.order(tenant, &[(variant, 2)]).await;
    assert_eq!(
        (order.answer["order"]["discount"].clone(), used().await),
        (eur(500), 1)
    );
    let now = version(&app, &order).await;
    let more = edit(&app, &order, now, &lines(&[(variant, 3)]))
        .expect(200)
        .await;
    assert_eq!(
        (more.body["order"]["discount"].clone(), used().await),
        (eur(750), 1)
    );
    let now = version(&app, &order).await;
    let less = edit(&app, &order, now, &lines(&[(variant, 1)]))
        .expect(200)
        .await;
    assert_eq!(
        (less.body["order"]["discount"].clone(), used().await),
        (eur(0), 0)
    );
    assert_eq!(less.body["order"]["total"], eur(3000));
    assert_eq!(less.body["order"]["promotions"], json!([]));
    app.pay(&changed(&order, &less)).await;
    assert_eq!(app.see(&order).await["status"], "paid");
}

/// The buyer pays at the moment at which somebody changes the order: it is
/// either paid as it was, or changed and not paid. Money of another amount is
/// never kept.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_races_the_payment_ends_in_one_of_the_two(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 500).await;
    let variant = item.variants[0].as_str();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..20 {
        let order = app.order(tenant, &[(variant, 2)]).await;
        let now = version(&app, &order).await;
        let pay = app
            .client
            .post(
                &format!("/api/test-gateway/sessions/{}", order.session),
                &json!({"outcome": "pay"}),
            )
            .send();
        let body = lines(&[(variant, 1)]);
        let (paid, edited, _) =
            tokio::join!(pay, edit(&app, &order, now, &body).send(), app.drain());
        app.drain().await;
        let seen = app.see(&order).await;
        let kept = seen["captured"]["amount"].as_i64().unwrap_or(-1)
            - seen["refunded"]["amount"].as_i64().unwrap_or(-1);
        let total = seen["total"]["amount"].as_i64().unwrap_or(-1);
        match seen["status"].as_str() {
            Some("paid") => assert_eq!((kept, total), (5500, 5500), "{seen}"),
            Some("pending") => {
                assert_eq!(
                    (kept, total),
                    (0, 3000),
                    "{} {}",
                    paid.describe(),
                    edited.describe()
                );
            }
            _ => panic!("{seen}"),
        }
        let status = seen["status"].as_str().unwrap_or_default().to_owned();
        *outcomes.entry(status).or_default() += 1;
    }
    assert_eq!(outcomes.values().sum::<usize>(), 20, "{outcomes:?}");
}

/// A page that was closed turns out to be paid after the order was changed:
/// that money goes back, and the order can be paid at its new price.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_for_what_the_order_was_before_goes_back(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend, 9).await;
    let (app, variant) = (&till.app, till.item.variants[0].as_str());
    let order = till.order(2).await;
    let now = version(app, &order).await;
    let answer = edit(app, &order, now, &lines(&[(variant, 1)]))
        .expect(200)
        .await;
    let next = changed(&order, &answer);
    assert_ne!(next.session, order.session);
    assert_eq!(till.stripe.session(&order.session)["status"], "expired");
    assert_eq!(till.stripe.session(&next.session)["amount_total"], 3000);
    till.stripe.pay_late(&order.session);
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["status"], "pending");
    assert_eq!(seen["attention"], "paid_before_edit");
    assert_eq!(
        (&seen["captured"], &seen["refunded"]),
        (&eur(5500), &eur(5500))
    );
    assert!(till.stripe.pay(&next.session));
    till.deliver().await;
    let seen = till.see(&order).await;
    assert_eq!(seen["status"], "paid");
    assert_eq!(
        (&seen["captured"], &seen["refunded"]),
        (&eur(8500), &eur(5500))
    );
    assert_eq!(till.stock().await, (8, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_costs_nothing_any_more_is_paid(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 9).await;
    let variant = item.variants[0].as_str();
    let rates = json!({"kind": "flat", "amount": eur(0)});
    let pickup = json!({"code": "pickup", "name": "Pickup", "rates": rates});
    let pickup = app.client.post("/api/admin/shipping-methods", &pickup);
    pickup.bearer(&tenant.key).expect(201).await;
    let rule = json!({"effect": {"kind": "percent", "basis_points": 10_000, "at_most": eur(2500)}});
    let body = json!({"name": "One for free", "needs_coupon": false, "rule": rule});
    let made = app.client.post("/api/admin/promotions", &body);
    made.bearer(&tenant.key).expect(201).await;
    let order = app.order(tenant, &[(variant, 2)]).await;
    assert_eq!(order.answer["order"]["total"], eur(3000));
    let mut body = lines(&[(variant, 1)]);
    body["shipping_method"] = json!("pickup");
    let now = version(&app, &order).await;
    let answer = edit(&app, &order, now, &body).expect(200).await;
    assert_eq!(answer.body["payment_url"], Value::Null);
    let seen = app.see(&order).await;
    assert_eq!((&seen["status"], &seen["total"]), (&json!("paid"), &eur(0)));
    assert_eq!(app.stock(tenant, &item, 0).await, (8, 0));
}
