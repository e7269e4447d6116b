//! Events in NATS JetStream.

use std::collections::BTreeSet;
use std::time::Duration;

use gateway_bus::Bus;
use queue::Delivery;
use testkit::programs::{Nats, Published};
use testkit::shop::Order;
use testkit::{App, Backend};

async fn bought(app: &App) -> (Order, String) {
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 5).await;
    let order = app.order(&shop.first, &[(&item.variants[0], 1)]).await;
    app.pay(&order).await;
    assert_eq!(app.see(&order).await["status"], "paid");
    (order, shop.first.id)
}

fn ids(published: &[Published]) -> BTreeSet<&str> {
    published
        .iter()
        .map(|message| message.id.as_str())
        .collect()
}

fn of_kind<'a>(published: &'a [Published], kind: &str) -> Vec<&'a Published> {
    let of_kind = |message: &&Published| message.body["kind"] == kind;
    published.iter().filter(of_kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_published_once() {
    let nats = Nats::start().await;
    let url = nats.url();
    let app = App::with(Backend::Postgres, &[("NATS_URL", &url)]).await;
    let (order, tenant) = bought(&app).await;

    let published = nats.published().await;
    assert_eq!(ids(&published).len(), published.len(), "{published:?}");
    let [paid] = of_kind(&published, "order.paid")[..] else {
        panic!("not one order.paid in {published:?}");
    };
    assert_eq!(paid.subject, format!("sutler.{tenant}.order.paid"));
    assert_eq!(paid.body["id"], paid.id);
    assert_eq!(paid.body["payload"]["order"], order.id);
    assert_eq!(
        of_kind(&published, "order.placed").len(),
        1,
        "{published:?}"
    );

    // A worker that dies between publishing and noting it publishes again.
    let bus = Bus::new(url.into());
    for message in &published {
        let again: Delivery = serde_json::from_value(message.body.clone()).expect("a delivery");
        bus.publish(&again).await.expect("published");
    }
    assert_eq!(nats.published().await.len(), published.len());
}

/// Nothing is lost and nobody waits while NATS is away, before the first
/// connection as after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_while_nats_is_away() {
    let mut nats = Nats::start().await;
    nats.0.kill();
    let app = App::with(Backend::Sqlite, &[("NATS_URL", &nats.url())]).await;
    let (first, _) = bought(&app).await;

    nats.0.run().await;
    app.pass(Duration::from_hours(2), Duration::from_mins(20))
        .await;
    let published = nats.published().await;
    let paid = of_kind(&published, "order.paid");
    assert_eq!(paid.len(), 1, "{published:?}");
    assert_eq!(paid[0].body["payload"]["order"], first.id);

    nats.0.kill();
    let tenant = app.sutler.default_tenant().await.expect("a tenant");
    let user = app.register("late@mail.test", "127.0.0.1").await;
    app.drain().await;
    nats.0.run().await;
    app.pass(Duration::from_hours(3), Duration::from_mins(20))
        .await;
    let published = nats.published().await;
    let registered = of_kind(&published, "user.registered");
    let late = registered
        .iter()
        .find(|message| message.body["payload"]["user"] == user.id);
    let late = late.unwrap_or_else(|| panic!("no {} in {published:?}", user.id));
    assert_eq!(late.body["tenant"], tenant.id.to_string());
    assert_eq!(ids(&published).len(), published.len(), "{published:?}");
}
