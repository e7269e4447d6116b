//! How often the busiest routes ask the database: a number that is fixed, and
//! does not grow with what there is.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Listing, Tenant, address};
use testkit::{Answer, App};

const HOST: &str = "127.0.0.1";

/// The fewest round trips of some calls: the first ones fill caches and bind
/// connections to their tenant.
pub async fn fewest(app: &App, calls: Vec<Call>) -> u64 {
    let mut fewest = u64::MAX;
    for call in calls {
        let before = app.sutler.database.round_trips();
        let answer: Answer = call.send().await;
        assert!(answer.status < 300, "{}", answer.describe());
        fewest = fewest.min(app.sutler.database.round_trips() - before);
    }
    fewest
}

pub fn times(call: impl Fn() -> Call) -> Vec<Call> {
    (0..8).map(|_| call()).collect()
}

/// A guest's cart that says all that an order needs.
async fn carts(app: &App, lines: &[(&str, i64)], count: usize) -> Vec<Cart> {
    let mut carts = Vec::new();
    for _ in 0..count {
        carts.push(app.cart(HOST, lines).await);
    }
    carts
}

/// A code that takes something off.
async fn coupon(app: &App, tenant: &Tenant) -> String {
    let rule = json!({"effect": {"kind": "percent", "basis_points": 1000}});
    let body = json!({"name": "Sale", "needs_coupon": true, "rule": rule, "total_limit": 100});
    let call = app.client.post("/api/admin/promotions", &body);
    let made = call.bearer(&tenant.key).expect(201).await;
    let path = format!("/api/admin/promotions/{}/coupons", made.text_at("/id"));
    let call = app.client.post(&path, &json!({"code": "SALE"}));
    call.bearer(&tenant.key).expect(201).await.text_at("/code")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_busiest_routes_ask_as_often_as_ever(#[values(Sqlite, Postgres)] backend: Backend) {
    // Nothing comes from the cache of answers.
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    for n in 0..12 {
        let name = format!("Lamp {n}");
        let listing = Listing {
            name: &name,
            strategy: "per_size",
            price: 100,
            stock: &[900, 900, 900],
        };
        app.list(tenant, &listing).await;
    }
    let item = app.simple(tenant, "Desk", 900).await;
    let more = app.simple(tenant, "Chair", 900).await;
    app.drain().await;
    let (one, two) = (
        vec![(item.variants[0].as_str(), 1)],
        vec![
            (item.variants[0].as_str(), 1),
            (more.variants[0].as_str(), 2),
        ],
    );
    let order = app.order(tenant, &two).await;
    app.pay(&order).await;

    let list = times(|| app.client.get("/api/catalog/products"));
    let search = times(|| {
        app.client
            .get("/api/catalog/products?q=lamp&in_stock=true&facets=true")
    });
    let misspelt = times(|| app.client.get("/api/catalog/products?q=lampp"));
    let facets = times(|| {
        app.client
            .get("/api/catalog/products?in_stock=true&facets=true")
    });
    let detail = times(|| app.client.get("/api/catalog/products/lamp-3"));
    let seen = &carts(&app, &two, 1).await[0];
    let cart = times(|| {
        let call = app.client.get(&format!("/api/carts/{}", seen.id));
        call.header("x-cart-token", &seen.token)
    });
    let see = times(|| {
        let call = app.client.get(&format!("/api/orders/{}", order.id));
        call.header("x-order-token", &order.token)
    });
    let own = times(|| app.client.get("/api/orders").bearer(&tenant.user.token));
    let all = times(|| app.client.get("/api/admin/orders").bearer(&tenant.key));
    let look_for = times(|| {
        let path = "/api/admin/orders?q=bea+10&status=paid&disputed=false&sort=total&min_total=1";
        app.client.get(path).bearer(&tenant.key)
    });
    let create = times(|| app.client.post("/api/carts", &Value::Null));
    let open = &carts(&app, &[], 1).await[0];
    let add = times(|| {
        let body = json!({"variant_id": item.variants[0], "quantity": 1});
        let call = app
            .client
            .post(&format!("/api/carts/{}/lines", open.id), &body);
        call.header("x-cart-token", &open.token)
    });
    let deliver = times(|| {
        let body = json!({"email": "a@mail.test", "shipping_method": "standard", "shipping_address": address()});
        let call = app.client.patch(&format!("/api/carts/{}", open.id), &body);
        call.header("x-cart-token", &open.token)
    });
    let mut checkouts = Vec::new();
    for lines in [&one, &two] {
        let carts = carts(&app, lines, 4).await;
        checkouts.push(carts.iter().map(|cart| app.checkout(HOST, cart)).collect());
    }
    let coupon = coupon(&app, tenant).await;
    let mut discounted = Vec::new();
    for cart in carts(&app, &two, 4).await {
        let path = format!("/api/carts/{}/coupons", cart.id);
        let call = app.client.post(&path, &json!({"code": coupon}));
        call.header("x-cart-token", &cart.token).expect(200).await;
        discounted.push(app.checkout(HOST, &cart));
    }
    let (of_two, of_one) = (checkouts.pop(), checkouts.pop());
    let mut counted = Vec::new();
    for (name, calls) in [
        ("products", list),
        ("search", search),
        ("misspelt search", misspelt),
        ("facets", facets),
        ("product", detail),
        ("cart", cart),
        ("order", see),
        ("own orders", own),
        ("all orders", all),
        ("search orders", look_for),
        ("new cart", create),
        ("add line", add),
        ("change cart", deliver),
        ("checkout of one", of_one.unwrap_or_default()),
        ("checkout of two", of_two.unwrap_or_default()),
        ("checkout with a coupon", discounted),
    ] {
        counted.push((name, fewest(&app, calls).await));
    }
    // On PostgreSQL the writes of a transaction go in one statement; SQLite,
    // where a statement is a function call, gets them one by one.
    let postgres = backend == Postgres;
    let expected = [
        ("products", 1),
        ("search", 1),
        ("misspelt search", 1),
        ("facets", 1),
        ("product", 1),
        ("cart", 2),
        ("order", 1),
        ("own orders", 1),
        ("all orders", 1),
        ("search orders", 1),
        ("new cart", 1),
        ("add line", if postgres { 5 } else { 6 }),
        ("change cart", 5),
        ("checkout of one", if postgres { 8 } else { 17 }),
        ("checkout of two", if postgres { 8 } else { 19 }),
        // Reads the code; counts promotion, code and customer.
        ("checkout with a coupon", if postgres { 12 } else { 24 }),
    ];
    assert_eq!(counted, expected);
}

/// Words are looked for in the database.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_without_memory_asks_four_times(#[values(Sqlite, Postgres)] backend: Backend) {
    let settings = [("CATALOG_CACHE_TTL", "0s"), ("CATALOG_SEARCH_BYTES", "1")];
    let app = App::with(backend, &settings).await;
    let shop = app.shop().await;
    app.simple(&shop.first, "Lamp", 900).await;
    // The first question finds out that there is no room.
    app.client
        .get("/api/catalog/products?q=lamp")
        .expect(200)
        .await;
    for query in ["q=lamp&in_stock=true&facets=true", "q=lampp"] {
        let calls = times(|| app.client.get(&format!("/api/catalog/products?{query}")));
        // What is known of the words, categories, candidates, the page.
        assert_eq!(fewest(&app, calls).await, 4, "{query}");
    }
}
