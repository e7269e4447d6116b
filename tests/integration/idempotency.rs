//! Requests that carry an `Idempotency-Key`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::eur;
use testkit::{Answer, App};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many requests there are at once.
const AT_ONCE: usize = 32;

/// Sends the same request so often at once. All that are answered are answered
/// alike; those that came too early are told so.
async fn storm(status: u16, make: impl Fn() -> Call) -> Answer {
    let barrier = Arc::new(Barrier::new(AT_ONCE));
    let mut requests = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (call, barrier) = (make(), barrier.clone());
        requests.spawn(async move {
            barrier.wait().await;
            call.send().await
        });
    }
    let mut bodies = BTreeSet::new();
    let mut first = 0;
    for answer in requests.join_all().await {
        if answer.status == 409 {
            assert_eq!(answer.body["code"], "idempotency.in_progress");
            continue;
        }
        assert_eq!(answer.status, status, "{}", answer.describe());
        if answer.header("idempotent-replayed") != "true" {
            first += 1;
        }
        bodies.insert(answer.text);
    }
    assert_eq!((first, bodies.len()), (1, 1), "{bodies:?}");
    // And once more, when all is quiet.
    let again = make().expect(status).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert!(bodies.contains(&again.text));
    again
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_with_one_key_have_one_effect(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 100).await;
    let client = &app.client;

    let cart = storm(201, || {
        client
            .post("/api/carts", &Value::Null)
            .once("3f1c-the-cart-of-a-guest")
    })
    .await;
    assert!(cart.text_at("/id").starts_with("cart_"));

    // More of what is in the cart: this would add up.
    let cart = app.cart(tenant.host, &[]).await;
    let path = format!("/api/carts/{}/lines", cart.id);
    let line = json!({"variant_id": item.variants[0], "quantity": 3});
    let put = || {
        client
            .post(&path, &line)
            .header("x-cart-token", &cart.token)
            .once("line")
    };
    assert_eq!(storm(200, put).await.number_at("/lines/0/quantity"), 3);

    // An order, with its stock and its payment page.
    let checkout = || app.checkout(tenant.host, &cart).once("order");
    let order = storm(201, checkout).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (100, 3));
    let orders = client.get("/api/admin/orders").bearer(&tenant.key);
    let orders = orders.expect(200).await;
    assert_eq!(orders.body["data"].as_array().map(Vec::len), Some(1));
    app.act(&order.text_at("/order/payments/0/session_id"), "pay")
        .await;
    app.drain().await;

    // Money back, and goods.
    let path = format!("/api/admin/orders/{}/refund", order.text_at("/order/id"));
    let refund = json!({"amount": eur(100), "reason": "a scratch"});
    let refund = || {
        client
            .post(&path, &refund)
            .bearer(&tenant.key)
            .once("refund")
    };
    let refunded = storm(200, refund).await;
    assert_eq!(refunded.body["refunds"].as_array().map(Vec::len), Some(1));

    // A delivery.
    let path = format!(
        "/api/admin/catalog/variants/{}/stock-adjustments",
        item.variants[0]
    );
    let delivery = json!({"by": 7, "reason": "a delivery"});
    let adjust = || {
        client
            .post(&path, &delivery)
            .bearer(&tenant.key)
            .once("stock")
    };
    storm(200, adjust).await;
    assert_eq!(app.stock(tenant, &item, 0).await, (104, 0));

    let product = json!({"name": "A chair"});
    let create = || {
        client
            .post("/api/admin/catalog/products", &product)
            .bearer(&tenant.key)
            .once("product")
    };
    storm(201, create).await;
    let key = json!({"name": "a key"});
    let create = || {
        client
            .post("/api/api-keys", &key)
            .bearer(&tenant.admin.token)
            .once("key")
    };
    storm(201, create).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_of_one_request_of_one_caller_for_two_days(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let create = |name: &str, who: &str| {
        app.client
            .post("/api/admin/catalog/products", &json!({"name": name}))
            .bearer(who)
            .once("mine")
    };
    let first = create("Lamp", &tenant.key).expect(201).await;
    let replayed = create("Lamp", &tenant.key).expect(201).await;
    assert_eq!(first.text, replayed.text);
    assert_eq!(first.header("etag"), replayed.header("etag"));
    create("Chair", &tenant.key)
        .refused(422, "idempotency.key_reused")
        .await;

    // Somebody else's key of the same name, in this tenant and in the other.
    for who in [&tenant.manager.token, &shop.second.key] {
        let other = create("Stool", who).expect(201).await;
        assert_ne!(other.text_at("/id"), first.text_at("/id"));
    }
    // The same key at another route.
    app.client
        .post("/api/admin/catalog/categories", &json!({"name": "Lamp"}))
        .bearer(&tenant.key)
        .once("mine")
        .expect(201)
        .await;

    // A refused request has no effect and keeps nothing.
    let bad = json!({"name": ""});
    let call = app.client.post("/api/admin/catalog/products", &bad);
    call.bearer(&tenant.key).once("bad").expect(422).await;
    let good = json!({"name": "Table"});
    let call = app.client.post("/api/admin/catalog/products", &good);
    call.bearer(&tenant.key).once("bad").expect(201).await;

    // Strangers at one address share what they choose.
    let call = app.client.post("/api/carts", &Value::Null).once("1");
    call.refused(400, "request.invalid_header").await;
    for bad in ["", &"x".repeat(256), "with space"] {
        let call = app.client.post("/api/admin/catalog/products", &good);
        call.bearer(&tenant.key)
            .once(bad)
            .refused(400, "request.invalid_header")
            .await;
    }

    app.pass(Duration::from_hours(47), Duration::from_hours(6))
        .await;
    let kept = create("Lamp", &tenant.key).expect(201).await;
    assert_eq!(kept.text, first.text);
    app.pass(Duration::from_hours(3), Duration::from_hours(1))
        .await;
    // Now it is a new request, and finds its own product in the way.
    create("Lamp", &tenant.key)
        .refused(409, "product.slug_taken")
        .await;
}
