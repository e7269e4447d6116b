//! What runs low, and that it is said once.

use std::sync::Arc;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Listing, Tenant};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::{adjust, patch, pile, sql, told};

const LOW: &str = "stock.low";

async fn low(app: &App, tenant: &Tenant, query: &str) -> Value {
    let path = format!("/api/admin/catalog/low-stock{query}");
    let call = app.client.get(&path).header("host", tenant.host);
    call.bearer(&tenant.key).expect(200).await.body
}

fn slugs(list: &Value) -> Vec<&str> {
    let data = list["data"].as_array().map_or(&[][..], Vec::as_slice);
    data.iter().filter_map(|one| one["slug"].as_str()).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_low_is_listed_the_emptiest_first(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (tenant, other) = (&shop.first, &shop.second);
    let [gone, few, own, _plenty] = [
        app.simple(tenant, "Gone", 0).await,
        app.simple(tenant, "Few", 5).await,
        app.simple(tenant, "Own", 30).await,
        app.simple(tenant, "Plenty", 6).await,
    ];
    app.simple(other, "Foreign", 1).await;
    let shared = Listing {
        name: "Shirt",
        strategy: "flat",
        price: 100,
        stock: &[3, 0],
    };
    let shirt = app.list(tenant, &shared).await;
    assert_eq!(
        slugs(&low(&app, tenant, "").await),
        ["gone", "shirt", "few"]
    );
    assert_eq!(slugs(&low(&app, other, "").await), ["foreign"]);

    // A number of its own, and back to the shop's.
    let seen = patch(&app, tenant, &own, &json!({"low_stock_threshold": 40}));
    let seen = seen.expect(200).await.body;
    assert_eq!(
        (&seen["low_stock_threshold"], &seen["is_low"]),
        (&json!(40), &json!(true))
    );
    let all = low(&app, tenant, "").await;
    assert_eq!(slugs(&all), ["gone", "shirt", "few", "own"]);
    let last = &all["data"][3];
    assert_eq!(
        (&last["available"], &last["threshold"]),
        (&json!(30), &json!(40))
    );
    assert_eq!(last["variants"][0]["sku"], "own-0");
    assert_eq!(all["data"][1]["variants"].as_array().map(Vec::len), Some(2));
    patch(&app, tenant, &own, &json!({"low_stock_threshold": null}))
        .expect(200)
        .await;
    assert_eq!(
        slugs(&low(&app, tenant, "").await),
        ["gone", "shirt", "few"]
    );

    // Filters and pages.
    assert_eq!(slugs(&low(&app, tenant, "?out_only=true").await), ["gone"]);
    let of = format!("?product={}", shirt.product);
    assert_eq!(slugs(&low(&app, tenant, &of).await), ["shirt"]);
    let made = app
        .client
        .post("/api/admin/sellers", &json!({"name": "Oak"}));
    let seller = made.bearer(&tenant.key).expect(201).await.text_at("/id");
    let of = format!("?seller={seller}");
    let seller: kernel::SellerId = seller.parse().expect("an id");
    assert_eq!(slugs(&low(&app, tenant, &of).await), [""; 0]);
    let set = match backend {
        Postgres => format!("'{}'", seller.uuid()),
        Sqlite => format!("x'{}'", seller.uuid().simple()),
    };
    let own_seller =
        format!("UPDATE products SET seller_id = {set} WHERE slug = 'few' RETURNING 1 + 0");
    sql(&app, backend, &own_seller.replace("1 + 0", "version")).await;
    assert_eq!(slugs(&low(&app, tenant, &of).await), ["few"]);
    let mut found = Vec::new();
    let mut query = "?limit=1".to_owned();
    while found.len() < 9 {
        let page = low(&app, tenant, &query).await;
        found.extend(slugs(&page).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => query = format!("?limit=1&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, ["gone", "shirt", "few"]);
    for bad in ["?product=x", "?seller=prod_1", "?low=1", "?limit=0"] {
        let path = format!("/api/admin/catalog/low-stock{bad}");
        let call = app.client.get(&path).bearer(&tenant.key);
        call.refused(400, "request.invalid_query").await;
    }

    // Another default, and what is not sold any more.
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let settings = settings.expect(200).await;
    assert_eq!(settings.body["low_stock_threshold"], 5);
    let change = json!({"low_stock_threshold": 6});
    let call = app.client.patch("/api/admin/settings", &change);
    call.header("if-match", settings.header("etag"))
        .bearer(&tenant.admin.token)
        .expect(200)
        .await;
    let archive = format!("/api/admin/catalog/variants/{}/archive", gone.variants[0]);
    let call = app.client.post(&archive, &Value::Null);
    call.header("if-match", "\"1\"")
        .bearer(&tenant.key)
        .expect(200)
        .await;
    assert_eq!(
        slugs(&low(&app, tenant, "").await),
        ["shirt", "few", "plenty"]
    );
    assert_eq!(pile(&app, tenant, &few).await["is_low"], true);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_said_once_and_again_when_there_was_more(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 8).await;
    let said = async || told(&app, backend, LOW).await;
    adjust(&app, tenant, &lamp, -2).expect(200).await;
    assert_eq!(said().await, 0);
    app.order(tenant, &[(&lamp.variants[0], 1)]).await;
    assert_eq!(said().await, 1);
    let payload = match backend {
        Postgres => "payload -> 'piles' -> 0 ->> 'available'",
        Sqlite => "payload ->> '$.piles[0].available'",
    };
    let available = format!("SELECT CAST({payload} AS bigint) FROM events WHERE kind = '{LOW}'");
    assert_eq!(sql(&app, backend, &available).await, 5);
    // Lower still, and up to the threshold: nothing new.
    app.order(tenant, &[(&lamp.variants[0], 2)]).await;
    adjust(&app, tenant, &lamp, 2).expect(200).await;
    assert_eq!(said().await, 1);
    // Above it, and down once more.
    adjust(&app, tenant, &lamp, 4).expect(200).await;
    adjust(&app, tenant, &lamp, -4).expect(200).await;
    assert_eq!(said().await, 2);
    // A higher threshold makes low what was enough.
    adjust(&app, tenant, &lamp, 20).expect(200).await;
    for _ in 0..2 {
        patch(&app, tenant, &lamp, &json!({"low_stock_threshold": 30}))
            .expect(200)
            .await;
    }
    assert_eq!(said().await, 3);
    let actions = app.audited(tenant).await;
    assert!(
        actions.iter().any(|one| one == "stock.change"),
        "{actions:?}"
    );
}

/// Many orders at once go over the threshold, and one of them says so.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_orders_at_once_one_says_it(#[values(Sqlite, Postgres)] backend: Backend) {
    const BUYERS: usize = 24;
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    for round in 1..=5 {
        let lamp = app.simple(tenant, &format!("Lamp {round}"), 17).await;
        let mut carts = Vec::new();
        for _ in 0..BUYERS {
            carts.push(app.cart(tenant.host, &[(&lamp.variants[0], 1)]).await);
        }
        let barrier = Arc::new(Barrier::new(BUYERS));
        let mut buyers = JoinSet::new();
        for cart in &carts {
            let (call, barrier) = (app.checkout(tenant.host, cart), barrier.clone());
            buyers.spawn(async move {
                barrier.wait().await;
                call.send().await.status
            });
        }
        let answers = buyers.join_all().await;
        assert_eq!(answers.iter().filter(|&&one| one == 201).count(), 17);
        assert_eq!(told(&app, backend, LOW).await, round);
    }
}
