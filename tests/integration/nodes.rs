//! What several nodes on one database show of each other's changes.

use std::time::Duration;

use rstest::rstest;
use sea_orm::FromQueryResult;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, until};

use crate::listing::{list, product};

/// An edit, and stock that the public sees, shows at once here and a moment
/// later on other nodes.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_shows_on_every_node(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = product(&app, tenant, "Lamp", 100, 7).await;
    app.drain().await;
    let other = app.another(&[("CATALOG_CACHE_TTL", "1h")]).await;
    let look = async |app: &App, name: &str, left: &Value, in_stock: bool| {
        let seen = app
            .client
            .get("/api/catalog/products/lamp")
            .expect(200)
            .await;
        let listed = list(app, "").expect(200).await;
        seen.body["name"] == name
            && &seen.body["variants"][0]["left"] == left
            && listed.body["data"][0]["name"] == name
            && listed.body["data"][0]["in_stock"] == in_stock
    };
    assert!(look(&app, "Lamp", &json!(7), true).await);
    assert!(look(&other, "Lamp", &json!(7), true).await);
    let path = format!("/api/admin/catalog/products/{}", item.product);
    let edit = app
        .client
        .patch(&path, &json!({"name": "Lantern"}))
        .bearer(&tenant.key);
    edit.header("if-match", "\"2\"").expect(200).await;
    assert!(look(&app, "Lantern", &json!(7), true).await);
    eventually(&app, &other, async || {
        look(&other, "Lantern", &json!(7), true).await
    })
    .await;
    // An order reserves; what is left falls.
    app.order(tenant, &[(&item.variants[0], 3)]).await;
    assert!(look(&app, "Lantern", &json!(4), true).await);
    eventually(&app, &other, async || {
        look(&other, "Lantern", &json!(4), true).await
    })
    .await;
    let path = format!(
        "/api/admin/catalog/variants/{}/stock-adjustments",
        item.variants[0]
    );
    let gone = app
        .client
        .post(&path, &json!({"by": -4, "reason": "lost"}))
        .bearer(&tenant.key);
    gone.expect(200).await;
    assert!(look(&app, "Lantern", &json!(0), false).await);
    eventually(&app, &other, async || {
        look(&other, "Lantern", &json!(0), false).await
    })
    .await;
}

/// Counts something about the connections that listen.
async fn listeners(app: &App, what: &str) -> i64 {
    #[derive(FromQueryResult)]
    struct Counted {
        count: i64,
    }
    let database = &app.sutler.database;
    let tx = database.read_system("test").await.expect("a connection");
    let count = format!(
        "SELECT COUNT({what}) AS count FROM pg_stat_activity \
         WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    );
    let counted: Option<Counted> = tx.one(count.as_str(), []).await.expect("an answer");
    counted.expect("a count").count
}

/// What is announced while a node does not listen is not missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_connection_shows_changes_too() {
    let app = App::start(Postgres).await;
    let shop = app.shop().await;
    let item = product(&app, &shop.first, "Lamp", 100, 7).await;
    app.drain().await;
    let other = app.another(&[("CATALOG_CACHE_TTL", "1h")]).await;
    let shows = async |name: &str| {
        let seen = other.client.get("/api/catalog/products/lamp");
        seen.expect(200).await.body["name"] == name
    };
    until("both listen", async || listeners(&app, "pid").await == 2).await;
    assert_eq!(listeners(&app, "pg_terminate_backend(pid)").await, 2);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(shows("Lamp").await);
    let path = format!("/api/admin/catalog/products/{}", item.product);
    let edit = app.client.patch(&path, &json!({"name": "Lantern"}));
    let edit = edit.bearer(&shop.first.key).header("if-match", "\"2\"");
    edit.expect(200).await;
    eventually(&app, &other, async || shows("Lantern").await).await;
}

/// Relays what waits until the other node shows it. On PostgreSQL the node
/// that relays tells the others; on SQLite the one serving process relays for
/// all that share the file.
async fn eventually(app: &App, other: &App, shown: impl AsyncFn() -> bool) {
    let sqlite = other.sutler.database.backend() == database::Backend::Sqlite;
    until("the other node shows what is", async || {
        if sqlite { other } else { app }.drain().await;
        shown().await
    })
    .await;
}
