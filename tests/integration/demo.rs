//! Demonstration data, whichever part of adding it was the last one.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use server::demo;
use testkit::{App, Backend, Client};

async fn sign_in(client: &Client) -> String {
    let login = json!({"email": "admin@example.com", "password": "sutler-demo-login"});
    let login = client.post("/api/auth/login", &login).expect(200).await;
    login.text_at("/access_token")
}

/// How many there are of what a list holds.
async fn count(client: &Client, token: &str, path: &str) -> usize {
    let list = client.get(path).bearer(token).expect(200).await;
    list.body["data"].as_array().expect("a list").len()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_interrupted_adds_the_rest_at_the_next_start(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    // Each time it gets a little further, until it gets to the end.
    let mut interrupted = 0;
    let mut time = Duration::from_millis(2);
    while tokio::time::timeout(time, demo::ensure(&app.sutler))
        .await
        .map(|done| done.expect("the rest of the data"))
        .is_err()
    {
        interrupted += 1;
        time = time * 3 / 2;
    }
    assert!(interrupted > 5, "it was interrupted {interrupted} times");
    let token = sign_in(&app.client).await;
    for (path, there) in [
        ("/api/admin/shipping-zones", 2),
        ("/api/admin/shipping-methods", 3),
        ("/api/admin/catalog/service-categories", 3),
        ("/api/admin/catalog/services", 3),
        ("/api/catalog/services/n8n/plans", 3),
        ("/api/catalog/services/ghost/plans", 3),
        ("/api/catalog/services/postgresql/plans", 3),
        ("/api/catalog/products?limit=100", 100),
    ] {
        assert_eq!(count(&app.client, &token, path).await, there, "{path}");
    }
    // Another start adds nothing, and leaves who is signed in alone.
    demo::ensure(&app.sutler).await.expect("another start");
    let services = count(&app.client, &token, "/api/admin/catalog/services").await;
    assert_eq!(services, 3);
}
