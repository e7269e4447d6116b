//! What the public reads: filters, order, pages, and answers that are kept
//! until what they show changes.

use std::collections::BTreeSet;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Listing, Tenant, eur};
use testkit::{Answer, App};

pub(crate) fn list(app: &App, query: &str) -> Call {
    app.client.get(&format!("/api/catalog/products?{query}"))
}

fn names(answer: &Answer) -> Vec<String> {
    let data = answer.body["data"].as_array().expect("a list");
    let name = |product: &Value| product["name"].as_str().expect("a name").to_owned();
    data.iter().map(name).collect()
}

pub(crate) async fn product(
    app: &App,
    tenant: &Tenant,
    name: &str,
    price: i64,
    stock: i64,
) -> Item {
    app.advance(Duration::from_millis(10));
    let listing = Listing {
        name,
        strategy: "per_size",
        price,
        stock: &[stock],
    };
    app.list(tenant, &listing).await
}

/// A product whose name another one may have.
async fn twin(app: &App, tenant: &Tenant, name: &str, slug: &str, price: i64) {
    app.advance(Duration::from_millis(10));
    let post = |path: String, body: Value| {
        let call = app
            .client
            .post(&format!("/api/admin/catalog/products{path}"), &body);
        call.bearer(&tenant.key).expect(201)
    };
    let made = post(
        String::new(),
        json!({"name": name, "slug": slug, "status": "active"}),
    );
    let made = made.await.text_at("/id");
    let variant = json!({"sku": slug, "price": eur(price)});
    post(format!("/{made}/variants"), variant).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_and_orders(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let admin = |path: &str, body: Value| {
        let path = format!("/api/admin/catalog{path}");
        app.client
            .post(&path, &body)
            .bearer(&tenant.key)
            .expect(201)
    };
    let home = admin("/categories", json!({"name": "Home"}))
        .await
        .text_at("/id");
    let light = admin("/categories", json!({"name": "Light", "parent_id": home})).await;
    product(&app, &shop.second, "Foreign", 1, 1).await;
    product(&app, tenant, "zebra", 300, 1).await;
    product(&app, tenant, "Éclair", 200, 0).await;
    product(&app, tenant, "apple", 100, 5).await;
    app.advance(Duration::from_millis(10));
    let lamp = json!({"name": "Lamp", "status": "active", "brand": "Lux", "condition": "used",
        "kind": "service", "tags": ["warm"], "category_ids": [light.text_at("/id")]});
    let lamp = admin("/products", lamp).await.text_at("/id");
    // Without a variant there is nothing to buy.
    assert_eq!(names(&list(&app, "brand=Lux").expect(200).await).len(), 0);
    let variant = json!({"sku": "lamp", "size": "XL", "price": eur(250)});
    admin(&format!("/products/{lamp}/variants"), variant).await;

    for (query, expected) in [
        ("", &["Lamp", "apple", "Éclair", "zebra"][..]),
        ("sort=name", &["apple", "Éclair", "Lamp", "zebra"]),
        ("sort=price", &["apple", "Éclair", "Lamp", "zebra"]),
        ("sort=price_desc", &["zebra", "Lamp", "Éclair", "apple"]),
        ("price_from=200&price_to=250", &["Lamp", "Éclair"]),
        ("in_stock=true", &["Lamp", "apple", "zebra"]),
        ("category=home", &["Lamp"]),
        (
            "category=light&brand=Lux&condition=used&kind=service&tag=warm&size=XL",
            &["Lamp"],
        ),
        ("category=nowhere", &[]),
        ("brand=lux", &[]),
        ("tag=warm&condition=new", &[]),
    ] {
        assert_eq!(
            names(&list(&app, query).expect(200).await),
            expected,
            "{query}"
        );
    }
    // What is below a category that is not shown is not found by it either.
    let archive = app.client.post(
        &format!("/api/admin/catalog/categories/{home}/archive"),
        &Value::Null,
    );
    let archive = archive.bearer(&tenant.key).header("if-match", "*");
    archive.expect(200).await;
    for query in [
        "category=light",
        "category=light&facets=category",
        "category=home&q=lamp",
    ] {
        let found = list(&app, query).expect(200).await;
        assert_eq!(names(&found).len(), 0, "{query}");
    }
    for bad in [
        "limit=0",
        "limit=101",
        "sort=random",
        "in_stock=1",
        "colour=red",
        "price_from=-1",
        "price_from=500&price_to=499",
    ] {
        list(&app, bad).refused(400, "request.invalid_query").await;
    }
}

/// Every product that was there at the start comes once, however many come in
/// between, in each order.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_stable_under_inserts(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let mut there = BTreeSet::new();
    for n in 0..9 {
        // Ties in price and in name.
        let name = format!("p{}", n / 2);
        twin(&app, tenant, &name, &format!("slug-{n}"), 100 * (n / 3)).await;
        there.insert(name);
    }
    for (round, sort) in ["newest", "name", "price", "price_desc"]
        .into_iter()
        .enumerate()
    {
        let mut seen: Vec<String> = Vec::new();
        let mut next = format!("/api/catalog/products?sort={sort}&limit=2");
        for page in 0.. {
            let answer = app.client.get(&next).expect(200).await;
            let data = answer.body["data"].as_array().expect("a list");
            seen.extend(data.iter().map(|product| product["id"].to_string()));
            if answer.body["has_more"] == false {
                assert_eq!(
                    (answer.header("link"), &answer.body["next_cursor"]),
                    ("", &Value::Null)
                );
                break;
            }
            // The header leads on as well as the body does.
            let link = answer.header("link").to_owned();
            assert!(
                link.contains(&answer.text_at("/next_cursor")) && link.ends_with("rel=\"next\"")
            );
            let (url, _) = link[1..].split_once('>').expect("a link");
            url.clone_into(&mut next);
            if page < 2 {
                product(&app, tenant, &format!("new {round} {page}"), 50, 1).await;
            }
        }
        let once: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(once.len(), seen.len(), "{sort}: nothing twice");
        let all = app
            .client
            .get("/api/catalog/products?limit=100")
            .expect(200)
            .await;
        for product in all.body["data"].as_array().expect("a list") {
            let name = product["name"].as_str().expect("a name");
            assert!(
                !there.contains(name) || seen.contains(&product["id"].to_string()),
                "{sort}: {name}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_opens_its_own_list_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    for tenant in [&shop.first, &shop.second] {
        for n in 0..3 {
            product(&app, tenant, &format!("p{n}"), 100, 1).await;
        }
    }
    let first = list(&app, "limit=1&sort=name&in_stock=true")
        .expect(200)
        .await;
    let cursor = first.text_at("/next_cursor");
    // The order of parameters and the size of pages may change.
    let next = list(
        &app,
        &format!("in_stock=true&cursor={cursor}&sort=name&limit=2"),
    );
    assert_eq!(names(&next.expect(200).await), ["p1", "p2"]);
    let other = list(
        &app,
        &format!("limit=1&sort=name&in_stock=true&cursor={cursor}"),
    );
    other
        .header("host", "other.test")
        .refused(400, "request.invalid_cursor")
        .await;
    for query in [
        "limit=1&sort=price&in_stock=true",
        "limit=1&sort=name",
        "limit=1&sort=name&in_stock=false",
    ] {
        let refused = list(&app, &format!("{query}&cursor={cursor}"));
        refused.refused(400, "request.invalid_cursor").await;
    }
    let mut tampered = cursor.clone().into_bytes();
    let at = tampered.len() / 2;
    tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
    for bad in [
        String::from_utf8(tampered).expect("ASCII"),
        "x".to_owned(),
        cursor[4..].to_owned(),
    ] {
        let refused = list(
            &app,
            &format!("limit=1&sort=name&in_stock=true&cursor={bad}"),
        );
        refused.refused(400, "request.invalid_cursor").await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_can_be_kept_and_asked_for_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = product(&app, &shop.first, "Lamp", 100, 5).await;
    for path in [
        "/api/catalog/products",
        "/api/catalog/products/lamp",
        "/api/catalog/categories",
    ] {
        let get = || app.client.get(path);
        let first = get().expect(200).await;
        assert_eq!(
            first.header("cache-control"),
            "public, max-age=0, s-maxage=30, stale-while-revalidate=60"
        );
        let etag = first.header("etag").to_owned();
        for matching in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"x\", {etag}"),
            "*".to_owned(),
        ] {
            let same = get().header("if-none-match", &matching).expect(304).await;
            assert_eq!(
                (same.text.as_str(), same.header("etag")),
                ("", etag.as_str())
            );
        }
        get().header("if-none-match", "\"other\"").expect(200).await;
        // Whoever sends a token may be of another tenant: not for shared caches.
        let own = get().bearer(&shop.first.key).expect(200).await;
        assert_eq!(
            own.header("cache-control"),
            "private, max-age=0, must-revalidate"
        );
        assert!(own.header("vary").contains("Authorization"));
    }
    let by_id = app
        .client
        .get(&format!("/api/catalog/products/{}", item.product));
    assert_eq!(by_id.expect(200).await.text_at("/slug"), "lamp");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parameter_that_nobody_knows_is_refused_everywhere() {
    let app = App::start(Sqlite).await;
    let shop = app.shop().await;
    let admin = &shop.first.admin.token;
    for path in [
        "/api/catalog/products",
        "/api/catalog/categories",
        "/api/admin/settings",
        "/api/admin/shipping-methods",
        "/api/auth/me",
    ] {
        let call = app.client.get(&format!("{path}?sort_by=name"));
        let answer = call.bearer(admin).send().await;
        assert_eq!(answer.status, 400, "{}", answer.describe());
        assert!(answer.text.contains("sort_by"), "{}", answer.text);
    }
    let call = app.client.post("/api/carts?currency=EUR", &json!({}));
    call.refused(400, "request.invalid_query").await;
}
