//! Migrations that move data into another shape, and back.

use rstest::rstest;
use serde_json::{Value, json};
use server::migrations;
use sqlx::{Connection as _, SqliteConnection};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Store;

const TENANT: &str = "018f0000-0000-7000-8000-000000000001";
const METHOD: &str = "018f0000-0000-7000-8000-000000000002";
const LINE: &str = "018f0000-0000-7000-8000-000000000003";
const ANOTHER: &str = "018f0000-0000-7000-8000-000000000004";
const SELLER: &str = "018f0000-0000-7000-8000-000000000005";

/// A literal of an id, as each database stores it.
fn id(backend: Backend, text: &str) -> String {
    match backend {
        Postgres => format!("'{text}'::uuid"),
        Sqlite => format!("x'{}'", text.replace('-', "")),
    }
}

/// Runs a statement as somebody whom no policy confines.
async fn run(store: &Store, backend: Backend, sql: String) {
    let sql = sqlx::AssertSqlSafe(sql);
    match backend {
        Postgres => {
            let mut db = store.superuser().await;
            sqlx::raw_sql(sql)
                .execute(&mut db)
                .await
                .expect("a statement");
        }
        Sqlite => {
            let mut db = sqlite(store).await;
            sqlx::raw_sql(sql)
                .execute(&mut db)
                .await
                .expect("a statement");
        }
    }
}

/// One JSON value.
async fn value(store: &Store, backend: Backend, sql: &str) -> Value {
    let sql = sqlx::AssertSqlSafe(match backend {
        Postgres => format!("SELECT ({sql})::text"),
        Sqlite => format!("SELECT ({sql})"),
    });
    let text: Option<String> = match backend {
        Postgres => {
            let mut db = store.superuser().await;
            let one = sqlx::query_scalar(sql).fetch_one(&mut db).await;
            one.expect("a value")
        }
        Sqlite => {
            let mut db = sqlite(store).await;
            let one = sqlx::query_scalar(sql).fetch_one(&mut db).await;
            one.expect("a value")
        }
    };
    text.map_or(Value::Null, |text| {
        serde_json::from_str(&text).expect("JSON")
    })
}

async fn sqlite(store: &Store) -> SqliteConnection {
    let path = store.folder().join("sutler.db");
    let url = format!("sqlite://{}", path.display());
    SqliteConnection::connect(&url).await.expect("the file")
}

#[rstest]
#[tokio::test]
async fn countries_and_tables_of_shipping_methods_are_moved_over(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let at = all
        .iter()
        .position(|one| one.name == "m0012_shipping_zones");
    let before = u32::try_from(at.expect("the one that makes zones")).expect("a few");
    migrations::up(&settings, Some(before))
        .await
        .expect("up to it");
    let (tenant, method) = (id(backend, TENANT), id(backend, METHOD));
    let no = if backend == Postgres { "false" } else { "0" };
    let rates = r#"{"kind": "by_weight", "steps": [{"up_to_grams": 1000, "amount": 490}]}"#;
    let insert = format!(
        "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
           VALUES ({tenant}, 'old', 'Old', 'active', {no}, '{{}}', 1, 1, 1); \
         INSERT INTO shipping_methods (tenant_id, id, code, name, rates, countries, currency, status, position, \
             version, created_at, updated_at) \
           VALUES ({tenant}, {method}, 'parcel', 'Parcel', '{rates}', '[\"DE\", \"AT\"]', 'EUR', 'active', 0, 3, 1, 1);"
    );
    run(&store, backend, insert).await;
    migrations::up(&settings, Some(1)).await.expect("up");
    let moved = value(&store, backend, "SELECT rates FROM shipping_methods").await;
    assert_eq!(moved["kind"], "table");
    assert_eq!(moved["steps"][0]["up_to_grams"], 1000);
    let areas = "SELECT z.areas FROM shipping_zones z \
         JOIN shipping_method_zones l ON l.tenant_id = z.tenant_id AND l.zone_id = z.id";
    let areas = value(&store, backend, areas).await;
    assert_eq!(areas, json!([{"country": "DE"}, {"country": "AT"}]));
    migrations::down(&settings, 1).await.expect("down");
    let back = value(&store, backend, "SELECT rates FROM shipping_methods").await;
    assert_eq!(back, serde_json::from_str::<Value>(rates).expect("JSON"));
    let countries = value(&store, backend, "SELECT countries FROM shipping_methods").await;
    let mut countries: Vec<String> = serde_json::from_value(countries).expect("codes");
    countries.sort();
    assert_eq!(countries, ["AT", "DE"]);
    migrations::up(&settings, None).await.expect("up again");
}

/// What went out before there were shipments is in one, and is found by its
/// number and mail address.
#[rstest]
#[tokio::test]
async fn orders_that_went_out_have_a_shipment(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let at = all.iter().position(|one| one.name == "m0013_after_payment");
    let before = u32::try_from(at.expect("the one that makes shipments")).expect("a few");
    migrations::up(&settings, Some(before))
        .await
        .expect("up to it");
    let (tenant, order, line) = (id(backend, TENANT), id(backend, METHOD), id(backend, LINE));
    let no = if backend == Postgres { "false" } else { "0" };
    run(
        &store,
        backend,
        format!(
            "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
               VALUES ({tenant}, 'old', 'Old', 'active', {no}, '{{}}', 1, 1, 1); \
             INSERT INTO orders (tenant_id, id, number, cart_id, email, currency, status, payment_status, \
                 fulfilment_status, subtotal, shipping, fee, total, tax, captured, refunded, return_urls, carrier, \
                 tracking_number, placed_at, paid_at, shipped_at, version, updated_at) \
               VALUES ({tenant}, {order}, 1001, {order}, 'Ada@mail.test', 'EUR', 'shipped', 'paid', 'fulfilled', 5000, \
                 0, 0, 5000, 0, 5000, 0, '{{}}', 'DHL', '42', 1, 2, 3, 4, 3); \
             INSERT INTO order_lines (tenant_id, id, order_id, position, product_id, variant_id, sku, name, options, \
                 unit_price, quantity, restocked) \
               VALUES ({tenant}, {line}, {order}, 1, {line}, {line}, 'A', 'A', '{{}}', 2500, 2, 1);"
        ),
    )
    .await;
    migrations::up(&settings, Some(1)).await.expect("up");
    let lines = value(&store, backend, "SELECT lines FROM shipments").await;
    let hex = LINE.replace('-', "");
    assert_eq!(lines, json!([{"line": hex, "quantity": 2}]));
    let counts = "SELECT CAST(shipped * 100 + returned * 10 + withdrawn AS text) FROM order_lines";
    assert_eq!(value(&store, backend, counts).await, json!(210));
    let found =
        "SELECT CAST(count(*) AS text) FROM order_words WHERE word IN ('1001', 'ada@mail.test')";
    assert_eq!(value(&store, backend, found).await, json!(2));

    // On the way back the states that were not there before become others.
    let state = |now: &str| format!("UPDATE orders SET fulfilment_status = '{now}'");
    run(&store, backend, state("delivered")).await;
    migrations::down(&settings, 1).await.expect("down");
    let was = "SELECT CAST(count(*) AS text) FROM orders WHERE fulfilment_status = 'fulfilled'";
    assert_eq!(value(&store, backend, was).await, json!(1));
    migrations::up(&settings, None).await.expect("up again");
}

/// Sellers that were only ids become sellers; fees and what went back are
/// spread over lines, and add up.
#[rstest]
#[tokio::test]
async fn ids_of_sellers_become_sellers(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let at = all.iter().position(|one| one.name == "m0018_sellers");
    let before = u32::try_from(at.expect("the one that makes sellers")).expect("a few");
    migrations::up(&settings, Some(before))
        .await
        .expect("up to it");
    let [tenant, order, line, second, seller] =
        [TENANT, METHOD, LINE, ANOTHER, SELLER].map(|one| id(backend, one));
    let no = if backend == Postgres { "false" } else { "0" };
    run(
        &store,
        backend,
        format!(
            "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
               VALUES ({tenant}, 'old', 'Old', 'active', {no}, '{{}}', 1, 1, 1); \
             INSERT INTO products (tenant_id, id, slug, name, sort_name, description, kind, condition, status, attributes, \
                 seller_id, inventory_strategy, currency, version, created_at, updated_at) \
               VALUES ({tenant}, {line}, 'a', 'A', 'a', '', 'goods', 'new', 'active', '{{}}', {seller}, 'flat', 'EUR', 1, 1, 1); \
             INSERT INTO orders (tenant_id, id, number, cart_id, email, currency, status, payment_status, \
                 fulfilment_status, subtotal, shipping, fee, total, tax, captured, refunded, return_urls, placed_at, paid_at, \
                 version, updated_at) \
               VALUES ({tenant}, {order}, 1001, {order}, 'ada@mail.test', 'EUR', 'paid', 'partially_refunded', 'unfulfilled', \
                 3000, 500, 101, 3500, 0, 3500, 1000, '{{}}', 1, 2, 4, 3); \
             INSERT INTO order_lines (tenant_id, id, order_id, position, product_id, variant_id, seller_id, sku, name, options, \
                 unit_price, quantity, restocked) \
               VALUES ({tenant}, {line}, {order}, 1, {line}, {line}, {seller}, 'A', 'A', '{{}}', 1000, 2, 0), \
                      ({tenant}, {second}, {order}, 2, {line}, {line}, NULL, 'B', 'B', '{{}}', 1000, 1, 0); \
             INSERT INTO payments (tenant_id, id, order_id, gateway, status, amount, currency, captured, tax, refunded, \
                 expires_at, checked_at, created_at, updated_at) \
               VALUES ({tenant}, {order}, {order}, 'test', 'succeeded', 3500, 'EUR', 3500, 0, 1000, 1, 1, 1, 1); \
             INSERT INTO refunds (tenant_id, id, order_id, payment_id, status, amount, currency, reason, restock, checked_at, \
                 created_at, updated_at) \
               VALUES ({tenant}, {line}, {order}, {order}, 'succeeded', 1000, 'EUR', 'late', '[]', 1, 5, 1);"
        ),
    )
    .await;
    migrations::up(&settings, Some(1)).await.expect("up");
    let count = async |sql: &str| value(&store, backend, sql).await;
    assert_eq!(count("SELECT CAST(count(*) AS text) FROM sellers WHERE id IN (SELECT seller_id FROM products)").await, json!(1));
    let fees = "SELECT CAST(sum(CASE WHEN position = 1 THEN fee * 1000 ELSE fee END) AS text) FROM order_lines";
    assert_eq!(count(fees).await, json!(67 * 1000 + 34));
    // 2000, 1000 and 500 of 3500.
    for (part, amount, fee) in [(1, 571, 19), (2, 286, 9), (0, 143, 0)] {
        let share = format!(
            "SELECT CAST(sum(amount * 100 + fee) AS text) FROM refund_shares WHERE created_at = 5 AND part = {part}"
        );
        assert_eq!(count(&share).await, json!(amount * 100 + fee), "{part}");
    }
    migrations::down(&settings, 1).await.expect("down");
    let kept = "SELECT CAST(count(*) AS text) FROM products WHERE seller_id IS NOT NULL";
    assert_eq!(count(kept).await, json!(1));
    migrations::up(&settings, None).await.expect("up again");
}

/// What was sold before it was there is as good as sent when there are no
/// backorders any more.
#[rstest]
#[tokio::test]
async fn stock_that_is_owed_goes_with_its_columns(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let at = all.iter().position(|one| one.name == "m0017_stock");
    let before = u32::try_from(at.expect("the one of stock")).expect("a few");
    migrations::up(&settings, Some(before))
        .await
        .expect("up to it");
    let (tenant, item, order) = (id(backend, TENANT), id(backend, METHOD), id(backend, LINE));
    let no = if backend == Postgres { "false" } else { "0" };
    let yes = if backend == Postgres { "true" } else { "1" };
    run(
        &store,
        backend,
        format!(
            "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
               VALUES ({tenant}, 'old', 'Old', 'active', {no}, '{{}}', 1, 1, 1); \
             INSERT INTO products (tenant_id, id, slug, name, sort_name, description, kind, condition, status, attributes, \
                 inventory_strategy, currency, version, created_at, updated_at) \
               VALUES ({tenant}, {item}, 'lamp', 'Lamp', 'lamp', '', 'goods', 'new', 'active', '{{}}', 'flat', 'EUR', 1, 1, 1); \
             INSERT INTO stock_items (tenant_id, id, product_id, on_hand, reserved, updated_at) \
               VALUES ({tenant}, {item}, {item}, 5, 5, 1); \
             INSERT INTO stock_reservations (tenant_id, order_id, stock_item_id, quantity, expires_at) \
               VALUES ({tenant}, {order}, {item}, 5, 1);"
        ),
    )
    .await;
    migrations::up(&settings, Some(1)).await.expect("up");
    run(
        &store,
        backend,
        format!(
            "UPDATE stock_items SET on_hand = 2, reserved = 6, owed = 4, supply = 'backorder', beyond = 9; \
             UPDATE stock_reservations SET owed = 3; \
             INSERT INTO stock_reservations (tenant_id, order_id, stock_item_id, quantity, expires_at, owed, sold) \
               VALUES ({tenant}, {item}, {item}, 1, 1, 1, {yes}); \
             INSERT INTO stock_movements (tenant_id, id, stock_item_id, kind, on_hand_delta, reserved_delta, owed_delta, \
                 on_hand_after, reserved_after, owed_after, actor, created_at) \
               VALUES ({tenant}, {item}, {item}, 'filled', -1, -1, -1, 2, 6, 4, 'test', 1);"
        ),
    )
    .await;
    migrations::down(&settings, 1).await.expect("down");
    let stock = "SELECT CAST(on_hand * 10 + reserved AS text) FROM stock_items";
    assert_eq!(value(&store, backend, stock).await, json!(55));
    let held = "SELECT CAST(sum(quantity) AS text) FROM stock_reservations";
    assert_eq!(value(&store, backend, held).await, json!(5));
    let sold = "SELECT CAST(count(*) AS text) FROM stock_movements WHERE kind = 'sold'";
    assert_eq!(value(&store, backend, sold).await, json!(1));
    migrations::up(&settings, None).await.expect("up again");
}

/// Orders of bundles that were there before are found by what these were made
/// of.
#[rstest]
#[tokio::test]
async fn components_of_old_orders_are_found(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::empty(backend).await;
    let settings = store.settings(&[]).database;
    let all = migrations::status(&settings).await.expect("a status");
    let at = all
        .iter()
        .position(|one| one.name == "m0022_line_components");
    let before = u32::try_from(at.expect("the one that finds them")).expect("a few");
    migrations::up(&settings, Some(before))
        .await
        .expect("up to it");
    let (tenant, order, line) = (id(backend, TENANT), id(backend, METHOD), id(backend, LINE));
    let (product, variant) = (id(backend, ANOTHER), id(backend, SELLER));
    let no = if backend == Postgres { "false" } else { "0" };
    let parts = json!([{"sku": "LAMP", "name": "Lamp"}, {"sku": "RENAMED", "name": "Bulb"}]);
    run(
        &store,
        backend,
        format!(
            "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
               VALUES ({tenant}, 'old', 'Old', 'active', {no}, '{{}}', 1, 1, 1); \
             INSERT INTO products (tenant_id, id, slug, name, sort_name, description, kind, condition, status, attributes, \
                 inventory_strategy, currency, version, created_at, updated_at) \
               VALUES ({tenant}, {product}, 'lamp', 'Lamp', 'lamp', '', 'goods', 'new', 'active', '{{}}', 'per_size', 'EUR', \
                 1, 1, 1); \
             INSERT INTO variants (tenant_id, id, product_id, sku, title, options, price, currency, weight_grams, status, \
                 position, version, created_at, updated_at) \
               VALUES ({tenant}, {variant}, {product}, 'LAMP', 'Standard', '{{}}', 1, 'EUR', 0, 'active', 0, 1, 1, 1); \
             INSERT INTO orders (tenant_id, id, number, cart_id, email, currency, status, payment_status, \
                 fulfilment_status, subtotal, shipping, fee, total, tax, captured, refunded, return_urls, placed_at, \
                 version, updated_at) \
               VALUES ({tenant}, {order}, 1001, {order}, 'Ada@mail.test', 'EUR', 'pending', 'unpaid', 'unfulfilled', 5000, \
                 0, 0, 5000, 0, 0, 0, '{{}}', 1, 4, 3); \
             INSERT INTO order_lines (tenant_id, id, order_id, position, product_id, variant_id, sku, name, options, \
                 unit_price, quantity, restocked, components) \
               VALUES ({tenant}, {line}, {order}, 1, {line}, {line}, 'A', 'A', '{{}}', 2500, 1, 0, '{parts}'), \
                 ({tenant}, {variant}, {order}, 2, {line}, {line}, 'B', 'B', '{{}}', 2500, 1, 0, NULL);"
        ),
    )
    .await;
    migrations::up(&settings, Some(1)).await.expect("up");
    for (wanted, count) in [
        (format!("sku = 'LAMP' AND product_id = {product}"), 1),
        ("sku = 'RENAMED' AND product_id IS NULL".to_owned(), 1),
        (format!("order_id = {order} AND line_id = {line}"), 2),
        ("sku <> ''".to_owned(), 2),
    ] {
        let sql =
            format!("SELECT CAST(count(*) AS text) FROM order_line_components WHERE {wanted}");
        assert_eq!(value(&store, backend, &sql).await, json!(count), "{wanted}");
    }
    migrations::down(&settings, 1).await.expect("down");
    migrations::up(&settings, None).await.expect("up again");
}
