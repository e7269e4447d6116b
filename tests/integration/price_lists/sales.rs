//! Lists in the currency of the shop are sales.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Tenant, eur};

use super::{change, list, product, set, shown, variants};

async fn unit_price(app: &App, of: &Tenant, variant: &str) -> (Value, Value) {
    let cart = app.cart(of.host, &[(variant, 1)]).await;
    let seen = app.client.get(&format!("/api/carts/{}", cart.id));
    let seen = seen.header("x-cart-token", &cart.token).expect(200).await;
    let line = &seen.body["lines"][0];
    (
        line["unit_price"]["amount"].clone(),
        line["compare_at_price"]["amount"].clone(),
    )
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_begins_and_ends_by_itself(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let lamp = product(&app, first, "Lamp", &[2000, 3000]).await;
    let desk = product(&app, first, "Desk", &[2500]).await;
    let sale = json!({
        "name": "Spring", "currency": "EUR",
        "starts_at": "2026-03-01T13:00:00Z", "ends_at": "2026-03-01T15:00:00Z",
    });
    let sale = list(&app, first, sale).await;
    // The desk's would be dearer, and does not count.
    let prices = [
        (desk.variants[0].as_str(), eur(2600)),
        (&lamp.variants[1], eur(1500)),
    ];
    set(&app, first, &sale, &prices).expect(200).await;
    app.drain().await;
    let before = [
        json!(["lamp", 2000, 3000, null]),
        json!(["desk", 2500, 2500, null]),
    ];
    let by_price = "sort=price";
    assert_eq!(shown(&app, by_price).await, before);
    let cart = app.cart(first.host, &[(&lamp.variants[1], 1)]).await;

    app.advance(Duration::from_mins(61));
    app.drain().await;
    let during = [
        json!(["lamp", 1500, 2000, 3000]),
        json!(["desk", 2500, 2500, null]),
    ];
    assert_eq!(shown(&app, by_price).await, during);
    assert_eq!(
        variants(&app, "lamp", "").await,
        [(json!(2000), Value::Null), (json!(1500), json!(3000))]
    );
    assert_eq!(
        unit_price(&app, first, &lamp.variants[1]).await,
        (json!(1500), json!(3000))
    );
    assert_eq!(
        unit_price(&app, first, &desk.variants[0]).await,
        (json!(2500), Value::Null)
    );
    // Filters and search go by what is paid.
    assert_eq!(shown(&app, "price_to=1600").await, during[..1]);
    assert_eq!(shown(&app, "price_from=2600").await, [] as [Value; 0]);
    assert_eq!(shown(&app, "q=lamp&price_to=1600").await, during[..1]);
    let facets = app.client.get("/api/catalog/products?facets=price");
    let facets = facets.expect(200).await;
    assert_eq!(
        facets.body["facets"]["price"]["min"],
        eur(1500),
        "{}",
        facets.text
    );
    // A cart from before is told, and an order has the price of the sale.
    let seen = app.client.get(&format!("/api/carts/{}", cart.id));
    let seen = seen.header("x-cart-token", &cart.token).expect(200).await;
    assert_eq!(seen.body["lines"][0]["notices"][0]["to"], eur(1500));
    let order = app.order(first, &[(&lamp.variants[1], 2)]).await;
    assert_eq!(order.answer["order"]["lines"][0]["unit_price"], eur(1500));
    assert_eq!(order.answer["order"]["total"], eur(3500));
    // What the shop edits is the variant's own price.
    let admin = app.client.get("/api/admin/catalog/products/lamp");
    let admin = admin.bearer(&first.key).expect(200).await;
    assert_eq!(admin.body["variants"][1]["price"], eur(3000));

    app.advance(Duration::from_hours(2));
    app.drain().await;
    assert_eq!(shown(&app, by_price).await, before);
    assert_eq!(shown(&app, "q=lamp&price_to=1600").await, [] as [Value; 0]);
    assert_eq!(
        unit_price(&app, first, &lamp.variants[1]).await,
        (json!(3000), Value::Null)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priority_goes_before_price(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let lamp = product(&app, first, "Lamp", &[3000]).await;
    let variant = lamp.variants[0].as_str();
    let mut lists = Vec::new();
    for (priority, price) in [(0, 1000), (5, 2000), (5, 1900)] {
        let body = json!({"name": "Sale", "currency": "EUR", "priority": priority});
        let id = list(&app, first, body).await;
        set(&app, first, &id, &[(variant, eur(price))])
            .expect(200)
            .await;
        lists.push(id);
    }
    app.drain().await;
    assert_eq!(shown(&app, "").await, [json!(["lamp", 1900, 1900, 3000])]);
    assert_eq!(unit_price(&app, first, variant).await.0, 1900);
    let archived = json!({"status": "archived"});
    change(&app, first, &lists[2], 1, &archived)
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(shown(&app, "").await, [json!(["lamp", 2000, 2000, 3000])]);
    change(&app, first, &lists[0], 1, &json!({"priority": 9}))
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(shown(&app, "").await, [json!(["lamp", 1000, 1000, 3000])]);
    assert_eq!(
        variants(&app, "lamp", "").await,
        [(json!(1000), json!(3000))]
    );
    // The variant's own price falls below it.
    let path = format!("/api/admin/catalog/variants/{variant}");
    let cheap = app
        .client
        .patch(&path, &json!({"price": eur(900)}))
        .bearer(&first.key);
    cheap.header("if-match", "\"1\"").expect(200).await;
    app.drain().await;
    assert_eq!(shown(&app, "").await, [json!(["lamp", 900, 900, null])]);
    assert_eq!(
        unit_price(&app, first, variant).await,
        (json!(900), Value::Null)
    );
}
