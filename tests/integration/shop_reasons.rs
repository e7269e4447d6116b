//! What the shop writes about an order stays with the shop, unless it says that
//! the buyer may read it.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Order, Tenant, eur};

const SECRET: &str = "a nuisance: never again";

fn admin(app: &App, tenant: &Tenant, order: &Order, step: &str, body: &Value) -> Call {
    let path = format!("/api/admin/orders/{}/{step}", order.id);
    app.client.post(&path, body).bearer(&tenant.key)
}

fn notes_of(order: &Value, kind: &str) -> Vec<Value> {
    let history = order["history"].as_array().expect("a history");
    let entries = history.iter().filter(|entry| entry["kind"] == kind);
    entries.map(|entry| entry["note"].clone()).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_see_what_happened_and_not_what_the_shop_wrote(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 20).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    app.pay(&order).await;
    let refund = json!({"amount": eur(100), "reason": SECRET});
    let refunded = admin(&app, tenant, &order, "refund", &refund);
    let refunded = refunded.expect(200).await.body;
    assert_eq!(refunded["refunds"][0]["reason"], SECRET);
    assert_eq!(
        notes_of(&refunded, "refund_promised"),
        [json!(format!("1.00 EUR: {SECRET}"))]
    );
    app.advance(std::time::Duration::from_secs(1));
    let cancel = admin(&app, tenant, &order, "cancel", &json!({"reason": SECRET}));
    let canceled = cancel.expect(200).await.body;
    assert_eq!(canceled["cancel_reason"], SECRET);
    app.drain().await;

    let seen = app.see(&order).await;
    assert!(!seen.to_string().contains("nuisance"), "{seen}");
    assert_eq!(seen["cancel_reason"], "canceled by the shop");
    assert_eq!(notes_of(&seen, "canceled"), [json!("canceled by the shop")]);
    let promised = notes_of(&seen, "refund_promised");
    assert_eq!(promised, [json!("1.00 EUR"), json!("54.00 EUR")]);
    assert_eq!(seen["refunds"][0]["amount"], eur(100));
    assert!(seen["refunds"][0].get("reason").is_none());
    let mails = app.mails.to("buyer@mail.test");
    assert!(mails.iter().all(|mail| !mail.text.contains("nuisance")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_can_let_the_buyer_read_a_reason(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 20).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    app.pay(&order).await;
    let refund = json!({"amount": eur(100), "reason": "for the scratch", "tell_customer": true});
    let tell = || admin(&app, tenant, &order, "refund", &refund).once("told");
    tell().expect(200).await;
    tell().expect(200).await;
    let cancel = json!({"reason": "no longer made", "tell_customer": true});
    let cancel = admin(&app, tenant, &order, "cancel", &cancel);
    cancel.expect(200).await;
    let seen = app.see(&order).await;
    let notes = seen["notes"].as_array().expect("notes");
    let mut bodies: Vec<&str> = notes
        .iter()
        .filter_map(|note| note["body"].as_str())
        .collect();
    bodies.sort_unstable();
    assert_eq!(bodies, ["for the scratch", "no longer made"]);

    // Who cancels for themselves reads their own words.
    let own = app.order(tenant, &[(&item.variants[0], 1)]).await;
    let path = format!("/api/orders/{}/cancel", own.id);
    let cancel = app.client.post(&path, &json!({"reason": "the wrong lamp"}));
    let cancel = cancel.header("x-order-token", &own.token).expect(200).await;
    assert_eq!(cancel.body["cancel_reason"], "the wrong lamp");
    assert_eq!(
        notes_of(&app.see(&own).await, "canceled"),
        [json!("the wrong lamp")]
    );
}

/// What cannot be done says why, in words of what was asked for.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_what_is_the_matter(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 20).await;
    let order = app.order(tenant, &[(&item.variants[0], 2)]).await;
    app.pay(&order).await;
    let line = app.see(&order).await["lines"][0]["id"].clone();
    let back = |pieces: i64| {
        let lines = json!([{"line_id": line, "quantity": pieces, "reason": "late"}]);
        admin(&app, tenant, &order, "returns", &json!({"lines": lines}))
    };
    let early = back(1).refused(409, "return.too_many").await;
    assert!(
        early.text.contains("nothing of this line was sent yet"),
        "{}",
        early.text
    );
    admin(&app, tenant, &order, "ship", &Value::Null)
        .expect(200)
        .await;
    let again = admin(&app, tenant, &order, "shipments", &json!({}));
    let again = again.refused(409, "order.wrong_state").await;
    assert!(
        again.text.contains("nothing is left to ship"),
        "{}",
        again.text
    );
    let more = back(3).refused(409, "return.too_many").await;
    assert!(more.text.contains("at most 2 pieces"), "{}", more.text);
    back(2).expect(201).await;
    let more = back(1).refused(409, "return.too_many").await;
    assert!(more.text.contains("in other returns"), "{}", more.text);
}
