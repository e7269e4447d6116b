//! What is kept of a person beside account and orders: addresses, uses of
//! promotions, reminders.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Tenant;

use super::{EMAIL, HOST, admin_order, customer, erase_own, keep_address, order, ship};
use crate::promotions::{percent, promote};

/// How many rows of the tenant a table has that fulfil a condition.
async fn rows(app: &App, tenant: &Tenant, table: &str, condition: &str) -> u64 {
    let tx = app.begin_in(tenant).await;
    let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {condition}");
    let count = tx.run(&sql, []).await.expect("a count");
    tx.rollback().await.expect("a rollback");
    count
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_promotions_and_reminders_are_forgotten_too(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    let sale =
        json!({"name": "Sale", "needs_coupon": false, "rule": percent(1000), "customer_limit": 2});
    promote(&app, tenant, sale).await;
    let person = customer(&app).await;
    keep_address(&app, &person).await;
    let as_guest = order(&app, None, &item).await;
    app.pay(&as_guest).await;
    ship(&app, tenant, &as_guest).await;
    // Somebody else uses the promotion as well.
    app.order(tenant, &[(&item.variants[0], 1)]).await;
    app.advance(Duration::from_mins(1));
    let made = app.client.post("/api/carts", &Value::Null);
    let cart = made.bearer(&person.token).expect(201).await.text_at("/id");
    let body = json!({"variant_id": item.variants[0], "quantity": 1});
    let add = app.client.post(&format!("/api/carts/{cart}/lines"), &body);
    add.bearer(&person.token).expect(200).await;
    app.advance(Duration::from_hours(5));
    app.drain().await;
    let mails = app.mails.to(EMAIL);
    let link = mails.iter().find_map(|mail| mail.unsubscribe.clone());
    let link = link.expect("a reminder");
    let path = link.strip_prefix("http://shop.test").expect("our address");
    let call = app.client.call("POST".parse().expect("a method"), path);
    call.header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click")
        .expect(200)
        .await;

    let token = app.login(EMAIL, HOST).await.token;
    let own = app.client.get("/api/profile/export").bearer(&token);
    let own = own.expect(200).await;
    assert_eq!(own.body["reminders"]["unsubscribed"], true);
    assert_eq!(own.body["reminders"]["sent"][0]["cart_id"], cart.as_str());
    let used = &own.body["shop"]["orders"][0]["promotions"];
    assert_eq!(used.as_array().map(Vec::len), Some(1), "{used}");
    let kept = [
        ("saved_addresses", "1 = 1".to_owned()),
        ("mail_optouts", "1 = 1".to_owned()),
        ("cart_reminders", "1 = 1".to_owned()),
        ("reminded_addresses", "1 = 1".to_owned()),
        ("promotion_redemptions", format!("email = '{EMAIL}'")),
        ("promotion_customers", format!("customer = '{EMAIL}'")),
    ];
    for (table, condition) in &kept {
        assert_eq!(rows(&app, tenant, table, condition).await, 1, "{table}");
    }
    erase_own(&app, &token).expect(204).await;
    for (table, condition) in &kept {
        assert_eq!(rows(&app, tenant, table, condition).await, 0, "{table}");
    }
    // That of the other one counts on.
    assert_eq!(
        rows(&app, tenant, "promotion_redemptions", "1 = 1").await,
        2
    );
    let others = "customer = 'buyer@mail.test'";
    assert_eq!(rows(&app, tenant, "promotion_customers", others).await, 1);
}

/// What happened after the money came names people, too.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipments_returns_and_notes_are_handed_out_and_forgotten(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    const TRACES: &[&str] = &[
        "TRK-4711",
        "too tight at my waist",
        "my neighbour takes it",
        "sorry, dear Carla",
        "she rang twice",
        "not worn by Carla",
    ];
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    let person = customer(&app).await;
    let bought = order(&app, Some(&person.token), &item).await;
    app.pay(&bought).await;
    let admin = async |path: &str, body: Value| {
        let path = format!("/api/admin/orders/{}{path}", bought.id);
        let call = app.client.post(&path, &body).bearer(&tenant.key);
        call.expect(200).await
    };
    for (audience, body) in [
        ("customer", "sorry, dear Carla"),
        ("internal", "she rang twice"),
    ] {
        admin("/notes", json!({"audience": audience, "body": body})).await;
    }
    admin(
        "/ship",
        json!({"carrier": "DHL", "tracking_number": "TRK-4711"}),
    )
    .await;
    let seen = admin_order(&app, tenant, &bought).await;
    let path = format!("/api/orders/{}/returns", bought.id);
    let body = json!({
        "note": "my neighbour takes it",
        "lines": [{"line_id": seen["lines"][0]["id"], "quantity": 1, "reason": "wrong_size",
            "comment": "too tight at my waist"}],
    });
    let asked = app.client.post(&path, &body).bearer(&person.token);
    let asked = asked.expect(201).await.text_at("/id");
    // Not before the return is over.
    erase_own(&app, &person.token)
        .refused(409, "user.erasure_blocked")
        .await;
    let path = format!("/api/admin/returns/{asked}/reject");
    let reject = app
        .client
        .post(&path, &json!({"reason": "not worn by Carla"}));
    reject.bearer(&tenant.key).expect(200).await;
    app.drain().await;

    let own = app.client.get("/api/profile/export").bearer(&person.token);
    let own = own.expect(200).await;
    for trace in TRACES {
        // What is internal is for the shop to hand out.
        assert_eq!(
            own.text.contains(trace),
            *trace != "she rang twice",
            "{trace}"
        );
    }
    let found = async |words: &str| {
        let path = format!("/api/admin/orders?q={words}");
        let call = app.client.get(&path).bearer(&tenant.key);
        call.expect(200).await.body["data"].as_array().map(Vec::len)
    };
    for words in [EMAIL, "customer", "trk-4711"] {
        assert_eq!(found(words).await, Some(1), "{words}");
    }
    erase_own(&app, &person.token).expect(204).await;
    let seen = admin_order(&app, tenant, &bought).await;
    for trace in TRACES {
        assert!(!seen.to_string().contains(trace), "{trace} in {seen}");
    }
    for words in [EMAIL, "customer", "trk-4711"] {
        assert_eq!(found(words).await, Some(0), "{words}");
    }
    assert_eq!(found(&seen["number"].to_string()).await, Some(1));
    // Whatever still happens to it, nobody is told.
    let sent = app.mails.to("erased@erased.invalid").len();
    let path = format!("/api/admin/orders/{}/refund", bought.id);
    let body = json!({"amount": {"amount": 100, "currency": "EUR"}, "reason": "late"});
    let refund = app.client.post(&path, &body).bearer(&tenant.key);
    refund.expect(200).await;
    app.drain().await;
    assert_eq!((sent, app.mails.to("erased@erased.invalid").len()), (0, 0));
}

/// Whoever is owed goods has to be known.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_owed_goods_is_not_forgotten(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    let person = customer(&app).await;
    let made = app.client.post("/api/carts", &Value::Null);
    let cart = made.bearer(&person.token).expect(201).await.text_at("/id");
    let body = json!({"variant_id": item.variants[0], "quantity": 2});
    let add = app.client.post(&format!("/api/carts/{cart}/lines"), &body);
    add.bearer(&person.token).expect(200).await;
    let fill = app
        .client
        .patch(&format!("/api/carts/{cart}"), &super::delivery());
    fill.bearer(&person.token).expect(200).await;
    let buy = app.client.post("/api/checkout", &json!({"cart_id": cart}));
    let answer = buy.bearer(&person.token).expect(201).await;
    app.act(&answer.text_at("/order/payments/0/session_id"), "pay")
        .await;
    app.drain().await;
    let path = format!("/api/admin/orders/{}", answer.text_at("/order/id"));
    let seen = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    for erased in [409, 409, 204] {
        let tried = erase_own(&app, &person.token).send().await;
        assert_eq!(tried.status, erased, "{}", tried.describe());
        if erased == 409 {
            let lines = json!([{"line_id": seen.text_at("/lines/0/id"), "quantity": 1}]);
            let body = json!({"lines": lines, "hand_over": true});
            let ship = app.client.post(&format!("{path}/shipments"), &body);
            ship.bearer(&tenant.key).expect(200).await;
            app.drain().await;
        }
    }
}
