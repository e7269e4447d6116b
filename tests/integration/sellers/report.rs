//! What sellers sold, what of that went back, and what is payable to them: to
//! the cent what the lines of orders say.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Listing, Order, Tenant, eur};

use super::{by, person, seller};
use crate::promotions::promote;

pub(super) const REPORT: &str = "/api/admin/sellers/report";
/// What is sold: by the first seller, by the second one, by the shop.
const GOODS: [&str; 3] = ["Lamp", "Shelf", "Desk"];

/// Two sellers, of whom one has a fee of their own, and the shop itself.
pub(super) struct Market {
    pub(super) oak: String,
    elm: String,
    pub(super) token: String,
    goods: [Item; 3],
}

async fn priced(app: &App, tenant: &Tenant, name: &str, price: i64) -> Item {
    let listing = Listing {
        name,
        strategy: "per_size",
        price,
        stock: &[999],
    };
    app.list(tenant, &listing).await
}

pub(super) async fn open(app: &App, tenant: &Tenant, bearer: &str) -> Market {
    let settings = "/api/admin/settings";
    let fee = json!({"fixed": eur(30), "basis_points": 250, "borne_by": bearer});
    let read = app
        .client
        .get(settings)
        .bearer(&tenant.key)
        .expect(200)
        .await;
    let call = app
        .client
        .patch(settings, &json!({"platform_fee": fee}))
        .bearer(&tenant.key);
    call.header("if-match", read.header("etag"))
        .expect(200)
        .await;
    let fee = json!({"fixed": eur(10), "basis_points": 1000});
    let oak = seller(app, tenant, json!({"name": "Oak", "fee": fee})).await;
    let elm = seller(app, tenant, json!({"name": "Elm"})).await;
    let sal = person(app, tenant, &oak, "sal@mail.test").await;
    let sam = person(app, tenant, &elm, "sam@mail.test").await;
    Market {
        goods: [
            priced(app, &by(tenant, &sal), "Lamp", 1001).await,
            priced(app, &by(tenant, &sam), "Shelf", 1999).await,
            priced(app, tenant, "Desk", 333).await,
        ],
        token: sal.token,
        oak,
        elm,
    }
}

impl Market {
    /// 2 × 10.01 of one seller, 19.99 of the other, 3 × 3.33 of the shop.
    pub(super) async fn order(&self, app: &App, tenant: &Tenant) -> Order {
        let [lamp, shelf, desk] = &self.goods;
        let lines = [
            (&*lamp.variants[0], 2),
            (&*shelf.variants[0], 1),
            (&*desk.variants[0], 3),
        ];
        let order = app.order(tenant, &lines).await;
        app.pay(&order).await;
        order
    }
}

fn amount(row: &Value, name: &str) -> i64 {
    row[name]["amount"].as_i64().unwrap_or_default()
}

/// The rows of a report by seller; that of the shop has no name.
async fn report(call: Call) -> BTreeMap<String, Value> {
    let report = call.expect(200).await;
    let rows = report.body["sales"].as_array().expect("rows").clone();
    let by_seller = |row: Value| {
        (
            row["seller_id"].as_str().unwrap_or_default().to_owned(),
            row,
        )
    };
    rows.into_iter().map(by_seller).collect()
}

fn sum(rows: &BTreeMap<String, Value>, name: &str) -> i64 {
    rows.values().map(|row| amount(row, name)).sum()
}

/// The line of an order with a product. Lines that were put into the cart at
/// the same instant come in any order.
fn line<'a>(order: &'a Value, name: &str) -> &'a Value {
    let lines = order["lines"].as_array().expect("lines");
    let is_it = |line: &&Value| {
        line["name"]
            .as_str()
            .is_some_and(|text| text.starts_with(name))
    };
    lines.iter().find(is_it).expect("a line of it")
}

async fn see(app: &App, tenant: &Tenant, order: &str) -> Value {
    let call = app.client.get(&format!("/api/admin/orders/{order}"));
    call.bearer(&tenant.key).expect(200).await.body
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_the_lines_of_orders_to_the_cent(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("seller", "buyer")] bearer: &str,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let market = open(&app, tenant, bearer).await;
    let rule = json!({"effect": {"kind": "percent", "basis_points": 1000}});
    promote(
        &app,
        tenant,
        json!({"name": "Sale", "needs_coupon": false, "rule": rule}),
    )
    .await;
    let order = market.order(&app, tenant).await;
    let all = || report(app.client.get(REPORT).bearer(&tenant.key));

    // 50.00 less 10 %: 18.02 of one seller, 17.99 of the other, 8.99 of the
    // shop. One pays 0.10 and 10 %; the rest pays 0.30 and 2.5 % together.
    let seen = see(&app, tenant, &order.id).await;
    let of_lines = |what: &str| GOODS.map(|name| amount(line(&seen, name), what));
    let fees = of_lines("fee");
    let discounts = of_lines("discount");
    assert_eq!(discounts.iter().sum::<i64>(), 500);
    let nets: Vec<i64> = [2002, 1999, 999]
        .iter()
        .zip(&discounts)
        .map(|(gross, off)| gross - off)
        .collect();
    assert_eq!(fees[0], 10 + 180);
    assert_eq!(fees[1] + fees[2], 30 + 67);
    let fee: i64 = fees.iter().sum();
    assert_eq!(amount(&seen, "fee"), fee);
    let on_top = if bearer == "buyer" { fee } else { 0 };
    assert_eq!(amount(&seen, "total"), 4500 + 500 + on_top);
    let rows = all().await;
    assert_eq!(rows.len(), 3);
    assert_eq!((sum(&rows, "gross"), sum(&rows, "discounts")), (5000, 500));
    assert_eq!(
        (
            sum(&rows, "platform_fees"),
            sum(&rows, "platform_fees_from_buyers")
        ),
        (fee, on_top)
    );
    assert_eq!(sum(&rows, "payable"), 4500 - fee + on_top);
    for (n, who) in [&*market.oak, &*market.elm, ""].into_iter().enumerate() {
        let own = if bearer == "buyer" { 0 } else { fees[n] };
        assert_eq!(amount(&rows[who], "payable"), nets[n] - own, "{who}");
        assert_eq!(
            (&rows[who]["orders"], &rows[who]["pieces"]),
            (&json!(1), &json!([2, 1, 3][n]))
        );
    }
    // The seller is told the same as the shop.
    let own = app
        .client
        .get("/api/seller/report")
        .bearer(&market.token)
        .expect(200)
        .await;
    let path = format!("/api/admin/sellers/{}/report", market.oak);
    let of_shop = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(own.body, of_shop.body);
    assert_eq!(own.body["sales"], json!([rows[&market.oak]]));

    // What goes back for nothing in particular comes from all parts; for goods,
    // from their lines; and in the end everything is back.
    let refund = |body: Value| {
        let path = format!("/api/admin/orders/{}/refund", order.id);
        app.client.post(&path, &body).bearer(&tenant.key)
    };
    refund(json!({"amount": eur(1234), "reason": "late"}))
        .expect(200)
        .await;
    let rows = all().await;
    let total = 5000 + on_top;
    let shops_part = 1234 - sum(&rows, "refunds");
    assert!(
        (shops_part - 1234 * (500 + on_top) / total).abs() <= 1,
        "{shops_part}"
    );
    let before = amount(&rows[&market.elm], "refunds");
    let left = nets[1] - before;
    let shelf = &line(&seen, "Shelf")["id"];
    let restock = json!([{"line_id": shelf, "quantity": 1}]);
    let body = json!({"amount": eur(left), "reason": "broken", "restock": restock});
    refund(body).expect(200).await;
    let rows = all().await;
    assert_eq!(amount(&rows[&market.elm], "refunds"), nets[1]);
    assert_eq!(
        (
            amount(&rows[&market.elm], "payable"),
            amount(&rows[&market.elm], "platform_fees")
        ),
        (0, 0)
    );
    assert_eq!(sum(&rows, "refunds"), 1234 - shops_part + left);
    refund(json!({"reason": "all"})).expect(200).await;
    app.drain().await;
    let rows = all().await;
    assert_eq!(sum(&rows, "refunds"), 4500);
    for (who, row) in &rows {
        assert_eq!(
            (amount(row, "payable"), amount(row, "platform_fees")),
            (0, 0),
            "{who}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_failed_and_an_exchange_count_as_what_they_are(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let market = open(&app, tenant, "seller").await;
    let order = market.order(&app, tenant).await;
    let post = |path: String, body: Value| {
        let path = format!("/api/admin/{path}");
        app.client.post(&path, &body).bearer(&tenant.key)
    };
    let all = || report(app.client.get(REPORT).bearer(&tenant.key));
    let before = all().await;
    let ship = post(format!("orders/{}/ship", order.id), Value::Null)
        .expect(200)
        .await;
    // One lamp comes back and pays for two desks of the shop: 10.01 for 6.66;
    // the rest is due when it is here.
    let lamps = &line(&ship.body, "Lamp")["id"];
    let body = json!({"lines": [{"line_id": lamps, "quantity": 1, "reason": "wrong_size"}],
        "items": [{"variant_id": market.goods[2].variants[0], "quantity": 2}]});
    let made = post(format!("orders/{}/exchanges", order.id), body)
        .expect(201)
        .await;
    let rows = all().await;
    assert_eq!(amount(&rows[&market.oak], "refunds"), 666);
    assert_eq!(amount(&rows[""], "gross"), 999 + 666);
    assert_eq!(sum(&rows, "gross") - sum(&rows, "refunds"), 5000);
    let back = see(&app, tenant, &order.id).await["returns"][0]["id"].clone();
    let back = back.as_str().expect("a return");
    post(format!("returns/{back}/receive"), Value::Null)
        .expect(200)
        .await;
    app.drain().await;
    let rows = all().await;
    assert_eq!(amount(&rows[&market.oak], "refunds"), 1001);
    // Half of the lamps: half of the fee, 0.10 and 10 % of 20.02.
    assert_eq!(amount(&rows[&market.oak], "platform_fees"), 210 - 105);
    // The exchange is canceled: what was sold for it is not sold, and what
    // paid for it is the seller's again until it goes back as money.
    let second = made.text_at("/order/id");
    post(format!("orders/{second}/cancel"), json!({}))
        .expect(200)
        .await;
    let rows = all().await;
    assert_eq!(
        amount(&rows[""], "gross") - amount(&rows[""], "refunds"),
        999
    );
    assert_eq!(amount(&rows[&market.oak], "refunds"), 1001 - 666);
    assert_eq!(
        amount(&rows[&market.elm], "payable"),
        amount(&before[&market.elm], "payable")
    );
    post(format!("returns/{back}/refund"), json!({}))
        .expect(200)
        .await;
    app.drain().await;
    let rows = all().await;
    assert_eq!(amount(&rows[&market.oak], "refunds"), 1001);
    let seen = see(&app, tenant, &order.id).await;
    assert_eq!(amount(&seen, "refunded"), 1001);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_of_days_of_the_shop(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let market = open(&app, tenant, "seller").await;
    market.order(&app, tenant).await;
    let path = format!("/api/admin/sellers/{}/report", market.oak);
    let get = |query: &str| {
        app.client
            .get(&format!("{path}{query}"))
            .bearer(&tenant.key)
    };
    let now = get("").expect(200).await;
    let today = now.text_at("/to");
    assert_eq!(now.number_at("/sales/0/gross/amount"), 2002);
    let of_today = get(&format!("?from={today}&to={today}")).expect(200).await;
    assert_eq!(of_today.body["sales"], now.body["sales"]);
    app.advance(Duration::from_hours(72));
    let later = get("").expect(200).await;
    assert_eq!(later.body["sales"], now.body["sales"]);
    let tomorrow = later.text_at("/to");
    let none = get(&format!("?from={tomorrow}&to={tomorrow}"))
        .expect(200)
        .await;
    assert_eq!(
        (
            none.number_at("/sales/0/gross/amount"),
            none.number_at("/sales/0/orders")
        ),
        (0, 0)
    );
    for query in [
        format!("?from={tomorrow}&to={today}"),
        format!("?from=2000-01-01&to={today}"),
    ] {
        get(&query).refused(422, "report.invalid_period").await;
    }
    get("?from=yesterday")
        .refused(400, "request.invalid_query")
        .await;
    let csv = app
        .client
        .get(&format!("{path}/export"))
        .bearer(&tenant.key)
        .expect(200)
        .await;
    let rows: Vec<&str> = csv.text.lines().collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows[1].contains(&format!(
            ",{},EUR,1,2,20.02,0.00,0.00,2.10,0.00,17.92",
            market.oak
        )),
        "{}",
        csv.text
    );
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let csv = app
        .client
        .get(&format!("{REPORT}/export"))
        .bearer(&tenant.key)
        .expect(200)
        .await;
    assert_eq!(csv.text.lines().count(), 4);
    let missing = app.client.get(&path).bearer(&shop.second.key);
    missing.refused(404, "seller.not_found").await;
    let foreign = app
        .client
        .get(REPORT)
        .bearer(&shop.second.key)
        .expect(200)
        .await;
    assert_eq!(foreign.body["sales"].as_array().map(Vec::len), Some(1));
    assert_eq!(foreign.number_at("/sales/0/gross/amount"), 0);
}
