//! The pool of database connections.

use std::collections::BTreeSet;
use std::time::Duration;

use database::Database;
use kernel::secret::Sealer;
use rstest::rstest;
use sea_orm::FromQueryResult;
use secrecy::ExposeSecret as _;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Store, until};

fn open(store: &Store, settings: &[(&str, &str)]) -> Database {
    let settings = store.settings(settings);
    let keys = server::secret::key_ring(&settings).expect("keys");
    Database::open(&settings.database, Sealer::new(&keys, "test")).expect("a database")
}

#[derive(FromQueryResult)]
struct Process {
    pid: i32,
}

/// Which process of PostgreSQL serves a transaction begun here.
async fn pid(database: &Database) -> i32 {
    let tx = database.begin_system("test").await.expect("a connection");
    let row: Option<Process> = tx
        .one("SELECT pg_backend_pid() AS pid", [])
        .await
        .expect("an answer");
    tx.commit().await.expect("the end");
    row.expect("a row").pid
}

/// Runs something on a runtime of its own, as each thread of the HTTP server
/// is one.
fn elsewhere<T: Send + 'static>(
    work: impl FnOnce(&tokio::runtime::Runtime) -> T + Send + 'static,
) -> T {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        work(&runtime)
    })
    .join()
    .expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_gets_the_connections_it_opened() {
    let store = Store::new(Postgres).await;
    let database = open(&store, &[]);
    let here = pid(&database).await;
    let clone = database.clone();
    let (there, again) = elsewhere(move |runtime| {
        let first = runtime.block_on(pid(&clone));
        (first, runtime.block_on(pid(&clone)))
    });
    assert_ne!(here, there);
    assert_eq!(there, again);
    assert_eq!(pid(&database).await, here);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_lends_the_connections_of_others() {
    let store = Store::new(Postgres).await;
    let one = [("DATABASE_MAX_CONNECTIONS", "1")];
    let database = open(&store, &one);
    let here = pid(&database).await;
    let clone = database.clone();
    // The runtime the connection belongs to is this one, which has threads
    // besides the one that waits here.
    let there = elsewhere(move |runtime| runtime.block_on(pid(&clone)));
    assert_eq!(here, there);
}

/// At start-up the server of the database may be starting as well.
#[tokio::test(flavor = "multi_thread")]
async fn start_up_waits_for_a_database_that_starts() {
    let store = Store::new(Postgres).await;
    let real = store.settings(&[]).database.url;
    let mut url = url::Url::parse(real.expose_secret()).expect("a URL");
    let place = (
        url.host_str().expect("a host").to_owned(),
        url.port().unwrap_or(5432),
    );
    // A port that nobody listens at.
    let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = door.local_addr().expect("an address");
    drop(door);
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(address.port())).expect("a port");
    let settings = |timeout| {
        store.settings(&[
            ("DATABASE_URL", url.as_str()),
            ("DATABASE_START_TIMEOUT", timeout),
        ])
    };
    let refused = database::wait_until_up(&settings("0s").database).await;
    let refused = refused.expect_err("nobody is there").chain();
    assert!(refused.contains("does not take connections"), "{refused}");
    let patient = settings("30s").database;
    let waiting = tokio::spawn(async move { database::wait_until_up(&patient).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!waiting.is_finished());
    let door = tokio::net::TcpListener::bind(address)
        .await
        .expect("the port");
    tokio::spawn(async move {
        while let Ok((mut from, _)) = door.accept().await {
            let Ok(mut to) = tokio::net::TcpStream::connect(&place).await else {
                return;
            };
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
        }
    });
    waiting.await.expect("no panic").expect("it is up");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn there_are_never_more_connections_than_allowed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let store = Store::new(backend).await;
    let some = [("DATABASE_MAX_CONNECTIONS", "3")];
    let database = open(&store, &some);
    let mut seen = BTreeSet::new();
    let callers: Vec<_> = (0..24)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move {
                let tx = database.read_system("test").await.expect("a turn");
                tokio::time::sleep(Duration::from_millis(5)).await;
                drop(tx);
            })
        })
        .collect();
    while callers.iter().any(|caller| !caller.is_finished()) {
        seen.insert(database.status()[0].open);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for caller in callers {
        caller.await.expect("nobody fails");
    }
    assert!(seen.iter().all(|open| *open <= 3), "{seen:?}");
    assert_eq!(database.status()[0].waiting, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_is_told_why(#[values(Sqlite, Postgres)] backend: Backend) {
    let store = Store::new(backend).await;
    let tight = [
        ("DATABASE_MAX_CONNECTIONS", "1"),
        ("DATABASE_ACQUIRE_TIMEOUT", "100ms"),
    ];
    let database = open(&store, &tight);
    let held = database.read_system("test").await.expect("the connection");
    let other = database.clone();
    let refused = tokio::spawn(async move { other.read_system("test").await.map(drop) })
        .await
        .expect("no panic")
        .expect_err("there is no other");
    assert!(refused.is_transient());
    let text = refused.chain();
    assert!(
        text.contains("all 1 database connections were in use for 100ms"),
        "{text}"
    );
    drop(held);
    assert!(database.read_system("test").await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn only_connections_that_were_idle_for_long_are_closed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let store = Store::new(backend).await;
    let database = open(&store, &[]);
    let status = || database.status()[0];
    let in_use = database.read_system("test").await.expect("a connection");
    drop(database.read_system("test").await.expect("another one"));
    // What was begun is ended beside the caller.
    let idle = async || until("one is idle", async || status().idle == 1).await;
    idle().await;
    database.close_idle(Duration::from_mins(1));
    assert_eq!(status().open, 2);
    tokio::time::sleep(Duration::from_millis(20)).await;
    database.close_idle(Duration::from_millis(10));
    assert_eq!(status().open, 1);
    drop(in_use);
    idle().await;
    database.close_idle(Duration::ZERO);
    assert_eq!(status().open, 0);
    drop(database.read_system("test").await.expect("a new one"));
}
