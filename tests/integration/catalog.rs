//! Categories, products, variants and stock, as those who run a shop edit
//! them.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Listing, eur};

const ROOT: &str = "/api/admin/catalog";

fn post(app: &App, key: &str, path: &str, body: &Value) -> Call {
    app.client.post(&format!("{ROOT}{path}"), body).bearer(key)
}

fn patch(app: &App, key: &str, path: &str, version: i64, body: &Value) -> Call {
    let call = app.client.patch(&format!("{ROOT}{path}"), body).bearer(key);
    call.header("if-match", &format!("\"{version}\""))
}

async fn category(app: &App, key: &str, name: &str, parent: Option<&str>) -> String {
    let body = json!({"name": name, "parent_id": parent});
    let made = post(app, key, "/categories", &body).expect(201).await;
    made.text_at("/id")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_category_tree_has_no_cycles(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let clothes = category(&app, key, "Clothes", None).await;
    let shoes = category(&app, key, "Shoes", Some(&clothes)).await;
    let running = category(&app, key, "Running", Some(&shoes)).await;
    let sale = category(&app, key, "Sale", None).await;
    let moved = |node: &str, version: i64, parent: Value| {
        let path = format!("/categories/{node}");
        patch(&app, key, &path, version, &json!({"parent_id": parent}))
    };
    for below in [&clothes, &shoes, &running] {
        let refused = moved(&clothes, 1, json!(below)).refused(422, "category.cycle");
        assert_eq!(refused.await.text_at("/errors/0/pointer"), "/parent_id");
    }
    let foreign = category(&app, &shop.second.key, "Foreign", None).await;
    let refused = moved(&clothes, 1, json!(foreign));
    refused.refused(422, "category.parent_not_found").await;
    moved(&shoes, 1, json!(sale)).expect(200).await;
    moved(&shoes, 1, json!(null))
        .refused(412, "version_mismatch")
        .await;
    let unversioned = app
        .client
        .patch(&format!("{ROOT}/categories/{shoes}"), &json!({"name": "x"}));
    unversioned
        .bearer(key)
        .refused(428, "request.if_match_missing")
        .await;
    // Now the old root may go below what was moved away from it.
    moved(&clothes, 1, json!(running)).expect(200).await;
    let taken = json!({"name": "Other", "slug": "shoes"});
    post(&app, key, "/categories", &taken)
        .refused(409, "category.slug_taken")
        .await;
    post(&app, &shop.second.key, "/categories", &taken)
        .expect(201)
        .await;

    // What is archived is not shown, nor anything below it.
    let archive = post(
        &app,
        key,
        &format!("/categories/{shoes}/archive"),
        &Value::Null,
    );
    archive.header("if-match", "\"2\"").expect(200).await;
    let shown = app.client.get("/api/catalog/categories").expect(200).await;
    assert_eq!(shown.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown.text_at("/data/0/slug"), "sale");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_at_once_make_no_cycle(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    for round in 0..5 {
        let a = category(&app, key, &format!("a {round}"), None).await;
        let b = category(&app, key, &format!("b {round}"), None).await;
        let below = |node: &str, parent: &str| {
            let path = format!("/categories/{node}");
            patch(&app, key, &path, 1, &json!({"parent_id": parent})).send()
        };
        let (one, two) = tokio::join!(below(&a, &b), below(&b, &a));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(
            statuses,
            [200, 422],
            "{} {}",
            one.describe(),
            two.describe()
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_are_edited_from_what_was_read(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let body = json!({"name": "Crème Lamp", "tags": ["warm"], "attributes": {"colour": "red", "watt": "5"}});
    let made = post(&app, key, "/products", &body).expect(201).await;
    assert_eq!(made.text_at("/slug"), "creme-lamp");
    assert_eq!(made.text_at("/status"), "draft");
    let path = format!("/products/{}", made.text_at("/id"));
    let read = app
        .client
        .get(&format!("{ROOT}{path}"))
        .bearer(key)
        .expect(200)
        .await;
    assert_eq!(
        (read.header("etag"), &read.body),
        (made.header("etag"), &made.body)
    );

    let change = json!({"attributes": {"watt": null, "socket": "E27"}, "brand": "Lux"});
    let bare = app
        .client
        .patch(&format!("{ROOT}{path}"), &change)
        .bearer(key);
    bare.refused(428, "request.if_match_missing").await;
    let changed = patch(&app, key, &path, 1, &change).expect(200).await;
    assert_eq!(
        changed.body["attributes"],
        json!({"colour": "red", "socket": "E27"})
    );
    assert_eq!(changed.body["tags"], json!(["warm"]));
    patch(&app, key, &path, 1, &json!({"name": "late"}))
        .refused(412, "version_mismatch")
        .await;
    let parallel =
        (0..4).map(|n| patch(&app, key, &path, 2, &json!({"name": format!("n{n}")})).send());
    let parallel = futures::future::join_all(parallel).await;
    let won = parallel
        .iter()
        .filter(|answer| answer.status == 200)
        .count();
    let lost = parallel
        .iter()
        .filter(|answer| answer.status == 412)
        .count();
    assert_eq!((won, lost), (1, 3));
    // Who changes whatever there is does so, whoever else does.
    let other = post(&app, key, "/products", &json!({"name": "Other"}));
    let other = format!("{ROOT}/products/{}", other.expect(201).await.text_at("/id"));
    let any = (0..4).map(|n| {
        let call = app.client.patch(&other, &json!({"name": format!("m{n}")}));
        call.bearer(key).header("if-match", "*").expect(200)
    });
    futures::future::join_all(any).await;

    let taken = post(&app, key, "/products", &json!({"name": "Creme lamp"}));
    taken.refused(409, "product.slug_taken").await;
    post(
        &app,
        &shop.second.key,
        "/products",
        &json!({"name": "Creme lamp"}),
    )
    .expect(201)
    .await;
    let unknown = json!({"name": "x", "category_ids": ["cat_01h455vb4pex5vsknk084sn02q"]});
    post(&app, key, "/products", &unknown)
        .refused(422, "product.unknown_category")
        .await;
    // A draft is nothing to the public, and an archived one neither.
    app.client
        .get("/api/catalog/products/creme-lamp")
        .refused(404, "product.not_found")
        .await;
    let stranger = app
        .client
        .get(&format!("{ROOT}{path}"))
        .bearer(&shop.second.key);
    stranger.refused(404, "product.not_found").await;
    patch(&app, key, &path, 3, &json!({"status": "active"}))
        .expect(200)
        .await;
    app.client
        .get("/api/catalog/products/creme-lamp")
        .expect(200)
        .await;
    let archive = post(&app, key, &format!("{path}/archive"), &Value::Null);
    archive.header("if-match", "\"4\"").expect(200).await;
    app.client
        .get("/api/catalog/products/creme-lamp")
        .refused(404, "product.not_found")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variants_have_prices_of_the_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let path = format!("/products/{}/variants", item.product);
    let variant = |sku: &str, currency: &str| json!({"sku": sku, "price": {"amount": 990, "currency": currency}});
    let wrong = post(&app, key, &path, &variant("x", "USD"));
    wrong.refused(422, "variant.wrong_currency").await;
    post(&app, key, &path, &variant("lamp-0", "EUR"))
        .refused(409, "variant.sku_taken")
        .await;
    let cheap = post(&app, key, &path, &variant("cheap", "EUR"))
        .expect(201)
        .await;
    let listed = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(listed.number_at("/data/0/price_min/amount"), 990);
    assert_eq!(listed.number_at("/data/0/price_max/amount"), 2500);
    let path = format!("/variants/{}", cheap.text_at("/id"));
    patch(&app, key, &path, 1, &json!({"price": eur(3000)}))
        .expect(200)
        .await;
    let listed = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(listed.number_at("/data/0/price_min/amount"), 2500);
    assert_eq!(listed.number_at("/data/0/price_max/amount"), 3000);
    let archive = post(&app, key, &format!("{path}/archive"), &Value::Null);
    archive.header("if-match", "\"2\"").expect(200).await;
    let shown = app
        .client
        .get("/api/catalog/products/lamp")
        .expect(200)
        .await;
    assert_eq!(shown.body["variants"].as_array().map(Vec::len), Some(1));
    let listed = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(listed.number_at("/data/0/price_max/amount"), 2500);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_changes_with_a_reason_that_is_kept(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 3).await;
    let path = format!("/variants/{}", item.variants[0]);
    let adjust = |body: Value| {
        post(
            &app,
            &tenant.key,
            &format!("{path}/stock-adjustments"),
            &body,
        )
    };
    app.order(tenant, &[(&item.variants[0], 2)]).await;
    app.advance(std::time::Duration::from_secs(1));
    adjust(json!({"by": -1, "reason": "broken"}))
        .expect(200)
        .await;
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 2));
    adjust(json!({"by": -1, "reason": "broken"}))
        .refused(409, "stock.below_reserved")
        .await;
    adjust(json!({"to": 1, "reason": "counted"}))
        .refused(409, "stock.below_reserved")
        .await;
    for (body, status, code, pointer) in [
        (json!({"by": -9}), 409, "stock.not_enough", "/by"),
        (
            json!({"by": 1_000_000_000}),
            422,
            "stock.quantity_out_of_range",
            "/by",
        ),
    ] {
        let mut body = body;
        body["reason"] = json!("broken");
        let refused = adjust(body).refused(status, code).await;
        assert_eq!(refused.text_at("/errors/0/pointer"), pointer);
    }
    for body in [
        json!({"reason": "neither"}),
        json!({"by": 1, "to": 1, "reason": "both"}),
        json!({"by": 1}),
        json!({"by": 1, "reason": ""}),
        json!({"by": 1, "reason": " \u{a0} "}),
        json!({"by": 1, "reason": "one\ntwo"}),
    ] {
        adjust(body).refused(422, "request.invalid_body").await;
    }
    assert_eq!(app.stock(tenant, &item, 0).await, (2, 2));
    let kept = app
        .client
        .get(&format!("{ROOT}{path}/stock-movements"))
        .bearer(&tenant.key);
    let kept = kept.expect(200).await;
    let of = |n: usize, field: &str| kept.body["data"][n][field].clone();
    assert_eq!(kept.body["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (of(0, "kind"), of(0, "reason")),
        (json!("adjusted"), json!("broken"))
    );
    assert_eq!(
        (of(0, "on_hand_delta"), of(0, "on_hand_after")),
        (json!(-1), json!(2))
    );
    assert!(
        of(0, "actor")
            .as_str()
            .is_some_and(|actor| actor.starts_with("key_"))
    );
    let kinds: Vec<_> = (0..3).map(|n| of(n, "kind")).collect();
    assert!(kinds.contains(&json!("reserved")), "{kinds:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_shared_or_counted_by_size(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    for (strategy, after) in [("flat", [(7, 0), (7, 0)]), ("per_size", [(7, 0), (4, 0)])] {
        let listing = Listing {
            name: strategy,
            strategy,
            price: 100,
            stock: &[5, 4],
        };
        let item = app.list(tenant, &listing).await;
        let path = format!("/variants/{}/stock-adjustments", item.variants[0]);
        let body = json!({"by": 2, "reason": "found"});
        post(&app, &tenant.key, &path, &body).expect(200).await;
        for (n, expected) in after.into_iter().enumerate() {
            assert_eq!(
                app.stock(tenant, &item, n).await,
                expected,
                "{strategy} {n}"
            );
        }
    }
    let flat = app
        .list(
            tenant,
            &Listing {
                name: "Ring",
                strategy: "flat",
                price: 1,
                stock: &[1],
            },
        )
        .await;
    let body = json!({"sku": "own-pile", "price": eur(1), "on_hand": 3});
    let own = post(
        &app,
        &tenant.key,
        &format!("/products/{}/variants", flat.product),
        &body,
    );
    own.refused(422, "stock.shared").await;
    // Services are not counted.
    let body = json!({"name": "Repair", "kind": "service", "status": "active"});
    let service = post(&app, &tenant.key, "/products", &body)
        .expect(201)
        .await
        .text_at("/id");
    let body = json!({"sku": "repair", "price": eur(1)});
    let path = format!("/products/{service}/variants");
    let hour = post(&app, &tenant.key, &path, &body).expect(201).await;
    let path = format!("/variants/{}/stock-adjustments", hour.text_at("/id"));
    let body = json!({"by": 2, "reason": "found"});
    post(&app, &tenant.key, &path, &body)
        .refused(409, "stock.not_counted")
        .await;
}
