//! Commands of the binary, as somebody at a command line sees them.

mod doctor;
mod owner;
mod starting;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::programs::free_port;
use testkit::store::Store;
use testkit::{Backend, Client};

/// A command on a database, with more settings.
fn sutler(store: &Store, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sutler"));
    command
        .args(arguments)
        .env_clear()
        .current_dir(store.folder())
        .envs(store.variables())
        .envs(settings.iter().copied())
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end: whether it succeeded, and all it said.
async fn run(mut command: Command) -> (bool, String) {
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    let ended = ended.expect("a thread").expect("the binary starts");
    let said = [ended.stdout, ended.stderr].concat();
    (
        ended.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Ends a process with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_tells_how_it_is() {
    let store = Store::new(Backend::Postgres).await;
    let bind = format!("127.0.0.1:{}", free_port());
    let settings = [
        ("WORKER_BIND", bind.as_str()),
        ("HTTP_METRICS_TOKEN", "a-token-of-tests"),
    ];
    let worker = sutler(&store, &["worker"], &settings)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut worker = Running(worker.expect("the binary starts"));
    let client = Client::new(format!("http://{bind}"));
    let started = Instant::now();
    while !client
        .get("/ready")
        .try_send()
        .await
        .is_ok_and(|answer| answer.status == 200)
    {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "it is not ready"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    client.get("/health").expect(200).await;
    let metrics = client.get("/metrics");
    metrics.refused(401, "metrics.token").await;
    let metrics = client.get("/metrics").bearer("a-token-of-tests");
    let metrics = metrics.expect(200).await;
    assert!(
        metrics.text.contains("sutler_transaction_seconds"),
        "{}",
        metrics.text
    );
    // Nothing else is served there.
    let nothing = client.get("/api/catalog/products");
    nothing.refused(404, "request.no_route").await;
    let nothing = client.get("/api/orders");
    nothing.refused(404, "request.no_route").await;
    let told = Command::new("kill").arg(worker.0.id().to_string()).status();
    assert!(told.is_ok_and(|status| status.success()), "kill works");
    let ended = tokio::task::spawn_blocking(move || worker.0.wait()).await;
    assert!(
        ended
            .expect("a thread")
            .is_ok_and(|status| status.success())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_tables_is_refused_with_what_to_run() {
    // The role of the application is there, as after another installation.
    let _migrated = Store::new(Backend::Postgres).await;
    let bind = format!("127.0.0.1:{}", free_port());
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let store = Store::empty(backend).await;
        let settings = [
            ("DATABASE_AUTO_MIGRATE", "false"),
            ("HTTP_BIND", bind.as_str()),
        ];
        for command in ["serve", "worker"] {
            let (good, said) = run(sutler(&store, &[command], &settings)).await;
            assert!(!good, "{said}");
            assert!(said.contains("migrations are missing"), "{said}");
            assert!(said.contains("`sutler migrate up`"), "{said}");
        }
    }
}
