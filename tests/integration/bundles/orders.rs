//! Orders of bundles: what they take of their components, and what comes back
//! to these.

use std::collections::BTreeMap;
use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Order, Tenant, address, eur};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{adjust, bundle, list_of, put};

fn admin(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Call {
    let path = format!("/api/admin/{path}");
    app.client.post(&path, body).bearer(&tenant.key)
}

struct Goods {
    lamp: Item,
    bulb: Item,
    set: Item,
}

impl Goods {
    /// Sets of two lamps and three bulbs.
    async fn stock(app: &App, tenant: &Tenant, lamps: i64, bulbs: i64) -> Self {
        let lamp = app.simple(tenant, "Lamp", lamps).await;
        let bulb = app.simple(tenant, "Bulb", bulbs).await;
        let of = [(&*lamp.variants[0], 2), (&*bulb.variants[0], 3)];
        let set = bundle(app, tenant, "Set", &of).await;
        Self { lamp, bulb, set }
    }

    /// (on hand, reserved) of lamps and bulbs.
    async fn numbers(&self, app: &App, tenant: &Tenant) -> [(i64, i64); 2] {
        [
            app.stock(tenant, &self.lamp, 0).await,
            app.stock(tenant, &self.bulb, 0).await,
        ]
    }
}

/// The line of sets.
fn sets(order: &Value) -> &Value {
    let lines = order["lines"].as_array().expect("lines");
    let sets = lines.iter().find(|line| line["sku"] == json!("set-0"));
    sets.expect("a line of sets")
}

fn line(order: &Order) -> String {
    let id = sets(&order.answer["order"])["id"].as_str();
    id.unwrap_or_default().to_owned()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_of_a_bundle_go_and_come_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let goods = Goods::stock(&app, tenant, 20, 30).await;
    let (set, lamp) = (&*goods.set.variants[0], &*goods.lamp.variants[0]);
    let order = app.order(tenant, &[(set, 4), (lamp, 1)]).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(20, 9), (30, 12)]);
    let seen = &sets(&order.answer["order"])["components"];
    assert_eq!(
        (&seen[0]["sku"], &seen[0]["name"], &seen[0]["quantity"]),
        (&json!("lamp-0"), &json!("Lamp (40)"), &json!(2))
    );

    // What the bundle is made of later changes nothing of the order.
    let call = put(&app, tenant, &goods.set, &list_of(&[(lamp, 7)])).await;
    call.expect(200).await;
    app.pay(&order).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(11, 0), (18, 0)]);
    let now = app.see(&order).await;
    assert_eq!(&sets(&now)["components"], seen);

    // One set never leaves.
    let refund = |body: Value| admin(&app, tenant, &format!("orders/{}/refund", order.id), &body);
    let one = json!({"reason": "changed their mind", "amount": eur(2500),
        "restock": [{"line_id": line(&order), "quantity": 1}]});
    let refunded = refund(one).send().await;
    assert!(refunded.status < 300, "{}", refunded.describe());
    assert_eq!(goods.numbers(&app, tenant).await, [(13, 0), (21, 0)]);

    // Of two that come back, one can be sold again.
    let ship = format!("orders/{}/ship", order.id);
    admin(&app, tenant, &ship, &Value::Null).expect(200).await;
    let body = json!({"lines": [{"line_id": line(&order), "quantity": 2, "reason": "wrong_size"}]});
    let call = app
        .client
        .post(&format!("/api/orders/{}/returns", order.id), &body);
    let asked = call.header("x-order-token", &order.token).expect(201).await;
    let id = asked.text_at("/id");
    let step =
        |step: &str, body: Value| admin(&app, tenant, &format!("returns/{id}/{step}"), &body);
    step("approve", Value::Null).expect(200).await;
    let came = json!({"lines": [{"line_id": line(&order), "restock": 1, "scrap": 1, "condition": "used"}]});
    step("receive", came).expect(200).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(15, 0), (24, 0)]);

    // The last one is exchanged for a set as it is made now: seven lamps.
    let body = json!({"lines": [{"line_id": line(&order), "quantity": 1, "reason": "wrong_size"}],
        "items": [{"variant_id": set, "quantity": 1}]});
    let path = format!("orders/{}/exchanges", order.id);
    let made = admin(&app, tenant, &path, &body).expect(201).await;
    assert_eq!(made.body["order"]["status"], "paid");
    assert_eq!(goods.numbers(&app, tenant).await, [(8, 0), (24, 0)]);
    let path = format!("/api/admin/returns?order_id={}", order.id);
    let all = app.client.get(&path).bearer(&tenant.key).send().await;
    let back = all.body["data"].as_array().and_then(|all| {
        let open = all.iter().find(|one| one["status"] == "approved")?;
        open["id"].as_str().map(str::to_owned)
    });
    let back = back.unwrap_or_else(|| panic!("{}", all.describe()));
    let path = format!("returns/{back}/receive");
    admin(&app, tenant, &path, &Value::Null).expect(200).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(10, 0), (27, 0)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_bundles_are_released_and_edited(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let goods = Goods::stock(&app, tenant, 10, 10).await;
    let set = &*goods.set.variants[0];
    let order = app.order(tenant, &[(set, 2)]).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(10, 4), (10, 6)]);
    // More of it is more of what it was made of when it was bought.
    let call = put(
        &app,
        tenant,
        &goods.set,
        &list_of(&[(&goods.bulb.variants[0], 1)]),
    )
    .await;
    call.expect(200).await;
    let path = format!("/api/admin/orders/{}", order.id);
    let call = app.client.get(&path).bearer(&tenant.key);
    let version = call.expect(200).await.number_at("/version");
    let body = json!({"lines": [{"variant_id": set, "quantity": 3}]});
    let call = app
        .client
        .patch(&format!("/api/orders/{}", order.id), &body);
    let call = call
        .header("x-order-token", &order.token)
        .header("if-match", &format!("\"{version}\""));
    let edited = call.send().await;
    assert!(edited.status < 300, "{}", edited.describe());
    assert_eq!(goods.numbers(&app, tenant).await, [(10, 6), (10, 9)]);
    let cancel = format!("orders/{}/cancel", order.id);
    let why = json!({"reason": "changed their mind"});
    admin(&app, tenant, &cancel, &why).expect(200).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(10, 0), (10, 0)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_waits_for_its_components(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let goods = Goods::stock(&app, tenant, 3, 30).await;
    let path = format!(
        "/api/admin/catalog/variants/{}/stock",
        goods.lamp.variants[0]
    );
    let body = json!({"supply": "backorder", "backorder_limit": 6});
    let call = app.client.patch(&path, &body).bearer(&tenant.key);
    call.expect(200).await;
    let order = app.order(tenant, &[(&goods.set.variants[0], 4)]).await;
    let waits = |seen: &Value| seen["lines"][0]["backordered"].as_i64();
    // Of eight lamps three are there: one set is complete.
    assert_eq!(waits(&order.answer["order"]), Some(3));
    assert_eq!(goods.numbers(&app, tenant).await, [(3, 8), (30, 12)]);
    app.pay(&order).await;
    assert_eq!(goods.numbers(&app, tenant).await, [(0, 5), (18, 0)]);
    let ship = |quantity: i64| {
        let body = json!({"lines": [{"line_id": line(&order), "quantity": quantity}]});
        admin(
            &app,
            tenant,
            &format!("orders/{}/shipments", order.id),
            &body,
        )
    };
    ship(1).expect(200).await;
    ship(1).refused(409, "shipment.not_there_yet").await;
    // One more lamp completes the second.
    adjust(&app, tenant, &goods.lamp, 1).expect(200).await;
    let sent = ship(1).expect(200).await;
    assert_eq!(waits(&sent.body), Some(2));
    assert_eq!(goods.numbers(&app, tenant).await, [(0, 4), (18, 0)]);
    // One is given up: its bulbs go back, and its lamps never were there.
    let body = json!({"reason": "it never came", "amount": eur(2500),
        "restock": [{"line_id": line(&order), "quantity": 1}]});
    let path = format!("orders/{}/refund", order.id);
    let refunded = admin(&app, tenant, &path, &body).send().await;
    assert!(refunded.status < 300, "{}", refunded.describe());
    assert_eq!(goods.numbers(&app, tenant).await, [(0, 2), (21, 0)]);
    adjust(&app, tenant, &goods.lamp, 2).expect(200).await;
    let sent = ship(1).expect(200).await;
    assert_eq!(waits(&sent.body), Some(0));
    assert_eq!(goods.numbers(&app, tenant).await, [(0, 0), (21, 0)]);
}

/// Bundle and component draw from the same pile, whoever is first.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_buyers_of_bundle_and_component_none_gets_too_many(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    const BUYERS: usize = 64;
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    // Sets of two lamps and three bulbs; of both there are ten.
    let goods = Goods::stock(&app, tenant, 10, 10).await;
    let (set, lamp) = (&*goods.set.variants[0], &*goods.lamp.variants[0]);
    let mut carts = Vec::new();
    for n in 0..BUYERS {
        let lines: &[(&str, i64)] = match n % 3 {
            0 => &[(set, 1)],
            1 => &[(lamp, 1)],
            _ => &[(lamp, 1), (set, 1)],
        };
        carts.push((n, app.cart(tenant.host, lines).await));
    }
    let barrier = Arc::new(Barrier::new(BUYERS));
    let mut buyers = JoinSet::new();
    for (n, cart) in carts {
        let (client, barrier) = (app.client.clone(), barrier.clone());
        buyers.spawn(async move {
            let body = json!({"cart_id": cart.id, "email": "buyer@mail.test",
                "shipping_address": address(), "shipping_method": "standard"});
            barrier.wait().await;
            let call = client.post("/api/checkout", &body);
            let answer = call.header("x-cart-token", &cart.token).send().await;
            (n, answer)
        });
    }
    let (mut lamps, mut bulbs) = (0, 0);
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for (n, answer) in buyers.join_all().await {
        *counts.entry(answer.status).or_default() += 1;
        if answer.status == 201 {
            lamps += [2, 1, 3][n % 3];
            bulbs += [3, 0, 3][n % 3];
        } else {
            assert_eq!(answer.text_at("/code"), "checkout.out_of_stock");
        }
    }
    assert!(counts.keys().all(|status| [201, 409].contains(status)));
    // What is left is not enough for whoever was refused: the last lamp was
    // sold to one of the 21 who want nothing else.
    assert_eq!(lamps, 10, "{counts:?}");
    assert!(bulbs <= 9, "{counts:?}");
    assert_eq!(
        goods.numbers(&app, tenant).await,
        [(10, lamps), (10, bulbs)]
    );
}

/// Somebody orders what becomes a bundle at that moment: it is sold as the one
/// or the other.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_a_bundle_meanwhile_is_sold(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 500).await;
    for n in 0..8 {
        let set = app.simple(tenant, &format!("Set {n}"), 0).await;
        let path = format!("/api/admin/catalog/variants/{}/stock", set.variants[0]);
        let body = json!({"supply": "backorder", "backorder_limit": 10});
        let call = app.client.patch(&path, &body).bearer(&tenant.key);
        call.expect(200).await;
        let cart = app.cart(tenant.host, &[(&set.variants[0], 2)]).await;
        let made = put(&app, tenant, &set, &list_of(&[(&lamp.variants[0], 3)])).await;
        let ordered = app.checkout(tenant.host, &cart);
        let (made, ordered) = tokio::join!(tokio::spawn(made.send()), tokio::spawn(ordered.send()));
        let (made, ordered) = (made.expect("an answer"), ordered.expect("an answer"));
        assert_eq!(ordered.status, 201, "{}", ordered.describe());
        let parts = ordered.body["order"]["lines"][0]["components"].as_array();
        let is_bundle = parts.is_some_and(|parts| !parts.is_empty());
        // Whoever is first: the order keeps the bundle from being made.
        let wanted = if is_bundle { [200] } else { [409] };
        assert_eq!([made.status], wanted, "{}", made.describe());
    }
}

/// The fewest round trips of some checkouts.
async fn checkouts(app: &App, tenant: &Tenant, lines: &[(&str, i64)]) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..5 {
        let cart = app.cart(tenant.host, lines).await;
        let call = app.checkout(tenant.host, &cart);
        let before = app.sutler.database.round_trips();
        call.expect(201).await;
        fewest = fewest.min(app.sutler.database.round_trips() - before);
    }
    fewest
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bundles_cost_as_many_statements_whatever_is_in_them(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let mut parts = Vec::new();
    for n in 0..6 {
        parts.push(app.simple(tenant, &format!("Part {n}"), 900).await);
    }
    let alone = app.simple(tenant, "Alone", 900).await;
    let of: Vec<(&str, i64)> = parts.iter().map(|one| (&*one.variants[0], 2)).collect();
    let small = bundle(&app, tenant, "Small", &of[..1]).await;
    let large = bundle(&app, tenant, "Large", &of).await;
    app.drain().await;
    let plain = checkouts(&app, tenant, &[(&alone.variants[0], 1)]).await;
    let small = checkouts(&app, tenant, &[(&small.variants[0], 1)]).await;
    let large = checkouts(&app, tenant, &[(&large.variants[0], 1)]).await;
    // One asks which other bundles draw from the same piles. SQLite, where a
    // statement is a function call, writes piles and movements one by one, and
    // by itself what the order is found by.
    let (found_by, piles) = if backend == Postgres {
        (0, 0)
    } else {
        (1, 2 * 5)
    };
    let bundle = plain + 1 + found_by;
    assert_eq!((small, large), (bundle, bundle + piles));
}
