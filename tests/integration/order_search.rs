//! Orders as those who run the shop look for them.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Order, Shop, Tenant, placed};

/// Orders some pieces for somebody.
async fn order_for(
    app: &App,
    tenant: &Tenant,
    variant: &str,
    pieces: i64,
    name: &str,
    email: &str,
) -> Order {
    app.advance(Duration::from_mins(1));
    let cart = app.cart(tenant.host, &[(variant, pieces)]).await;
    let mut address = testkit::shop::address();
    address["name"] = json!(name);
    let body = json!({"cart_id": cart.id, "email": email, "shipping_address": address});
    let call = app.client.post("/api/checkout", &body);
    let call = call
        .header("host", tenant.host)
        .header("x-cart-token", &cart.token);
    placed(&call.expect(201).await)
}

async fn found(app: &App, tenant: &Tenant, query: &str) -> Vec<String> {
    let call = app.client.get(&format!("/api/admin/orders?{query}"));
    let answer = call.bearer(&tenant.key).expect(200).await;
    let data = answer.body["data"].as_array().cloned().unwrap_or_default();
    let id = |order: &Value| order["id"].as_str().unwrap_or_default().to_owned();
    data.iter().map(id).collect()
}

/// What is looked for.
struct Placed {
    desk: String,
    ada: Order,
    julia: Order,
    bob: Order,
}

/// Three orders of one shop, and one of the other.
async fn place(app: &App, shop: &Shop) -> Placed {
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let desk = app.simple(tenant, "Desk", 50).await;
    let ada = order_for(
        app,
        tenant,
        &lamp.variants[0],
        1,
        "Ada Müller-Łoś",
        "ada@mail.test",
    )
    .await;
    let julia = order_for(
        app,
        tenant,
        &lamp.variants[0],
        3,
        "Юлия Ковалёва",
        "julia@other.test",
    )
    .await;
    let bob = order_for(
        app,
        tenant,
        &desk.variants[0],
        2,
        "Bob O'Brien",
        "bob@mail.test",
    )
    .await;
    app.pay(&julia).await;
    app.pay(&bob).await;
    let ship = json!({"carrier": "DHL", "tracking_number": "JD 0146-77"});
    let ship = app
        .client
        .post(&format!("/api/admin/orders/{}/ship", bob.id), &ship);
    ship.bearer(&tenant.key).expect(200).await;
    let foreign = app.simple(&shop.second, "Lamp", 5).await;
    order_for(
        app,
        &shop.second,
        &foreign.variants[0],
        1,
        "Ada Müller-Łoś",
        "ada@mail.test",
    )
    .await;
    Placed {
        desk: desk.product,
        ada,
        julia,
        bob,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_filtered_searched_and_sorted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let Placed {
        desk,
        ada,
        julia,
        bob,
    } = place(&app, &shop).await;
    let number = ada.answer["order"]["number"].to_string();
    let at = bob.answer["order"]["placed_at"]
        .as_str()
        .unwrap_or_default();
    let all = [&bob.id, &julia.id, &ada.id];
    let cases: Vec<(String, Vec<&String>)> = vec![
        (String::new(), all.to_vec()),
        ("sort=oldest".into(), vec![&ada.id, &julia.id, &bob.id]),
        ("sort=total_desc".into(), vec![&julia.id, &bob.id, &ada.id]),
        ("sort=total".into(), vec![&ada.id, &bob.id, &julia.id]),
        ("status=pending".into(), vec![&ada.id]),
        (
            "status=pending&status=shipped".into(),
            vec![&bob.id, &ada.id],
        ),
        ("payment_status=paid".into(), vec![&bob.id, &julia.id]),
        (
            "payment_status=paid&payment_status=unpaid&status=paid".into(),
            vec![&julia.id],
        ),
        ("fulfilment_status=fulfilled".into(), vec![&bob.id]),
        ("min_total=5500".into(), vec![&bob.id, &julia.id]),
        ("min_total=5500&max_total=5500".into(), vec![&bob.id]),
        (format!("placed_from={at}"), vec![&bob.id]),
        (format!("placed_before={at}"), vec![&julia.id, &ada.id]),
        (format!("product_id={desk}"), vec![&bob.id]),
        ("sku=lamp-0".into(), vec![&julia.id, &ada.id]),
        ("shipping_method=standard".into(), all.to_vec()),
        ("shipping_method=pickup".into(), vec![]),
        ("disputed=true".into(), vec![]),
        ("disputed=false".into(), all.to_vec()),
        (format!("q={number}"), vec![&ada.id]),
        (format!("q=%23{number}"), vec![&ada.id]),
        ("q=MULLER".into(), vec![&ada.id]),
        ("q=Los+ada".into(), vec![&ada.id]),
        ("q=ada%40mail".into(), vec![&ada.id]),
        ("q=mail.test".into(), vec![&bob.id, &ada.id]),
        ("q=%D0%9A%D0%BE%D0%B2%D0%B0%D0%BB".into(), vec![&julia.id]),
        ("q=brien+bob".into(), vec![&bob.id]),
        ("q=jd014677".into(), vec![&bob.id]),
        ("q=0146-77".into(), vec![&bob.id]),
        ("q=nobody".into(), vec![]),
        ("q=".into(), all.to_vec()),
        ("q=-".into(), vec![]),
        ("q=%25".into(), vec![]),
        ("q=%22".into(), vec![]),
        ("q=mail.test&status=shipped".into(), vec![&bob.id]),
    ];
    for (query, expected) in &cases {
        let expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        assert_eq!(&found(&app, tenant, query).await, &expected, "{query}");
    }
    // A row says who buys, and how much.
    let rows = app.client.get("/api/admin/orders").bearer(&tenant.key);
    let rows = rows.expect(200).await.body["data"].clone();
    let named = [0, 1, 2].map(|n| (rows[n]["customer_name"].clone(), rows[n]["pieces"].clone()));
    assert_eq!(
        named,
        [
            (json!("Bob O'Brien"), json!(2)),
            (json!("Юлия Ковалёва"), json!(3)),
            (json!("Ada Müller-Łoś"), json!(1)),
        ]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_paged_in_every_order(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    for pieces in [1, 3, 3, 2] {
        order_for(
            &app,
            tenant,
            &lamp.variants[0],
            pieces,
            "Ada",
            "ada@mail.test",
        )
        .await;
    }
    let whole = found(&app, tenant, "sort=newest").await;
    assert_eq!(whole.len(), 4);
    // Page by page, whatever the order.
    for sort in ["newest", "oldest", "total", "total_desc"] {
        let whole = found(&app, tenant, &format!("sort={sort}")).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/admin/orders?sort={sort}&limit=1{cursor}");
            let page = app.client.get(&path).bearer(&tenant.key).expect(200).await;
            seen.push(page.text_at("/data/0/id"));
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, whole, "{sort}");
    }
    for bad in [
        "min_total=-1",
        "sort=price",
        "disputed=maybe",
        "status=lost",
        "rows=lines",
        "placed_from=yesterday",
        "product_id=ord_1",
    ] {
        let call = app.client.get(&format!("/api/admin/orders?{bad}"));
        call.bearer(&tenant.key)
            .refused(400, "request.invalid_query")
            .await;
    }
}
