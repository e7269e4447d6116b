//! What an order costs: goods, shipping by table, the platform's fee.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Cart, Listing, Tenant, eur, placed};

const HOST: &str = "127.0.0.1";

async fn method(app: &App, tenant: &Tenant, code: &str, rates: Value, zones: Value) {
    let body = json!({"code": code, "name": code, "rates": rates, "zone_ids": zones});
    let call = app.client.post("/api/admin/shipping-methods", &body);
    call.bearer(&tenant.key).expect(201).await;
}

async fn ship_to(app: &App, cart: &Cart, method: &str, country: &str) -> Value {
    let mut address = testkit::shop::address();
    address["country"] = json!(country);
    let body = json!({"shipping_method": method, "shipping_address": address});
    let call = app.client.patch(&format!("/api/carts/{}", cart.id), &body);
    let answer = call.header("x-cart-token", &cart.token).expect(200).await;
    answer.body["totals"]["shipping"]["amount"].clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipping_follows_its_table(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    // 500 g and 25.00 a piece.
    let item = app.simple(tenant, "Lamp", 99).await;
    let weight = json!({"kind": "table", "steps": [
        {"up_to_grams": 1000, "amount": eur(490)}, {"up_to_grams": 2000, "amount": eur(990)}]});
    let zone = json!({"name": "Near", "areas": [{"country": "DE"}, {"country": "AT"}]});
    let zone = app.client.post("/api/admin/shipping-zones", &zone);
    let zone = zone.bearer(&tenant.key).expect(201).await.text_at("/id");
    method(&app, tenant, "parcel", weight, json!([zone])).await;
    let subtotal = json!({"kind": "table", "steps": [
        {"below": eur(5000), "amount": eur(700)}, {"amount": eur(0)}]});
    method(&app, tenant, "insured", subtotal, json!([])).await;
    for (pieces, parcel, insured) in [
        (1, json!(490), 700),
        (2, json!(490), 0),
        (3, json!(990), 0),
        (4, json!(990), 0),
        (5, Value::Null, 0),
    ] {
        let cart = app.cart(HOST, &[(&item.variants[0], pieces)]).await;
        assert_eq!(
            ship_to(&app, &cart, "parcel", "DE").await,
            parcel,
            "{pieces}"
        );
        assert_eq!(
            ship_to(&app, &cart, "insured", "JP").await,
            insured,
            "{pieces}"
        );
        // Too heavy, and too far: not offered, and not ordered.
        let options = app
            .client
            .get(&format!("/api/carts/{}/shipping-options", cart.id));
        let options = options
            .header("x-cart-token", &cart.token)
            .expect(200)
            .await;
        assert!(!options.text.contains("parcel"), "{}", options.describe());
        ship_to(&app, &cart, "parcel", "JP").await;
        app.checkout(HOST, &cart)
            .refused(422, "checkout.shipping_unavailable")
            .await;
    }
    for rates in [
        json!({"kind": "flat", "amount": eur(-1)}),
        json!({"kind": "table", "steps": []}),
        json!({"kind": "table", "steps": [{"up_to_grams": 9, "amount": eur(1)}, {"up_to_grams": 9, "amount": eur(2)}]}),
        json!({"kind": "table", "steps": [{"amount": eur(1)}, {"below": eur(9), "amount": eur(2)}]}),
    ] {
        let body = json!({"code": "bad", "name": "bad", "rates": rates});
        let call = app
            .client
            .post("/api/admin/shipping-methods", &body)
            .bearer(&tenant.key);
        call.refused(422, "shipping_method.invalid_rates").await;
    }
}

async fn settings(app: &App, tenant: &Tenant, body: Value) {
    let read = app
        .client
        .get("/api/admin/settings")
        .bearer(&tenant.key)
        .expect(200)
        .await;
    app.client
        .patch("/api/admin/settings", &body)
        .bearer(&tenant.key)
        .header("if-match", read.header("etag"))
        .expect(200)
        .await;
}

/// 10.01 at 2.5 % is 0.25025: rounded once, half to even.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_fee_is_a_fixed_part_and_a_share(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let listing = Listing {
        name: "Lamp",
        strategy: "per_size",
        price: 1001,
        stock: &[99],
    };
    let item = app.list(tenant, &listing).await;
    for (bearer, fee, total) in [("buyer", 55, 1001 + 500 + 55), ("seller", 0, 1001 + 500)] {
        let platform_fee = json!({"fixed": eur(30), "basis_points": 250, "borne_by": bearer});
        settings(&app, tenant, json!({"platform_fee": platform_fee})).await;
        let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
        let answer = app.checkout(HOST, &cart).expect(201).await;
        assert_eq!(answer.number_at("/order/fee/amount"), fee, "{bearer}");
        assert_eq!(answer.number_at("/order/total/amount"), total, "{bearer}");
        assert_eq!(
            answer.number_at("/order/payments/0/amount/amount"),
            total,
            "{bearer}"
        );
        // What was ordered stays as it was, whatever the shop changes later.
        let order = placed(&answer);
        settings(
            &app,
            tenant,
            json!({"platform_fee": {"fixed": eur(999), "basis_points": 0, "borne_by": "buyer"}}),
        )
        .await;
        app.pay(&order).await;
        let seen = app.see(&order).await;
        assert_eq!(
            (&seen["status"], &seen["captured"]["amount"]),
            (&json!("paid"), &json!(total))
        );
    }
    let other = app.simple(&shop.second, "Lamp", 1).await;
    let order = app.order(&shop.second, &[(&other.variants[0], 1)]).await;
    assert_eq!(
        order.answer["order"]["fee"],
        json!({"amount": 0, "currency": "USD"})
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_says_what_is_missing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let made = app
        .client
        .post("/api/carts", &Value::Null)
        .expect(201)
        .await;
    let cart = Cart {
        id: made.text_at("/id"),
        token: made.text_at("/token"),
    };
    let checkout = |more: Value| {
        let mut body = json!({"cart_id": cart.id});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        app.client
            .post("/api/checkout", &body)
            .header("x-cart-token", &cart.token)
    };
    checkout(json!({}))
        .refused(422, "checkout.cart_empty")
        .await;
    let line = json!({"variant_id": item.variants[0], "quantity": 2});
    let line = app
        .client
        .post(&format!("/api/carts/{}/lines", cart.id), &line);
    line.header("x-cart-token", &cart.token).expect(200).await;
    let email = json!("Buyer@Mail.test");
    let address = testkit::shop::address();
    let full = |total: i64| {
        json!({"email": email, "shipping_address": address, "shipping_method": "standard",
            "expected_total": eur(total)})
    };
    checkout(json!({}))
        .refused(422, "checkout.email_missing")
        .await;
    checkout(json!({"email": email}))
        .refused(422, "checkout.address_missing")
        .await;
    checkout(json!({"email": email, "shipping_address": address}))
        .refused(422, "checkout.shipping_missing")
        .await;
    let mut elsewhere = full(5500);
    elsewhere["success_url"] = json!("https://evil.test/thanks");
    checkout(elsewhere)
        .refused(422, "checkout.return_url")
        .await;
    let mut unknown = full(5500);
    unknown["gateway"] = json!("paypal");
    checkout(unknown)
        .refused(422, "checkout.unknown_gateway")
        .await;
    checkout(full(5000))
        .refused(409, "checkout.cart_changed")
        .await;
    // None of that took anything.
    assert_eq!(app.stock(tenant, &item, 0).await, (5, 0));
    let answer = checkout(full(5500)).expect(201).await;
    assert_eq!(answer.text_at("/order/email"), "buyer@mail.test");
    assert_eq!(answer.number_at("/order/number"), 1001);
    checkout(full(5500)).refused(409, "cart.ordered").await;
}

/// Codes that have the form and are no country's go nowhere.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_country_is_one_that_there_is(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let cart = app.cart(HOST, &[]).await;
    let path = format!("/api/carts/{}", cart.id);
    for (country, status) in [("ZZ", 422), ("QQ", 422), ("de", 422), ("AX", 200)] {
        let mut address = testkit::shop::address();
        address["country"] = json!(country);
        let body = json!({"shipping_address": address});
        let call = app.client.patch(&path, &body);
        let answer = call.header("x-cart-token", &cart.token);
        let answer = answer.expect(status).await;
        if status == 422 {
            let pointer = answer.text_at("/errors/0/pointer");
            assert_eq!(pointer, "/shipping_address/country");
        }
    }
    let body = json!({"name": "Far", "areas": [{"country": "DE"}, {"country": "ZZ"}]});
    let call = app.client.post("/api/admin/shipping-zones", &body);
    call.bearer(&tenant.key)
        .refused(422, "shipping_method.invalid_country")
        .await;
}
