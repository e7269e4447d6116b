//! What is promised of a pile is what its reservations add up to, or is made
//! so.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::Tenant;
use tokio::task::JoinSet;

use super::{moves, pile, sql};

const SYNC: &str = "/api/admin/catalog/stock/sync";

fn run(app: &App, tenant: &Tenant) -> Call {
    app.client.post(SYNC, &Value::Null).bearer(&tenant.key)
}

/// Damages every pile of a product, past the application.
async fn damage(app: &App, backend: Backend, slug: &str, set: &str) {
    let text = format!(
        "UPDATE stock_items SET {set} WHERE product_id IN (SELECT id FROM products WHERE slug = '{slug}') RETURNING reserved"
    );
    sql(app, backend, &text).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drift_is_found_told_and_mended(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (tenant, other) = (&shop.first, &shop.second);
    let never = app.client.get(SYNC).bearer(&tenant.key);
    never.refused(404, "stock.no_sync_yet").await;
    let lamp = app.simple(tenant, "Lamp", 10).await;
    let desk = app.simple(tenant, "Desk", 10).await;
    let foreign = app.simple(other, "Foreign", 10).await;
    app.order(tenant, &[(&lamp.variants[0], 3)]).await;
    app.order(tenant, &[(&desk.variants[0], 4)]).await;
    let clean = run(&app, tenant).expect(200).await.body;
    assert_eq!((&clean["piles"], &clean["mended"]), (&json!(2), &json!(0)));
    damage(&app, backend, "lamp", "reserved = 7").await;
    damage(&app, backend, "desk", "reserved = 1").await;
    damage(&app, backend, "foreign", "reserved = 9").await;

    let told = run(&app, tenant).once("a-run").expect(200).await;
    assert_eq!(
        (&told.body["mended"], &told.body["oversold"]),
        (&json!(2), &json!(0))
    );
    let drift = told.body["drift"].as_array().expect("a list");
    let mut seen: Vec<_> = drift
        .iter()
        .map(|one| {
            (
                one["reserved_before"].as_i64(),
                one["reserved_after"].as_i64(),
            )
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [(Some(1), Some(4)), (Some(7), Some(3))]);
    assert_eq!(app.stock(tenant, &lamp, 0).await, (10, 3));
    assert_eq!(app.stock(tenant, &desk, 0).await, (10, 4));
    assert_eq!(app.stock(other, &foreign, 0).await, (10, 9));
    let newest = moves(&app, tenant, &lamp).await;
    assert!(
        newest.contains(&("mended".to_owned(), 0, -4, 0)),
        "{newest:?}"
    );
    // Said again, and kept.
    let again = run(&app, tenant).once("a-run").expect(200).await;
    assert_eq!(again.body, told.body);
    let last = app.client.get(SYNC).bearer(&tenant.key).expect(200).await;
    assert_eq!(last.body, told.body);
    let actions = app.audited(tenant).await;
    assert_eq!(actions.iter().filter(|one| *one == "stock.sync").count(), 2);

    // The job does the same for every tenant.
    damage(&app, backend, "lamp", "reserved = 10").await;
    app.pass(Duration::from_hours(2), Duration::from_mins(30))
        .await;
    // The orders were not paid in that time, and hold nothing any more.
    assert_eq!(app.stock(tenant, &lamp, 0).await, (10, 0));
    assert_eq!(app.stock(other, &foreign, 0).await, (10, 0));
    let last = app.client.get(SYNC).header("host", other.host);
    let last = last.bearer(&other.key).expect(200).await;
    assert_eq!(last.body["piles"], 1);
}

/// More was promised than is there, because the rows lied: nobody loses an
/// order, and the newest ones wait.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_oversold_is_owed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 3).await;
    let first = app.order(tenant, &[(&lamp.variants[0], 3)]).await;
    damage(&app, backend, "lamp", "reserved = 0").await;
    app.advance(Duration::from_secs(1));
    let second = app.order(tenant, &[(&lamp.variants[0], 2)]).await;
    let told = run(&app, tenant).expect(200).await.body;
    assert_eq!((&told["mended"], &told["oversold"]), (&json!(1), &json!(2)));
    let stock = pile(&app, tenant, &lamp).await;
    assert_eq!(
        (&stock["reserved"], &stock["available"]),
        (&json!(5), &json!(-2))
    );
    assert_eq!(run(&app, tenant).expect(200).await.body["mended"], 0);
    app.pay(&first).await;
    app.pay(&second).await;
    let line = |seen: Value| seen["lines"][0]["backordered"].clone();
    assert_eq!(line(app.see(&first).await), 0);
    assert_eq!(line(app.see(&second).await), 2);
    let stock = pile(&app, tenant, &lamp).await;
    assert_eq!(
        (&stock["on_hand"], &stock["reserved"]),
        (&json!(0), &json!(2))
    );
}

/// Rows are damaged while orders are placed, paid and canceled, and mended at
/// the same time: in the end every pile is what its reservations say.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mending_races_checkouts(#[values(Sqlite, Postgres)] backend: Backend) {
    const BUYERS: usize = 40;
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 500).await;
    let desk = app.simple(tenant, "Desk", 500).await;
    let mut carts = Vec::new();
    for n in 0..BUYERS {
        let lines = [
            (lamp.variants[0].as_str(), 2),
            (desk.variants[0].as_str(), 1),
        ];
        carts.push(app.cart(tenant.host, &lines[..=(n % 2)]).await);
    }
    let mut calls = JoinSet::new();
    for (n, cart) in carts.iter().enumerate() {
        let (order, client) = (app.checkout(tenant.host, cart), app.client.clone());
        let key = tenant.key.clone();
        calls.spawn(async move {
            let placed = testkit::shop::placed(&order.expect(201).await);
            if n % 3 == 0 {
                let path = format!("/api/admin/orders/{}/cancel", placed.id);
                let call = client.post(&path, &json!({"reason": "no"}));
                call.bearer(&key).expect(200).await;
            }
        });
    }
    for _ in 0..12 {
        damage(&app, backend, "lamp", "reserved = reserved + 3").await;
        damage(&app, backend, "desk", "reserved = reserved + 1").await;
        run(&app, tenant).expect(200).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    calls.join_all().await;
    run(&app, tenant).expect(200).await;
    let held = "SELECT CAST(COALESCE(sum(quantity), 0) AS bigint) FROM stock_reservations";
    let promised = "SELECT CAST(sum(reserved) AS bigint) FROM stock_items";
    let held = sql(&app, backend, held).await;
    assert!(held > 0);
    assert_eq!(sql(&app, backend, promised).await, held);
    assert_eq!(run(&app, tenant).expect(200).await.body["mended"], 0);
    // What is on hand was never touched.
    assert_eq!(pile(&app, tenant, &lamp).await["on_hand"], 500);
}
