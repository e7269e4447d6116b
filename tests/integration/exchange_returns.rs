//! What becomes of the money of an exchange when not all comes back, or when
//! what was got instead comes back, too.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Listing, Tenant, eur};

fn admin(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Call {
    let path = format!("/api/admin/{path}");
    app.client.post(&path, body).bearer(&tenant.key)
}

async fn see(app: &App, tenant: &Tenant, order: &str) -> Value {
    let call = app.client.get(&format!("/api/admin/orders/{order}"));
    call.bearer(&tenant.key).expect(200).await.body
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn listed(app: &App, tenant: &Tenant, name: &str, price: i64) -> Item {
    let listing = Listing {
        name,
        strategy: "per_size",
        price,
        stock: &[20, 20],
    };
    app.list(tenant, &listing).await
}

/// Pieces at 10.00 and 5.00 for shipping, paid and sent; the order.
async fn sold(app: &App, tenant: &Tenant, lamps: &Item, pieces: i64) -> String {
    let order = app.order(tenant, &[(&lamps.variants[0], pieces)]).await;
    app.pay(&order).await;
    ship(app, tenant, &order.id).await;
    order.id
}

async fn ship(app: &App, tenant: &Tenant, order: &str) {
    let path = format!("orders/{order}/ship");
    admin(app, tenant, &path, &Value::Null).expect(200).await;
}

/// Exchanges pieces of the only line of an order: the order of what is got.
async fn exchange(app: &App, tenant: &Tenant, order: &str, pieces: i64, variant: &str) -> Value {
    let line = see(app, tenant, order).await["lines"][0]["id"].clone();
    let body = json!({"lines": [{"line_id": line, "quantity": pieces, "reason": "wrong_size"}],
        "items": [{"variant_id": variant, "quantity": 1}]});
    let made = admin(app, tenant, &format!("orders/{order}/exchanges"), &body);
    made.expect(201).await.body["order"].clone()
}

/// Asks for the return of pieces of the only line of an order; they come.
async fn comes_back(app: &App, tenant: &Tenant, order: &str, pieces: i64) -> String {
    let line = see(app, tenant, order).await["lines"][0]["id"].clone();
    let lines = json!([{"line_id": line, "quantity": pieces, "reason": "late"}]);
    let made = admin(
        app,
        tenant,
        &format!("orders/{order}/returns"),
        &json!({"lines": lines}),
    );
    let id = made.expect(201).await.text_at("/id");
    let came = admin(app, tenant, &format!("returns/{id}/receive"), &Value::Null);
    came.expect(200).await;
    id
}

/// Receives so many pieces of the first return of an order.
async fn receive(app: &App, tenant: &Tenant, order: &str, pieces: i64) -> Value {
    let order = see(app, tenant, order).await;
    let back = text(&order["returns"][0]["id"]);
    let line = &order["lines"][0]["id"];
    let came = json!({"lines": [{"line_id": line, "restock": pieces, "condition": "as_new"}]});
    let came = admin(app, tenant, &format!("returns/{back}/receive"), &came);
    came.expect(200).await.body
}

fn refund(app: &App, tenant: &Tenant, back: &str) -> Call {
    admin(app, tenant, &format!("returns/{back}/refund"), &Value::Null)
}

/// Money of an order: came, went back, pays others, pays it, of that went on.
fn money(order: &Value) -> [i64; 5] {
    [
        "captured",
        "refunded",
        "exchanged",
        "exchange_credit",
        "credit_back",
    ]
    .map(|name| order[name]["amount"].as_i64().expect("an amount"))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_got_instead_is_paid_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamps = listed(&app, tenant, "Lamp", 1000).await;
    let first = sold(&app, tenant, &lamps, 1).await;
    let second = exchange(&app, tenant, &first, 1, &lamps.variants[1]).await;
    let second = text(&second["id"]);
    receive(&app, tenant, &first, 1).await;
    // What is not sent yet is canceled and not refunded.
    let early = json!({"reason": "angry"});
    admin(&app, tenant, &format!("orders/{second}/refund"), &early)
        .refused(409, "refund.too_large")
        .await;
    ship(&app, tenant, &second).await;
    let back = comes_back(&app, tenant, &second, 1).await;
    // Clerks at once: it is paid once.
    let answers = (0..4).map(|_| refund(&app, tenant, &back).send());
    let answers = futures::future::join_all(answers).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    app.drain().await;
    let (one, two) = (
        see(&app, tenant, &first).await,
        see(&app, tenant, &second).await,
    );
    assert_eq!(money(&one), [1500, 1000, 0, 0, 0]);
    assert_eq!(money(&two), [0, 0, 0, 1000, 1000]);
    assert_eq!(one["refunds"][0]["status"], "succeeded");
    assert_eq!(one["payments"][0]["refunded"], eur(1000));
    assert_eq!(
        (&one["payment_status"], &two["payment_status"]),
        (&json!("partially_refunded"), &json!("refunded"))
    );
    assert_eq!(two["returns"][0]["refunded"], eur(1000));
    // Shipping is what is left of it all.
    let more = json!({"amount": eur(501), "reason": "angry"});
    admin(&app, tenant, &format!("orders/{first}/refund"), &more)
        .refused(409, "refund.too_large")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_pays_one_exchange_after_the_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamps = listed(&app, tenant, "Lamp", 1000).await;
    let better = listed(&app, tenant, "Better lamp", 1400).await;
    let first = sold(&app, tenant, &lamps, 1).await;
    let second = exchange(&app, tenant, &first, 1, &lamps.variants[1]).await;
    let second = text(&second["id"]);
    receive(&app, tenant, &first, 1).await;
    ship(&app, tenant, &second).await;
    // Canceled, an exchange of the exchange gives back what it took.
    let third = exchange(&app, tenant, &second, 1, &lamps.variants[0]).await;
    assert_eq!(
        (&third["status"], &third["exchange_credit"]),
        (&json!("paid"), &eur(1000))
    );
    assert_eq!(
        money(&see(&app, tenant, &second).await),
        [0, 0, 0, 1000, 1000]
    );
    let path = format!("orders/{}/cancel", text(&third["id"]));
    admin(&app, tenant, &path, &json!({})).expect(200).await;
    assert_eq!(money(&see(&app, tenant, &second).await), [0, 0, 0, 1000, 0]);
    let back = text(&see(&app, tenant, &second).await["returns"][0]["id"]);
    let cancel = format!("returns/{back}/cancel");
    admin(&app, tenant, &cancel, &Value::Null).expect(200).await;

    // The next one costs more, which the buyer pays; then all of it comes back.
    let third = exchange(&app, tenant, &second, 1, &better.variants[0]).await;
    assert_eq!(
        (&third["exchange_credit"], &third["total"]),
        (&eur(1000), &eur(400))
    );
    let session = text(&third["payments"][0]["session_id"]);
    app.act(&session, "pay").await;
    app.drain().await;
    let third = text(&third["id"]);
    ship(&app, tenant, &third).await;
    let back = comes_back(&app, tenant, &third, 1).await;
    assert_eq!(
        refund(&app, tenant, &back).expect(200).await.body["refunded"],
        eur(1400)
    );
    app.drain().await;
    for (order, expected) in [
        (&first, [1500, 1000, 0, 0, 0]),
        (&second, [0, 0, 0, 1000, 1000]),
        (&third, [400, 400, 0, 1000, 1000]),
    ] {
        assert_eq!(money(&see(&app, tenant, order).await), expected);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_came_back_is_paid_for(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamps = listed(&app, tenant, "Lamp", 1000).await;
    // Two of 10.00 for one of so much; one comes: what goes back then, and what
    // when the other one comes.
    for (n, price, now, later) in [(0, 400, 600, 1000), (1, 1400, 0, 600), (2, 2000, 0, 0)] {
        let other = listed(&app, tenant, &format!("Other {n}"), price).await;
        let first = sold(&app, tenant, &lamps, 2).await;
        exchange(&app, tenant, &first, 2, &other.variants[0]).await;
        let came = receive(&app, tenant, &first, 1).await;
        assert_eq!(
            (&came["status"], &came["refund_due"]),
            (&json!("exchanged"), &eur(now))
        );
        app.drain().await;
        let seen = see(&app, tenant, &first).await;
        assert_eq!(money(&seen), [2500, now, price, 0, 0], "{price}");
        let back = comes_back(&app, tenant, &first, 1).await;
        if later == 0 {
            refund(&app, tenant, &back)
                .refused(409, "refund.too_large")
                .await;
        } else {
            let paid = refund(&app, tenant, &back).expect(200).await;
            assert_eq!(paid.body["refunded"], eur(later));
        }
        app.drain().await;
        let seen = see(&app, tenant, &first).await;
        assert_eq!(money(&seen), [2500, now + later, price, 0, 0], "{price}");
    }
}
