//! Where things are sent: shipping zones, rates, address books.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Tenant, address, eur};
use testkit::{Answer, App};
use tokio::task::JoinSet;

const HOST: &str = "127.0.0.1";

async fn make(app: &App, tenant: &Tenant, path: &str, body: Value) -> Answer {
    let call = app.client.post(path, &body).bearer(&tenant.key);
    call.expect(201).await
}

async fn send_to(app: &App, cart: &Cart, change: Value) -> Answer {
    let mut to = address();
    for (name, value) in change.as_object().into_iter().flatten() {
        to[name] = value.clone();
    }
    let path = format!("/api/carts/{}", cart.id);
    let call = app.client.patch(&path, &json!({"shipping_address": to}));
    call.header("x-cart-token", &cart.token).expect(200).await
}

/// The codes and prices of the ways a cart can be sent.
async fn options(app: &App, cart: &Cart) -> Vec<(String, i64)> {
    let path = format!("/api/carts/{}/shipping-options", cart.id);
    let call = app.client.get(&path).header("x-cart-token", &cart.token);
    let answer = call.expect(200).await;
    let ways = answer.body["data"].as_array().expect("ways").iter();
    let ways = ways.map(|way| {
        let code = way["code"].as_str().unwrap_or_default().to_owned();
        (code, way["price"]["amount"].as_i64().unwrap_or(-1))
    });
    ways.collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_lists_only_the_methods_that_reach_its_address(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    // 500 g and 25.00 a piece.
    let item = app.simple(tenant, "Lamp", 99).await;
    let zones = "/api/admin/shipping-zones";
    let methods = "/api/admin/shipping-methods";
    let mainland = json!({"name": "Mainland", "areas": [
        {"country": "DE", "except_postal_codes": ["27498", "18565"]}, {"country": "AT"}]});
    let mainland = make(&app, tenant, zones, mainland).await;
    let berlin = json!({"name": "Berlin", "areas": [
        {"country": "DE", "postal_codes": ["10115..14199"]}, {"country": "US", "regions": ["CA"]}]});
    let berlin = make(&app, tenant, zones, berlin).await;
    let table = json!({"kind": "table", "steps": [
        {"up_to_grams": 1000, "below": eur(5000), "amount": eur(490)},
        {"up_to_grams": 1000, "amount": eur(290)},
        {"up_to_grams": 2000, "amount": eur(690)}]});
    let parcel = json!({"code": "parcel", "name": "Parcel", "rates": table, "free_above": eur(7500),
        "zone_ids": [mainland.text_at("/id")], "position": 1});
    let parcel = make(&app, tenant, methods, parcel).await;
    let flat = json!({"kind": "flat", "amount": eur(900)});
    let courier = json!({"code": "courier", "name": "Courier", "rates": flat,
        "zone_ids": [berlin.text_at("/id")], "position": 2});
    make(&app, tenant, methods, courier).await;
    let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    let own = |code: &str, price| (code.to_owned(), price);
    let standard = || own("standard", 500);
    for (to, expected) in [
        (
            json!({"postal_code": "10115"}),
            vec![standard(), own("parcel", 490), own("courier", 900)],
        ),
        (
            json!({"postal_code": "80331"}),
            vec![standard(), own("parcel", 490)],
        ),
        (json!({"postal_code": "27498"}), vec![standard()]),
        (
            json!({"country": "AT", "postal_code": "1010"}),
            vec![standard(), own("parcel", 490)],
        ),
        (
            json!({"country": "US", "region": "ca"}),
            vec![standard(), own("courier", 900)],
        ),
        (json!({"country": "US", "region": "NY"}), vec![standard()]),
    ] {
        send_to(&app, &cart, to.clone()).await;
        let mut found = options(&app, &cart).await;
        found.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(found, expected, "{to}");
    }
    // By weight and price, then free, then too heavy.
    for (pieces, price) in [(2, Some(290)), (3, Some(0)), (4, Some(0)), (5, None)] {
        let cart = app.cart(HOST, &[(&item.variants[0], pieces)]).await;
        let found = options(&app, &cart).await;
        let parcel = found.iter().find(|(code, _)| code == "parcel");
        assert_eq!(parcel.map(|(_, price)| *price), price, "{pieces}");
    }
    // A method that does not reach the address orders nothing.
    let cart = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    let path = format!("/api/carts/{}", cart.id);
    let choose = json!({"shipping_method": "courier"});
    let choose = app
        .client
        .patch(&path, &choose)
        .header("x-cart-token", &cart.token);
    choose.expect(200).await;
    send_to(&app, &cart, json!({"postal_code": "80331"})).await;
    app.checkout(HOST, &cart)
        .refused(422, "checkout.shipping_unavailable")
        .await;
    // Zones are changed and deleted like anything else; a method keeps them.
    let path = format!("{zones}/{}", berlin.text_at("/id"));
    let wider = json!({"areas": [{"country": "DE"}]});
    let patch = || app.client.patch(&path, &wider).bearer(&tenant.key);
    patch().header("if-match", "\"1\"").expect(200).await;
    patch()
        .header("if-match", "\"1\"")
        .refused(412, "version_mismatch")
        .await;
    assert!(options(&app, &cart).await.contains(&own("courier", 900)));
    let delete = |version: &str| {
        let call = app.client.delete(&path).bearer(&tenant.key);
        call.header("if-match", version)
    };
    delete("\"2\"").refused(409, "shipping_zone.in_use").await;
    let list = app
        .client
        .get(methods)
        .bearer(&tenant.key)
        .expect(200)
        .await;
    let courier = list.body["data"].as_array().expect("methods").iter();
    let courier = courier.filter(|method| method["code"] == "courier");
    let courier = courier.map(|method| method["id"].as_str().unwrap_or_default());
    let courier: String = courier.collect();
    let everywhere = app
        .client
        .patch(&format!("{methods}/{courier}"), &json!({"zone_ids": []}));
    let everywhere = everywhere.bearer(&tenant.key).header("if-match", "\"1\"");
    everywhere.expect(200).await;
    delete("\"2\"").expect(204).await;
    delete("\"2\"")
        .refused(404, "shipping_zone.not_found")
        .await;
    let parcel = format!("{methods}/{}", parcel.text_at("/id"));
    let gone = json!({"zone_ids": [berlin.text_at("/id")]});
    let gone = app.client.patch(&parcel, &gone).bearer(&tenant.key);
    gone.header("if-match", "\"1\"")
        .refused(422, "shipping_zone.unknown")
        .await;
    let foreign = app.client.get(&path).bearer(&shop.second.key);
    foreign.refused(404, "shipping_zone.not_found").await;
    for areas in [
        json!([{"country": "DE", "postal_codes": ["1..22"]}]),
        json!([{"country": "DE", "regions": [""]}]),
    ] {
        let body = json!({"name": "Bad", "areas": areas});
        let call = app.client.post(zones, &body).bearer(&tenant.key);
        call.refused(422, "shipping_zone.invalid_area").await;
    }
}

fn book(app: &App, token: &str, method: &str, path: &str, body: &Value) -> Call {
    let method = method.parse().expect("a method");
    let path = format!("/api/profile/addresses{path}");
    app.client.call(method, &path).json(body).bearer(token)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_keeps_addresses_and_orders_with_them(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let token = &tenant.user.token;
    let item = app.simple(tenant, "Lamp", 9).await;
    let mut home = address();
    home["line1"] = json!("Home 1");
    let first = json!({"label": "Home", "address": home});
    let first = book(&app, token, "POST", "", &first).expect(201).await;
    assert_eq!(first.body["default_shipping"], true);
    assert_eq!(first.body["default_billing"], true);
    // Addresses sort by time, and the clock of tests stands still.
    app.advance(Duration::from_secs(1));
    let mut work = address();
    work["line1"] = json!("Work 2");
    let second = json!({"address": work, "default_shipping": true});
    let second = book(&app, token, "POST", "", &second).expect(201).await;
    let list = book(&app, token, "GET", "", &Value::Null).expect(200).await;
    let defaults: Vec<(bool, bool)> = list.body["data"]
        .as_array()
        .expect("addresses")
        .iter()
        .map(|one| {
            (
                one["default_shipping"] == true,
                one["default_billing"] == true,
            )
        })
        .collect();
    assert_eq!(defaults, [(false, true), (true, false)]);
    // A new cart begins with the defaults.
    let made = app.client.post("/api/carts", &Value::Null).bearer(token);
    let made = made.expect(201).await;
    assert_eq!(made.body["shipping_address"]["line1"], "Work 2");
    assert_eq!(made.body["billing_address"]["line1"], "Home 1");
    // And takes any other by its id, as it is then.
    let cart = format!("/api/carts/{}", made.text_at("/id"));
    let line = json!({"variant_id": item.variants[0], "quantity": 1});
    let line = app
        .client
        .post(&format!("{cart}/lines"), &line)
        .bearer(token);
    line.expect(200).await;
    let id = first.text_at("/id");
    let change =
        json!({"shipping_address_id": id, "email": "own@mail.test", "shipping_method": "standard"});
    let seen = app
        .client
        .patch(&cart, &change)
        .bearer(token)
        .expect(200)
        .await;
    assert_eq!(seen.body["shipping_address"]["line1"], "Home 1");
    let twice = json!({"shipping_address_id": id, "shipping_address": work});
    let twice = app.client.patch(&cart, &twice).bearer(token);
    twice.refused(422, "address.given_twice").await;
    let path = format!("/{id}");
    let moved = json!({"address": work, "label": null});
    let moved = || book(&app, token, "PATCH", &path, &moved);
    moved()
        .header("if-match", first.header("etag"))
        .expect(200)
        .await;
    moved()
        .header("if-match", first.header("etag"))
        .refused(412, "version_mismatch")
        .await;
    let seen = app.client.get(&cart).bearer(token).expect(200).await;
    assert_eq!(seen.body["shipping_address"]["line1"], "Home 1");
    let body =
        json!({"cart_id": made.text_at("/id"), "shipping_address_id": second.text_at("/id")});
    let order = app.client.post("/api/checkout", &body).bearer(token);
    let order = order.expect(201).await;
    assert_eq!(order.body["order"]["shipping_address"]["line1"], "Work 2");
    // Nobody else's book, and no guest's.
    let guest = app.cart(HOST, &[(&item.variants[0], 1)]).await;
    let theirs = json!({"shipping_address_id": id});
    let theirs = app
        .client
        .patch(&format!("/api/carts/{}", guest.id), &theirs);
    theirs
        .header("x-cart-token", &guest.token)
        .refused(404, "address.not_found")
        .await;
    for other in [&tenant.manager.token, &shop.second.user.token] {
        book(&app, other, "GET", &path, &Value::Null)
            .refused(404, "address.not_found")
            .await;
        book(&app, other, "DELETE", &path, &Value::Null)
            .refused(404, "address.not_found")
            .await;
    }
    book(&app, token, "DELETE", &path, &Value::Null)
        .expect(204)
        .await;
    book(&app, token, "DELETE", &path, &Value::Null)
        .refused(404, "address.not_found")
        .await;
}

/// However many are saved at once, a book has 50 addresses and one default.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_never_has_more_addresses_than_it_may(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let token = &shop.first.user.token;
    let mut savers = JoinSet::new();
    for _ in 0..60 {
        let body = json!({"address": address(), "default_shipping": true});
        let call = book(&app, token, "POST", "", &body);
        savers.spawn(async move { call.send().await });
    }
    let answers = savers.join_all().await;
    let saved = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(saved, 50);
    let full = answers.iter().filter(|answer| answer.status == 409);
    assert!(
        full.clone().count() == 10
            && full
                .clone()
                .all(|one| one.body["code"] == "address.too_many")
    );
    let list = book(&app, token, "GET", "", &Value::Null).expect(200).await;
    let list = list.body["data"].as_array().expect("addresses").clone();
    assert_eq!(list.len(), 50);
    let defaults = list.iter().filter(|one| one["default_shipping"] == true);
    assert_eq!(defaults.count(), 1);
    let id = list[7]["id"].as_str().unwrap_or_default();
    book(&app, token, "DELETE", &format!("/{id}"), &Value::Null)
        .expect(204)
        .await;
    let body = json!({"address": address()});
    book(&app, token, "POST", "", &body).expect(201).await;
    book(&app, token, "POST", "", &body)
        .refused(409, "address.too_many")
        .await;
}
