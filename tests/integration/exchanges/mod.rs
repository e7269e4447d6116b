//! Something else for what comes back: its stock is reserved, and money moves
//! only for the difference.

mod canceled;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Listing, Order, Tenant, eur, placed};
use testkit::{Answer, App};

use crate::promotions::{promote, used};

fn admin(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Call {
    let path = format!("/api/admin/{path}");
    app.client.post(&path, body).bearer(&tenant.key)
}

struct Sold {
    lamps: Item,
    order: Order,
    line: String,
}

/// Two lamps at 25.00 and 5.00 for shipping, paid and sent.
async fn sold(app: &App, tenant: &Tenant) -> Sold {
    let listing = Listing {
        name: "Lamp",
        strategy: "per_size",
        price: 2500,
        stock: &[10, 3],
    };
    let lamps = app.list(tenant, &listing).await;
    let order = app.order(tenant, &[(&lamps.variants[0], 2)]).await;
    app.pay(&order).await;
    let ship = format!("orders/{}/ship", order.id);
    let sent = admin(app, tenant, &ship, &Value::Null).expect(200).await;
    let line = sent.text_at("/lines/0/id");
    Sold { lamps, order, line }
}

async fn priced(app: &App, tenant: &Tenant, name: &str, price: i64) -> Item {
    let listing = Listing {
        name,
        strategy: "per_size",
        price,
        stock: &[2],
    };
    app.list(tenant, &listing).await
}

fn exchange(app: &App, tenant: &Tenant, sold: &Sold, back: i64, variant: &str, out: i64) -> Call {
    let body = json!({"lines": [{"line_id": sold.line, "quantity": back, "reason": "wrong_size"}],
        "items": [{"variant_id": variant, "quantity": out}]});
    admin(
        app,
        tenant,
        &format!("orders/{}/exchanges", sold.order.id),
        &body,
    )
}

/// One of what was sold for a lamp at 40.00.
async fn for_a_better_lamp(app: &App, tenant: &Tenant, sold: &Sold) -> (Answer, Item) {
    let better = priced(app, tenant, "Better lamp", 4000).await;
    let made = exchange(app, tenant, sold, 1, &better.variants[0], 1);
    (made.expect(201).await, better)
}

async fn see(app: &App, tenant: &Tenant, order: &str) -> Value {
    let call = app.client.get(&format!("/api/admin/orders/{order}"));
    call.bearer(&tenant.key).expect(200).await.body
}

/// What the buyer was told of an exchange, in the mails about it.
fn exchange_mails(app: &App, made: &Answer) -> Vec<String> {
    let mails = app.mails.to(&made.text_at("/order/email"));
    let about = mails.into_iter();
    let about = about.filter(|mail| mail.subject.starts_with("Your exchange"));
    about.map(|mail| mail.text).collect()
}

/// What the buyer was told of an exchange, in the one mail about it.
fn exchange_mail(app: &App, made: &Answer) -> String {
    let [mail] = exchange_mails(app, made).try_into().expect("one mail");
    mail
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_size_costs_nothing_and_can_be_sent_at_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let sold = sold(&app, tenant).await;
    let made = exchange(&app, tenant, &sold, 1, &sold.lamps.variants[1], 1);
    let made = made.once("exchange-1").expect(201).await;
    assert_eq!(made.body["payment_url"], Value::Null);
    assert_eq!(made.body["order"]["status"], "paid");
    assert_eq!(made.body["order"]["exchange_credit"], eur(2500));
    let again = exchange(&app, tenant, &sold, 1, &sold.lamps.variants[1], 1);
    let again = again.once("exchange-1").expect(201).await;
    assert_eq!(again.text_at("/order/id"), made.text_at("/order/id"));
    let log = app.audited(tenant).await;
    assert_eq!(log.iter().filter(|one| *one == "order.exchange").count(), 1);
    assert_eq!(app.stock(tenant, &sold.lamps, 1).await, (2, 0));
    let second = made.text_at("/order/id");
    admin(&app, tenant, &format!("orders/{second}/ship"), &Value::Null)
        .expect(200)
        .await;
    // What pays the second order does not go back for the first.
    let first = see(&app, tenant, &sold.order.id).await;
    assert_eq!(first["exchanged"], eur(2500));
    let refund = |amount: i64| {
        let body = json!({"amount": eur(amount), "reason": "angry"});
        admin(
            &app,
            tenant,
            &format!("orders/{}/refund", sold.order.id),
            &body,
        )
    };
    refund(3001).refused(409, "refund.too_large").await;
    let back = first["returns"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    admin(
        &app,
        tenant,
        &format!("returns/{back}/cancel"),
        &Value::Null,
    )
    .refused(409, "return.exchange_under_way")
    .await;
    let received = admin(
        &app,
        tenant,
        &format!("returns/{back}/receive"),
        &Value::Null,
    );
    let received = received.expect(200).await;
    assert_eq!(received.body["status"], "exchanged");
    assert_eq!(received.text_at("/exchange_order_id"), second);
    assert_eq!(app.stock(tenant, &sold.lamps, 0).await, (9, 0));
    app.drain().await;
    assert_eq!(see(&app, tenant, &sold.order.id).await["refunded"], eur(0));
    refund(3000).expect(200).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_buyer_pays_what_it_costs_more(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let sold = sold(&app, tenant).await;
    let (made, better) = for_a_better_lamp(&app, tenant, &sold).await;
    assert_eq!(made.body["order"]["total"], eur(1500));
    assert_eq!(made.body["order"]["fee"], eur(0));
    assert_eq!(app.stock(tenant, &better, 0).await, (2, 1));
    app.drain().await;
    let told = exchange_mail(&app, &made);
    for part in [
        "Still to be paid: 15.00 EUR",
        "1 x Better lamp",
        "Please send back:\n\n1 x Lamp",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("get back:"), "{told}");
    let second = placed(&made);
    app.pay(&second).await;
    let paid = see(&app, tenant, &second.id).await;
    assert_eq!(
        (&paid["status"], &paid["captured"]),
        (&json!("paid"), &eur(1500))
    );
    assert_eq!(app.stock(tenant, &better, 0).await, (1, 0));
    // Canceled, all of it goes back: the difference from the second order,
    // the rest is the first one's again.
    admin(
        &app,
        tenant,
        &format!("orders/{}/cancel", second.id),
        &json!({}),
    )
    .expect(200)
    .await;
    app.drain().await;
    assert_eq!(app.stock(tenant, &better, 0).await, (2, 0));
    let first = see(&app, tenant, &sold.order.id).await;
    assert_eq!(first["exchanged"], eur(0));
    let back = first["returns"][0]["id"].as_str().unwrap_or_default();
    admin(
        &app,
        tenant,
        &format!("returns/{back}/receive"),
        &Value::Null,
    )
    .expect(200)
    .await;
    let paid = admin(
        &app,
        tenant,
        &format!("returns/{back}/refund"),
        &Value::Null,
    );
    assert_eq!(paid.expect(200).await.body["refunded"], eur(2500));
    app.drain().await;
    assert_eq!(see(&app, tenant, &second.id).await["refunded"], eur(1500));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_costs_less_goes_back_when_the_goods_are_here(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let sold = sold(&app, tenant).await;
    let cheap = priced(&app, tenant, "Candle", 1000).await;
    exchange(&app, tenant, &sold, 2, &cheap.variants[0], 3)
        .refused(409, "checkout.out_of_stock")
        .await;
    exchange(&app, tenant, &sold, 3, &cheap.variants[0], 1)
        .refused(409, "return.too_many")
        .await;
    let foreign = app.simple(&shop.second, "Foreign", 5).await;
    exchange(&app, tenant, &sold, 1, &foreign.variants[0], 1)
        .refused(422, "cart.not_for_sale")
        .await;
    // Two clerks at once: the pieces are exchanged once.
    let calls = (0..4).map(|_| exchange(&app, tenant, &sold, 2, &cheap.variants[0], 1).send());
    let answers = futures::future::join_all(calls).await;
    let made: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert_eq!(made.len(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| [201, 409].contains(&answer.status))
    );
    assert_eq!(app.stock(tenant, &cheap, 0).await, (1, 0));
    app.drain().await;
    let told = exchange_mail(&app, made[0]);
    assert!(told.contains("you get back: 40.00 EUR"), "{told}");
    assert!(!told.contains("to be paid"), "{told}");
    let first = see(&app, tenant, &sold.order.id).await;
    assert_eq!(first["returns"][0]["refund_due"], eur(4000));
    assert_eq!(first["refunded"], eur(0));
    let back = first["returns"][0]["id"].as_str().unwrap_or_default();
    let receive = (0..3).map(|_| {
        admin(
            &app,
            tenant,
            &format!("returns/{back}/receive"),
            &Value::Null,
        )
        .send()
    });
    let received = futures::future::join_all(receive).await;
    assert_eq!(
        received
            .iter()
            .filter(|answer| answer.status == 200)
            .count(),
        1
    );
    app.drain().await;
    let first = see(&app, tenant, &sold.order.id).await;
    assert_eq!(
        (&first["refunded"], &first["exchanged"]),
        (&eur(4000), &eur(1000))
    );
    assert_eq!(app.stock(tenant, &sold.lamps, 0).await, (10, 0));
}

/// What a discounted line pays is what was paid for it, and no promotion of
/// the first order counts again in the second.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discounted_line_pays_what_was_paid_for_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let rule = json!({"effect": {"kind": "percent", "basis_points": 2000}});
    let body = json!({"name": "A fifth less", "needs_coupon": false, "rule": rule});
    let promotion = promote(&app, tenant, body).await;
    let sold = sold(&app, tenant).await;
    assert_eq!(see(&app, tenant, &sold.order.id).await["total"], eur(4500));
    let (made, better) = for_a_better_lamp(&app, tenant, &sold).await;
    // 20.00 was paid for the lamp.
    assert_eq!(made.body["order"]["exchange_credit"], eur(2000));
    assert_eq!(made.body["order"]["total"], eur(2000));
    assert_eq!(made.body["order"]["discount"], eur(0));
    assert_eq!(made.body["order"]["fee"], eur(0));
    assert_eq!(made.body["order"]["promotions"], json!([]));
    assert_eq!(used(&app, tenant, &promotion).await, 1);

    // Only where it goes can be changed before it is paid.
    let second = placed(&made);
    let path = format!("/api/admin/orders/{}", second.id);
    let edit = |version: i64, body: &Value| {
        let call = app
            .client
            .patch(&format!("/api/orders/{}", second.id), body);
        let call = call.bearer(&tenant.key);
        call.header("if-match", &format!("\"{version}\""))
    };
    let version = see(&app, tenant, &second.id).await["version"].as_i64();
    let version = version.expect("a version");
    let lines = json!({"lines": [{"variant_id": better.variants[0], "quantity": 2}]});
    edit(version, &lines)
        .refused(409, "order.exchange_not_editable")
        .await;
    let mut address = testkit::shop::address();
    address["name"] = json!("Grace Hopper");
    let edited = edit(version, &json!({"shipping_address": address}))
        .expect(200)
        .await;
    assert_eq!(edited.body["order"]["total"], eur(2000));
    let found = app
        .client
        .get("/api/admin/orders?q=hopper")
        .bearer(&tenant.key);
    assert_eq!(found.expect(200).await.text_at("/data/0/id"), second.id);

    // Canceled, it gives the credit back, and no fee is left over.
    let reason = json!({"reason": "changed my mind"});
    let call = app.client.post(&format!("{path}/cancel"), &reason);
    let canceled = call.bearer(&tenant.key).expect(200).await;
    assert_eq!(canceled.body["exchange_credit"], eur(0));
    assert_eq!(canceled.body["fee"], eur(0));
    let first = see(&app, tenant, &sold.order.id).await;
    assert_eq!(first["exchanged"], eur(0));
    assert_eq!(used(&app, tenant, &promotion).await, 1);
    // The lamp is worth what it was, once.
    let back = first["returns"][0]["id"].as_str().expect("a return");
    for step in ["receive", "refund"] {
        let path = format!("returns/{back}/{step}");
        admin(&app, tenant, &path, &Value::Null).expect(200).await;
    }
    app.drain().await;
    assert_eq!(
        see(&app, tenant, &sold.order.id).await["refunded"],
        eur(2000)
    );
}
