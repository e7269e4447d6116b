//! Clients that hang up, and servers that stop.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Cart, address};
use testkit::{App, Store, until};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Somebody else's transaction, in whose way every order is.
enum Obstacle {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Obstacle {
    async fn put(store: &Store, backend: Backend) -> Self {
        match backend {
            Sqlite => {
                let path = store.folder().join("sutler.db");
                let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display()))
                    .await
                    .expect("the database file");
                db.execute("BEGIN IMMEDIATE").await.expect("the lock");
                Self::Sqlite(db)
            }
            Postgres => {
                let mut db = store.superuser().await;
                db.execute("BEGIN; LOCK TABLE stock_items IN EXCLUSIVE MODE")
                    .await
                    .expect("the lock");
                Self::Postgres(db)
            }
        }
    }

    async fn remove(self) {
        match self {
            Self::Sqlite(mut db) => db.execute("ROLLBACK").await.map(drop),
            Self::Postgres(mut db) => db.execute("ROLLBACK").await.map(drop),
        }
        .expect("the lock goes");
    }
}

/// The transactions the application left open on PostgreSQL.
async fn open_transactions(store: &Store) -> i64 {
    let mut db = store.superuser().await;
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
           AND application_name = 'sutler' AND xact_start IS NOT NULL",
    )
    .fetch_one(&mut db)
    .await
    .expect("a count")
}

/// The bytes of a request that orders a cart.
fn request(cart: &Cart) -> Vec<u8> {
    let body = json!({"cart_id": cart.id, "email": "buyer@mail.test",
        "shipping_address": address(), "shipping_method": "standard"})
    .to_string();
    format!(
        "POST /api/checkout HTTP/1.1\r\nhost: 127.0.0.1\r\nx-cart-token: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        cart.token,
        body.len()
    )
    .into_bytes()
}

async fn connect(app: &App) -> TcpStream {
    let address = app.client.base().trim_start_matches("http://").to_owned();
    TcpStream::connect(address).await.expect("the server")
}

/// The client goes away while its order waits in the middle of its
/// transaction: it is placed all the same, and nothing stays open.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_begun_is_finished_without_its_client(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 10).await;
    let cart = app.cart(tenant.host, &[(&item.variants[0], 2)]).await;

    let obstacle = Obstacle::put(app.store(), backend).await;
    let mut client = connect(&app).await;
    client.write_all(&request(&cart)).await.expect("sent");
    if backend == Postgres {
        until("the order waits for the lock", async || {
            open_transactions(app.store()).await == 1
        })
        .await;
    } else {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(client);
    tokio::time::sleep(Duration::from_millis(200)).await;
    obstacle.remove().await;

    until("the order is placed", async || {
        app.stock(tenant, &item, 0).await == (10, 2)
    })
    .await;
    if backend == Postgres {
        until("no transaction is open", async || {
            open_transactions(app.store()).await == 0
        })
        .await;
    }
    // Its buyer asks again and is told that the cart was ordered.
    app.checkout(tenant.host, &cart)
        .refused(409, "cart.ordered")
        .await;
}

/// Clients that go away at any moment leave no transaction open, no
/// connection lost and no stock without an order.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hang_up_leave_nothing_behind(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("DATABASE_MAX_CONNECTIONS", "4")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 1000).await;
    for round in 0..60u64 {
        let cart = app.cart(tenant.host, &[(&item.variants[0], 1)]).await;
        let mut client = connect(&app).await;
        client.write_all(&request(&cart)).await.expect("sent");
        tokio::time::sleep(Duration::from_micros(round * 150)).await;
        drop(client);
    }
    // More at once than there are connections, after all that.
    let path = format!("/api/catalog/products/{}", item.product);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let call = app.client.get(&path);
        readers.spawn(async move { call.expect(200).await });
    }
    readers.join_all().await;
    app.order(tenant, &[(&item.variants[0], 1)]).await;
    if backend == Postgres {
        until("no transaction is open", async || {
            open_transactions(app.store()).await == 0
        })
        .await;
    }
    let mut orders = 0;
    let mut next = "/api/admin/orders?limit=100".to_owned();
    loop {
        let page = app.client.get(&next).bearer(&tenant.key).expect(200).await;
        let data = page.body["data"].as_array().expect("a list");
        orders += i64::try_from(data.len()).expect("few");
        match page.body["next_cursor"].as_str() {
            Some(cursor) => next = format!("/api/admin/orders?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(app.stock(tenant, &item, 0).await, (1000, orders));
}

/// A server that stops finishes what was begun and takes nothing new.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_finishes_what_was_begun(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 10).await;
    let cart = app.cart(tenant.host, &[(&item.variants[0], 2)]).await;
    app.client.get("/ready").expect(200).await;

    let obstacle = Obstacle::put(app.store(), backend).await;
    let begun = tokio::spawn(app.checkout(tenant.host, &cart).send());
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.state.start_draining();
    app.client.get("/health").expect(200).await;
    app.client.get("/ready").expect(503).await;
    let refused = app
        .client
        .get("/api/catalog/products")
        .refused(503, "draining")
        .await;
    assert!(!refused.header("retry-after").is_empty());
    obstacle.remove().await;
    let placed = begun.await.expect("an answer");
    assert_eq!(placed.status, 201, "{}", placed.describe());
}
