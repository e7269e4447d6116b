//! Orders as files: read back, and harmless to who opens them.

use rstest::rstest;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Order, Tenant, eur, placed};

use crate::promotions::promote;

/// An order for somebody whose name is as it is.
async fn order_for(app: &App, tenant: &Tenant, variant: &str, name: &str) -> Order {
    let cart = app.cart(tenant.host, &[(variant, 2)]).await;
    let mut address = testkit::shop::address();
    address["name"] = json!(name);
    let body = json!({"cart_id": cart.id, "shipping_address": address});
    let call = app.client.post("/api/checkout", &body);
    let call = call
        .header("host", tenant.host)
        .header("x-cart-token", &cart.token);
    placed(&call.expect(201).await)
}

/// The texts of a PDF that the server answers.
async fn pdf(app: &App, path: &str, header: (&str, &str)) -> (String, String) {
    let url = format!("{}{path}", app.client.base());
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let answer = http
        .get(url)
        .header(header.0, header.1)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    let name = answer.headers()["content-disposition"]
        .to_str()
        .expect("text")
        .to_owned();
    let bytes = answer.bytes().await.expect("a body");
    let file = lopdf::Document::load_mem(&bytes).expect("a PDF");
    let pages: Vec<u32> = file.get_pages().keys().copied().collect();
    (name, file.extract_text(&pages).expect("texts"))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_say_what_was_bought(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let etag = settings.expect(200).await.header("etag").to_owned();
    let named = json!({"name": "Λάμπες & Söhne", "support_email": "help@shop.test"});
    let named = app.client.patch("/api/admin/settings", &named);
    named
        .bearer(&tenant.key)
        .header("if-match", &etag)
        .expect(200)
        .await;
    let item = app.simple(tenant, "Lamp", 9).await;
    let order = order_for(&app, tenant, &item.variants[0], "Юлия Ковалёва-Łoś").await;
    app.pay(&order).await;
    let number = order.answer["order"]["number"].to_string();
    let bearer = format!("Bearer {}", tenant.key);

    let path = format!("/api/admin/orders/{}/packing-slip", order.id);
    let (name, slip) = pdf(&app, &path, ("authorization", &bearer)).await;
    assert!(
        name.contains(&format!("packing-slip-{number}.pdf")),
        "{name}"
    );
    for text in [
        "Λάμπες & Söhne",
        "Юлия Ковалёва-Łoś",
        &number,
        "lamp-0",
        "Street 1",
        "DE",
    ] {
        assert!(slip.contains(text), "{text} in {slip}");
    }
    assert!(!slip.contains("EUR"), "no prices: {slip}");
    let path = format!("/api/orders/{}/receipt", order.id);
    let (_, receipt) = pdf(&app, &path, ("x-order-token", &order.token)).await;
    for text in [
        "Receipt",
        "25.00 EUR",
        "50.00 EUR",
        "55.00 EUR",
        "2026-03-01",
        "help@shop.test",
    ] {
        assert!(receipt.contains(text), "{text} in {receipt}");
    }
    app.client.get(&path).refused(404, "order.not_found").await;
    assert!(!receipt.contains("Discount"), "{receipt}");
    let path = format!("/api/admin/orders/{}/receipt", order.id);
    app.client
        .get(&path)
        .bearer(&shop.second.key)
        .refused(404, "order.not_found")
        .await;
    // The other shop's documents have its own name.
    let item = app.simple(&shop.second, "Lamp", 9).await;
    let other = order_for(&app, &shop.second, &item.variants[0], "Ada").await;
    let path = format!("/api/admin/orders/{}/receipt", other.id);
    let bearer = format!("Bearer {}", shop.second.key);
    let (_, receipt) = pdf(&app, &path, ("authorization", &bearer)).await;
    assert!(receipt.contains("The other shop"), "{receipt}");
}

/// A receipt shows what was taken off a line and what was paid for it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_shows_discounts(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let rule = json!({"effect": {"kind": "fixed", "amount": eur(1001)}});
    let body = json!({"name": "A little less", "needs_coupon": false, "rule": rule});
    promote(&app, tenant, body).await;
    let item = app.simple(tenant, "Lamp", 9).await;
    let order = app.order(tenant, &[(&item.variants[0], 3)]).await;
    app.pay(&order).await;
    let path = format!("/api/orders/{}/receipt", order.id);
    let (_, receipt) = pdf(&app, &path, ("x-order-token", &order.token)).await;
    for text in ["Discount", "-10.01 EUR", "64.99 EUR", "69.99 EUR"] {
        assert!(receipt.contains(text), "{text} in {receipt}");
    }
    assert!(!receipt.contains("75.00 EUR"), "{receipt}");
    let export = app
        .client
        .get("/api/admin/orders/export")
        .bearer(&tenant.key);
    let rows = table(&export.expect(200).await.text);
    let column = |name: &str| rows[0].iter().position(|head| head == name).expect("it");
    assert_eq!(rows[1][column("discount")], "10.01");
    assert_eq!(rows[1][column("total")], "69.99");
}

/// The rows of an export, by the heads of their columns.
fn table(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let cells = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    reader
        .records()
        .map(|row| cells(row.expect("a row")))
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_are_whole_and_hold_no_formulas(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 9).await;
    let evil = "=HYPERLINK(\"http://evil.test\",\"click, me\")";
    let first = order_for(&app, tenant, &item.variants[0], evil).await;
    app.advance(std::time::Duration::from_secs(1));
    let second = order_for(&app, tenant, &item.variants[0], "Ada").await;
    app.pay(&second).await;
    let foreign = app.simple(&shop.second, "Lamp", 9).await;
    order_for(&app, &shop.second, &foreign.variants[0], "Foreign").await;
    let export = |query: &str| {
        let path = format!("/api/admin/orders/export?{query}");
        app.client.get(&path).bearer(&tenant.key)
    };
    let all = export("sort=oldest").expect(200).await;
    assert_eq!(all.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        all.header("content-disposition")
            .contains("orders-2026-03-01.csv")
    );
    let rows = table(&all.text);
    assert_eq!(rows.len(), 3);
    let at = |name: &str| {
        rows[0]
            .iter()
            .position(|head| head == name)
            .expect("a column")
    };
    assert_eq!(rows[1][at("id")], first.id);
    assert_eq!(rows[1][at("name")], format!("'{evil}"));
    assert_eq!(
        (
            rows[2][at("total")].as_str(),
            rows[2][at("currency")].as_str()
        ),
        ("55.00", "EUR")
    );
    assert_eq!(rows[2][at("captured")], "55.00");
    let paid = table(&export("status=paid").expect(200).await.text);
    assert_eq!((paid.len(), &paid[1][at("id")]), (2, &second.id));
    assert_eq!(rows[1][at("pieces")], "2");
    // A row for each line.
    let lines = export("rows=lines&sort=oldest").expect(200).await;
    assert!(
        lines
            .header("content-disposition")
            .contains("order-lines-2026-03-01.csv")
    );
    let lines = table(&lines.text);
    assert_eq!(lines.len(), 3);
    let cell = |row: usize, name: &str| {
        let column = lines[0].iter().position(|head| head == name);
        lines[row][column.expect("a column")].as_str()
    };
    assert_eq!(cell(1, "id"), first.id);
    assert_eq!(cell(1, "name"), format!("'{evil}"));
    for (name, value) in [
        ("id", second.id.as_str()),
        ("sku", "lamp-0"),
        ("quantity", "2"),
        ("unit_price", "25.00"),
        ("discount", "0.00"),
        ("line_total", "50.00"),
        ("currency", "EUR"),
        ("product_id", item.product.as_str()),
    ] {
        assert_eq!(cell(2, name), value, "{name}");
    }
    let none = table(&export("rows=lines&q=%25").expect(200).await.text);
    assert_eq!(none.len(), 1);
    export("rows=boxes")
        .refused(400, "request.invalid_query")
        .await;
    export("limit=1")
        .refused(400, "request.invalid_query")
        .await;
    export("cursor=x")
        .refused(400, "request.invalid_query")
        .await;

    // Parts are put together without loss: more than are read at once.
    let count = 1203;
    copy_orders(&app, backend, count).await;
    let rows = table(&export("email=copy%40mail.test").expect(200).await.text);
    assert_eq!(rows.len(), count + 1);
    let mut ids: Vec<&String> = rows[1..].iter().map(|row| &row[1]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

/// Copies one order many times, behind the back of the server.
async fn copy_orders(app: &App, backend: Backend, count: usize) {
    let id = match backend {
        Sqlite => "randomblob(16)",
        Postgres => "gen_random_uuid()",
    };
    let sql = format!(
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) \
         INSERT INTO orders (tenant_id, id, number, cart_id, email, currency, status, payment_status, fulfilment_status, \
           subtotal, shipping, fee, total, tax, captured, refunded, return_urls, placed_at, version, updated_at) \
         SELECT o.tenant_id, {id}, 100000 + s.n, {id}, 'copy@mail.test', o.currency, o.status, o.payment_status, \
           o.fulfilment_status, o.subtotal, o.shipping, o.fee, o.total, o.tax, o.captured, o.refunded, o.return_urls, \
           o.placed_at, 1, o.updated_at \
         FROM s, (SELECT * FROM orders WHERE currency = 'EUR' LIMIT 1) o"
    );
    match backend {
        Postgres => {
            let mut db = app.store().superuser().await;
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut db)
                .await
                .expect("copies");
        }
        Sqlite => {
            let path = app.store().folder().join("sutler.db");
            let url = format!("sqlite://{}", path.display());
            let mut db = SqliteConnection::connect(&url).await.expect("the database");
            sqlx::query(AssertSqlSafe(sql))
                .execute(&mut db)
                .await
                .expect("copies");
        }
    }
}

/// Papers say what is paid, and each parcel has its own.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn papers_say_what_is_paid_and_what_is_in_a_parcel(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 9).await;
    let desk = app.simple(tenant, "Desk", 9).await;
    let cart = [
        (lamp.variants[0].as_str(), 2),
        (desk.variants[0].as_str(), 1),
    ];
    let order = app.order(tenant, &cart).await;
    let bearer = format!("Bearer {}", tenant.key);
    let key = ("authorization", bearer.as_str());
    let base = format!("/api/admin/orders/{}", order.id);
    let (_, unpaid) = pdf(&app, &format!("{base}/receipt"), key).await;
    assert!(
        unpaid.contains("not paid yet") && unpaid.contains("Total"),
        "{unpaid}"
    );
    assert!(!unpaid.contains("Receipt"), "{unpaid}");
    let (_, slip) = pdf(&app, &format!("{base}/packing-slip"), key).await;
    assert!(slip.contains("do not send"), "{slip}");

    app.pay(&order).await;
    let post = |step: &str, body: serde_json::Value| {
        let call = app.client.post(&format!("{base}/{step}"), &body);
        call.bearer(&tenant.key)
    };
    let back = json!({"amount": eur(1000), "reason": "late"});
    post("refund", back).expect(200).await;
    let (_, receipt) = pdf(&app, &format!("{base}/receipt"), key).await;
    for text in [
        "Receipt",
        "80.00 EUR",
        "-10.00 EUR",
        "Paid after refunds",
        "70.00 EUR",
    ] {
        assert!(receipt.contains(text), "{text} in {receipt}");
    }
    let lines = app.see(&order).await["lines"].clone();
    let lamps = lines.as_array().expect("lines").iter();
    let lamps = lamps.filter(|line| line["sku"] == "lamp-0");
    let one = json!({"lines": lamps.map(|line| json!({"line_id": line["id"], "quantity": 1}))
        .collect::<Vec<_>>()});
    let sent = post("shipments", one).expect(200).await;
    let parcel = sent.text_at("/shipments/0/id");
    let (_, slip) = pdf(
        &app,
        &format!("{base}/packing-slip?shipment_id={parcel}"),
        key,
    )
    .await;
    assert!(
        slip.contains("lamp-0") && !slip.contains("desk-0"),
        "{slip}"
    );
    let (_, whole) = pdf(&app, &format!("{base}/packing-slip"), key).await;
    assert!(
        whole.contains("lamp-0") && whole.contains("desk-0"),
        "{whole}"
    );
    let other = format!("{base}/packing-slip?shipment_id=pkg_01j9z6m3k4f5g6h7j8k9m0n1p2");
    let other = app.client.get(&other).bearer(&tenant.key);
    other.refused(404, "shipment.not_found").await;
}
