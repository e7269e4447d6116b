//! What files say of piles besides how many there are.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Item, Listing, Tenant};
use testkit::{Answer, App};

use super::{exported, import, mistakes, product};

async fn patch(app: &App, tenant: &Tenant, item: &Item, body: &Value) {
    let path = format!("/api/admin/catalog/variants/{}/stock", item.variants[0]);
    let call = app.client.patch(&path, body).bearer(&tenant.key);
    call.expect(200).await;
}

/// Threshold, supply, limit and day of the first variant.
fn rules(product: &Answer) -> Value {
    let stock = &product.body["variants"][0]["stock"];
    json!([
        stock["low_stock_threshold"],
        stock["supply"],
        stock["backorder_limit"],
        stock["available_at"]
    ])
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sold_beyond_stock_goes_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, second) = (&shop.first, &shop.second);
    let lamp = app.simple(first, "Lamp", 5).await;
    let book = app.simple(first, "Book", 0).await;
    app.simple(first, "Desk", 5).await;
    let listing = Listing {
        name: "Shirt",
        strategy: "flat",
        price: 2500,
        stock: &[5, 0],
    };
    let shirt = app.list(first, &listing).await;
    let day = "2100-01-01T00:00:00.000000Z";
    let body = json!({"low_stock_threshold": 0, "supply": "backorder", "backorder_limit": 7});
    patch(&app, first, &lamp, &body).await;
    let body = json!({"supply": "preorder", "backorder_limit": 9, "available_at": day});
    patch(&app, first, &book, &body).await;
    let body = json!({"supply": "backorder", "backorder_limit": 3});
    patch(&app, first, &shirt, &body).await;
    let file = exported(&app, first).await;
    // To the other shop, and again into this one, where it changes nothing.
    let dollars = file.replace(",EUR,", ",USD,");
    for (tenant, file) in [(second, &dollars), (second, &dollars), (first, &file)] {
        let done = import(&app, tenant, "", file.clone()).await;
        assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
        assert_eq!(&exported(&app, tenant).await, file);
        for (slug, wanted) in [
            ("lamp", json!([0, "backorder", 7, null])),
            ("book", json!([null, "preorder", 9, day])),
            ("desk", json!([null, "stock", 0, null])),
            ("shirt", json!([null, "backorder", 3, null])),
        ] {
            let seen = product(&app, tenant, slug).await;
            assert_eq!(rules(&seen), wanted, "{slug}");
        }
    }
    // What is empty stays, and back to what is there limit and day go.
    let file = "handle,sku,supply,backorder_limit\nlamp,lamp-0,,8\nbook,book-0,stock,\n";
    let done = import(&app, first, "", file).await;
    assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
    let lamp = rules(&product(&app, first, "lamp").await);
    assert_eq!(lamp, json!([0, "backorder", 8, null]));
    let book = rules(&product(&app, first, "book").await);
    assert_eq!(book, json!([null, "stock", 0, null]));
    // The public sees it.
    let lamp = app.client.get("/api/catalog/products/lamp").expect(200);
    assert_eq!(lamp.await.body["variants"][0]["left"], Value::Null);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supply_that_contradicts_itself_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    app.simple(tenant, "Lamp", 5).await;
    for (row, column, code) in [
        (",5,", "supply", "stock.supply_is_stock"),
        (
            "stock,,2100-01-01T00:00:00Z",
            "supply",
            "stock.supply_is_stock",
        ),
        ("backorder,,", "backorder_limit", "stock.supply_limit"),
        ("preorder,5,", "available_at", "stock.preorder_day"),
        (
            "preorder,5,2001-01-01T00:00:00Z",
            "available_at",
            "stock.preorder_day",
        ),
    ] {
        for (slug, sku, name) in [("lamp", "lamp-0", ""), ("new", "new-0", "New")] {
            let file = format!(
                "handle,name,sku,price,supply,backorder_limit,available_at\n{slug},{name},{sku},10,{row}\n"
            );
            let failed = import(&app, tenant, "", file).await;
            let wanted = (2, column.to_owned(), code.to_owned());
            assert_eq!(mistakes(&failed), [wanted], "{}", failed.describe());
        }
    }
    // What stays as it is may be said by those who may not change it.
    let key = json!({"name": "no stock", "scopes": ["catalog:read", "catalog:write"]});
    let key = app
        .client
        .post("/api/api-keys", &key)
        .bearer(&tenant.admin.token)
        .expect(201)
        .await;
    let limited = Tenant {
        key: key.text_at("/secret"),
        ..tenant.clone()
    };
    let same = import(&app, &limited, "", "handle,sku,supply\nlamp,lamp-0,stock\n").await;
    assert_eq!(same.text_at("/state"), "done", "{}", same.describe());
    let file = "handle,sku,supply,backorder_limit,low_stock_threshold\nlamp,lamp-0,backorder,4,2\n";
    let failed = import(&app, &limited, "", file).await;
    let mut columns: Vec<String> = mistakes(&failed)
        .into_iter()
        .filter(|(_, _, code)| code == "auth.forbidden")
        .map(|(_, column, _)| column)
        .collect();
    columns.sort();
    assert_eq!(
        columns,
        ["backorder_limit", "low_stock_threshold", "supply"]
    );
}
