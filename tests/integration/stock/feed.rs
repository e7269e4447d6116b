//! Counts from outside.

use std::time::Duration;

use kernel::Clock as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Listing, Tenant};
use tokio::task::JoinSet;

use super::moves;

const FEED: &str = "/api/admin/catalog/stock/feed";

fn feed(app: &App, tenant: &Tenant, rows: &Value) -> Call {
    let call = app.client.post(FEED, &json!({"rows": rows}));
    call.bearer(&tenant.key)
}

/// When the tests of a feed play, some seconds later.
fn at(app: &App, seconds: i64) -> String {
    let now = app.clock.now().micros() + seconds * 1_000_000;
    kernel::Timestamp::from_micros(now).to_string()
}

fn row(sku: &str, on_hand: i64, counted_at: &str) -> Value {
    json!({"sku": sku, "on_hand": on_hand, "counted_at": counted_at, "source": "warehouse"})
}

fn outcomes(report: &Value) -> Vec<&str> {
    let results = report["results"].as_array().expect("results");
    results
        .iter()
        .filter_map(|one| one["outcome"].as_str())
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_taken_over(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 10).await;
    let desk = app.simple(tenant, "Desk", 10).await;
    app.simple(&shop.second, "Foreign", 10).await;
    let shared = Listing {
        name: "Shirt",
        strategy: "flat",
        price: 100,
        stock: &[3, 0],
    };
    let shirt = app.list(tenant, &shared).await;
    app.order(tenant, &[(&desk.variants[0], 6)]).await;
    // What was there before the counts is in them.
    app.advance(Duration::from_mins(10));
    let (now, soon) = (at(&app, 0), at(&app, 3_600));
    let rows = json!([
        row("lamp-0", 17, &now),
        row("desk-0", 4, &now),
        row("shirt-0", 3, &now),
        row("shirt-1", 9, &at(&app, -1)),
        row("none", 1, &now),
        row("foreign-0", 1, &now),
        row("lamp-0", 99, &soon),
    ]);
    let told = feed(&app, tenant, &rows).once("a-feed").expect(200).await;
    assert_eq!(
        outcomes(&told.body),
        [
            "applied",
            "below_reserved",
            "unchanged",
            "older",
            "unknown_sku",
            "unknown_sku",
            "in_future"
        ]
    );
    assert_eq!(told.body["counts"]["unknown_sku"], 2);
    assert_eq!(told.body["unknown_skus"], json!(["none", "foreign-0"]));
    // Fewer were counted than are reserved: these stay, and it is said.
    let desks = &told.body["results"][1];
    assert_eq!((&desks["on_hand"], &desks["short"]), (&json!(6), &json!(2)));
    assert_eq!(app.stock(tenant, &desk, 0).await, (6, 6));
    assert_eq!(app.stock(tenant, &lamp, 0).await, (17, 0));
    assert_eq!(app.stock(tenant, &shirt, 1).await, (3, 0));
    let lamps = moves(&app, tenant, &lamp).await;
    assert!(
        lamps.contains(&("counted".to_owned(), 7, 0, 0)),
        "{lamps:?}"
    );

    // Again: the same answer with the same key, no effect with another one.
    let again = feed(&app, tenant, &rows).once("a-feed").expect(200).await;
    assert_eq!(again.body, told.body);
    let again = feed(&app, tenant, &rows).expect(200).await;
    assert_eq!(outcomes(&again.body)[..2], ["unchanged", "unchanged"]);
    assert_eq!(app.stock(tenant, &lamp, 0).await, (17, 0));
    assert_eq!(moves(&app, tenant, &lamp).await.len(), 2);
    // Older ones of the same source are ignored, those of another one not.
    let older = row("lamp-0", 1, &at(&app, -60));
    let ignored = feed(&app, tenant, &json!([older])).expect(200).await;
    assert_eq!(outcomes(&ignored.body), ["older"]);
    let mut till = older.clone();
    till["source"] = json!("till");
    let taken = feed(&app, tenant, &json!([till])).expect(200).await;
    assert_eq!(outcomes(&taken.body), ["applied"]);
    assert_eq!(app.stock(tenant, &lamp, 0).await.0, 1);
    let actions = app.audited(tenant).await;
    assert!(actions.iter().any(|one| one == "stock.feed"), "{actions:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_since_a_count_still_holds(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 10).await;
    app.advance(Duration::from_mins(1));
    let counted = at(&app, 0);
    app.advance(Duration::from_mins(1));
    let order = app.order(tenant, &[(&lamp.variants[0], 3)]).await;
    app.pay(&order).await;
    super::adjust(&app, tenant, &lamp, 1).expect(200).await;
    assert_eq!(app.stock(tenant, &lamp, 0).await, (8, 0));
    // 20 were there; since then 3 were sold and one came.
    let rows = json!([row("lamp-0", 20, &counted)]);
    feed(&app, tenant, &rows).expect(200).await;
    assert_eq!(app.stock(tenant, &lamp, 0).await, (18, 0));
}

/// What somebody counted by hand is newer than a feed that comes late.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_feed_does_not_undo_a_count_by_hand(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 19).await;
    let desk = app.simple(tenant, "Desk", 19).await;
    app.advance(Duration::from_mins(1));
    let counted = at(&app, 0);
    app.advance(Duration::from_mins(1));
    super::adjust(&app, tenant, &lamp, -1).expect(200).await;
    let path = format!(
        "/api/admin/catalog/variants/{}/stock-adjustments",
        desk.variants[0]
    );
    let body = json!({"to": 18, "reason": "counted"});
    let call = app.client.post(&path, &body).bearer(&tenant.key);
    call.expect(200).await;
    app.advance(Duration::from_mins(1));
    let rows = json!([row("lamp-0", 20, &counted), row("desk-0", 20, &counted)]);
    let told = feed(&app, tenant, &rows).expect(200).await;
    assert_eq!(outcomes(&told.body), ["applied", "older"]);
    assert_eq!(app.stock(tenant, &lamp, 0).await, (19, 0));
    assert_eq!(app.stock(tenant, &desk, 0).await, (18, 0));
    // What is counted after it holds again.
    let rows = json!([row("desk-0", 17, &at(&app, 0))]);
    let told = feed(&app, tenant, &rows).expect(200).await;
    assert_eq!(outcomes(&told.body), ["applied"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_are_checked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let now = at(&app, 0);
    let with = |field: &str, value: Value| {
        let mut bad = row("a", 1, &now);
        bad[field] = value;
        json!([bad])
    };
    for (rows, pointer) in [
        (json!([]), "/rows"),
        (with("on_hand", json!(-1)), "/rows/0/on_hand"),
        (with("sku", json!("")), "/rows/0/sku"),
        (with("source", json!("x".repeat(65))), "/rows/0/source"),
        (with("counted_at", json!("yesterday")), "/rows/0/counted_at"),
        (with("more", json!(1)), "/rows/0/more"),
        (json!(vec![row("a", 1, &now); 1_001]), "/rows"),
    ] {
        let refused = feed(&app, tenant, &rows).refused(422, "request.invalid_body");
        assert_eq!(refused.await.text_at("/errors/0/pointer"), pointer);
    }
    // As many as may be, of which nobody knows any.
    let many: Vec<Value> = (0..1_000)
        .map(|n| row(&format!("s-{n}"), 1, &now))
        .collect();
    let told = feed(&app, tenant, &json!(many)).expect(200).await;
    assert_eq!(told.body["counts"], json!({"unknown_sku": 1_000}));
}

/// Feeds in every sequence and orders at the same time: no deadlock, nothing
/// below what is promised.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_race_orders(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let listing = Listing {
        name: "Shoe",
        strategy: "per_size",
        price: 2500,
        stock: &[20, 20, 20],
    };
    let item = app.list(tenant, &listing).await;
    let mut calls = JoinSet::new();
    for n in 0..24 {
        let mut lines: Vec<_> = item.variants.iter().map(|one| (one.as_str(), 1)).collect();
        lines.rotate_left(n % 3);
        let cart = app.cart(tenant.host, &lines).await;
        calls.spawn(app.checkout(tenant.host, &cart).send());
    }
    for n in 0..12 {
        let counted = at(&app, n);
        let mut rows: Vec<_> = (0..3)
            .map(|i| row(&format!("shoe-{i}"), 5 + n, &counted))
            .collect();
        rows.rotate_left(usize::try_from(n % 3).unwrap_or(0));
        calls.spawn(feed(&app, tenant, &json!(rows)).send());
    }
    for answer in calls.join_all().await {
        assert!(
            matches!(answer.status, 200 | 201 | 409),
            "{}",
            answer.describe()
        );
    }
    for n in 0..3 {
        let (on_hand, reserved) = app.stock(tenant, &item, n).await;
        assert!(on_hand >= reserved, "{on_hand} {reserved}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_may_be_csv(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 10).await;
    app.advance(Duration::from_mins(10));
    let now = at(&app, 0);
    let send = |text: String| {
        let call = app.client.call(testkit::client::POST, FEED);
        call.bearer(&tenant.key)
            .header("content-type", "text/csv; charset=utf-8")
            .body(text)
    };
    let file = format!(
        "source,sku,on_hand,counted_at\r\n\"a, b\",lamp-0,7,{now}\r\ntill,none,1,{now}\r\n"
    );
    let told = send(file.clone()).once("a-file").expect(200).await;
    assert_eq!(outcomes(&told.body), ["applied", "unknown_sku"]);
    assert_eq!(told.body["results"][0]["source"], "a, b");
    assert_eq!(app.stock(tenant, &lamp, 0).await, (7, 0));
    let again = send(file).once("a-file").expect(200).await;
    assert_eq!(again.body, told.body);
    // Separated as imports may be, too.
    for (source, separator) in [("till 1", ";"), ("till 2", "\t")] {
        let file = format!("\u{feff}SKU,on_hand,counted_at,source\nlamp-0,8,{now},{source}\n");
        let file = file.replace(',', separator);
        let told = send(file).expect(200).await;
        assert_eq!(told.body["results"][0]["on_hand"], 8);
    }
    let header = "sku,on_hand,counted_at,source";
    for (file, pointer, code, part) in [
        (
            String::new(),
            "/rows",
            "missing_column",
            "the file is empty",
        ),
        (format!("{header}\n"), "/rows", "length", ""),
        (
            format!("sku,on_hand,counted_at\na,1,{now}\n"),
            "/rows",
            "missing_column",
            "source is missing",
        ),
        (
            format!("a,1,{now},w\n"),
            "/rows",
            "unknown_column",
            "the first row must name the columns sku, on_hand, counted_at, source",
        ),
        (
            format!("{header},colour\na,1,{now},w,red\n"),
            "/rows",
            "unknown_column",
            "\"colour\"",
        ),
        (
            format!("{header},sku\na,1,{now},w,a\n"),
            "/rows",
            "twice",
            "sku comes twice",
        ),
        (
            format!("{header}\n\na,x,{now},w\n"),
            "/rows/0/on_hand",
            "type",
            "line 3, column on_hand: must be a whole number",
        ),
        (
            format!("{header}\r\na,1,{now},\"two\r\nlines\"\r\n\r\na,x,{now},w\r\n"),
            "/rows/1/on_hand",
            "type",
            "line 5, column on_hand: must be a whole number",
        ),
        (
            format!("{header}\na,1,{now},w\na,1,today,w\n"),
            "/rows/1/counted_at",
            "type",
            "line 3, column counted_at: not an RFC 3339 time",
        ),
        (
            format!("{header}\na,1,{now},w\na,-1,{now},w\n"),
            "/rows/1/on_hand",
            "range",
            "line 3, column on_hand: must be between 0 and",
        ),
        (
            format!("{header}\na,1,{now}\n"),
            "/rows/0",
            "cells",
            "line 2: the row has 3 of 4 cells",
        ),
    ] {
        let refused = send(file).refused(422, "request.invalid_body").await;
        assert_eq!(
            (
                refused.text_at("/errors/0/pointer").as_str(),
                refused.text_at("/errors/0/code").as_str()
            ),
            (pointer, code),
            "{}",
            refused.text
        );
        let detail = refused.text_at("/errors/0/detail");
        assert!(detail.contains(part), "{detail}");
    }
    let latin = [b"sku,on_hand,counted_at,source\nl\xE4mp,1,x,y\n".to_vec()].concat();
    let latin = app.client.call(testkit::client::POST, FEED).body(latin);
    let latin = latin.bearer(&tenant.key).header("content-type", "text/csv");
    let refused = latin.refused(422, "request.invalid_body").await;
    assert_eq!(refused.text_at("/errors/0/code"), "encoding");
    let text = app.client.call(testkit::client::POST, FEED);
    let text = text
        .bearer(&tenant.key)
        .header("content-type", "text/plain");
    let refused = text
        .body("x")
        .refused(415, "request.unsupported_media_type")
        .await;
    assert!(refused.text_at("/detail").contains("text/csv"));
}
