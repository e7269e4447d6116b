//! Buying in another currency: carts, promotions, shipping, fees, orders.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Item, Tenant, eur, placed};

use super::{change, list, product, set, usd};

/// A lamp of 10.00 EUR or 11.00 USD, with a second variant in euros alone, and
/// shipping of 5.00 EUR or 7.00 USD.
async fn sold_in_dollars(app: &App, tenant: &Tenant) -> (Item, String) {
    let lamp = product(app, tenant, "Lamp", &[1000, 2000]).await;
    let method = json!({"code": "dollars", "name": "Standard", "rates": {"kind": "flat", "amount": usd(700)}});
    let make = || app.client.post("/api/admin/shipping-methods", &method);
    // Not before something is sold in dollars.
    make()
        .bearer(&tenant.key)
        .refused(422, "shipping_method.currency_mismatch")
        .await;
    let dollars = list(app, tenant, json!({"name": "Dollars", "currency": "USD"})).await;
    let prices = [(lamp.variants[0].as_str(), usd(1100))];
    set(app, tenant, &dollars, &prices).expect(200).await;
    let made = make().bearer(&tenant.key).expect(201).await;
    assert_eq!(made.text_at("/currency"), "USD");
    (lamp, dollars)
}

async fn cart(app: &App, currency: &str) -> Cart {
    let body = json!({"currency": currency});
    let made = app.client.post("/api/carts", &body).expect(201).await;
    assert_eq!(made.text_at("/currency"), currency);
    Cart {
        id: made.text_at("/id"),
        token: made.text_at("/token"),
    }
}

fn add(app: &App, cart: &Cart, variant: &str, quantity: i64) -> Call {
    let body = json!({"variant_id": variant, "quantity": quantity});
    let path = format!("/api/carts/{}/lines", cart.id);
    let call = app.client.post(&path, &body);
    call.header("x-cart-token", &cart.token)
}

fn see(app: &App, cart: &Cart) -> Call {
    let call = app.client.get(&format!("/api/carts/{}", cart.id));
    call.header("x-cart-token", &cart.token)
}

fn deliver(app: &App, cart: &Cart, method: &str) -> Call {
    let body = json!({
        "email": "buyer@mail.test", "shipping_method": method,
        "shipping_address": testkit::shop::address(),
    });
    let call = app.client.patch(&format!("/api/carts/{}", cart.id), &body);
    call.header("x-cart-token", &cart.token)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_in_the_currency_of_its_cart(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let (lamp, _) = sold_in_dollars(&app, first).await;
    // The fixed part is in euros, and is not asked for in dollars.
    let fee =
        json!({"platform_fee": {"fixed": eur(100), "basis_points": 1000, "borne_by": "buyer"}});
    let read = app.client.get("/api/admin/settings").bearer(&first.key);
    let etag = read.expect(200).await.header("etag").to_owned();
    let settings = app
        .client
        .patch("/api/admin/settings", &fee)
        .bearer(&first.key);
    settings.header("if-match", &etag).expect(200).await;

    let refused = app.client.post("/api/carts", &json!({"currency": "JPY"}));
    refused.refused(422, "catalog.currency_not_sold").await;
    let wrong = app
        .client
        .post("/api/carts", &json!({"currency": "dollars"}));
    wrong.refused(422, "request.invalid_body").await;
    let cart = cart(&app, "USD").await;
    add(&app, &cart, &lamp.variants[0], 2).expect(200).await;
    let missing = add(&app, &cart, &lamp.variants[1], 1).refused(409, "cart.no_price");
    assert!(missing.await.text_at("/detail").contains("USD"));
    // Ways to ship in euros are none for it.
    deliver(&app, &cart, "standard").expect(200).await;
    let path = format!("/api/carts/{}/shipping-options", cart.id);
    let options = app.client.get(&path).header("x-cart-token", &cart.token);
    let options = options.expect(200).await;
    assert_eq!(options.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(options.body["data"][0]["price"], usd(700));
    app.checkout(first.host, &cart)
        .refused(422, "checkout.shipping_unavailable")
        .await;
    let ready = deliver(&app, &cart, "dollars").expect(200).await;
    let totals = &ready.body["totals"];
    assert_eq!(totals["subtotal"], usd(2200));
    assert_eq!(totals["fee"], usd(220));
    assert_eq!(totals["total"], usd(2200 + 220 + 700));

    let answer = app.checkout(first.host, &cart).expect(201).await;
    let order = placed(&answer);
    assert_eq!(order.answer["order"]["lines"][0]["unit_price"], usd(1100));
    app.pay(&order).await;
    let paid = app.see(&order).await;
    assert_eq!(paid["payment_status"], "paid");
    assert_eq!(paid["total"], usd(3120));
    // What the list says later changes nothing of it.
    let path = format!("/api/admin/orders/{}/refund", order.id);
    let back = app
        .client
        .post(&path, &json!({"amount": usd(1000), "reason": "late"}));
    let back = back.bearer(&first.key).once("r").send().await;
    assert!(back.status < 300, "{}", back.describe());
    app.drain().await;
    assert_eq!(app.see(&order).await["refunded"], usd(1000));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_loses_its_price_is_a_problem_of_the_cart(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let (lamp, dollars) = sold_in_dollars(&app, first).await;
    let cart = cart(&app, "USD").await;
    add(&app, &cart, &lamp.variants[0], 1).expect(200).await;
    deliver(&app, &cart, "dollars").expect(200).await;
    change(&app, first, &dollars, 1, &json!({"status": "archived"}))
        .expect(200)
        .await;
    // Seen or changed, it stays a problem and keeps its amounts.
    for call in [
        see(&app, &cart),
        deliver(&app, &cart, "dollars"),
        see(&app, &cart),
    ] {
        let seen = call.expect(200).await;
        assert_eq!(
            seen.body["lines"][0]["notices"],
            json!([{"kind": "no_price"}])
        );
        assert_eq!(seen.body["lines"][0]["unit_price"], usd(1100));
    }
    let refused = app
        .checkout(first.host, &cart)
        .refused(409, "cart.no_price");
    assert!(refused.await.text_at("/detail").contains("Lamp"));
    assert_eq!(app.stock(first, &lamp, 0).await, (5, 0));
    change(&app, first, &dollars, 2, &json!({"status": "active"}))
        .expect(200)
        .await;
    let seen = see(&app, &cart).expect(200).await;
    assert_eq!(seen.body["lines"][0]["notices"], json!([]));
    app.checkout(first.host, &cart).expect(201).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_with_amounts_are_for_their_currency(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let promotion = async |position: i64, rule: Value, code: &str| {
        let body = json!({"name": code, "needs_coupon": true, "rule": rule, "position": position});
        let made = app
            .client
            .post("/api/admin/promotions", &body)
            .bearer(&first.key);
        let made = made.expect(201).await.text_at("/id");
        let path = format!("/api/admin/promotions/{made}/coupons");
        let coupon = app
            .client
            .post(&path, &json!({"code": code}))
            .bearer(&first.key);
        coupon.expect(201).await;
    };
    let fixed =
        |amount: Value| json!({"effect": {"kind": "fixed", "amount": amount}, "combinable": true});
    let body = json!({"name": "x", "needs_coupon": true, "rule": fixed(usd(100))});
    let early = app
        .client
        .post("/api/admin/promotions", &body)
        .bearer(&first.key);
    early.refused(422, "promotion.currency_mismatch").await;
    let (lamp, _) = sold_in_dollars(&app, first).await;
    promotion(0, fixed(eur(300)), "EUROS").await;
    promotion(1, fixed(usd(100)), "DOLLARS").await;
    let share = json!({"effect": {"kind": "percent", "basis_points": 1000}, "combinable": true});
    promotion(3, share.clone(), "TENTH").await;
    let mut capped = share;
    capped["minimum_subtotal"] = eur(1);
    promotion(2, capped, "ABOVE").await;
    promotion(
        4,
        json!({"effect": {"kind": "free_shipping"}, "combinable": true}),
        "FREE",
    )
    .await;

    let cart = cart(&app, "USD").await;
    add(&app, &cart, &lamp.variants[0], 1).expect(200).await;
    deliver(&app, &cart, "dollars").expect(200).await;
    for code in ["EUROS", "DOLLARS", "TENTH", "ABOVE", "FREE"] {
        let path = format!("/api/carts/{}/coupons", cart.id);
        let call = app.client.post(&path, &json!({"code": code}));
        call.header("x-cart-token", &cart.token).expect(200).await;
    }
    let seen = see(&app, &cart).expect(200).await;
    let in_euros = json!({"reason": "currency", "currency": "EUR"});
    let refusals: Vec<&Value> = seen.body["coupons"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|coupon| &coupon["refusal"])
        .collect();
    assert_eq!(
        refusals,
        [
            &in_euros,
            &Value::Null,
            &Value::Null,
            &in_euros,
            &Value::Null
        ]
    );
    // 11.00 less 1.00, less a tenth of the rest; nothing for shipping.
    let totals = &seen.body["totals"];
    assert_eq!(totals["discount"], usd(200));
    assert_eq!(totals["total"], usd(900));
    let order = app.checkout(first.host, &cart).expect(201).await;
    assert_eq!(order.body["order"]["discount"], usd(200));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_has_one_cart_in_one_currency(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, user) = (&shop.first, &shop.first.user);
    let (lamp, _) = sold_in_dollars(&app, first).await;
    let start = |body: Value| app.client.post("/api/carts", &body).bearer(&user.token);
    let own = start(Value::Null).expect(201).await;
    assert_eq!(own.text_at("/currency"), "EUR");
    // Empty, it takes another currency, and again the first one.
    let dollars = start(json!({"currency": "USD"})).expect(201).await;
    assert_eq!(dollars.text_at("/id"), own.text_at("/id"));
    assert_eq!(dollars.text_at("/currency"), "USD");
    assert_eq!(
        start(Value::Null).expect(201).await.text_at("/currency"),
        "USD"
    );
    start(json!({"currency": "EUR"})).expect(201).await;
    let path = format!("/api/carts/{}", own.text_at("/id"));
    let line = json!({"variant_id": lamp.variants[0], "quantity": 1});
    let added = app
        .client
        .post(&format!("{path}/lines"), &line)
        .bearer(&user.token);
    added.expect(200).await;
    start(json!({"currency": "USD"}))
        .refused(409, "cart.other_currency")
        .await;

    // A guest's cart in dollars goes into it in euros, without a false alarm.
    let guest = cart(&app, "USD").await;
    add(&app, &guest, &lamp.variants[0], 2).expect(200).await;
    let merge = |guest: &Cart| {
        let path = format!("/api/carts/{}/merge", guest.id);
        let call = app.client.post(&path, &Value::Null).bearer(&user.token);
        call.header("x-cart-token", &guest.token)
    };
    let merged = merge(&guest).expect(200).await;
    assert_eq!(merged.text_at("/currency"), "EUR");
    assert_eq!(merged.body["totals"]["subtotal"], eur(3000));
    assert_eq!(merged.body["lines"][0]["notices"], json!([]));

    // An empty one takes the guest's currency.
    let lines = format!("{path}/lines/{}", merged.text_at("/lines/0/id"));
    app.client
        .delete(&lines)
        .bearer(&user.token)
        .expect(200)
        .await;
    let guest = cart(&app, "USD").await;
    add(&app, &guest, &lamp.variants[0], 2).expect(200).await;
    let merged = merge(&guest).expect(200).await;
    assert_eq!(merged.body["totals"]["subtotal"], usd(2200));
    let seen = app.client.get(&path).bearer(&user.token).expect(200).await;
    assert_eq!(seen.text_at("/currency"), "USD");
    assert_eq!(seen.body["lines"][0]["notices"], json!([]));
}

/// Changing an order before it is paid, and exchanges, stay in its currency.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_edited_in_its_currency(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let (lamp, dollars) = sold_in_dollars(&app, first).await;
    let cart = cart(&app, "USD").await;
    add(&app, &cart, &lamp.variants[0], 1).expect(200).await;
    deliver(&app, &cart, "dollars").expect(200).await;
    let order = placed(&app.checkout(first.host, &cart).expect(201).await);
    let edit = |lines: Value, version: i64| {
        let call = app.client.patch(
            &format!("/api/orders/{}", order.id),
            &json!({"lines": lines}),
        );
        let call = call.header("x-order-token", &order.token);
        call.header("if-match", &format!("\"{version}\""))
    };
    let both = json!([
        {"variant_id": lamp.variants[0], "quantity": 1},
        {"variant_id": lamp.variants[1], "quantity": 1},
    ]);
    let version = app.see(&order).await["version"]
        .as_i64()
        .expect("a version");
    edit(both.clone(), version)
        .refused(409, "cart.no_price")
        .await;
    set(&app, first, &dollars, &[(&lamp.variants[1], usd(2300))])
        .expect(200)
        .await;
    let version = app.see(&order).await["version"]
        .as_i64()
        .expect("a version");
    edit(both, version).expect(200).await;
    let seen = app.see(&order).await;
    assert_eq!(seen["subtotal"], usd(3400));
    assert_eq!(seen["total"], usd(4100));
}
