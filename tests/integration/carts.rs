//! Carts of guests and accounts.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Item, Listing, PASSWORD, Person, Tenant, eur};
use testkit::{Answer, App};

fn see(app: &App, cart: &Cart) -> Call {
    let call = app.client.get(&format!("/api/carts/{}", cart.id));
    call.header("x-cart-token", &cart.token)
}

fn add(app: &App, cart: &Cart, variant: &str, quantity: i64) -> Call {
    let body = json!({"variant_id": variant, "quantity": quantity});
    let call = app
        .client
        .post(&format!("/api/carts/{}/lines", cart.id), &body);
    call.header("x-cart-token", &cart.token)
}

fn lines(answer: &Answer) -> Vec<(String, i64)> {
    let lines = answer.body["lines"].as_array().expect("lines");
    lines
        .iter()
        .map(|line| {
            let variant = line["variant_id"].as_str().expect("a variant").to_owned();
            (variant, line["quantity"].as_i64().expect("a quantity"))
        })
        .collect()
}

/// Lines in any order.
fn bag(lines: &[(&str, i64)]) -> BTreeMap<String, i64> {
    lines
        .iter()
        .map(|&(variant, quantity)| (variant.to_owned(), quantity))
        .collect()
}

async fn edit(app: &App, tenant: &Tenant, path: &str, version: i64, body: Value) {
    let path = format!("/api/admin/catalog{path}");
    let call = app.client.patch(&path, &body).bearer(&tenant.key);
    call.header("if-match", &format!("\"{version}\""))
        .expect(200)
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_opens_a_cart_without_its_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 5).await;
    let variant = &item.variants[0];
    let cart = app.cart("127.0.0.1", &[(variant, 1)]).await;
    let other = app.cart("127.0.0.1", &[]).await;
    assert!(cart.token.len() >= 32 && cart.token != other.token);
    let path = format!("/api/carts/{}", cart.id);
    let missing = app.client.get("/api/carts/cart_01h455vb4pex5vsknk084sn02q");
    let mut missing = missing.refused(404, "cart.not_found").await.body;
    // A wrong token, none, somebody's account, the shop's own key, another
    // tenant: all see what they would see if there were no such cart.
    let mut cut = cart.token.clone();
    cut.pop();
    for call in [
        app.client.get(&path),
        app.client.get(&path).header("x-cart-token", &other.token),
        app.client.get(&path).header("x-cart-token", &cut),
        app.client.get(&path).header("x-cart-token", ""),
        app.client.get(&path).bearer(&shop.first.user.token),
        app.client.get(&path).bearer(&shop.first.key),
        app.client
            .get(&path)
            .header("host", "other.test")
            .header("x-cart-token", &cart.token),
        app.client.post(
            &format!("{path}/lines"),
            &json!({"variant_id": variant, "quantity": 1}),
        ),
        app.client
            .patch(&path, &json!({"email": "thief@mail.test"})),
        app.client
            .post("/api/checkout", &json!({"cart_id": cart.id})),
    ] {
        let mut refused = call.refused(404, "cart.not_found").await.body;
        for name in ["request_id", "timestamp"] {
            (refused[name], missing[name]) = (Value::Null, Value::Null);
        }
        assert_eq!(refused, missing);
    }
    assert_eq!(
        see(&app, &cart).expect(200).await.header("cache-control"),
        "private, no-store"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_added_up_changed_and_removed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (lamp, desk) = (
        app.simple(tenant, "Lamp", 50).await,
        app.simple(tenant, "Desk", 50).await,
    );
    let (lamp, desk) = (&lamp.variants[0], &desk.variants[0]);
    let cart = app.cart("127.0.0.1", &[(lamp, 1)]).await;
    // Lines sort by time, and the clock of tests stands still.
    app.advance(Duration::from_secs(1));
    add(&app, &cart, desk, 1).expect(200).await;
    add(&app, &cart, lamp, 2).expect(200).await;
    let seen = see(&app, &cart).expect(200).await;
    assert_eq!(lines(&seen), [(lamp.clone(), 3), (desk.clone(), 1)]);
    assert_eq!(seen.body["totals"]["subtotal"], eur(10_000));
    assert_eq!(seen.body["totals"]["total"]["amount"], 10_500);

    let line = format!(
        "/api/carts/{}/lines/{}",
        cart.id,
        seen.text_at("/lines/0/id")
    );
    let set = |quantity: i64| {
        let call = app.client.patch(&line, &json!({"quantity": quantity}));
        call.header("x-cart-token", &cart.token)
    };
    let changed = set(7).expect(200).await;
    assert_eq!(changed.number_at("/lines/0/quantity"), 7);
    for quantity in [0, -1, 10_000] {
        set(quantity).refused(422, "request.invalid_body").await;
    }
    add(&app, &cart, lamp, 9_999)
        .refused(422, "cart.quantity_out_of_range")
        .await;
    let delete = || app.client.delete(&line).header("x-cart-token", &cart.token);
    assert_eq!(lines(&delete().expect(200).await), [(desk.clone(), 1)]);
    delete().refused(404, "line.not_found").await;
    let foreign = app.simple(&shop.second, "Foreign", 1).await;
    add(&app, &cart, &foreign.variants[0], 1)
        .refused(422, "cart.not_for_sale")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_since_is_told(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 5).await;
    let cart = app.cart("127.0.0.1", &[(&lamp.variants[0], 4)]).await;
    assert_eq!(
        see(&app, &cart).expect(200).await.body["lines"][0]["notices"],
        json!([])
    );

    let variant = format!("/variants/{}", lamp.variants[0]);
    let dearer = json!({"price": eur(2600)});
    edit(&app, tenant, &variant, 1, dearer).await;
    app.checkout("127.0.0.1", &cart)
        .refused(409, "checkout.cart_changed")
        .await;
    app.order(tenant, &[(&lamp.variants[0], 2)]).await;
    let seen = see(&app, &cart).expect(200).await;
    assert_eq!(
        seen.body["lines"][0]["notices"],
        json!([
            {"kind": "price_changed", "from": eur(2500), "to": eur(2600)},
            {"kind": "not_enough", "available": 3},
        ])
    );
    assert_eq!(seen.number_at("/totals/subtotal/amount"), 4 * 2600);
    // Looking changes nothing: it is told until the buyer does something.
    assert_eq!(see(&app, &cart).expect(200).await.body, seen.body);
    app.checkout("127.0.0.1", &cart)
        .refused(409, "checkout.out_of_stock")
        .await;

    let product = format!("/products/{}", lamp.product);
    let read = app
        .client
        .get(&format!("/api/admin/catalog{product}"))
        .bearer(&tenant.key);
    let version = read.expect(200).await.number_at("/version");
    edit(
        &app,
        tenant,
        &product,
        version,
        json!({"status": "archived"}),
    )
    .await;
    let seen = see(&app, &cart).expect(200).await;
    assert_eq!(
        seen.body["lines"][0]["notices"],
        json!([{"kind": "unavailable"}])
    );
}

/// A cart of an account, as it signs in with a guest's cart.
async fn login_with(app: &App, person: &Person, guest: &Cart) -> String {
    let body = json!({"email": person.email, "password": PASSWORD, "cart_id": guest.id});
    let call = app.client.post("/api/auth/login", &body);
    let login = call.header("x-cart-token", &guest.token).expect(200).await;
    login.text_at("/cart_id")
}

async fn own(app: &App, person: &Person, cart: &str) -> Answer {
    let call = app.client.get(&format!("/api/carts/{cart}"));
    call.bearer(&person.token).expect(200).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guests_cart_is_merged_at_login(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (user, item) = (&shop.first.user, shoes(&app, &shop.first).await);
    let (a, b) = (&item.variants[0], &item.variants[1]);
    // The first becomes the account's as it is.
    let first = app.cart("127.0.0.1", &[(a, 1)]).await;
    let cart = login_with(&app, user, &first).await;
    assert_eq!(cart, first.id);
    assert_eq!(lines(&own(&app, user, &cart).await), [(a.clone(), 1)]);
    // The guest's token opens it no longer.
    see(&app, &first).refused(404, "cart.not_found").await;
    // The next ones go into it, once.
    let second = app.cart("127.0.0.1", &[(a, 2), (b, 3)]).await;
    for _ in 0..2 {
        assert_eq!(login_with(&app, user, &second).await, cart);
    }
    let merged = lines(&own(&app, user, &cart).await);
    assert_eq!(BTreeMap::from_iter(merged), bag(&[(a, 3), (b, 3)]));
    let again = app
        .client
        .post("/api/carts", &Value::Null)
        .bearer(&user.token);
    assert_eq!(again.expect(201).await.text_at("/id"), cart);

    // A cart that is not theirs is no reason not to sign in, and stays.
    let foreign = app.cart("127.0.0.1", &[(b, 1)]).await;
    let wrong = Cart {
        token: second.token.clone(),
        ..foreign.clone()
    };
    let body = json!({"email": user.email, "password": PASSWORD, "cart_id": wrong.id});
    let login = app
        .client
        .post("/api/auth/login", &body)
        .header("x-cart-token", &wrong.token);
    assert!(login.expect(200).await.body.get("cart_id").is_none());
    assert_eq!(
        lines(&see(&app, &foreign).expect(200).await),
        [(b.clone(), 1)]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merges_at_once_add_each_cart_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (user, item) = (&shop.first.user, shoes(&app, &shop.first).await);
    let variant = &item.variants[0];
    let mut merges = Vec::new();
    for _ in 0..3 {
        let cart = app.cart("127.0.0.1", &[(variant, 1)]).await;
        for _ in 0..3 {
            let call = app
                .client
                .post(&format!("/api/carts/{}/merge", cart.id), &Value::Null);
            merges.push(
                call.header("x-cart-token", &cart.token)
                    .bearer(&user.token)
                    .send(),
            );
        }
    }
    for answer in futures::future::join_all(merges).await {
        assert_eq!(answer.status, 200, "{}", answer.describe());
    }
    let call = app
        .client
        .post("/api/carts", &Value::Null)
        .bearer(&user.token);
    let cart = call.expect(201).await;
    assert_eq!(lines(&cart), [(variant.clone(), 3)]);
}

/// Two tabs add to one cart; an order is placed while a line is added.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_once_are_all_there(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = shoes(&app, &shop.first).await;
    let (a, b) = (&item.variants[0], &item.variants[1]);
    for _ in 0..3 {
        let cart = app.cart("127.0.0.1", &[]).await;
        let calls = (0..8).map(|n| add(&app, &cart, if n % 2 == 0 { a } else { b }, 1).send());
        for answer in futures::future::join_all(calls).await {
            assert_eq!(answer.status, 200, "{}", answer.describe());
        }
        let seen = lines(&see(&app, &cart).expect(200).await);
        assert_eq!(BTreeMap::from_iter(seen), bag(&[(a, 4), (b, 4)]));
    }
    for _ in 0..5 {
        let cart = app.cart("127.0.0.1", &[(a, 1)]).await;
        let (added, placed) = tokio::join!(
            add(&app, &cart, a, 1).send(),
            app.checkout("127.0.0.1", &cart).expect(201)
        );
        // Either it was in time and is ordered, or it was told to be too late.
        let ordered = placed.number_at("/order/lines/0/quantity");
        assert_eq!(
            (added.status, ordered),
            if added.status == 200 {
                (200, 2)
            } else {
                (409, 1)
            }
        );
    }
}

async fn shoes(app: &App, tenant: &Tenant) -> Item {
    let listing = Listing {
        name: "Shoe",
        strategy: "per_size",
        price: 2500,
        stock: &[50, 50],
    };
    app.list(tenant, &listing).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_are_forgotten_and_bounded(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let sizes = vec![1; 101];
    let listing = Listing {
        name: "Ring",
        strategy: "per_size",
        price: 100,
        stock: &sizes,
    };
    let item = app.list(tenant, &listing).await;
    let cart = app.cart("127.0.0.1", &[]).await;
    for variant in &item.variants[..100] {
        add(&app, &cart, variant, 1).expect(200).await;
    }
    add(&app, &cart, &item.variants[100], 1)
        .refused(409, "cart.too_many_lines")
        .await;
    add(&app, &cart, &item.variants[99], 1).expect(200).await;
    let far = json!({"shipping_method": "rocket"});
    let far = app.client.patch(&format!("/api/carts/{}", cart.id), &far);
    far.header("x-cart-token", &cart.token)
        .refused(422, "checkout.shipping_unavailable")
        .await;
    app.advance(Duration::from_hours(31 * 24));
    app.drain().await;
    see(&app, &cart).refused(404, "cart.not_found").await;
}
