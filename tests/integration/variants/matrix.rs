//! Size runs: the variants of a product from lists of options.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Tenant, eur};

const ROOT: &str = "/api/admin/catalog";

async fn product(app: &App, of: &Tenant, body: Value) -> String {
    let made = app.client.post(&format!("{ROOT}/products"), &body);
    made.bearer(&of.key).expect(201).await.text_at("/id")
}

fn matrix(app: &App, of: &Tenant, product: &str, body: &Value) -> Call {
    let path = format!("{ROOT}/products/{product}/variants/matrix");
    app.client.post(&path, body).bearer(&of.key)
}

fn colours_and_sizes() -> Value {
    json!([
        {"name": "colour", "values": ["Red", "Sky Blue"]},
        {"name": "Size", "values": ["42", "41"]},
    ])
}

async fn seen(app: &App, of: &Tenant, product: &str) -> Value {
    let path = format!("{ROOT}/products/{product}");
    app.client.get(&path).bearer(&of.key).expect(200).await.body
}

fn column(rows: &Value, name: &str) -> Vec<Value> {
    let rows = rows.as_array().expect("a list");
    rows.iter().map(|row| row[name].clone()).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_size_run_is_made_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let boot = product(&app, first, json!({"name": "Boot", "status": "active"})).await;
    let one = json!({"sku": "OLD", "size": "41", "options": {"colour": "Red"}, "price": eur(1)});
    let old = app
        .client
        .post(&format!("{ROOT}/products/{boot}/variants"), &one)
        .bearer(&first.key)
        .expect(201)
        .await;
    let mut body = json!({
        "options": colours_and_sizes(), "price": eur(9900), "compare_at_price": eur(12_000),
        "weight_grams": 700, "on_hand": 3, "dry_run": true,
    });

    let dry = matrix(&app, first, &boot, &body).expect(200).await;
    let skus = ["BOOT-RED-42", "BOOT-SKY-BLUE-42", "BOOT-SKY-BLUE-41"];
    assert_eq!(column(&dry.body["created"], "sku"), skus);
    assert_eq!(
        column(&dry.body["created"], "id"),
        [Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(dry.body["skipped"][0]["id"], old.body["id"]);
    assert_eq!(dry.body["skipped"][0]["sku"], "OLD");
    let product = seen(&app, first, &boot).await;
    assert_eq!(product["variants"].as_array().map(Vec::len), Some(1));

    body["dry_run"] = json!(false);
    let call = || matrix(&app, first, &boot, &body).header("idempotency-key", "run-1");
    let made = call().expect(201).await;
    assert_eq!(column(&made.body["created"], "sku"), skus);
    assert_eq!(
        column(&made.body["created"], "title"),
        ["Red / 42", "Sky Blue / 42", "Sky Blue / 41"]
    );
    assert_eq!(made.body["skipped"].as_array().map(Vec::len), Some(1));
    let again = call().expect(201).await;
    assert_eq!(again.body, made.body);
    assert_eq!(again.header("idempotent-replayed"), "true");

    let product = seen(&app, first, &boot).await;
    let variants = product["variants"].as_array().expect("a list");
    assert_eq!(variants.len(), 4);
    assert_eq!(column(&product["variants"], "position"), [0, 1, 2, 3]);
    for (variant, row) in variants[1..]
        .iter()
        .zip(made.body["created"].as_array().unwrap())
    {
        for same in ["id", "sku", "title", "size", "options", "status"] {
            assert_eq!(variant[same], row[same]);
        }
        assert_eq!(variant["price"], eur(9900));
        assert_eq!(variant["compare_at_price"], eur(12_000));
        assert_eq!(variant["weight_grams"], 700);
        assert_eq!(variant["stock"]["on_hand"], 3);
    }
    // Each has a pile of its own, and a movement that filled it.
    let mut piles = column(&product["variants"], "stock");
    piles.dedup_by_key(|pile| pile["id"].clone());
    assert_eq!(piles.len(), 4);
    let path = format!(
        "{ROOT}/variants/{}/stock-movements",
        made.text_at("/created/0/id")
    );
    let movements = app.client.get(&path).bearer(&first.key).expect(200).await;
    assert_eq!(movements.body["data"][0]["kind"], "adjusted");
    assert_eq!(app.audited(first).await[0], "variant.matrix");

    // What is there is left out, though it is archived or costs something else.
    let archive = format!("{ROOT}/variants/{}/archive", made.text_at("/created/0/id"));
    let archive = app.client.post(&archive, &Value::Null).bearer(&first.key);
    archive.header("if-match", "\"1\"").expect(200).await;
    let version = seen(&app, first, &boot).await["version"].clone();
    let all = matrix(&app, first, &boot, &body).expect(200).await;
    assert_eq!(all.body["created"], json!([]));
    assert_eq!(
        column(&all.body["skipped"], "status"),
        ["archived", "active", "active", "active"]
    );
    assert_eq!(seen(&app, first, &boot).await["version"], version);

    // The shop sells it.
    app.drain().await;
    let shown = app.client.get(&format!("/api/catalog/products/{boot}"));
    let shown = shown.expect(200).await;
    assert_eq!(shown.body["variants"].as_array().map(Vec::len), Some(3));
    let list = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(list.body["data"][0]["price_max"], eur(9900));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_where_the_product_has_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let sizes = json!([{"name": "size", "values": ["S", "M", "L"]}]);
    let flat = json!({"name": "Cloth", "inventory_strategy": "flat"});
    let flat = product(&app, first, flat).await;
    let mut body = json!({"options": sizes, "price": eur(100), "on_hand": 1});
    matrix(&app, first, &flat, &body)
        .refused(422, "stock.shared")
        .await;
    body["on_hand"] = json!(0);
    matrix(&app, first, &flat, &body).expect(201).await;
    let mut piles = column(&seen(&app, first, &flat).await["variants"], "stock");
    assert_eq!(piles.len(), 3);
    piles.dedup();
    assert_eq!(piles.len(), 1);
    assert!(piles[0]["id"].is_string());

    let course = product(&app, first, json!({"name": "Course", "kind": "service"})).await;
    matrix(&app, first, &course, &body).expect(201).await;
    let stock = column(&seen(&app, first, &course).await["variants"], "stock");
    assert_eq!(stock, [Value::Null, Value::Null, Value::Null]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_made_is_refused_as_a_whole(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let boot = product(&app, first, json!({"name": "Boot"})).await;
    let refuse = async |change: Value, code: &str, pointer: &str| {
        let mut body = json!({"options": colours_and_sizes(), "price": eur(9900)});
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        for dry_run in [true, false] {
            body["dry_run"] = json!(dry_run);
            let status = if code == "variant.too_many" { 409 } else { 422 };
            let refused = matrix(&app, first, &boot, &body)
                .refused(status, code)
                .await;
            if !pointer.is_empty() {
                assert_eq!(refused.text_at("/errors/0/pointer"), pointer);
            }
        }
    };
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let options = json!([{"name": "a", "values": many}, {"name": "b", "values": ["1", "2"]}]);
    refuse(json!({"options": options}), "variant.too_many", "").await;
    refuse(json!({"options": []}), "variant.matrix_options", "/options").await;
    let twice = json!([{"name": "size", "values": ["1"]}, {"name": "SIZE", "values": ["2"]}]);
    refuse(
        json!({"options": twice}),
        "variant.matrix_options",
        "/options",
    )
    .await;
    let empty = json!([{"name": "size", "values": []}]);
    refuse(
        json!({"options": empty}),
        "request.invalid_body",
        "/options/0/values",
    )
    .await;
    let lines = json!([{"name": "size", "values": ["a\nb"]}]);
    refuse(
        json!({"options": lines}),
        "request.invalid_body",
        "/options/0/values",
    )
    .await;
    for pattern in ["B", "B-{size}", "B-{weight}", "{size"] {
        let change = json!({"sku_pattern": pattern});
        refuse(change, "variant.sku_pattern", "/sku_pattern").await;
    }
    refuse(
        json!({"compare_at_price": eur(9900)}),
        "variant.compare_at_too_low",
        "/compare_at_price",
    )
    .await;
    let dollars = json!({"price": {"amount": 1, "currency": "USD"}});
    refuse(dollars, "variant.wrong_currency", "/price/currency").await;
    refuse(
        json!({"price": eur(-1)}),
        "request.invalid_body",
        "/price/amount",
    )
    .await;
    refuse(json!({"surprise": 1}), "request.invalid_body", "").await;

    // A SKU that another product has; nothing is left behind.
    let other = product(&app, first, json!({"name": "Other"})).await;
    let path = format!("{ROOT}/products/{other}/variants");
    let taken = json!({"sku": "BOOT-SKY-BLUE-41", "price": eur(1)});
    app.client
        .post(&path, &taken)
        .bearer(&first.key)
        .expect(201)
        .await;
    refuse(json!({}), "variant.sku_pattern", "/sku_pattern").await;
    assert_eq!(seen(&app, first, &boot).await["variants"], json!([]));
    assert_eq!(seen(&app, first, &boot).await["version"], 1);

    // The other shop's products are not there.
    let body = json!({"options": colours_and_sizes(), "price": eur(9900), "sku_pattern": "N-{colour}-{size}"});
    matrix(&app, &shop.second, &boot, &body)
        .refused(404, "product.not_found")
        .await;
    matrix(&app, first, &boot, &body).expect(201).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_at_once_make_each_combination_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    for round in 0..3 {
        let name = format!("Boot {round}");
        let boot = product(&app, first, json!({"name": name})).await;
        // SKUs alone would not keep them apart.
        let run = |prefix: &str| {
            let pattern = format!("{prefix}{round}-{{colour}}-{{size}}");
            let body =
                json!({"options": colours_and_sizes(), "price": eur(1), "sku_pattern": pattern});
            matrix(&app, first, &boot, &body).send()
        };
        let (one, two) = tokio::join!(run("A"), run("B"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(
            statuses,
            [200, 201],
            "{} {}",
            one.describe(),
            two.describe()
        );
        let made = seen(&app, first, &boot).await;
        assert_eq!(made["variants"].as_array().map(Vec::len), Some(4));
    }
}
