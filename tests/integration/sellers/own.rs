//! What those see and change who belong to a seller: their own, and nothing
//! of anybody else.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::{Call, POST};
use testkit::picture::Part;
use testkit::shop::{Item, Order, Person, Shop, Tenant, eur};
use testkit::{Answer, App};

use super::{by, person, seller};

pub(super) const PRODUCTS: &str = "/api/admin/catalog/products";

/// A shop in which two sell beside the shop itself.
pub(super) struct Market {
    shop: Shop,
    pub(super) sal: Person,
    pub(super) lamp: Item,
    pub(super) other: Item,
    pub(super) own: Item,
    image: String,
    order: Order,
}

impl Market {
    pub(super) async fn open(app: &App) -> Self {
        let shop = app.shop().await;
        let tenant = &shop.first;
        let oak = seller(app, tenant, json!({"name": "Oak"})).await;
        let elm = seller(app, tenant, json!({"name": "Elm"})).await;
        let sal = person(app, tenant, &oak, "sal@mail.test").await;
        let sam = person(app, tenant, &elm, "sam@mail.test").await;
        let lamp = app.simple(&by(tenant, &sal), "Lamp", 9).await;
        let other = app.simple(&by(tenant, &sam), "Shelf", 9).await;
        let own = app.simple(tenant, "Desk", 9).await;
        let image = picture(app, &other.product, &sam.token, 1)
            .expect(201)
            .await;
        let lines = [
            (&*lamp.variants[0], 2),
            (&*other.variants[0], 1),
            (&*own.variants[0], 3),
        ];
        let order = app.order(tenant, &lines).await;
        app.pay(&order).await;
        Self {
            sal,
            lamp,
            other,
            own,
            image: image.text_at("/id"),
            order,
            shop,
        }
    }

    pub(super) fn tenant(&self) -> &Tenant {
        &self.shop.first
    }
}

fn picture(app: &App, product: &str, token: &str, seed: u32) -> Call {
    let file = testkit::picture::small(seed);
    let call = app
        .client
        .call(POST, &format!("{PRODUCTS}/{product}/images"));
    call.bearer(token).form(&[Part::file(&file)])
}

fn ids(list: &Answer) -> Vec<String> {
    let rows = list.body["data"].as_array().expect("a list");
    let id = |row: &Value| row["id"].as_str().map(str::to_owned);
    rows.iter().filter_map(id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_see_and_change_their_own_products_only(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let market = Market::open(&app).await;
    let (tenant, sal, lamp) = (market.tenant(), &market.sal.token, &market.lamp);
    let get = |path: &str| app.client.get(path).bearer(sal);
    // Lists, whatever they are asked for.
    let all = get(PRODUCTS).expect(200).await;
    assert_eq!(ids(&all), [&*lamp.product]);
    let seen = get(&format!("{PRODUCTS}/{}", lamp.product))
        .expect(200)
        .await;
    let oak = seen.text_at("/seller_id");
    for query in ["sort=name", "sort=price", "status=active", "limit=1"] {
        let list = get(&format!("{PRODUCTS}?{query}")).expect(200).await;
        assert_eq!(ids(&list), [&*lamp.product], "{query}");
        assert_eq!(list.body["has_more"], false, "{query}");
    }
    let path = format!("{PRODUCTS}/{}", market.other.product);
    let theirs = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let elm = theirs.text_at("/seller_id");
    let list = get(&format!("{PRODUCTS}?seller_id={elm}"))
        .expect(200)
        .await;
    assert_eq!(list.body["data"], json!([]));
    let list = app
        .client
        .get(&format!("{PRODUCTS}?seller_id={elm}"))
        .bearer(&tenant.key);
    assert_eq!(ids(&list.expect(200).await), [&*market.other.product]);

    // Things of others, and of the shop, are as if they did not exist.
    for item in [&market.other, &market.own] {
        let path = format!("{PRODUCTS}/{}", item.product);
        let variant = format!("/api/admin/catalog/variants/{}", item.variants[0]);
        let slug = app
            .client
            .get(&path)
            .bearer(&tenant.key)
            .expect(200)
            .await
            .text_at("/slug");
        let patch = |path: &str, body: Value| {
            let call = app.client.patch(path, &body).bearer(sal);
            call.header("if-match", "\"2\"")
        };
        let post = |path: String, body: Value| {
            let call = app.client.post(&path, &body).bearer(sal);
            call.header("if-match", "\"2\"")
        };
        let new = json!({"sku": "X-1", "size": "1", "price": eur(1)});
        for (call, code) in [
            (get(&path), "product.not_found"),
            (get(&format!("{PRODUCTS}/{slug}")), "product.not_found"),
            (patch(&path, json!({"brand": "Oak"})), "product.not_found"),
            (
                post(format!("{path}/archive"), Value::Null),
                "product.not_found",
            ),
            (post(format!("{path}/variants"), new), "product.not_found"),
            (
                patch(&variant, json!({"weight_grams": 1})),
                "variant.not_found",
            ),
            (
                post(format!("{variant}/archive"), Value::Null),
                "variant.not_found",
            ),
            (
                post(
                    format!("{variant}/stock-adjustments"),
                    json!({"to": 0, "reason": "gone"}),
                ),
                "variant.not_found",
            ),
            (
                get(&format!("{variant}/stock-movements")),
                "variant.not_found",
            ),
            (picture(&app, &item.product, sal, 7), "product.not_found"),
            (
                app.client
                    .put(&format!("{path}/images/order"), &json!({"image_ids": []}))
                    .bearer(sal),
                "product.not_found",
            ),
            (
                patch(
                    &format!("{path}/images/{}", market.image),
                    json!({"alt": "x"}),
                ),
                "image.not_found",
            ),
            (
                app.client
                    .delete(&format!("{path}/images/{}", market.image))
                    .bearer(sal),
                "image.not_found",
            ),
        ] {
            call.refused(404, code).await;
        }
    }
    let after = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(after.body, theirs.body);

    // Nor do they get at them by way of their own product.
    let own = format!("{PRODUCTS}/{}", lamp.product);
    let by_way = app
        .client
        .delete(&format!("{own}/images/{}", market.image))
        .bearer(sal);
    by_way.refused(404, "image.not_found").await;
    let body = json!({"name": "Chair", "seller_id": elm});
    let taken = app.client.post(PRODUCTS, &body).bearer(sal);
    taken.refused(403, "product.seller_fixed").await;
    for seller in [json!(elm), json!(oak), Value::Null] {
        let call = app
            .client
            .patch(&own, &json!({"seller_id": seller}))
            .bearer(sal);
        call.header("if-match", seen.header("etag"))
            .refused(403, "product.seller_fixed")
            .await;
    }

    // With what is theirs they do as they like.
    let call = app.client.patch(&own, &json!({"brand": "Oak"})).bearer(sal);
    let changed = call
        .header("if-match", seen.header("etag"))
        .expect(200)
        .await;
    assert_eq!(
        (&changed.body["brand"], changed.text_at("/seller_id")),
        (&json!("Oak"), oak)
    );
    picture(&app, &lamp.product, sal, 8).expect(201).await;
    let variant = format!("/api/admin/catalog/variants/{}", lamp.variants[0]);
    let body = json!({"by": 3, "reason": "found"});
    let adjust = app
        .client
        .post(&format!("{variant}/stock-adjustments"), &body);
    adjust.bearer(sal).expect(200).await;
    let moves = get(&format!("{variant}/stock-movements")).expect(200).await;
    let actors: Vec<&Value> = moves.body["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["actor"])
        .collect();
    let own = json!(market.sal.id);
    assert!(actors.contains(&&own), "{}", moves.text);
    assert!(
        actors
            .iter()
            .all(|&actor| *actor == own || *actor == json!("shop")),
        "{}",
        moves.text
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_see_their_own_lines_of_orders(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let market = Market::open(&app).await;
    let (tenant, sal) = (market.tenant(), &market.sal.token);
    let pending = app.order(tenant, &[(&market.lamp.variants[0], 1)]).await;
    let foreign = app.order(tenant, &[(&market.other.variants[0], 1)]).await;
    let list = app
        .client
        .get("/api/seller/orders")
        .bearer(sal)
        .expect(200)
        .await;
    let mut seen = ids(&list);
    seen.sort();
    let mut wanted = vec![market.order.id.clone(), pending.id.clone()];
    wanted.sort();
    assert_eq!(seen, wanted);
    let first = app
        .client
        .get("/api/seller/orders?limit=1")
        .bearer(sal)
        .expect(200)
        .await;
    let next = format!(
        "/api/seller/orders?limit=1&cursor={}",
        first.text_at("/next_cursor")
    );
    let second = app.client.get(&next).bearer(sal).expect(200).await;
    assert_eq!(second.body["has_more"], false);
    assert_ne!(ids(&first), ids(&second));

    let path = |order: &Order| format!("/api/seller/orders/{}", order.id);
    let order = app
        .client
        .get(&path(&market.order))
        .bearer(sal)
        .expect(200)
        .await;
    let lines = order.body["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["quantity"], &lines[0]["unit_price"]),
        (&json!(2), &eur(2500))
    );
    assert_eq!(order.body["shipping_address"]["name"], "Bea Buyer");
    // Neither who paid how much and how, nor what else was bought.
    for secret in [
        "buyer@mail.test",
        "total",
        "payment",
        "Shelf",
        "Desk",
        "17500",
        "refund",
        "user",
    ] {
        assert!(!order.text.contains(secret), "{secret} in {}", order.text);
    }
    let unpaid = app
        .client
        .get(&path(&pending))
        .bearer(sal)
        .expect(200)
        .await;
    assert_eq!(unpaid.body["shipping_address"], Value::Null);
    app.client
        .get(&path(&foreign))
        .bearer(sal)
        .refused(404, "order.not_found")
        .await;
    // The orders of the shop are not for them, nor what belongs to one.
    let id = &market.order.id;
    for (path, status) in [
        ("/api/admin/orders".to_owned(), 403),
        (format!("/api/admin/orders/{id}"), 403),
        (format!("/api/admin/orders/{id}/packing-slip"), 403),
        ("/api/admin/orders/export".to_owned(), 403),
        (format!("/api/orders/{id}"), 404),
        (format!("/api/orders/{id}/receipt"), 404),
    ] {
        let answer = app.client.get(&path).bearer(sal).expect(status).await;
        assert!(
            !answer.text.contains("buyer@mail.test"),
            "{}",
            answer.describe()
        );
    }
    // They buy like everybody else, and what they bought is found by all.
    let cart = app
        .client
        .post("/api/carts", &Value::Null)
        .bearer(sal)
        .expect(201)
        .await;
    let body = json!({"variant_id": market.own.variants[0], "quantity": 1});
    let line = app
        .client
        .post(&format!("/api/carts/{}/lines", cart.text_at("/id")), &body);
    line.bearer(sal).expect(200).await;
    let body = json!({"cart_id": cart.text_at("/id"), "email": "sal@mail.test", "shipping_method": "standard",
        "shipping_address": testkit::shop::address()});
    let bought = app
        .client
        .post("/api/checkout", &body)
        .bearer(sal)
        .expect(201)
        .await;
    let path = format!("/api/orders/{}", bought.text_at("/order/id"));
    let seen = app.client.get(&path).bearer(sal).expect(200).await;
    assert!(seen.body["lines"][0].get("fee").is_none(), "{}", seen.text);
    let public = app
        .client
        .get("/api/catalog/products?q=desk")
        .expect(200)
        .await;
    assert_eq!(public.body["data"][0]["id"], market.own.product.as_str());
}
