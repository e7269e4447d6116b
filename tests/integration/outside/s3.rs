//! Pictures in a bucket: beside Moto and beside s3rver.

use std::time::Duration;

use rstest::rstest;
use testkit::client::{Call, POST};
use testkit::picture::{Part, small};
use testkit::programs::S3;
use testkit::{App, Backend};

/// The server to keep pictures with.
#[derive(Debug, Clone, Copy)]
enum Server {
    Moto,
    S3rver,
}

async fn start(server: Server) -> (App, S3) {
    let bucket = match server {
        Server::Moto => S3::moto().await,
        Server::S3rver => S3::s3rver().await,
    };
    let settings = bucket.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    (App::with(Backend::Sqlite, &settings).await, bucket)
}

fn upload(app: &App, key: &str, product: &str, seed: u32) -> Call {
    let path = format!("/api/admin/catalog/products/{product}/images");
    let file = small(seed);
    app.client
        .call(POST, &path)
        .bearer(key)
        .form(&[Part::file(&file)])
}

async fn shown(app: &App) -> usize {
    let answer = app
        .client
        .get("/api/catalog/products/lamp")
        .expect(200)
        .await;
    answer.body["images"].as_array().map_or(0, Vec::len)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_kept_in_a_bucket(#[values(Server::Moto, Server::S3rver)] server: Server) {
    let (app, mut bucket) = start(server).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let key = &shop.first.key;
    let made = upload(&app, key, &item.product, 1).expect(201).await;
    let second = upload(&app, key, &item.product, 2).expect(201).await;
    for size in ["original", "thumb", "medium", "large"] {
        let url = made.text_at(&format!("/{size}/url"));
        let path = url
            .strip_prefix("http://shop.test")
            .expect("served from here");
        let file = app.client.get(path).expect(200).await;
        assert_eq!(file.header("content-type"), "image/png");
        assert!(image::load_from_memory(&file.bytes).is_ok());
    }
    // Whatever the sweep compares, there is nothing to mend.
    app.advance(Duration::from_hours(2));
    app.drain().await;
    assert_eq!(shown(&app).await, 2);
    let path = format!(
        "/api/admin/catalog/products/{}/images/{}",
        item.product,
        made.text_at("/id")
    );
    app.client.delete(&path).bearer(key).expect(204).await;
    let gone = made.text_at("/thumb/url").replace("http://shop.test", "");
    app.client.get(&gone).refused(404, "request.no_route").await;

    // While the bucket is away nothing is half done, and nobody is to blame.
    bucket.program.kill();
    let refused = upload(&app, key, &item.product, 3).send().await;
    assert_eq!(refused.status, 503, "{}", refused.describe());
    let kept = second.text_at("/thumb/url").replace("http://shop.test", "");
    assert_eq!(app.client.get(&kept).send().await.status, 503);
    assert_eq!(shown(&app).await, 1);
    let path = format!(
        "/api/admin/catalog/products/{}/images/{}",
        item.product,
        second.text_at("/id")
    );
    app.client.delete(&path).bearer(key).expect(204).await;
    assert_eq!(shown(&app).await, 0);
}

/// Where the bucket, or what stands before it, serves pictures itself, answers
/// lead there, and the files say how long they may be kept.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_may_serve_pictures_itself(
    #[values(Server::Moto, Server::S3rver)] server: Server,
) {
    let bucket = match server {
        Server::Moto => S3::moto().await,
        Server::S3rver => S3::s3rver().await,
    };
    if matches!(server, Server::Moto) {
        bucket.let_everybody_read().await;
    }
    let mut settings = bucket.settings();
    settings.push(("MEDIA_PUBLIC_URL", bucket.public_url()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let app = App::with(Backend::Sqlite, &settings).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let made = upload(&app, &shop.first.key, &item.product, 1);
    let made = made.expect(201).await;
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.expect("a client");
    for size in ["original", "thumb", "medium", "large"] {
        let url = made.text_at(&format!("/{size}/url"));
        assert!(url.starts_with(&bucket.public_url()), "{url}");
        let file = client.get(&url).send().await.expect("an answer");
        assert_eq!(file.status(), 200, "{url}");
        let header = |name: &str| file.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), "image/png");
        assert!(header("cache-control").contains("immutable"));
        let bytes = file.bytes().await.expect("a file");
        assert!(image::load_from_memory(&bytes).is_ok());
    }
}
