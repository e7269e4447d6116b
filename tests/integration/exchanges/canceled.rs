//! Exchanges that come to nothing.

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;

use super::{admin, exchange_mail, exchange_mails, for_a_better_lamp, see, sold};

/// An exchange that nobody pays gives its stock and its credit back.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_that_is_not_paid_comes_to_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let sold = sold(&app, tenant).await;
    let (made, better) = for_a_better_lamp(&app, tenant, &sold).await;
    let second = made.text_at("/order/id");
    let hours = std::time::Duration::from_hours;
    app.pass(hours(6 * 24), hours(4)).await;
    // Who reads the mail days later still gets it.
    assert_eq!(see(&app, tenant, &second).await["status"], "pending");
    assert_eq!(app.stock(tenant, &better, 0).await, (2, 1));
    assert!(exchange_mail(&app, &made).contains("Please pay before 20"));
    app.pass(hours(26), hours(2)).await;
    let told = exchange_mails(&app, &made);
    let part = "You can still send these goods back, and get your money back for them:\n\n1 x Lamp";
    assert!(told.len() == 2 && told[1].contains(part), "{told:?}");
    assert_eq!(see(&app, tenant, &second).await["status"], "canceled");
    assert_eq!(app.stock(tenant, &better, 0).await, (2, 0));
    let first = see(&app, tenant, &sold.order.id).await;
    assert_eq!(first["exchanged"], eur(0));
    assert_eq!(first["returns"][0]["kind"], "refund");
}

/// Of an exchange that is called off before its mail goes out, the buyer hears
/// just that, and of no order to pay.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_called_off_at_once_is_told_of_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let sold = sold(&app, tenant).await;
    app.drain().await;
    let (made, _) = for_a_better_lamp(&app, tenant, &sold).await;
    let cancel = format!("orders/{}/cancel", made.text_at("/order/id"));
    admin(&app, tenant, &cancel, &json!({"reason": "other"}))
        .expect(200)
        .await;
    app.drain().await;
    let told = exchange_mail(&app, &made);
    assert!(
        told.contains(", was canceled.") && told.contains("1 x Lamp"),
        "{told}"
    );
    let mails = app.mails.to(&made.text_at("/order/email"));
    let of_return = |subject: &str| subject.starts_with("Your return for order");
    assert!(!mails.iter().any(|mail| of_return(&mail.subject)));
}
