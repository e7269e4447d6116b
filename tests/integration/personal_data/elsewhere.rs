//! What is kept of a person beside account and orders: addresses, uses of
//! promotions, reminders.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Tenant;

use super::{EMAIL, HOST, customer, erase_own, keep_address, order, ship};
use crate::promotions::{percent, promote};

/// How many rows of the tenant a table has that fulfil a condition.
async fn rows(app: &App, tenant: &Tenant, table: &str, condition: &str) -> u64 {
    let id = tenant.id.parse().expect("an id");
    let scope = app.sutler.accounts.system_scope(id, "test");
    let tx = app.sutler.database.begin_write(&scope, "test").await;
    let tx = tx.expect("a transaction");
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
