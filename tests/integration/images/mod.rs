//! Pictures of products: what is taken, what is written, what is left.

mod hostile;
mod sweep;

use std::path::PathBuf;

use image::ImageFormat;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::picture::{Part, picture, small};
use testkit::shop::Tenant;
use testkit::{Answer, App};

const SIZES: [&str; 4] = ["original", "thumb", "medium", "large"];

fn path(product: &str) -> String {
    format!("/api/admin/catalog/products/{product}/images")
}

fn upload(app: &App, tenant: &Tenant, product: &str, file: &[u8]) -> Call {
    let call = app.client.call(testkit::client::POST, &path(product));
    call.bearer(&tenant.key).form(&[Part::file(file)])
}

/// The path of a file from its URL.
fn local(url: &str) -> &str {
    let path = url.strip_prefix("http://shop.test");
    path.unwrap_or_else(|| panic!("{url} is elsewhere"))
}

/// The files of the store.
fn files(app: &App) -> Vec<PathBuf> {
    fn below(folder: PathBuf, all: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                below(path, all);
            } else {
                all.push(path);
            }
        }
    }
    let mut all = Vec::new();
    below(app.store().folder().join("media"), &mut all);
    all.sort();
    all
}

async fn shown(app: &App, slug: &str) -> Vec<Value> {
    let path = format!("/api/catalog/products/{slug}");
    let answer = app.client.get(&path).expect(200).await;
    answer.body["images"].as_array().expect("a list").clone()
}

fn ids(images: &[Value]) -> Vec<String> {
    let id = |image: &Value| image["id"].as_str().expect("an id").to_owned();
    images.iter().map(id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_kept_in_four_sizes(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let photo = picture(2000, 1500, 1, ImageFormat::Jpeg);
    let call = app.client.call(testkit::client::POST, &path(&item.product));
    let call = call.bearer(&shop.first.key);
    let parts = [Part::file(&photo), Part::text("alt", "A lamp, lit")];
    let made = call.form(&parts).expect(201).await;
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(
        (made.text_at("/state"), made.text_at("/alt")),
        ("ready".to_owned(), "A lamp, lit".to_owned())
    );
    for (size, width, height) in [
        ("original", 2000, 1500),
        ("large", 1600, 1200),
        ("medium", 768, 576),
        ("thumb", 256, 192),
    ] {
        let at = |field: &str| format!("/{size}/{field}");
        assert_eq!(
            (made.number_at(&at("width")), made.number_at(&at("height"))),
            (width, height)
        );
        let url = made.text_at(&at("url"));
        let tail = format!("/products/lamp-0/product-lamp-0-{}-{size}.jpg", hash(&url));
        assert!(url.ends_with(&tail), "{url} {tail}");
        let file = app.client.get(local(&url)).expect(200).await;
        assert_eq!(file.header("content-type"), "image/jpeg");
        assert_eq!(
            file.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        let read = image::load_from_memory(&file.bytes).expect("a picture");
        assert_eq!(
            (i64::from(read.width()), i64::from(read.height())),
            (width, height)
        );
        let again = app
            .client
            .get(local(&url))
            .header("if-none-match", file.header("etag"));
        let again = again.expect(304).await;
        assert!(again.bytes.is_empty());
    }
    // Who had the answers before hears of it.
    let images = shown(&app, "lamp").await;
    assert_eq!(images[0]["original"], made.body["original"]);
    let listed = app.client.get("/api/catalog/products").expect(200).await;
    assert_eq!(listed.body["data"][0]["image"]["thumb"], made.body["thumb"]);
    assert_eq!(files(&app).len(), 4);
    let gone = made.text_at("/thumb/url").replace("-thumb.", "-tiny.");
    app.client
        .get(local(&gone))
        .refused(404, "request.no_route")
        .await;
}

fn hash(url: &str) -> &str {
    let parts: Vec<&str> = url.rsplit('-').collect();
    parts[1]
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_have_an_order_and_texts(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 3).await;
    let mut made = Vec::new();
    for seed in 0..4 {
        let one = upload(&app, tenant, &item.product, &small(seed))
            .expect(201)
            .await;
        assert_eq!(one.number_at("/position"), i64::from(seed));
        made.push(one.text_at("/id"));
    }
    let (a, b, c, d) = (&made[0], &made[1], &made[2], &made[3]);
    let patch = |id: &str, version: i64, body: Value| {
        let call = app
            .client
            .patch(&format!("{}/{id}", path(&item.product)), &body);
        call.bearer(&tenant.key)
            .header("if-match", &format!("\"{version}\""))
    };
    patch(c, 1, json!({"position": 0, "alt": "The best"}))
        .expect(200)
        .await;
    let images = shown(&app, "lamp").await;
    assert_eq!(ids(&images), [c, a, b, d].map(Clone::clone));
    assert_eq!(images[0]["alt"], "The best");
    patch(c, 1, json!({"alt": "late"}))
        .refused(412, "version_mismatch")
        .await;
    patch(c, 3, json!({"position": 900})).expect(200).await;
    assert_eq!(
        ids(&shown(&app, "lamp").await),
        [a, b, d, c].map(Clone::clone)
    );
    patch(a, 1, json!({"alt": "two\nlines"}))
        .refused(422, "request.invalid_body")
        .await;
    patch(a, 1, json!({"url": "x"}))
        .refused(422, "request.invalid_body")
        .await;

    let order = |ids: &[&String]| {
        let call = app.client.put(
            &format!("{}/order", path(&item.product)),
            &json!({"image_ids": ids}),
        );
        call.bearer(&tenant.key)
    };
    order(&[d, c, b, a]).expect(200).await;
    let log = app.audited(tenant).await;
    assert_eq!(log.iter().filter(|one| *one == "image.order").count(), 1);
    assert_eq!(
        ids(&shown(&app, "lamp").await),
        [d, c, b, a].map(Clone::clone)
    );
    for wrong in [&[d, c, b][..], &[d, c, b, b], &[d, c, b, a, a]] {
        order(wrong).refused(422, "image.order").await;
    }
    // Of two moves at once none is lost and no place is taken twice.
    let moves = [order(&[a, b, c, d]).send(), order(&[b, a, d, c]).send()];
    for answer in futures::future::join_all(moves).await {
        assert_eq!(answer.status, 200, "{}", answer.describe());
    }
    let admin = app
        .client
        .get(&format!("/api/admin/catalog/products/{}", item.product));
    let admin = admin.bearer(&tenant.key).expect(200).await;
    let mut places: Vec<i64> = (0..4)
        .map(|n| admin.number_at(&format!("/images/{n}/position")))
        .collect();
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2, 3]);

    let delete = |id: &str, key: &str| {
        let call = app.client.delete(&format!("{}/{id}", path(&item.product)));
        call.bearer(key)
    };
    delete(b, &shop.second.key)
        .refused(404, "image.not_found")
        .await;
    delete(b, &tenant.key).expect(204).await;
    delete(b, &tenant.key).refused(404, "image.not_found").await;
    assert_eq!(files(&app).len(), 12);
    assert_eq!(shown(&app, "lamp").await.len(), 3);
    // The same picture may come again.
    upload(&app, tenant, &item.product, &small(1))
        .expect(201)
        .await;
    assert_eq!(files(&app).len(), 16);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_picture_comes_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 3).await;
    let file = small(7);
    let calls = (0..4).map(|_| upload(&app, tenant, &item.product, &file).send());
    let answers = futures::future::join_all(calls).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    let refused = answers
        .iter()
        .find(|answer| answer.status == 409)
        .expect("one");
    assert_eq!(refused.body["code"], "image.already_there");

    // With a key, the second one gets the answer of the first.
    let other = small(8);
    let once = || upload(&app, tenant, &item.product, &other).once("picture-8");
    let first = once().expect(201).await;
    let second: Answer = once().expect(201).await;
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(first.body, second.body);
    let reused = upload(&app, tenant, &item.product, &small(9)).once("picture-8");
    reused.refused(422, "idempotency.key_reused").await;
    assert_eq!((shown(&app, "lamp").await.len(), files(&app).len()), (2, 8));
    // Another tenant with the same product and picture has files of its own.
    let theirs = app.simple(&shop.second, "Lamp", 3).await;
    upload(&app, &shop.second, &theirs.product, &file)
        .expect(201)
        .await;
    assert_eq!(files(&app).len(), 12);
    let foreign = upload(&app, &shop.second, &item.product, &small(10));
    foreign.refused(404, "product.not_found").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_has_a_limit_of_pictures(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    for seed in 0..47 {
        upload(&app, &shop.first, &item.product, &small(seed))
            .expect(201)
            .await;
    }
    let files: Vec<_> = (47..55).map(small).collect();
    let calls = files
        .iter()
        .map(|file| upload(&app, &shop.first, &item.product, file).send());
    let answers = futures::future::join_all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let full = answers
        .iter()
        .filter(|answer| answer.body["code"] == "image.too_many")
        .count();
    assert_eq!((made, full), (3, 5));
}
