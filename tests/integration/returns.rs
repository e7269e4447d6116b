//! Goods that come back: asked for, decided on, received, paid back; never
//! twice, and never more than came in.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::{Answer, Call};
use testkit::shop::{Item, Order, Tenant, eur};

use crate::promotions::promote;

fn admin(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Call {
    let path = format!("/api/admin/{path}");
    app.client.post(&path, body).bearer(&tenant.key)
}

/// Four lamps at 25.00 and 5.00 for shipping, paid and sent; and the line.
async fn sent(app: &App, tenant: &Tenant) -> (Item, Order, String) {
    let item = app.simple(tenant, "Lamp", 10).await;
    let order = app.order(tenant, &[(&item.variants[0], 4)]).await;
    app.pay(&order).await;
    let ship = format!("orders/{}/ship", order.id);
    let sent = admin(app, tenant, &ship, &Value::Null).expect(200).await;
    app.drain().await;
    (item, order, sent.text_at("/lines/0/id"))
}

fn ask(app: &App, order: &Order, line: &str, quantity: i64) -> Call {
    let body = json!({"lines": [{"line_id": line, "quantity": quantity, "reason": "wrong_size", "comment": "too small"}]});
    let call = app
        .client
        .post(&format!("/api/orders/{}/returns", order.id), &body);
    call.header("x-order-token", &order.token)
}

fn count(answers: &[Answer], status: u16) -> usize {
    let such = answers.iter().filter(|answer| answer.status == status);
    such.count()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_goes_from_asking_to_the_money(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (item, order, line) = sent(&app, tenant).await;
    ask(&app, &order, &line, 5)
        .refused(409, "return.too_many")
        .await;
    let asked = ask(&app, &order, &line, 3).expect(201).await;
    assert_eq!(asked.body["status"], "requested");
    assert_eq!(asked.body.get("actor"), None);
    // What is asked for is held.
    ask(&app, &order, &line, 2)
        .refused(409, "return.too_many")
        .await;
    let id = asked.text_at("/id");
    let step =
        |step: &str, body: Value| admin(&app, tenant, &format!("returns/{id}/{step}"), &body);
    step("receive", Value::Null)
        .refused(409, "return.wrong_state")
        .await;
    step("refund", Value::Null)
        .refused(409, "return.wrong_state")
        .await;
    step("approve", Value::Null).expect(200).await;
    app.drain().await;
    let mails = app.mails.to("buyer@mail.test");
    assert!(
        mails.iter().any(|mail| mail.subject.contains("approved")),
        "{mails:?}"
    );

    let line_of = |restock: i64, scrap: i64| json!({"lines": [{"line_id": line, "restock": restock, "scrap": scrap, "condition": "used"}]});
    for (body, status, code) in [
        (line_of(3, 1), 409, "return.too_many_received"),
        (line_of(0, 0), 422, "return.nothing_received"),
        (line_of(-1, 2), 422, "request.invalid_body"),
    ] {
        step("receive", body).refused(status, code).await;
    }
    let received = step("receive", line_of(1, 1)).expect(200).await;
    assert_eq!(received.body["status"], "received");
    assert_eq!(received.body["lines"][0]["condition"], "used");
    assert_eq!(app.stock(tenant, &item, 0).await, (7, 0));
    let manager = app
        .client
        .post(&format!("/api/admin/returns/{id}/refund"), &Value::Null)
        .bearer(&tenant.manager.token);
    manager.refused(403, "auth.forbidden").await;
    // Two pieces came, of three that were to.
    let refunded = step("refund", Value::Null).expect(200).await;
    assert_eq!(refunded.body["refunded"], eur(5000));
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(seen["refunded"], eur(5000));
    assert_eq!(seen["returns"][0]["status"], "refunded");
    assert_eq!(
        (
            &seen["lines"][0]["returned"],
            &seen["lines"][0]["returning"]
        ),
        (&json!(2), &json!(0))
    );
    step("refund", Value::Null)
        .refused(409, "return.wrong_state")
        .await;
    // The third piece never came, and can still.
    ask(&app, &order, &line, 3)
        .refused(409, "return.too_many")
        .await;
    ask(&app, &order, &line, 2).expect(201).await;
    // Approved, received, refunded.
    let log = app.audited(tenant).await;
    assert_eq!(log.iter().filter(|one| *one == "return.move").count(), 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns_are_called_off_and_rejected(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, line) = sent(&app, tenant).await;
    let again = ask(&app, &order, &line, 4).expect(201).await.text_at("/id");
    let listed = app.client.get("/api/admin/returns?status=requested");
    let listed = listed.bearer(&tenant.key).expect(200).await;
    assert_eq!(listed.text_at("/data/0/id"), again);
    let path = format!("/api/orders/{}/returns/{again}/cancel", order.id);
    let off = app.client.post(&path, &Value::Null);
    let off = off.header("x-order-token", &order.token).expect(200).await;
    assert_eq!(off.body["status"], "canceled");
    let other = ask(&app, &order, &line, 2).expect(201).await.text_at("/id");
    let no = admin(
        &app,
        tenant,
        &format!("returns/{other}/reject"),
        &json!({"reason": "worn"}),
    );
    assert_eq!(no.expect(200).await.body["decision"], "worn");
    app.client
        .get(&format!("/api/admin/returns/{other}"))
        .bearer(&shop.second.key)
        .refused(404, "return.not_found")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_have_a_window_and_the_shop_has_none(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, line) = sent(&app, tenant).await;
    let before = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let before = before.expect(200).await;
    assert_eq!(before.body["return_window_days"], 30);
    app.advance(Duration::from_hours(24 * 29));
    let seen = app.see(&order).await;
    let shipment = seen["shipments"][0]["id"].as_str().unwrap_or_default();
    // The time begins when it arrives.
    admin(
        &app,
        tenant,
        &format!("shipments/{shipment}/deliver"),
        &Value::Null,
    )
    .expect(200)
    .await;
    app.advance(Duration::from_hours(24 * 29));
    ask(&app, &order, &line, 1).expect(201).await;
    app.advance(Duration::from_hours(24));
    ask(&app, &order, &line, 1)
        .refused(409, "return.window_over")
        .await;
    let body = json!({"lines": [{"line_id": line, "quantity": 1, "reason": "defective"}]});
    let made = admin(&app, tenant, &format!("orders/{}/returns", order.id), &body);
    assert_eq!(made.expect(201).await.body["status"], "approved");
    // What the buyer does is no action of the shop.
    let log = app.audited(tenant).await;
    assert_eq!(log.iter().filter(|one| *one == "return.create").count(), 1);
    let change = app
        .client
        .patch("/api/admin/settings", &json!({"return_window_days": 90}));
    change
        .bearer(&tenant.key)
        .header("if-match", before.header("etag"))
        .expect(200)
        .await;
    ask(&app, &order, &line, 1).expect(201).await;
    // What is not sent cannot come back.
    let item = app.simple(tenant, "Desk", 5).await;
    let unsent = app.order(tenant, &[(&item.variants[0], 1)]).await;
    app.pay(&unsent).await;
    let line = app.see(&unsent).await["lines"][0]["id"].clone();
    ask(&app, &unsent, line.as_str().unwrap_or_default(), 1)
        .refused(409, "return.too_many")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_happens_twice_to_a_return(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (item, order, line) = sent(&app, tenant).await;
    // Buyers who ask at once hold each piece once.
    let asked = (0..6).map(|_| ask(&app, &order, &line, 2).send());
    let asked = futures::future::join_all(asked).await;
    assert_eq!((count(&asked, 201), count(&asked, 409)), (2, 4));
    let ids: Vec<String> = asked
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.text_at("/id"))
        .collect();
    for step in ["approve", "receive", "refund"] {
        let path = format!("returns/{}/{step}", ids[0]);
        let calls = (0..5).map(|_| admin(&app, tenant, &path, &Value::Null).send());
        let answers = futures::future::join_all(calls).await;
        assert_eq!(
            (count(&answers, 200), count(&answers, 409)),
            (1, 4),
            "{step}"
        );
    }
    app.drain().await;
    assert_eq!(app.stock(tenant, &item, 0).await, (8, 0));
    assert_eq!(app.see(&order).await["refunded"], eur(5000));
}

/// A return that is paid back and refunds of the whole order, all at once:
/// never above what came in, and no piece goes back into stock twice.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns_and_refunds_at_once_stay_below_what_came_in(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (item, order, line) = sent(&app, tenant).await;
    let body = json!({"lines": [{"line_id": line, "quantity": 4, "reason": "late"}]});
    let made = admin(&app, tenant, &format!("orders/{}/returns", order.id), &body);
    let id = made.expect(201).await.text_at("/id");
    let whole = |restock: i64| {
        let body = json!({"amount": eur(6000), "reason": "raced",
            "restock": [{"line_id": line, "quantity": restock}]});
        admin(&app, tenant, &format!("orders/{}/refund", order.id), &body)
    };
    // The pieces of the return are its own.
    whole(1).refused(409, "refund.restock_too_large").await;
    let receive = |_| admin(&app, tenant, &format!("returns/{id}/receive"), &Value::Null).send();
    let received = futures::future::join_all((0..4).map(receive)).await;
    assert_eq!(count(&received, 200), 1);
    let calls = (0..6).map(|n| {
        let amount = json!({"amount": eur(6000), "reason": "raced"});
        match n % 2 {
            0 => admin(
                &app,
                tenant,
                &format!("returns/{id}/refund"),
                &json!({"amount": eur(6000)}),
            ),
            _ => admin(
                &app,
                tenant,
                &format!("orders/{}/refund", order.id),
                &amount,
            ),
        }
        .send()
    });
    let answers = futures::future::join_all(calls).await;
    // 105.00 came in: only one of them fits.
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 5));
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(seen["refunded"], eur(6000));
    assert_eq!(seen["payments"][0]["refunded"], eur(6000));
    assert_eq!(app.stock(tenant, &item, 0).await, (10, 0));
    assert_eq!(seen["lines"][0]["restocked"], 4);
    whole(1).refused(409, "refund.too_large").await;
}

/// Three lamps at 25.00 for 10.01 less, and 5.00 for shipping, paid and sent.
async fn sent_with_discount(app: &App, tenant: &Tenant) -> (Item, Order, String) {
    let rule = json!({"effect": {"kind": "fixed", "amount": eur(1001)}});
    let body = json!({"name": "A little less", "needs_coupon": false, "rule": rule});
    promote(app, tenant, body).await;
    let item = app.simple(tenant, "Lamp", 10).await;
    let order = app.order(tenant, &[(&item.variants[0], 3)]).await;
    app.pay(&order).await;
    let ship = format!("orders/{}/ship", order.id);
    let sent = admin(app, tenant, &ship, &Value::Null).expect(200).await;
    assert_eq!(sent.body["captured"], eur(6999));
    (item, order, sent.text_at("/lines/0/id"))
}

/// Returns pieces of a line up to the money.
async fn returned(app: &App, tenant: &Tenant, order: &Order, line: &str, pieces: i64) -> Answer {
    let asked = ask(app, order, line, pieces).expect(201).await;
    let id = asked.text_at("/id");
    let step = |step: &str| admin(app, tenant, &format!("returns/{id}/{step}"), &Value::Null);
    step("approve").expect(200).await;
    step("receive").expect(200).await;
    step("refund").send().await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_for_a_discounted_line_goes_back(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (item, whole, line) = sent_with_discount(&app, tenant).await;
    let back = returned(&app, tenant, &whole, &line, 3).await;
    assert_eq!(back.body["refunded"], eur(6499));
    // In parts it is the same, and the last piece takes the remainder.
    let order = app.order(tenant, &[(&item.variants[0], 3)]).await;
    app.pay(&order).await;
    let ship = format!("orders/{}/ship", order.id);
    let sent = admin(&app, tenant, &ship, &Value::Null).expect(200).await;
    let line = sent.text_at("/lines/0/id");
    let one = returned(&app, tenant, &order, &line, 1).await;
    assert_eq!(one.body["refunded"], eur(2166));
    let rest = returned(&app, tenant, &order, &line, 2).await;
    assert_eq!(rest.body["refunded"], eur(4333));
    app.drain().await;
    let seen = app.see(&order).await;
    assert_eq!(seen["refunded"], eur(6499));
    // Shipping is left, and goes back only when somebody says so.
    ask(&app, &order, &line, 1)
        .refused(409, "return.too_many")
        .await;
}

/// Two returns of one line that are paid back at the same moment.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returns_at_once_never_give_back_more_than_was_paid_for_the_line(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (_, order, line) = sent_with_discount(&app, tenant).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let asked = ask(&app, &order, &line, 1).expect(201).await;
        let id = asked.text_at("/id");
        for step in ["approve", "receive"] {
            let path = format!("returns/{id}/{step}");
            admin(&app, tenant, &path, &Value::Null).expect(200).await;
        }
        ids.push(id);
    }
    let calls = ids.iter().map(|id| {
        let path = format!("returns/{id}/refund");
        admin(&app, tenant, &path, &Value::Null).send()
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(count(&answers, 200), 3);
    let mut parts: Vec<i64> = answers
        .iter()
        .map(|answer| answer.number_at("/refunded/amount"))
        .collect();
    parts.sort_unstable();
    assert_eq!(parts, [2166, 2166, 2167]);
    app.drain().await;
    assert_eq!(app.see(&order).await["refunded"], eur(6499));
}
