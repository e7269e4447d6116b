//! What rules of promotions and rates of shipping methods are refused for, and
//! that the answer points at it.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Tenant, eur};

use crate::promotions::{percent, promote};

async fn refused(app: &App, tenant: &Tenant, path: &str, body: Value, code: &str) -> Value {
    let call = app.client.post(path, &body).bearer(&tenant.key);
    let answer = call.refused(422, code).await;
    answer.body["errors"][0]["pointer"].clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_names_products_that_exist(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 5).await;
    let foreign = app.simple(&shop.second, "Lamp", 5).await;
    let promotions = "/api/admin/promotions";
    let body = |rule: Value| json!({"name": "Sale", "needs_coupon": false, "rule": rule});
    let mut rule = percent(1000);
    for unknown in [foreign.product.as_str(), "prod_01j9z6m3k4f5g6h7j8k9m0n1p2"] {
        rule["products"] = json!([lamp.product, unknown]);
        let pointer = refused(
            &app,
            tenant,
            promotions,
            body(rule.clone()),
            "promotion.unknown_product",
        );
        assert_eq!(pointer.await, "/rule/products/1");
    }
    let get = json!({"effect": {"kind": "buy_x_get_y", "buy": 1, "get": 1, "basis_points": 10000,
        "get_products": [foreign.product]}, "products": [lamp.product]});
    let pointer = refused(
        &app,
        tenant,
        promotions,
        body(get),
        "promotion.unknown_product",
    );
    assert_eq!(pointer.await, "/rule/effect/get_products/0");

    rule["products"] = json!([lamp.product]);
    let id = promote(&app, tenant, body(rule.clone())).await;
    let path = format!("{promotions}/{id}");
    let change = |body: &Value| {
        let call = app.client.patch(&path, body).bearer(&tenant.key);
        call.header("if-match", "\"1\"")
    };
    rule["products"] = json!([foreign.product]);
    change(&json!({"rule": rule}))
        .refused(422, "promotion.unknown_product")
        .await;
    change(&json!({"name": "Bigger sale"})).expect(200).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_pointed_at(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let promotions = "/api/admin/promotions";
    let body = |rule: Value| json!({"name": "Sale", "needs_coupon": false, "rule": rule});
    let pointer = refused(
        &app,
        tenant,
        promotions,
        body(percent(10_001)),
        "promotion.invalid",
    );
    assert_eq!(pointer.await, "/rule/effect/basis_points");
    let mut times = body(percent(1000));
    times["starts_at"] = json!("2026-05-02T00:00:00Z");
    times["ends_at"] = json!("2026-05-01T00:00:00Z");
    let pointer = refused(&app, tenant, promotions, times, "promotion.invalid");
    assert_eq!(pointer.await, "/ends_at");

    let methods = "/api/admin/shipping-methods";
    let step = |grams: i64| json!({"up_to_grams": grams, "amount": eur(490)});
    let table = |steps: Value| json!({"kind": "table", "steps": steps});
    let flat = json!({"kind": "flat", "amount": eur(500)});
    for (rates, free_above, pointer) in [
        (flat, eur(0), "/free_above"),
        (table(json!([])), eur(100), "/rates/steps"),
        (table(json!([step(9), step(5)])), eur(100), "/rates/steps/1"),
        (
            table(json!([step(0)])),
            eur(100),
            "/rates/steps/0/up_to_grams",
        ),
    ] {
        let method =
            json!({"code": "parcel", "name": "Parcel", "rates": rates, "free_above": free_above});
        let found = refused(
            &app,
            tenant,
            methods,
            method,
            "shipping_method.invalid_rates",
        );
        assert_eq!(found.await, pointer);
    }
}
