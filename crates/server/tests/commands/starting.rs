//! What a process does at its start, and beside which others.

use std::process::Stdio;
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};
use testkit::programs::free_port;
use testkit::store::Store;
use testkit::{Backend, Client};

use super::{Running, run, sutler};

/// A server in the background, and what it listens on.
fn serve(store: &Store, arguments: &[&str]) -> (Running, Client) {
    let bind = format!("127.0.0.1:{}", free_port());
    let settings = [("HTTP_BIND", bind.as_str())];
    let server = sutler(store, arguments, &settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Running(server.expect("the binary starts"));
    (server, Client::new(format!("http://{bind}")))
}

/// The statuses of `/ready` until it is 200, each once in a row.
async fn until_ready(client: &Client) -> Vec<(u16, String)> {
    let started = Instant::now();
    let mut seen: Vec<(u16, String)> = Vec::new();
    loop {
        if let Ok(answer) = client.get("/ready").try_send().await {
            let said = answer.body["status"].as_str().unwrap_or_default();
            let now = (answer.status, said.to_owned());
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            if answer.status == 200 {
                return seen;
            }
        }
        let late = started.elapsed() > Duration::from_mins(5);
        assert!(!late, "it is not ready: {seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_serves_a_sqlite_file_and_commands_run_beside_it() {
    let store = Store::new(Backend::Sqlite).await;
    let (_server, client) = serve(&store, &["serve"]);
    until_ready(&client).await;
    for command in ["serve", "worker"] {
        let bind = format!("127.0.0.1:{}", free_port());
        let settings = [("HTTP_BIND", bind.as_str())];
        let (good, said) = run(sutler(&store, &[command], &settings)).await;
        assert!(!good, "{command}: {said}");
        assert!(said.contains("SQLite is for one process"), "{said}");
    }
    for arguments in [
        &["migrate", "up"][..],
        &["migrate", "status"],
        &["seed", "--products", "3"],
        &["doctor"],
    ] {
        let (good, said) = run(sutler(&store, arguments, &[])).await;
        assert!(good, "{arguments:?}: {said}");
    }
    let documentation = client.get("/docs").expect(308).await;
    assert_eq!(documentation.header("location"), "/docs/");
    client.get("/docs/").expect(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_starts_a_server_lives_and_is_not_ready() {
    let store = Store::empty(Backend::Sqlite).await;
    let (_server, client) = serve(&store, &["serve", "--demo"]);
    let started = Instant::now();
    while client.get("/health").try_send().await.is_err() {
        let late = started.elapsed() > Duration::from_mins(1);
        assert!(!late, "nobody listens");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.get("/health").expect(200).await;
    let early = client.get("/api/catalog/products").send().await;
    assert_eq!(
        (early.status, &early.body["code"]),
        (503, &"unavailable".into())
    );
    assert_eq!(early.header("retry-after"), "1");
    let seen = until_ready(&client).await;
    assert_eq!(seen[0], (503, "starting".to_owned()), "{seen:?}");
    client.get("/api/catalog/products").expect(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_a_killed_process_are_due_at_the_next_start() {
    let store = Store::new(Backend::Sqlite).await;
    let (server, client) = serve(&store, &["serve"]);
    until_ready(&client).await;
    // As kill -9 in the middle of a job leaves it: leased for a long time.
    drop(server);
    let file = format!("sqlite://{}", store.folder().join("sutler.db").display());
    let mut database = sqlx::SqliteConnection::connect(&file)
        .await
        .expect("a file");
    let sql = "INSERT INTO jobs (tenant_id, id, kind, payload, state, available_at, attempts, max_attempts, lease, request_id, created_at) \
               SELECT id, randomblob(16), 'orders.sweep', '{}', 'running', 9000000000000000, 1, 3, 1, 'killed', 0 FROM tenants";
    database.execute(sql).await.expect("a job");
    let (_server, client) = serve(&store, &["serve"]);
    until_ready(&client).await;
    let started = Instant::now();
    loop {
        let sql = "SELECT count(*) FROM jobs WHERE request_id = 'killed'";
        let left: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut database)
            .await
            .expect("a count");
        if left == 0 {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it waits for its lease"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn nothing_is_taken_back_without_a_yes() {
    let store = Store::new(Backend::Sqlite).await;
    let (good, said) = run(sutler(&store, &["migrate", "down"], &[])).await;
    assert!(!good && said.contains("--yes"), "{said}");
    assert!(said.contains("would be deleted: "), "{said}");
    let (good, said) = run(sutler(&store, &["migrate", "status"], &[])).await;
    assert!(good, "{said}");
    for steps in ["0", "99"] {
        let arguments = ["migrate", "down", "--yes", "--steps", steps];
        let (good, said) = run(sutler(&store, &arguments, &[])).await;
        assert!(!good && said.contains("--steps"), "{said}");
    }
    let (good, said) = run(sutler(&store, &["migrate", "down", "--yes"], &[])).await;
    assert!(good && said.contains("Took 1 back"), "{said}");
    let (good, said) = run(sutler(&store, &["migrate", "status"], &[])).await;
    assert!(!good, "{said}");
}
