//! The figures of a shop: counted once each, by day, currency and tenant, and
//! the same when they are counted anew.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Order, Tenant, eur};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn figures(app: &App, tenant: &Tenant) -> Value {
    let seen = app.client.get("/api/admin/metrics").bearer(&tenant.key);
    let mut body = seen.expect(200).await.body;
    body.as_object_mut().expect("an object").remove("at");
    body
}

fn day<'a>(figures: &'a Value, day: &str) -> &'a Value {
    let days = figures["days"].as_array().expect("days");
    let found = days.iter().find(|one| one["day"] == day);
    found.unwrap_or_else(|| panic!("no {day} in {figures}"))
}

/// Runs a statement past the application; the first number it answers.
async fn sql(app: &App, backend: Backend, text: &str) -> i64 {
    match backend {
        Postgres => {
            let mut db = app.store().superuser().await;
            let rows: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(text.to_owned()))
                .fetch_all(&mut db)
                .await
                .expect("a statement");
            rows.first().copied().unwrap_or_default()
        }
        Sqlite => {
            let path = app.store().folder().join("sutler.db");
            let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display()))
                .await
                .expect("the database file");
            let rows: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(text.to_owned()))
                .fetch_all(&mut db)
                .await
                .expect("a statement");
            rows.first().copied().unwrap_or_default()
        }
    }
}

async fn set_time_zone(app: &App, tenant: &Tenant, time_zone: &str) {
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let etag = settings.expect(200).await.header("etag").to_owned();
    app.client
        .patch("/api/admin/settings", &json!({"time_zone": time_zone}))
        .bearer(&tenant.key)
        .header("if-match", &etag)
        .expect(200)
        .await;
}

async fn rebuild(app: &App, tenant: &Tenant) {
    app.client
        .post("/api/admin/metrics/rebuild", &Value::Null)
        .bearer(&tenant.key)
        .expect(202)
        .await;
    app.drain().await;
}

async fn refund(app: &App, tenant: &Tenant, order: &Order, amount: i64) {
    let body = json!({"reason": "broken", "amount": eur(amount)});
    app.client
        .post(&format!("/api/admin/orders/{}/refund", order.id), &body)
        .bearer(&tenant.key)
        .expect(200)
        .await;
    app.drain().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_counted_once_by_day_and_currency(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (tenant, other) = (&shop.first, &shop.second);
    set_time_zone(&app, tenant, "Asia/Jakarta").await;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let desk = app.simple(tenant, "Desk", 20).await;
    let foreign = app.simple(other, "Lamp", 10).await;
    let (one, two) = (lamp.variants[0].as_str(), desk.variants[0].as_str());
    let first = app.order(tenant, &[(one, 3), (two, 1)]).await;
    app.pay(&first).await;
    let unpaid = app.order(tenant, &[(two, 9)]).await;
    // 01:00 of the next day in Jakarta, 18:00 of the same in London.
    app.advance(Duration::from_hours(6));
    let second = app.order(tenant, &[(one, 1)]).await;
    app.pay(&second).await;
    refund(&app, tenant, &first, 1500).await;
    let theirs = app.order(other, &[(&foreign.variants[0], 1)]).await;
    app.pay(&theirs).await;
    app.advance(Duration::from_hours(1));
    app.drain().await;

    let seen = figures(&app, tenant).await;
    assert_eq!(seen["time_zone"], "Asia/Jakarta");
    assert_eq!(
        (&seen["from"], &seen["to"]),
        (&json!("2026-02-01"), &json!("2026-03-02"))
    );
    assert_eq!(seen["days"].as_array().map(Vec::len), Some(30));
    let totals = &seen["totals"];
    assert_eq!(totals.as_array().map(Vec::len), Some(1), "{totals}");
    let expected = json!({
        "currency": "EUR", "orders": 2, "revenue": eur(10_500 + 3000), "average_order": eur(6750),
        "refunds": 1, "refunded": eur(1500), "reminders": 0, "recovered_orders": 0,
        "recovered_revenue": eur(0),
    });
    assert_eq!(totals[0], expected);
    let before = &day(&seen, "2026-03-01")["takings"][0];
    assert_eq!(
        (&before["orders"], &before["revenue"], &before["refunds"]),
        (&json!(1), &eur(10_500), &json!(0))
    );
    let after = &day(&seen, "2026-03-02")["takings"][0];
    assert_eq!(
        (&after["orders"], &after["revenue"], &after["refunded"]),
        (&json!(1), &eur(3000), &eur(1500))
    );
    let best: Vec<_> = seen["best_sellers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["name"].clone(),
                one["quantity"].clone(),
                one["revenue"].clone(),
            )
        })
        .collect();
    assert_eq!(
        best,
        [
            (json!("Lamp"), json!(4), eur(10_000)),
            (json!("Desk"), json!(1), eur(2500)),
        ]
    );
    // 46 lamps and 19 desks are left, at 25.00 each.
    assert_eq!(
        seen["stock"],
        json!([{"pieces": 65, "value": eur(162_500)}])
    );
    let usd = figures(&app, other).await;
    assert_eq!(
        usd["totals"][0]["revenue"],
        json!({"amount": 3000, "currency": "USD"})
    );
    assert_eq!(usd["best_sellers"][0]["quantity"], 1);

    // Events may come twice, at the same time and much later.
    let scope = app.scope(&tenant.id);
    let engagement = &app.sutler.engagement;
    let id = first.id.parse().expect("an id");
    let again = (0..8).map(|_| engagement.count_order(&scope, id));
    for counted in futures::future::join_all(again).await {
        counted.expect("no fault");
    }
    let id = unpaid.id.parse().expect("an id");
    engagement.count_order(&scope, id).await.expect("no fault");
    assert_eq!(figures(&app, tenant).await, seen);

    // What is counted anew is the same, whatever happened to the sums.
    rebuild(&app, tenant).await;
    assert_eq!(figures(&app, tenant).await, seen);
    for broken in [
        "UPDATE insight_days SET revenue = 7, orders = orders + 5",
        "DELETE FROM insight_products",
        "DELETE FROM insight_facts WHERE kind <> 'refund'",
    ] {
        sql(&app, backend, broken).await;
        assert_ne!(figures(&app, tenant).await["totals"], json!([]));
        rebuild(&app, tenant).await;
        assert_eq!(figures(&app, tenant).await, seen, "{broken}");
    }
    set_time_zone(&app, tenant, "Europe/London").await;
    rebuild(&app, tenant).await;
    let moved = figures(&app, tenant).await;
    assert_eq!(moved["totals"], seen["totals"]);
    assert_eq!(day(&moved, "2026-03-01")["takings"][0], expected);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counting_and_counting_anew_do_not_disturb_each_other(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        let order = app.order(tenant, &[(&lamp.variants[0], 1)]).await;
        app.act(&order.session, "pay").await;
        orders.push(order);
    }
    // The webhooks are worked on, and with them come the events.
    app.drain().await;
    sql(&app, backend, "DELETE FROM insight_facts").await;
    sql(&app, backend, "DELETE FROM insight_days").await;
    sql(&app, backend, "DELETE FROM insight_products").await;
    let scope = app.scope(&tenant.id);
    let engagement = &app.sutler.engagement;
    let ids: Vec<kernel::OrderId> = orders
        .iter()
        .map(|order| order.id.parse().expect("an id"))
        .collect();
    let counting = futures::future::join_all(
        ids.iter()
            .chain(&ids)
            .map(|id| engagement.count_order(&scope, *id)),
    );
    let anew = futures::future::join_all((0..3).map(|_| engagement.rebuild(&scope)));
    let (counted, anew) = tokio::join!(counting, anew);
    for result in counted.into_iter().chain(anew) {
        result.expect("no fault");
    }
    let seen = figures(&app, tenant).await;
    assert_eq!(seen["totals"][0]["orders"], 6);
    assert_eq!(seen["totals"][0]["revenue"], eur(18_000));
    assert_eq!(seen["best_sellers"][0]["quantity"], 6);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visitors_are_counted_and_forgotten(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("HTTP_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let variant = &lamp.variants[0];
    let see = |path: &str, address: &str, agent: &str| {
        let call = app.client.get(path).header("x-forwarded-for", address);
        call.header("user-agent", agent)
    };
    let (list, detail) = ("/api/catalog/products", "/api/catalog/products/lamp");
    for _ in 0..3 {
        see(list, "192.0.2.1", BROWSER).expect(200).await;
        see(detail, "192.0.2.2", BROWSER).expect(200).await;
    }
    see(detail, "192.0.2.2", "Mozilla/5.0 Safari")
        .expect(200)
        .await;
    // Programs, the staff, and what is not there.
    see(list, "192.0.2.9", "Googlebot/2.1").expect(200).await;
    let staff = see(list, "192.0.2.8", BROWSER).bearer(&tenant.key);
    staff.expect(200).await;
    see("/api/catalog/products/none", "192.0.2.7", BROWSER)
        .expect(404)
        .await;
    see(list, "192.0.2.1", BROWSER)
        .header("host", "other.test")
        .expect(200)
        .await;
    // One goes all the way.
    let from = |call: testkit::client::Call| {
        let call = call.header("x-forwarded-for", "192.0.2.2");
        call.header("user-agent", BROWSER)
    };
    let cart = app.cart(tenant.host, &[]).await;
    let line = json!({"variant_id": variant, "quantity": 1});
    let add = app
        .client
        .post(&format!("/api/carts/{}/lines", cart.id), &line);
    from(add.header("x-cart-token", &cart.token))
        .expect(200)
        .await;
    let placed = from(app.checkout(tenant.host, &cart)).expect(201).await;
    app.pay(&testkit::shop::placed(&placed)).await;

    let count = async |app: &App| {
        app.sutler
            .engagement
            .write_visits()
            .await
            .expect("no fault");
        app.advance(Duration::from_mins(6));
        app.drain().await;
    };
    count(&app).await;
    let funnel = |visitors: i64, views: i64, carts: i64, checkouts: i64, paid: i64| {
        let rate = (visitors > 0).then(|| paid * 10_000 / visitors);
        json!({
            "visitors": visitors, "product_views": views, "carts": carts, "checkouts": checkouts,
            "paid": paid, "conversion_basis_points": rate,
        })
    };
    let seen = figures(&app, tenant).await;
    assert_eq!(seen["funnel"], funnel(3, 2, 1, 1, 1));
    assert_eq!(day(&seen, "2026-03-01")["funnel"], funnel(3, 2, 1, 1, 1));
    assert_eq!(
        figures(&app, &shop.second).await["funnel"],
        funnel(1, 0, 0, 0, 0)
    );
    // Another node knows the same visitor.
    let node = app.another(&[("HTTP_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let again = node.client.get(list).header("x-forwarded-for", "192.0.2.1");
    again.header("user-agent", BROWSER).expect(200).await;
    node.sutler
        .engagement
        .write_visits()
        .await
        .expect("no fault");
    count(&app).await;
    assert_eq!(figures(&app, tenant).await["funnel"], funnel(3, 2, 1, 1, 1));
    assert_eq!(sql(&app, backend, "SELECT count(*) FROM visitors").await, 4);

    // The next day they are strangers, and nothing is left of the day before.
    app.advance(Duration::from_hours(13));
    see(list, "192.0.2.1", BROWSER).expect(200).await;
    count(&app).await;
    let seen = figures(&app, tenant).await;
    assert_eq!(seen["funnel"]["visitors"], 4);
    assert_eq!(day(&seen, "2026-03-02")["funnel"], funnel(1, 0, 0, 0, 0));
    for table in ["visitors", "visitor_salts"] {
        let old = format!("SELECT count(*) FROM {table} WHERE day < '2026-03-02'");
        assert_eq!(sql(&app, backend, &old).await, 0, "{table}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_asked_for_and_exported(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "=1+1", 50).await;
    let order = app.order(tenant, &[(&lamp.variants[0], 2)]).await;
    app.pay(&order).await;
    let get = |query: &str| {
        let path = format!("/api/admin/metrics{query}");
        app.client.get(&path).bearer(&tenant.key)
    };
    let year = get("?from=2025-03-01&to=2026-03-01").expect(200).await;
    assert_eq!(year.body["days"].as_array().map(Vec::len), Some(366));
    for wrong in [
        "?from=2026-03-02&to=2026-03-01",
        "?from=2025-02-28&to=2026-03-01",
    ] {
        get(wrong).refused(422, "insight.invalid_period").await;
    }
    get("?form=2026-01-01")
        .refused(400, "request.invalid_query")
        .await;
    for wrong in ["yesterday", "", "2026-13-01", "2026-11-21T00:00:00Z"] {
        let refused = get(&format!("?from={wrong}"));
        let refused = refused.refused(400, "request.invalid_query").await;
        let why = refused.text_at("/errors/0/detail");
        assert_eq!(why, "must be a date such as 2026-01-31", "{wrong}");
    }
    let csv = get("/export?from=2026-02-28&to=2026-03-01")
        .expect(200)
        .await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"metrics-2026-02-28-2026-03-01.csv\""
    );
    assert_eq!(
        csv.text,
        "day,currency,orders,revenue,average_order,refunds,refunded,reminders,recovered_orders,\
         recovered_revenue,visitors,product_views,carts,checkouts,paid,conversion_basis_points,\
         stock_pieces,stock_value\r\n\
         2026-02-28,,0,,,0,,0,0,,0,0,0,0,0,,,\r\n\
         2026-03-01,EUR,1,55.00,55.00,0,0.00,0,0,0.00,0,0,0,0,1,,48,1200.00\r\n"
    );
    let best = get("/export?rows=best_sellers").expect(200).await;
    let expected = format!(
        "product_id,name,quantity,currency,revenue\r\n{},'=1+1,2,EUR,50.00\r\n",
        lamp.product
    );
    assert_eq!(best.text, expected);
    // However much there is, it is read with as many questions.
    let mut fewest = u64::MAX;
    for _ in 0..6 {
        let before = app.sutler.database.round_trips();
        get("").expect(200).await;
        fewest = fewest.min(app.sutler.database.round_trips() - before);
    }
    assert_eq!(fewest, 7);
}
