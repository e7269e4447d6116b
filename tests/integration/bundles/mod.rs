//! Bundles: variants that are made of others and share their stock.

mod found;
mod orders;
mod refusals;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Listing, Tenant};

/// The first variant of a product, as administrators see it.
async fn seen(app: &App, tenant: &Tenant, item: &Item) -> Value {
    let path = format!("/api/admin/catalog/products/{}", item.product);
    let call = app.client.get(&path).bearer(&tenant.key);
    call.expect(200).await.body["variants"][0].clone()
}

fn list_of(components: &[(&str, i64)]) -> Value {
    let components = components
        .iter()
        .map(|(variant, quantity)| json!({"variant_id": variant, "quantity": quantity}));
    json!({"components": components.collect::<Vec<Value>>()})
}

/// The request that makes the first variant of a product of others.
async fn put(app: &App, tenant: &Tenant, item: &Item, body: &Value) -> Call {
    let version = seen(app, tenant, item).await["version"].clone();
    let path = format!(
        "/api/admin/catalog/variants/{}/components",
        item.variants[0]
    );
    let call = app.client.put(&path, body);
    call.bearer(&tenant.key)
        .header("if-match", &format!("\"{version}\""))
}

/// A product whose one variant is made of others.
async fn bundle(app: &App, tenant: &Tenant, name: &str, of: &[(&str, i64)]) -> Item {
    let item = app.simple(tenant, name, 0).await;
    let call = put(app, tenant, &item, &list_of(of)).await;
    call.expect(200).await;
    item
}

fn adjust(app: &App, tenant: &Tenant, item: &Item, to: i64) -> Call {
    let variant = &item.variants[0];
    let path = format!("/api/admin/catalog/variants/{variant}/stock-adjustments");
    let body = json!({"to": to, "reason": "counted"});
    app.client.post(&path, &body).bearer(&tenant.key)
}

/// What the public sees of the first variant: the word and how many are left.
async fn shown(app: &App, slug: &str) -> (String, Value) {
    let path = format!("/api/catalog/products/{slug}");
    let seen = app.client.get(&path).expect(200).await;
    let word = seen.text_at("/variants/0/availability");
    (word, seen.body["variants"][0]["left"].clone())
}

/// The products that lists and search have in stock, by slug.
async fn in_stock(app: &App) -> [Vec<String>; 3] {
    let mut found = [const { Vec::new() }; 3];
    for (slugs, query) in found.iter_mut().zip(["", "&q=ware", "&facets=true"]) {
        let path = format!("/api/catalog/products?in_stock=true{query}");
        let seen = app.client.get(&path).expect(200).await;
        let data = seen.body["data"].as_array().expect("a list").clone();
        assert!(data.iter().all(|one| one["in_stock"] == json!(true)));
        *slugs = data
            .iter()
            .filter_map(|one| one["slug"].as_str().map(str::to_owned))
            .collect();
        slugs.sort();
    }
    found
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_is_there_as_long_as_its_components_are(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    // With the cache of answers: what is sold by itself has to reach the
    // answers about the bundle.
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp ware", 7).await;
    let bulb = app.simple(tenant, "Bulb ware", 20).await;
    let of = [(&*lamp.variants[0], 2), (&*bulb.variants[0], 1)];
    let set = bundle(&app, tenant, "Set ware", &of).await;
    app.drain().await;
    assert_eq!(
        shown(&app, "set-ware").await,
        ("low_stock".into(), json!(3))
    );
    let all = ["bulb-ware", "lamp-ware", "set-ware"].map(str::to_owned);
    assert_eq!(in_stock(&app).await, [(); 3].map(|()| all.to_vec()));
    let admin = seen(&app, tenant, &set).await;
    assert_eq!(admin["stock"], Value::Null);
    assert_eq!(admin["bundles_available"], json!(3));
    let part = &admin["components"][0];
    assert_eq!(
        (
            &part["sku"],
            &part["name"],
            &part["quantity"],
            &part["available"]
        ),
        (
            &json!("lamp-ware-0"),
            &json!("Lamp ware"),
            &json!(2),
            &json!(7)
        )
    );
    let path = "/api/catalog/products/set-ware";
    let public = app.client.get(path).expect(200).await;
    let parts = &public.body["variants"][0]["components"];
    assert_eq!(
        (&parts[1]["sku"], &parts[1]["title"], &parts[1]["quantity"]),
        (&json!("bulb-ware-0"), &json!("40"), &json!(1))
    );

    // Lines of a cart that share a pile share what is in it.
    let lines = [(&*set.variants[0], 2), (&*lamp.variants[0], 4)];
    let cart = app.cart(tenant.host, &lines).await;
    let call = app.client.get(&format!("/api/carts/{}", cart.id));
    let found = call.header("x-cart-token", &cart.token).expect(200).await;
    let lines = found.body["lines"].as_array().expect("lines");
    // Lines that were added at the same instant come in any order.
    let last = lines.last().expect("two lines");
    let left = if last["sku"] == json!("set-ware-0") {
        1
    } else {
        3
    };
    let of_set = lines.iter().find(|line| line["sku"] == json!("set-ware-0"));
    let parts = of_set.map(|line| line["components"].clone());
    let parts = parts.unwrap_or_default();
    assert_eq!(
        parts[0]["sku"],
        json!("lamp-ware-0"),
        "{}",
        found.describe()
    );
    assert_eq!(lines[0]["notices"], json!([]));
    assert_eq!(last["notices"][0]["available"], json!(left));
    app.checkout(tenant.host, &cart)
        .refused(409, "checkout.out_of_stock")
        .await;

    // A lamp that is sold by itself takes the set out of stock, an arrival
    // brings it back.
    let order = app.order(tenant, &[(&lamp.variants[0], 6)]).await;
    app.drain().await;
    assert_eq!(
        shown(&app, "set-ware").await,
        ("out_of_stock".into(), json!(0))
    );
    let rest = ["bulb-ware", "lamp-ware"].map(str::to_owned);
    assert_eq!(in_stock(&app).await, [(); 3].map(|()| rest.to_vec()));
    app.pay(&order).await;
    adjust(&app, tenant, &lamp, 5).expect(200).await;
    app.drain().await;
    assert_eq!(
        shown(&app, "set-ware").await,
        ("low_stock".into(), json!(2))
    );
    assert_eq!(in_stock(&app).await, [(); 3].map(|()| all.to_vec()));

    // Not a bundle any more, the variant has its own stock again.
    let call = put(&app, tenant, &set, &list_of(&[])).await;
    let own = call.expect(200).await;
    assert_eq!(own.body["components"], json!([]));
    assert_eq!(own.body["stock"]["on_hand"], json!(0));
    adjust(&app, tenant, &set, 1).expect(200).await;
    app.drain().await;
    assert_eq!(
        shown(&app, "set-ware").await,
        ("low_stock".into(), json!(1))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_of_one_pile_and_without_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let listing = Listing {
        name: "Shirt ware",
        strategy: "flat",
        price: 2500,
        stock: &[5, 0],
    };
    let shirt = app.list(tenant, &listing).await;
    let body = json!({"name": "Gift ware", "kind": "service", "status": "active"});
    let call = app.client.post("/api/admin/catalog/products", &body);
    let gift = call.bearer(&tenant.key).expect(201).await.text_at("/id");
    let path = format!("/api/admin/catalog/products/{gift}/variants");
    let body = json!({"sku": "GIFT", "price": {"amount": 100, "currency": "EUR"}});
    let call = app.client.post(&path, &body).bearer(&tenant.key);
    let wrap = call.expect(201).await.text_at("/id");
    // Two of one size and one of the other: three of the same pile.
    let of = [
        (&*shirt.variants[0], 2),
        (&*shirt.variants[1], 1),
        (&*wrap, 1),
    ];
    let pack = bundle(&app, tenant, "Pack ware", &of).await;
    assert_eq!(
        shown(&app, "pack-ware").await,
        ("low_stock".into(), json!(1))
    );
    let order = app.order(tenant, &[(&pack.variants[0], 1)]).await;
    assert_eq!(app.stock(tenant, &shirt, 1).await, (5, 3));
    assert_eq!(shown(&app, "pack-ware").await.0, "out_of_stock");
    assert_eq!(in_stock(&app).await[0], ["gift-ware", "shirt-ware"]);
    app.pay(&order).await;
    assert_eq!(app.stock(tenant, &shirt, 0).await, (2, 0));
    // Of what is not counted there is no end.
    let call = put(&app, tenant, &pack, &list_of(&[(&*wrap, 3)])).await;
    let changed = call.expect(200).await;
    assert_eq!(changed.body["bundles_available"], Value::Null);
    assert_eq!(
        shown(&app, "pack-ware").await,
        ("in_stock".into(), Value::Null)
    );
}
