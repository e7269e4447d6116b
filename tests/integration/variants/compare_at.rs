//! What variants cost before.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::{Call, POST};
use testkit::shop::{Tenant, eur};

const ROOT: &str = "/api/admin/catalog";

fn patch(app: &App, of: &Tenant, variant: &str, version: i64, body: &Value) -> Call {
    let path = format!("{ROOT}/variants/{variant}");
    let call = app.client.patch(&path, body).bearer(&of.key);
    call.header("if-match", &format!("\"{version}\""))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compare_at_price_is_above_the_price_and_can_be_taken_away(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let lamp = app.simple(first, "Lamp", 5).await;
    let variant = &lamp.variants[0];
    let change = |version, body: Value| patch(&app, first, variant, version, &body);
    change(1, json!({"price": eur(2000)})).expect(200).await;

    for too_low in [0, 1999, 2000] {
        let refused = change(2, json!({"compare_at_price": eur(too_low)}))
            .refused(422, "variant.compare_at_too_low");
        let refused = refused.await;
        assert_eq!(refused.text_at("/errors/0/pointer"), "/compare_at_price");
    }
    let dollars = json!({"compare_at_price": {"amount": 9000, "currency": "USD"}});
    let refused = change(2, dollars).refused(422, "variant.wrong_currency");
    assert_eq!(
        refused.await.text_at("/errors/0/pointer"),
        "/compare_at_price/currency"
    );
    for out_of_range in [-1, 1_000_000_000_001] {
        change(2, json!({"compare_at_price": eur(out_of_range)}))
            .refused(422, "request.invalid_body")
            .await;
    }
    let set = change(2, json!({"compare_at_price": eur(2500)})).expect(200);
    assert_eq!(set.await.body["compare_at_price"], eur(2500));
    // The price cannot climb over it.
    change(3, json!({"price": eur(2500)}))
        .refused(422, "variant.compare_at_too_low")
        .await;
    let both = json!({"price": eur(2500), "compare_at_price": eur(3000)});
    change(3, both).expect(200).await;
    let cleared = change(4, json!({"compare_at_price": null})).expect(200);
    assert_eq!(cleared.await.body["compare_at_price"], Value::Null);

    let path = format!("{ROOT}/products/{}/variants", lamp.product);
    let make = |sku: &str, compare_at: Value| {
        let body =
            json!({"sku": sku, "size": sku, "price": eur(100), "compare_at_price": compare_at});
        app.client.post(&path, &body).bearer(&first.key)
    };
    make("low", eur(100))
        .refused(422, "variant.compare_at_too_low")
        .await;
    let made = make("high", eur(101)).expect(201).await;
    assert_eq!(made.body["compare_at_price"], eur(101));
    let made = make("none", Value::Null).expect(201).await;
    assert_eq!(made.body["compare_at_price"], Value::Null);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_shown_wherever_the_price_is(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let lamp = app.simple(first, "Lamp", 5).await;
    let variant = lamp.variants[0].as_str();
    patch(&app, first, variant, 1, &json!({"price": eur(2000)}))
        .expect(200)
        .await;
    // Warm, so that the answers below show that caches hear of it.
    app.client.get("/api/catalog/products").expect(200).await;
    let detail = format!("/api/catalog/products/{}", lamp.product);
    let before = app.client.get(&detail).expect(200).await;
    assert_eq!(before.body["variants"][0]["compare_at_price"], Value::Null);
    patch(
        &app,
        first,
        variant,
        2,
        &json!({"compare_at_price": eur(2500)}),
    )
    .expect(200)
    .await;
    app.drain().await;

    let list = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(list.body["data"][0]["price_min"], eur(2000));
    assert_eq!(list.body["data"][0]["compare_at_price"], eur(2500));
    let shown = app.client.get(&detail).expect(200).await;
    assert_eq!(shown.body["variants"][0]["compare_at_price"], eur(2500));
    let admin = app.client.get(&format!("{ROOT}/products?limit=1"));
    let admin = admin.bearer(&first.key).expect(200).await;
    assert_eq!(admin.body["data"][0]["compare_at_price"], eur(2500));
    let cart = app.cart(first.host, &[(variant, 2)]).await;
    let seen = app.client.get(&format!("/api/carts/{}", cart.id));
    let seen = seen.header("x-cart-token", &cart.token).expect(200).await;
    assert_eq!(seen.body["lines"][0]["compare_at_price"], eur(2500));
    assert_eq!(seen.body["lines"][0]["unit_price"], eur(2000));
    assert_eq!(seen.body["totals"]["subtotal"], eur(4000));

    // A list shows what its cheapest variant cost, not the dearest saving.
    let path = format!("{ROOT}/products/{}/variants", lamp.product);
    let dear =
        json!({"sku": "dear", "size": "L", "price": eur(3000), "compare_at_price": eur(9000)});
    app.client
        .post(&path, &dear)
        .bearer(&first.key)
        .expect(201)
        .await;
    app.drain().await;
    let list = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(list.body["data"][0]["compare_at_price"], eur(2500));
    // The other shop sees nothing of it.
    let list = app
        .client
        .get("/api/catalog/products")
        .header("host", "other.test");
    assert_eq!(list.expect(200).await.body["data"], json!([]));
}

async fn import(app: &App, tenant: &Tenant, file: &str) -> Value {
    let begun = app
        .client
        .call(POST, "/api/admin/imports")
        .bearer(&tenant.key)
        .header("content-type", "text/csv")
        .body(file.as_bytes().to_vec())
        .expect(202)
        .await;
    app.drain().await;
    let path = format!("/api/admin/imports/{}", begun.text_at("/id"));
    let seen = app.client.get(&path).bearer(&tenant.key).expect(200);
    seen.await.body
}

async fn variants(app: &App, tenant: &Tenant, slug: &str) -> Vec<Value> {
    let path = format!("{ROOT}/products/{slug}");
    let seen = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let variants = seen.body["variants"].as_array().expect("a list").iter();
    variants
        .map(|variant| variant["compare_at_price"].clone())
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_bring_it_and_have_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let head = "handle,name,status,sku,size,price,compare_at_price\n";
    let file = format!("{head}boot,Boot,active,B-41,41,80,99.50\nboot,,,B-42,42,80,\n");
    let done = import(&app, first, &file).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(
        variants(&app, first, "boot").await,
        [eur(9950), Value::Null]
    );

    // What a row leaves empty stays, so it can be too low for a new price.
    let dearer = format!("{head}boot,,,B-41,,100,\n");
    let failed = import(&app, first, &dearer).await;
    assert_eq!(failed["state"], "failed", "{failed}");
    let mistake = &failed["errors"][0];
    assert_eq!(mistake["code"], "variant.compare_at_too_low");
    assert_eq!(mistake["line"], 2);
    assert_eq!(mistake["column"], "compare_at_price");
    for wrong in ["80,79", "80,80", "80,x"] {
        let file = format!("{head}new,New,,N-1,,{wrong}\n");
        let failed = import(&app, first, &file).await;
        assert_eq!(failed["state"], "failed", "{wrong}: {failed}");
        assert_eq!(failed["errors"][0]["column"], "compare_at_price");
    }
    let removed = format!("{head}boot,,,B-41,,100,0\nboot,,,B-42,,,81\n");
    let done = import(&app, first, &removed).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(
        variants(&app, first, "boot").await,
        [Value::Null, eur(8100)]
    );

    let exported = app.client.get("/api/admin/exports/products");
    let exported = exported.bearer(&first.key).expect(200).await.text;
    assert!(exported.contains(",81.00,EUR,"), "{exported}");
    let again = import(&app, first, &exported).await;
    assert_eq!(again["state"], "done", "{again}");
    assert_eq!(
        variants(&app, first, "boot").await,
        [Value::Null, eur(8100)]
    );

    // Shopify lets it be no saving; such a one is left out.
    let shopify = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Compare At Price\n\
         tee,Tee,Size,M,T-M,19.00,25.00\n\
         tee,,,L,T-L,19.00,19.00\n";
    let done = import(&app, first, shopify).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(variants(&app, first, "tee").await, [eur(2500), Value::Null]);
    let notes = done["notes"].to_string();
    let note = "with a compare-at price that is not above their price: 1 variant;";
    assert!(notes.contains(note), "{notes}");
}
