//! Imports and exports of whole catalogs.

mod files;
mod running;
mod supply;

use std::fmt::Write as _;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::Tenant;
use testkit::{Answer, App};

/// Rows of a file that is to be broken.
const ROWS: usize = 3_000;

fn send(app: &App, tenant: &Tenant, query: &str, file: impl Into<Vec<u8>>) -> Call {
    let path = format!("/api/admin/imports{query}");
    app.client
        .call(testkit::client::POST, &path)
        .bearer(&tenant.key)
        .header("content-type", "text/csv")
        .body(file.into())
}

async fn seen(app: &App, tenant: &Tenant, id: &str) -> Answer {
    let call = app.client.get(&format!("/api/admin/imports/{id}"));
    call.bearer(&tenant.key).expect(200).await
}

/// Imports a file to its end.
pub(crate) async fn import(
    app: &App,
    tenant: &Tenant,
    query: &str,
    file: impl Into<Vec<u8>>,
) -> Answer {
    let begun = send(app, tenant, query, file).expect(202).await;
    assert_eq!(begun.text_at("/state"), "queued");
    let id = begun.text_at("/id");
    assert_eq!(begun.header("location"), format!("/api/admin/imports/{id}"));
    app.drain().await;
    seen(app, tenant, &id).await
}

async fn product(app: &App, tenant: &Tenant, slug: &str) -> Answer {
    let call = app
        .client
        .get(&format!("/api/admin/catalog/products/{slug}"));
    call.bearer(&tenant.key).send().await
}

async fn exported(app: &App, tenant: &Tenant) -> String {
    let call = app
        .client
        .get("/api/admin/exports/products")
        .bearer(&tenant.key);
    let answer = call.expect(200).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    answer.text
}

fn counts(import: &Answer) -> [i64; 4] {
    [
        "products_new",
        "products_changed",
        "variants_new",
        "variants_changed",
    ]
    .map(|name| import.number_at(&format!("/{name}")))
}

fn mistakes(import: &Answer) -> Vec<(i64, String, String)> {
    let errors = import.body["errors"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors
        .iter()
        .map(|one| {
            (
                one["line"].as_i64().unwrap_or(-1),
                text(&one["column"]),
                text(&one["code"]),
            )
        })
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_moves_from_shop_to_shop(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, second) = (&shop.first, &shop.second);
    for tenant in [first, second] {
        let body = json!({"name": "Shoes"});
        let made = app.client.post("/api/admin/catalog/categories", &body);
        made.bearer(&tenant.key).expect(201).await;
    }
    let file = "\u{feff}handle;name;brand;description;status;tags;categories;inventory_strategy;attribute:Material;sku;size;option:Colour;price;weight_grams;on_hand\r\n\
        boot;Boot;'=cmd|' /C calc'!A0;\"Two\r\nlines, \"\"quoted\"\"\";active;warm,high;shoes;;Leather;B-41;41;Red;99.50;900;3\r\n\
        boot;;;;;;;;;B-42;42;Red;99.50;900;0\r\n\
        sock;Sock;;;active;;;flat;;S-1;;;5;;7\r\n\
        sock;;;;;;;;;S-2;L;;6.5;;\r\n\
        map;Mütze;;;;;;;;;;;;;\r\n";
    let done = import(&app, first, "", file).await;
    assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
    assert_eq!(counts(&done), [3, 0, 4, 0]);
    assert_eq!(done.number_at("/bytes"), done.number_at("/bytes_read"));
    assert_eq!(done.number_at("/rows_read"), 5);

    let boot = product(&app, first, "boot").await;
    assert_eq!(boot.text_at("/brand"), "=cmd|' /C calc'!A0");
    assert_eq!(boot.text_at("/description"), "Two\r\nlines, \"quoted\"");
    assert_eq!(boot.body["tags"], json!(["high", "warm"]));
    assert_eq!(boot.text_at("/categories/0/slug"), "shoes");
    assert_eq!(boot.text_at("/attributes/Material"), "Leather");
    assert_eq!(boot.text_at("/variants/0/title"), "Red / 41");
    assert_eq!(boot.number_at("/variants/0/price/amount"), 9950);
    assert_eq!(boot.number_at("/variants/0/stock/on_hand"), 3);
    let sock = product(&app, first, "sock").await;
    for n in 0..2 {
        assert_eq!(sock.number_at(&format!("/variants/{n}/stock/on_hand")), 7);
    }
    assert_eq!(
        product(&app, first, "map").await.text_at("/status"),
        "draft"
    );
    // The public sees it, at the price of the cheapest variant.
    let listed = app
        .client
        .get("/api/catalog/products?sort=price")
        .expect(200)
        .await;
    assert_eq!(listed.number_at("/data/0/price_min/amount"), 500);

    // What is exported is harmless, and the same catalog in the other shop.
    let csv = exported(&app, first).await;
    assert!(csv.contains(",'=cmd|' /C calc'!A0,"), "{csv}");
    let dollars = csv.replace(",EUR,", ",USD,");
    let moved = import(&app, second, "", dollars.clone()).await;
    assert_eq!(counts(&moved), [3, 0, 4, 0], "{}", moved.describe());
    assert_eq!(exported(&app, second).await, dollars);
    // Once more, nothing is new, and nothing changes but versions.
    let again = import(&app, second, "", dollars.clone()).await;
    assert_eq!(counts(&again), [0, 3, 0, 4], "{}", again.describe());
    assert_eq!(exported(&app, second).await, dollars);
    let movements = app.client.get(&format!(
        "/api/admin/catalog/variants/{}/stock-movements",
        product(&app, second, "boot")
            .await
            .text_at("/variants/0/id")
    ));
    let movements = movements.bearer(&second.key).expect(200).await;
    assert_eq!(movements.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(movements.text_at("/data/0/reason"), "import");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_changed_and_what_is_empty_stays(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    let file = "handle,name,brand,sku,size,price,on_hand,attribute:socket\n\
        lamp,,Lux,lamp-0,,30,4,E27\n\
        lamp,,,lamp-new,XL,31,9,\n";
    let checked = import(&app, tenant, "?dry_run=true", file).await;
    assert_eq!(
        (checked.text_at("/state"), counts(&checked)),
        ("done".to_owned(), [0, 1, 1, 1]),
        "{}",
        checked.describe()
    );
    assert_eq!(
        product(&app, tenant, "lamp").await.body["brand"],
        Value::Null
    );
    let done = import(&app, tenant, "", file).await;
    assert_eq!(counts(&done), [0, 1, 1, 1], "{}", done.describe());
    let lamp = product(&app, tenant, "lamp").await;
    assert_eq!(
        (lamp.text_at("/name"), lamp.text_at("/brand")),
        ("Lamp".to_owned(), "Lux".to_owned())
    );
    assert_eq!(lamp.text_at("/variants/0/size"), "40");
    assert_eq!(lamp.number_at("/variants/0/price/amount"), 3000);
    assert_eq!(app.stock(tenant, &item, 0).await, (4, 2));
    assert_eq!(lamp.number_at("/variants/1/stock/on_hand"), 9);
    assert_eq!(lamp.text_at("/variants/1/sku"), "lamp-new");
    // Less than is promised cannot be there.
    let less = import(&app, tenant, "", "handle,sku,on_hand\nlamp,lamp-0,1\n").await;
    assert_eq!(
        mistakes(&less),
        [(2, "on_hand".to_owned(), "stock.below_reserved".to_owned())]
    );
    assert_eq!(app.stock(tenant, &item, 0).await, (4, 2));
    app.pay(&order).await;
    app.drain().await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_row_anywhere_leaves_nothing_behind(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    app.simple(tenant, "Lamp", 5).await;
    app.simple(tenant, "Desk", 5).await;
    let before = exported(&app, tenant).await;
    for (at, row, column, code) in [
        (0, "new-0,New,,12,x", "on_hand", "range"),
        (ROWS / 2, "new-x,New,a,1.2.3,1", "price", "price"),
        (ROWS - 1, "new-x,New,a,1", "", "cells"),
        (ROWS - 1, "desk,,lamp-0,1,", "sku", "variant.sku_taken"),
        (ROWS - 1, "new-x,,a,1,1", "name", "missing"),
        (ROWS - 1, "new-x,\"New,a,1,1", "", "cells"),
    ] {
        let mut file = "handle,name,sku,price,on_hand\n".to_owned();
        for n in 0..ROWS {
            if n == at {
                let _ = writeln!(file, "{row}");
            } else {
                let _ = writeln!(file, "p-{n},Product {n},sku-{n},1.50,3");
            }
        }
        let failed = import(&app, tenant, "", file).await;
        assert_eq!(failed.text_at("/state"), "failed", "{}", failed.describe());
        let line = i64::try_from(at).unwrap_or(0) + 2;
        let found = mistakes(&failed);
        let wanted = (line, column.to_owned(), code.to_owned());
        assert!(found.contains(&wanted), "{wanted:?}: {}", failed.describe());
        assert_eq!(exported(&app, tenant).await, before);
    }
    // All are counted, and the first hundred are told.
    let rows = "p,P,s,1.50,many\n".repeat(500);
    let failed = import(
        &app,
        tenant,
        "",
        format!("handle,name,sku,price,on_hand\n{rows}"),
    )
    .await;
    assert_eq!(mistakes(&failed).len(), 100);
    assert!(failed.number_at("/error_count") >= 500);
    // Nothing is left of what was put aside.
    for table in ["import_products", "import_variants", "import_chunks"] {
        if backend == Postgres {
            assert_eq!(app.store().dump(table).await, "");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_leaves_the_import_to_the_next(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let mut file = "handle,name,sku,price\n".to_owned();
    for n in 0..2_000 {
        let _ = writeln!(file, "p-{n},Product {n},sku-{n},1.50");
    }
    let begun = send(&app, tenant, "", file).expect(202).await;
    let id = begun.text_at("/id");
    let scope = app.scope(&tenant.id);
    let import_id = id.parse().expect("an id");
    // Two workers at once: one of them is the last, and it alone goes on.
    let runs = (0..3).map(|_| app.sutler.catalog.run_import(&scope, import_id, false));
    let ended = futures::future::join_all(runs).await;
    assert!(ended.iter().any(Result::is_ok), "{ended:?}");
    app.drain().await;
    let done = seen(&app, tenant, &id).await;
    assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
    assert_eq!(counts(&done), [2_000, 0, 2_000, 0]);
    // A job that comes again changes nothing.
    let again = app
        .sutler
        .catalog
        .run_import(&scope, import_id, false)
        .await;
    again.expect("nothing to do");
    assert_eq!(exported(&app, tenant).await.lines().count(), 2_001);
    // Old imports are forgotten.
    app.advance(Duration::from_hours(24 * 91));
    app.drain().await;
    let gone = app
        .client
        .get(&format!("/api/admin/imports/{id}"))
        .bearer(&tenant.key);
    gone.refused(404, "import.not_found").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_set_by_those_who_may() {
    let app = App::start(Sqlite).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    app.simple(tenant, "Lamp", 5).await;
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
    let failed = import(&app, &limited, "", "handle,sku,on_hand\nlamp,lamp-0,9\n").await;
    assert_eq!(
        mistakes(&failed),
        [(2, "on_hand".to_owned(), "auth.forbidden".to_owned())]
    );
    let done = import(&app, &limited, "", "handle,sku,price\nlamp,lamp-0,9\n").await;
    assert_eq!(done.text_at("/state"), "done");
}
