//! Many buyers at once: nothing is sold twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Cart, Listing, Tenant, address};
use testkit::{Answer, App, Client, seed};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many buyers there are at once.
const BUYERS: usize = 64;

/// How many rounds are played; `RACE_ROUNDS` asks for another number.
fn rounds() -> usize {
    seed::number("RACE_ROUNDS").unwrap_or(100)
}

/// A guest's cart with lines in it and nothing else.
async fn filled(client: &Client, lines: &[(String, i64)]) -> Cart {
    let made = client.post("/api/carts", &json!(null)).expect(201).await;
    let cart = Cart {
        id: made.text_at("/id"),
        token: made.text_at("/token"),
    };
    for (variant, quantity) in lines {
        client
            .post(
                &format!("/api/carts/{}/lines", cart.id),
                &json!({"variant_id": variant, "quantity": quantity}),
            )
            .header("x-cart-token", &cart.token)
            .expect(200)
            .await;
    }
    cart
}

/// As many carts as there are lists of lines.
async fn fill_all(app: &App, wishes: Vec<Vec<(String, i64)>>) -> Vec<Cart> {
    let mut carts = JoinSet::new();
    for lines in wishes {
        let client = app.client.clone();
        carts.spawn(async move { filled(&client, &lines).await });
    }
    carts.join_all().await
}

/// Orders all carts at the same moment.
async fn order_all(app: &App, carts: Vec<Cart>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(carts.len()));
    let mut buyers = JoinSet::new();
    for cart in carts {
        let (client, barrier) = (app.client.clone(), barrier.clone());
        buyers.spawn(async move {
            let body = json!({"cart_id": cart.id, "email": "buyer@mail.test",
                "shipping_address": address(), "shipping_method": "standard"});
            barrier.wait().await;
            client
                .post("/api/checkout", &body)
                .header("x-cart-token", &cart.token)
                .send()
                .await
        });
    }
    buyers.join_all().await
}

/// How often each status and code was answered.
fn count(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
        *counts.entry((answer.status, code)).or_default() += 1;
    }
    counts
}

/// So many got it, and all others were told that it is gone.
fn sold(bought: usize, of: usize) -> BTreeMap<(u16, String), usize> {
    BTreeMap::from([
        ((201, String::new()), bought),
        ((409, "checkout.out_of_stock".to_owned()), of - bought),
    ])
}

async fn set_stock(app: &App, tenant: &Tenant, variant: &str, to: i64) {
    app.client
        .post(
            &format!("/api/admin/catalog/variants/{variant}/stock-adjustments"),
            &json!({"to": to, "reason": "a new round"}),
        )
        .bearer(&tenant.key)
        .expect(200)
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_buyers_of_the_last_10_exactly_10_get_one(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 10).await;
    let variant = &item.variants[0];
    let mut reserved = 0;
    for round in 0..rounds() {
        if round > 0 {
            set_stock(&app, tenant, variant, reserved + 10).await;
        }
        let carts = fill_all(&app, vec![vec![(variant.clone(), 1)]; BUYERS]).await;
        let answers = order_all(&app, carts).await;
        assert_eq!(count(&answers), sold(10, BUYERS), "round {round}");
        reserved += 10;
        assert_eq!(app.stock(tenant, &item, 0).await, (reserved, reserved));
    }
}

/// Two lines of one order draw from the same pile, and are added up before
/// anything is checked.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_that_share_a_pile_never_sell_more_than_it_holds(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let listing = Listing {
        name: "Shirt",
        strategy: "flat",
        price: 2500,
        stock: &[10, 0],
    };
    let item = app.list(tenant, &listing).await;
    let (small, large) = (&item.variants[0], &item.variants[1]);

    // Each line alone would fit, both together do not.
    let greedy = vec![vec![(small.clone(), 6), (large.clone(), 6)]];
    let carts = fill_all(&app, greedy).await;
    let answers = order_all(&app, carts).await;
    assert_eq!(
        count(&answers),
        sold(0, 1).into_iter().filter(|(_, n)| *n > 0).collect()
    );
    assert_eq!(app.stock(tenant, &item, 0).await, (10, 0));

    // 24 buyers want 2 in one size, or one in each: 5 of them get theirs.
    let wishes = (0..24)
        .map(|n| match n % 3 {
            0 => vec![(small.clone(), 2)],
            1 => vec![(large.clone(), 2)],
            _ => vec![(small.clone(), 1), (large.clone(), 1)],
        })
        .collect();
    let carts = fill_all(&app, wishes).await;
    let answers = order_all(&app, carts).await;
    assert_eq!(count(&answers), sold(5, 24));
    assert_eq!(app.stock(tenant, &item, 0).await, (10, 10));
    assert_eq!(app.stock(tenant, &item, 1).await, (10, 10));
}

/// Orders over several piles in every sequence neither deadlock nor oversell.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossing_orders_of_several_things_all_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let listing = Listing {
        name: "Shoe",
        strategy: "per_size",
        price: 2500,
        stock: &[20, 20, 20],
    };
    let item = app.list(tenant, &listing).await;
    let wishes = (0..40)
        .map(|n| {
            let mut lines: Vec<_> = item.variants.iter().map(|v| (v.clone(), 1)).collect();
            lines.rotate_left(n % 3);
            lines
        })
        .collect();
    let carts = fill_all(&app, wishes).await;
    let answers = order_all(&app, carts).await;
    assert_eq!(count(&answers), sold(20, 40));
    for n in 0..3 {
        assert_eq!(app.stock(tenant, &item, n).await, (20, 20));
    }
}

/// The reservation runs out at the moment at which the buyer pays: whichever
/// is first, the goods are either sold or free, and never both.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expiry_that_races_payment_ends_in_one_of_the_two(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let mut outcomes = BTreeMap::new();
    for round in 0..10 {
        let item = app.simple(tenant, &format!("Lamp {round}"), 1).await;
        let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
        // Just before the session closes and, in every other round, past the
        // end of the reservation.
        app.advance(Duration::from_mins(if round % 2 == 0 { 30 } else { 120 }));
        let pay = app
            .client
            .post(
                &format!("/api/test-gateway/sessions/{}", order.session),
                &json!({"outcome": "pay"}),
            )
            .send();
        let (paid, ..) = tokio::join!(pay, app.drain(), app.drain());
        app.advance(Duration::from_mins(5));
        app.drain().await;
        app.pass(Duration::from_hours(30), Duration::from_hours(1))
            .await;
        let seen = app.see(&order).await;
        let (on_hand, reserved) = app.stock(tenant, &item, 0).await;
        let status = seen["status"].as_str().unwrap_or_default().to_owned();
        match status.as_str() {
            "paid" => assert_eq!((paid.status, on_hand, reserved), (200, 0, 0), "{seen}"),
            "canceled" => assert_eq!((on_hand, reserved), (1, 0), "{seen}"),
            other => panic!("{other}: {seen}"),
        }
        *outcomes.entry(status).or_insert(0) += 1;
    }
    assert_eq!(outcomes.values().sum::<i32>(), 10, "{outcomes:?}");
}
