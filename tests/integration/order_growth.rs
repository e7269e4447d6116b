//! More of what was ordered is not bought at yesterday's price.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Order, Tenant, eur};

async fn price(app: &App, tenant: &Tenant, variant: &str, amount: i64) {
    let path = format!("/api/admin/catalog/variants/{variant}");
    let change = app.client.patch(&path, &json!({"price": eur(amount)}));
    let change = change.bearer(&tenant.key).header("if-match", "*");
    change.expect(200).await;
}

async fn edit(app: &App, order: &Order, lines: &Value) -> Call {
    let seen = app.see(order).await;
    let path = format!("/api/orders/{}", order.id);
    let call = app.client.patch(&path, &json!({"lines": lines}));
    call.header("x-order-token", &order.token)
        .header("if-match", &format!("\"{}\"", seen["version"]))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_does_not_grow_at_an_old_price(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    let variant = &item.variants[0];
    let order = app.order(tenant, &[(variant, 3)]).await;
    let lines = |quantity: i64| json!([{"variant_id": variant, "quantity": quantity}]);
    price(&app, tenant, variant, 25_000).await;
    let more = edit(&app, &order, &lines(30)).await;
    let refused = more.refused(409, "order.price_rose").await;
    assert!(refused.text.contains("250.00 EUR"), "{}", refused.text);
    assert_eq!(refused.text_at("/errors/0/pointer"), "/lines");
    // Fewer keep the price they were ordered at.
    let fewer = edit(&app, &order, &lines(2)).await.expect(200).await;
    assert_eq!(fewer.body["order"]["subtotal"], eur(5000));
    // At the old price or a lower one there may be more.
    price(&app, tenant, variant, 2_500).await;
    let more = edit(&app, &order, &lines(4)).await.expect(200).await;
    assert_eq!(more.body["order"]["subtotal"], eur(10_000));
}
