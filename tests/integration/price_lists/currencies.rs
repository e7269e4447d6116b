//! Lists in another currency: what is shown in it.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;

use super::{change, list, product, set, shown, usd, variants};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_are_shown_in_the_currency(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let lamp = product(&app, first, "Lamp", &[1000, 2000]).await;
    let desk = product(&app, first, "Desk", &[500]).await;
    product(&app, first, "Chair", &[700]).await;
    let currencies = async || {
        let answer = app.client.get("/api/catalog/currencies").expect(200).await;
        answer.body["data"].clone()
    };
    assert_eq!(currencies().await, json!(["EUR"]));
    let unknown = app.client.get("/api/catalog/products?currency=USD");
    unknown.refused(422, "catalog.currency_not_sold").await;

    let dollars = list(&app, first, json!({"name": "Dollars", "currency": "USD"})).await;
    assert_eq!(currencies().await, json!(["EUR", "USD"]));
    assert_eq!(shown(&app, "currency=USD").await, [] as [Value; 0]);
    let body = json!({"prices": [
        {"variant_id": lamp.variants[1], "price": usd(900), "compare_at_price": usd(990)},
        {"variant_id": desk.variants[0], "price": usd(4000)},
    ]});
    let path = format!("{}/{dollars}/prices", super::ROOT);
    let call = app.client.put(&path, &body).bearer(&first.key);
    call.expect(200).await;
    app.drain().await;

    // What has no price in it is left out; order and filters go by it.
    let (lamps, desks) = (
        json!(["lamp", 900, 900, 990]),
        json!(["desk", 4000, 4000, null]),
    );
    assert_eq!(
        shown(&app, "currency=USD&sort=price").await,
        [lamps.clone(), desks.clone()]
    );
    assert_eq!(
        shown(&app, "currency=USD&sort=price_desc").await,
        [desks.clone(), lamps.clone()]
    );
    assert_eq!(
        shown(&app, "currency=USD&sort=name").await,
        [desks.clone(), lamps.clone()]
    );
    assert_eq!(shown(&app, "currency=USD&price_to=1000").await, [lamps]);
    assert_eq!(
        shown(&app, "currency=USD&price_from=1000").await,
        std::slice::from_ref(&desks)
    );
    let first_page = "/api/catalog/products?currency=USD&sort=price&limit=1";
    let page = app.client.get(first_page).expect(200).await;
    assert_eq!(page.body["data"][0]["price_min"], usd(900));
    let next = format!(
        "currency=USD&sort=price&limit=1&cursor={}",
        page.text_at("/next_cursor")
    );
    assert_eq!(shown(&app, &next).await, [desks]);
    assert_eq!(
        variants(&app, "lamp", "currency=USD").await,
        [(json!(900), json!(990))]
    );
    assert_eq!(variants(&app, "chair", "currency=USD").await, []);
    let path = "/api/catalog/products/lamp/variants/resolve?currency=USD";
    let only = app.client.get(path).expect(200).await;
    assert_eq!(only.body["variant"]["price"], usd(900));

    // The shop's own prices are as they were, named or not.
    for query in ["", "currency=EUR"] {
        assert_eq!(shown(&app, query).await.len(), 3);
        assert_eq!(
            variants(&app, "lamp", query).await,
            [(json!(1000), Value::Null), (json!(2000), Value::Null)]
        );
    }
    for query in ["q=lamp", "facets=true", "attribute=a:b"] {
        let path = format!("/api/catalog/products?currency=USD&{query}");
        let refused = app
            .client
            .get(&path)
            .refused(422, "catalog.search_currency");
        assert_eq!(refused.await.text_at("/errors/0/pointer"), "/currency");
    }
    for path in ["/api/catalog/products", "/api/catalog/products/lamp"] {
        let wrong = app.client.get(&format!("{path}?currency=US"));
        wrong.refused(400, "request.invalid_query").await;
        let unknown = app.client.get(&format!("{path}?currency=JPY"));
        let refused = unknown.refused(422, "catalog.currency_not_sold").await;
        assert!(refused.text_at("/detail").contains("EUR, USD"));
    }
    let other = app.client.get("/api/catalog/products?currency=EUR");
    let other = other.header("host", "other.test");
    other.refused(422, "catalog.currency_not_sold").await;

    // Archived, it is sold in no more.
    change(&app, first, &dollars, 1, &json!({"status": "archived"}))
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(currencies().await, json!(["EUR"]));
    let gone = app
        .client
        .get("/api/catalog/products?currency=USD&sort=price");
    gone.refused(422, "catalog.currency_not_sold").await;
}

/// Archiving and bringing back variants shows in lists of the currency.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_archived_is_not_shown_in_any_currency(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let lamp = product(&app, first, "Lamp", &[1000, 2000]).await;
    let dollars = list(&app, first, json!({"name": "Dollars", "currency": "USD"})).await;
    let prices = [
        (lamp.variants[0].as_str(), usd(100)),
        (&lamp.variants[1], usd(200)),
    ];
    set(&app, first, &dollars, &prices).expect(200).await;
    let archive = format!("/api/admin/catalog/variants/{}/archive", lamp.variants[0]);
    let archive = app.client.post(&archive, &Value::Null).bearer(&first.key);
    archive.header("if-match", "\"1\"").expect(200).await;
    app.drain().await;
    assert_eq!(
        shown(&app, "currency=USD").await,
        [json!(["lamp", 200, 200, null])]
    );
    assert_eq!(shown(&app, "").await, [json!(["lamp", 2000, 2000, null])]);
    // An import changes the shop's own prices, and leaves the others.
    let import = app.client.call(testkit::client::POST, "/api/admin/imports");
    let import = import.bearer(&first.key).header("content-type", "text/csv");
    let file = "handle,sku,price,compare_at_price\nlamp,lamp-1,25.00,30.00\n";
    import.body(file).expect(202).await;
    app.drain().await;
    assert_eq!(shown(&app, "").await, [json!(["lamp", 2500, 2500, 3000])]);
    assert_eq!(
        shown(&app, "currency=USD").await,
        [json!(["lamp", 200, 200, null])]
    );
    let cart = app.cart(first.host, &[(&lamp.variants[1], 1)]).await;
    let seen = app.client.get(&format!("/api/carts/{}", cart.id));
    let seen = seen.header("x-cart-token", &cart.token).expect(200).await;
    assert_eq!(seen.body["lines"][0]["unit_price"], eur(2500));
}
