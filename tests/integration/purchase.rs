//! One purchase from end to end.

use rstest::rstest;
use serde_json::json;
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
