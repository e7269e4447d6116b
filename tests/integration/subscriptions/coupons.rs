//! Coupons for subscriptions.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{balance, fund, lasting, menu, set_policies};

const PATH: &str = "/api/admin/subscription-coupons";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coupon_discounts_its_periods_once_for_each_customer(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let (first, second) = (
        menu(&app, tenant, "n8n", Value::Null).await,
        menu(&app, tenant, "Ghost", Value::Null).await,
    );
    let body = json!({"code": "welcome", "basis_points": 2500, "periods": 2, "total_limit": 1});
    let coupon = app.client.post(PATH, &body).bearer(&tenant.key);
    let coupon = coupon.expect(201).await;
    assert_eq!(coupon.text_at("/code"), "WELCOME");
    let taken = app.client.post(PATH, &body).bearer(&tenant.key);
    taken.refused(409, "subscription_coupon.code_taken").await;
    let bad = json!({"code": "20 %", "basis_points": 2500});
    let bad = app.client.post(PATH, &bad).bearer(&tenant.key);
    bad.refused(422, "subscription_coupon.invalid_code").await;

    fund(&app, tenant, person, 10_000).await;
    let subscribe = |plan: &str, code: &str| {
        let body = json!({"plan_id": plan, "coupon": code});
        app.client
            .post("/api/subscriptions", &body)
            .bearer(&person.token)
    };
    subscribe(&first.basic, "none")
        .refused(404, "subscription_coupon.not_found")
        .await;
    // It is not used up for what costs nothing.
    subscribe(&first.free, "welcome")
        .refused(422, "subscription_coupon.nothing_to_discount")
        .await;
    let made = subscribe(&first.basic, " Welcome").expect(201).await;
    assert_eq!(balance(&app, person).await, 9250);
    assert_eq!(made.number_at("/next_price/amount"), 750);
    assert_eq!(made.number_at("/discount/basis_points"), 2500);
    assert_eq!(made.number_at("/discount/periods_left"), 1);
    assert_eq!(made.text_at("/discount/coupon_id"), coupon.text_at("/id"));
    subscribe(&second.basic, "WELCOME")
        .refused(409, "subscription_coupon.over")
        .await;
    // Two periods are cheaper, and the third is not.
    for (days, left) in [(31, 8500), (30, 7500)] {
        let days = Duration::from_hours(days * 24);
        app.pass(days + Duration::from_hours(1), Duration::from_hours(24))
            .await;
        assert_eq!(balance(&app, person).await, left);
    }
    let path = format!("/api/subscriptions/{}", made.text_at("/id"));
    let used_up = app.client.get(&path).bearer(&person.token).expect(200);
    assert!(used_up.await.body["discount"].is_null());
    let body = json!({"code": "AGAIN", "basis_points": 10_000});
    let again = app.client.post(PATH, &body).bearer(&tenant.key);
    let again = again.expect(201).await;
    // For nothing, and no transaction of nothing.
    subscribe(&second.basic, "again").expect(201).await;
    assert_eq!(balance(&app, person).await, 7500);
    let third = menu(&app, tenant, "Redis", Value::Null).await;
    subscribe(&third.basic, "again")
        .refused(409, "subscription_coupon.used")
        .await;
    let path = format!("{PATH}/{}", again.text_at("/id"));
    let archive = app.client.post(&format!("{path}/archive"), &Value::Null);
    let archived = archive.bearer(&tenant.key).expect(200).await;
    assert_eq!(archived.body["archived"], true);
    assert_eq!(archived.number_at("/used"), 1);
    subscribe(&third.basic, "again")
        .refused(409, "subscription_coupon.over")
        .await;
    let other = app.client.get(&path).bearer(&shop.second.key);
    other.refused(404, "subscription_coupon.not_found").await;
}

/// The preview of a change at the end of a period knows of the coupon.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_for_the_end_of_a_period_has_the_discount(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    set_policies(&app, tenant, "at_period_end", "refused").await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    let body = json!({"code": "QUARTER", "basis_points": 2500, "periods": 2});
    let coupon = app.client.post(PATH, &body).bearer(&tenant.key);
    coupon.expect(201).await;
    fund(&app, tenant, person, 3000).await;
    let body = json!({"plan_id": menu.basic, "coupon": "quarter"});
    let made = app.client.post("/api/subscriptions", &body);
    let id = made.bearer(&person.token).expect(201).await.text_at("/id");
    let act = |what: &str| {
        let path = format!("/api/subscriptions/{id}/{what}");
        let call = app.client.post(&path, &json!({"plan_id": menu.pro}));
        call.bearer(&person.token)
    };
    let preview = act("upgrade/preview").expect(200).await;
    assert_eq!(preview.number_at("/charge/amount"), 0);
    assert_eq!(preview.number_at("/next_price/amount"), 2250);
    // That is what is charged then.
    act("upgrade").expect(200).await;
    app.pass(Duration::from_hours(31 * 24 + 2), Duration::from_hours(24))
        .await;
    assert_eq!(balance(&app, person).await, 0);
}
