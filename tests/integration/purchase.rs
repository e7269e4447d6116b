//! One purchase from end to end.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_buys_pays_and_gets_the_goods(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    app.drain().await;

    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (5, 2));
    let pending = app.see(&order).await;
    assert_eq!(pending["status"], "pending");
    assert_eq!(pending["total"], eur(5500));

    app.pay(&order).await;
    let paid = app.see(&order).await;
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["payment_status"], "paid");
    assert_eq!(app.stock(tenant, &item, 0).await, (3, 0));
    assert_eq!(app.mails.to("buyer@mail.test").len(), 1);

    app.client
        .post(
            &format!("/api/admin/orders/{}/ship", order.id),
            &json!({"carrier": "DHL", "tracking_number": "42"}),
        )
        .bearer(&tenant.manager.token)
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(app.see(&order).await["status"], "shipped");
    assert_eq!(app.mails.to("buyer@mail.test").len(), 2);
}

/// The pay page takes a click twice, and says so when it is closed.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_pay_page_says_so(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 5).await;
    let click = async |session: &str, action: &str| {
        let call = app
            .client
            .post(&format!("/pay/test/{session}"), &Value::Null);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(format!("action={action}")).send().await
    };
    let form = async |body: &'static str| {
        let call = app.client.post("/pay/test/x", &Value::Null);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(body).refused(400, "request.malformed_form").await
    };
    let missing = form("outcome=pay").await;
    assert!(missing.text_at("/detail").contains("`action`"));
    let unknown = form("action=steal").await;
    assert!(unknown.text_at("/detail").contains("`decline`"));
    let act = |session: &str, outcome: &str| {
        let path = format!("/api/test-gateway/sessions/{session}");
        app.client.post(&path, &json!({"outcome": outcome}))
    };
    let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
    for _ in 0..2 {
        let clicked = click(&order.session, "pay").await;
        assert_eq!(clicked.status, 303);
        assert!(clicked.header("location").ends_with("/checkout/success"));
        let acted = act(&order.session, "pay").expect(200).await;
        assert_eq!(acted.body["open"], false);
    }
    app.drain().await;
    assert_eq!(app.see(&order).await["captured"], eur(3000));
    let late = act(&order.session, "decline");
    late.refused(410, "test_gateway.session_closed").await;

    // One that nobody paid in time.
    let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
    app.pass(Duration::from_hours(30), Duration::from_hours(1))
        .await;
    let late = act(&order.session, "pay");
    late.refused(410, "test_gateway.session_closed").await;
    let clicked = click(&order.session, "pay").await;
    assert_eq!(clicked.status, 410);
    assert!(
        clicked.text.contains("This payment is over."),
        "{}",
        clicked.text
    );
    let back = click(&order.session, "back").await;
    assert_eq!(back.status, 303);
}
