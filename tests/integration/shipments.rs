//! Orders that go out in parts: never more than was bought, followed until
//! they arrive.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Order, Tenant, eur};

fn admin(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Call {
    let path = format!("/api/admin/{path}");
    app.client.post(&path, body).bearer(&tenant.key)
}

/// The line of an order with a stock keeping unit.
fn line_of<'a>(order: &'a Value, sku: &str) -> &'a Value {
    let lines = order["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let line = lines.iter().find(|line| line["sku"] == sku);
    line.expect("a line")
}

/// Four lamps and two desks, paid; and their lines.
async fn paid(app: &App, tenant: &Tenant) -> (Item, Order, [String; 2]) {
    let lamp = app.simple(tenant, "Lamp", 10).await;
    let desk = app.simple(tenant, "Desk", 10).await;
    let lines = [
        (lamp.variants[0].as_str(), 4),
        (desk.variants[0].as_str(), 2),
    ];
    let order = app.order(tenant, &lines).await;
    app.pay(&order).await;
    let seen = app.see(&order).await;
    // Lines that came at the same moment are in no order.
    let ids = ["lamp-0", "desk-0"].map(|sku| line_of(&seen, sku)["id"].clone());
    let ids = ids.map(|id| id.as_str().unwrap_or_default().to_owned());
    (lamp, order, ids)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_out_in_parts(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, [lamps, desks]) = paid(&app, tenant).await;
    let path = format!("orders/{}/shipments", order.id);
    let first = json!({"lines": [{"line_id": lamps, "quantity": 1}, {"line_id": lamps, "quantity": 2}],
        "carrier": "UPS", "tracking_number": "1Z 42"});
    let sent = admin(&app, tenant, &path, &first).expect(200).await;
    assert_eq!(sent.body["fulfilment_status"], "partial");
    assert_eq!(sent.body["status"], "paid");
    assert_eq!(
        sent.text_at("/shipments/0/tracking_url"),
        "https://www.ups.com/track?tracknum=1Z%2042"
    );
    assert_eq!(line_of(&sent.body, "lamp-0")["to_ship"], 1);
    app.advance(Duration::from_secs(1));
    app.drain().await;
    let mails = app.mails.to("buyer@mail.test");
    let mail = mails.last().expect("a mail");
    assert!(mail.subject.starts_with("A part of your order"), "{mail:?}");
    assert!(mail.text.contains("3 x Lamp") && mail.text.contains("tracknum=1Z%2042"));

    // Packed is not sent; what is packed is not packed twice.
    let packed = json!({"lines": [{"line_id": desks, "quantity": 2}], "hand_over": false});
    let packed = admin(&app, tenant, &path, &packed).expect(200).await;
    assert_eq!(packed.body["fulfilment_status"], "partial");
    let second = packed.text_at("/shipments/1/id");
    admin(
        &app,
        tenant,
        &path,
        &json!({"lines": [{"line_id": desks, "quantity": 1}]}),
    )
    .refused(409, "shipment.too_many")
    .await;
    let cancel = format!("orders/{}/cancel", order.id);
    admin(&app, tenant, &cancel, &json!({}))
        .refused(409, "order.partly_shipped")
        .await;
    let move_it = |id: &str, step: &str| {
        admin(
            &app,
            tenant,
            &format!("shipments/{id}/{step}"),
            &Value::Null,
        )
    };
    move_it(&second, "deliver")
        .refused(409, "shipment.wrong_state")
        .await;
    move_it(&second, "cancel").expect(200).await;
    move_it(&second, "hand-over")
        .refused(409, "shipment.wrong_state")
        .await;
    let log = app.audited(tenant).await;
    for action in ["shipment.create", "shipment.move"] {
        assert!(log.iter().any(|one| one == action), "{action} in {log:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_shipped_that_is_not_there(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, [lamps, desks]) = paid(&app, tenant).await;
    let path = format!("orders/{}/shipments", order.id);
    let part = json!({"lines": [{"line_id": lamps, "quantity": 3}]});
    admin(&app, tenant, &path, &part).expect(200).await;
    for (line, quantity, status, code) in [
        (&lamps, 2, 409, "shipment.too_many"),
        (&desks, 3, 409, "shipment.too_many"),
        (
            &"oli_01h455vb4pex5vsknk084sn02q".to_owned(),
            1,
            404,
            "line.not_found",
        ),
        (&desks, 0, 422, "request.invalid_body"),
    ] {
        let body = json!({"lines": [{"line_id": line, "quantity": quantity}]});
        admin(&app, tenant, &path, &body)
            .refused(status, code)
            .await;
    }
    let bad = json!({"tracking_url": "javascript:alert(1)"});
    admin(&app, tenant, &path, &bad)
        .refused(422, "shipment.tracking_url")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_goes_out_and_arrives(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, [lamps, _]) = paid(&app, tenant).await;
    let part = json!({"lines": [{"line_id": lamps, "quantity": 3}]});
    let path = format!("orders/{}/shipments", order.id);
    admin(&app, tenant, &path, &part).expect(200).await;
    let move_it = |id: &str, step: &str| {
        let path = format!("shipments/{id}/{step}");
        admin(&app, tenant, &path, &Value::Null)
    };
    // The old way sends the rest.
    app.advance(Duration::from_secs(1));
    let ship = format!("orders/{}/ship", order.id);
    let rest = json!({"carrier": "Somebody", "tracking_number": "7"});
    let all = admin(&app, tenant, &ship, &rest).expect(200).await;
    assert_eq!(
        (&all.body["status"], &all.body["fulfilment_status"]),
        (&json!("shipped"), &json!("fulfilled"))
    );
    let rest_of = all.body["shipments"][1]["lines"].as_array();
    let pieces = rest_of.map(|lines| {
        lines
            .iter()
            .filter_map(|l| l["quantity"].as_i64())
            .sum::<i64>()
    });
    assert_eq!(pieces, Some(3));
    assert_eq!(all.body["tracking_number"], "7");
    admin(&app, tenant, &ship, &rest)
        .refused(409, "order.wrong_state")
        .await;
    let (one, two) = (
        all.text_at("/shipments/0/id"),
        all.text_at("/shipments/1/id"),
    );
    let one = move_it(&one, "deliver").expect(200).await;
    assert_eq!(one.body["fulfilment_status"], "fulfilled");
    let all = move_it(&two, "deliver").expect(200).await;
    assert_eq!(all.body["fulfilment_status"], "delivered");
    move_it(&two, "cancel")
        .refused(409, "shipment.wrong_state")
        .await;
    // The buyer sees them, too.
    let seen = app.see(&order).await;
    assert_eq!(seen["shipments"].as_array().map(Vec::len), Some(2));
    admin(
        &app,
        &shop.second,
        &format!("shipments/{two}/deliver"),
        &Value::Null,
    )
    .refused(404, "shipment.not_found")
    .await;
}

/// What was given back before it was sent is not sent, and sends what is left
/// out of what was a part.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refunded_first_is_not_shipped(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (lamp, order, [lamps, desks]) = paid(&app, tenant).await;
    let refund = |line: &str, quantity: i64| {
        let body = json!({"amount": eur(100), "reason": "sold out",
            "restock": [{"line_id": line, "quantity": quantity}]});
        admin(&app, tenant, &format!("orders/{}/refund", order.id), &body)
    };
    refund(&lamps, 3).expect(200).await;
    let path = format!("orders/{}/shipments", order.id);
    let too_many = json!({"lines": [{"line_id": lamps, "quantity": 2}]});
    admin(&app, tenant, &path, &too_many)
        .refused(409, "shipment.too_many")
        .await;
    let one = json!({"lines": [{"line_id": lamps, "quantity": 1}]});
    let part = admin(&app, tenant, &path, &one).expect(200).await;
    assert_eq!(part.body["fulfilment_status"], "partial");
    let rest = refund(&desks, 2).expect(200).await;
    assert_eq!(
        (&rest.body["status"], &rest.body["fulfilment_status"]),
        (&json!("shipped"), &json!("fulfilled"))
    );
    assert_eq!(app.stock(tenant, &lamp, 0).await, (9, 0));
    let keys = app
        .client
        .get("/api/admin/orders?fulfilment_status=partial");
    let none = keys.bearer(&tenant.key).expect(200).await;
    assert_eq!(none.body["data"], json!([]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packers_at_once_pack_each_piece_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, [lamps, _]) = paid(&app, tenant).await;
    let body = json!({"lines": [{"line_id": lamps, "quantity": 3}]});
    let path = format!("orders/{}/shipments", order.id);
    let calls = (0..6).map(|_| admin(&app, tenant, &path, &body).send());
    let answers = futures::future::join_all(calls).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    // The same request twice is one shipment.
    let rest = |key: &str| admin(&app, tenant, &path, &Value::Null).once(key);
    let first = rest("pack-the-rest").expect(200).await;
    let again = rest("pack-the-rest").expect(200).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.body, again.body);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_are_for_the_shop_or_for_the_buyer_as_well(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, _) = paid(&app, tenant).await;
    let path = format!("orders/{}/notes", order.id);
    let note = |body: Value| admin(&app, tenant, &path, &body);
    note(json!({"body": "a difficult one"})).expect(200).await;
    app.advance(Duration::from_secs(1));
    let both = note(json!({"audience": "customer", "body": "comes on Friday"}))
        .expect(200)
        .await;
    assert_eq!(both.body["notes"].as_array().map(Vec::len), Some(2));
    assert!(both.text_at("/notes/0/actor").starts_with("key_"));
    let seen = app.see(&order).await;
    assert_eq!(seen["notes"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen["notes"][0]["body"], "comes on Friday");
    assert_eq!(seen["notes"][0].get("actor"), None);
    note(json!({"body": ""}))
        .refused(422, "request.invalid_body")
        .await;
    let log = app.audited(tenant).await;
    assert_eq!(log.iter().filter(|one| *one == "order.note").count(), 2);
}
