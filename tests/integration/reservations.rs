//! How soon reserved stock is free again.

use std::time::Duration;

use kernel::Timestamp;
use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

/// Stock is kept for a buyer whose card was declined until its time is over.
/// Sweeps come each minute; what is free then does not wait for them.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_free_soon_after_its_time(#[values(Sqlite, Postgres)] backend: Backend) {
    const STEP: Duration = Duration::from_secs(5);
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 2).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    app.act(&order.session, "decline").await;
    app.drain().await;
    let seen = app.see(&order).await;
    let time = |name: &str| -> Timestamp { seen[name].as_str().unwrap().parse().unwrap() };
    let held = time("reserved_until").since(time("placed_at"));
    // The sweep before the end is 20 seconds before it, the next one 40 after.
    app.advance(held.saturating_sub(Duration::from_secs(20)));
    app.drain().await;
    app.pass(Duration::from_secs(15), STEP).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 2));
    app.pass(Duration::from_secs(15), STEP).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 0));
    let freed = app.order(tenant, &[(&item.variants[0], 2)]).await;
    assert_eq!(app.see(&freed).await["status"], "pending");
}
