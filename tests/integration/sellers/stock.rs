//! Stock, size runs and imports of what sellers sell.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;

use super::own::{Market, PRODUCTS};
use super::{by, person, seller};

/// What runs low of theirs, and of nobody else; thresholds and size runs of
/// their own products.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_watch_their_own_stock(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let market = Market::open(&app).await;
    let (sal, tenant) = (&market.sal, market.tenant());
    let threshold = |variant: &str, who: &str| {
        let path = format!("/api/admin/catalog/variants/{variant}/stock");
        let body = json!({"low_stock_threshold": 20});
        app.client.patch(&path, &body).bearer(who)
    };
    for item in [&market.lamp, &market.other, &market.own] {
        threshold(&item.variants[0], &tenant.key).expect(200).await;
    }
    let low = |who: &str| app.client.get("/api/admin/catalog/low-stock").bearer(who);
    let all = low(&tenant.key).expect(200).await;
    assert_eq!(all.body["data"].as_array().map(Vec::len), Some(3));
    let theirs = low(&sal.token).expect(200).await;
    assert_eq!(theirs.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(theirs.text_at("/data/0/name"), "Lamp");
    threshold(&market.other.variants[0], &sal.token)
        .refused(404, "variant.not_found")
        .await;
    threshold(&market.lamp.variants[0], &sal.token)
        .expect(200)
        .await;
    let matrix = |product: &str| {
        let path = format!("{PRODUCTS}/{product}/variants/matrix");
        let sizes = json!([{"name": "size", "values": ["1", "2"]}]);
        let body = json!({"options": sizes, "price": eur(500), "sku_pattern": "LAMP-{size}"});
        app.client.post(&path, &body).bearer(&sal.token)
    };
    matrix(&market.other.product)
        .refused(404, "product.not_found")
        .await;
    matrix(&market.lamp.product).expect(201).await;
}

/// A file does not bring products of an archived seller back.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_leave_archived_sellers_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let oak = seller(&app, tenant, json!({"name": "Oak"})).await;
    let sal = person(&app, tenant, &oak, "sal@mail.test").await;
    let lamp = app.simple(&by(tenant, &sal), "Lamp", 9).await;
    let product = format!("{PRODUCTS}/{}", lamp.product);
    let known = app.client.get(&product).bearer(&tenant.key);
    let version = known.expect(200).await.header("etag").to_owned();
    let archive = app
        .client
        .post(&format!("{product}/archive"), &Value::Null)
        .bearer(&tenant.key)
        .header("if-match", &version);
    archive.expect(200).await;
    let path = format!("/api/admin/sellers/{oak}/archive");
    let archive = app.client.post(&path, &Value::Null).bearer(&tenant.key);
    archive.header("if-match", "\"1\"").expect(200).await;
    let file = "handle,status\nlamp,active\n";
    let refused = crate::imports::import(&app, tenant, "", file).await;
    assert_eq!(refused.text_at("/state"), "failed");
    assert_eq!(refused.text_at("/errors/0/code"), "seller.archived");
}
