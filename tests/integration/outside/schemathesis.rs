//! The whole API as schemathesis sees it: whatever it is sent, no 5xx, no
//! undocumented status and nothing that does not fit the document.
//!
//! `FUZZ_EXAMPLES` is how many requests are made up for each operation, beside
//! those at the edges of the document; `TEST_SEED` replays a run.

use std::path::Path;
use std::process::Command;

use rstest::rstest;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::programs::python_program;
use testkit::shop::Listing;
use testkit::{App, stripe};

/// The routes that let guests in; that the others do not, the table of all
/// routes shows.
const OPEN: &str = "^/(health|ready|metrics|api/(auth|catalog|carts|checkout|orders|webhooks|stripe|test-gateway)/?)";

/// A little of everything, so that lists have items and ids lead somewhere.
async fn furnish(app: &App) {
    let shop = app.shop().await;
    let listing = Listing {
        name: "Shoe",
        strategy: "per_size",
        price: 2500,
        stock: &[20, 20],
    };
    let item = app.list(&shop.first, &listing).await;
    let paid = app.order(&shop.first, &[(&item.variants[0], 1)]).await;
    app.pay(&paid).await;
    app.order(&shop.first, &[(&item.variants[1], 2)]).await;
    app.drain().await;
}

/// Lets schemathesis loose on a server: as whoever has a key, or as a guest.
fn run(base: &str, key: Option<&str>) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/python");
    let examples = std::env::var("FUZZ_EXAMPLES").unwrap_or_else(|_| "1".to_owned());
    let mut command = Command::new(python_program("schemathesis"));
    command
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", &settings)
        .env("NO_COLOR", "1")
        .env_remove("HTTP_PROXY")
        .env_remove("http_proxy")
        .arg("--config-file")
        .arg(settings.join("schemathesis.toml"))
        .args([
            "run",
            &format!("{base}/api/openapi.json"),
            "--max-examples",
            &examples,
        ]);
    if let Ok(seed) = std::env::var("TEST_SEED") {
        command.args(["--seed", &seed]);
    }
    if let Some(key) = key {
        command.args(["--header", &format!("Authorization: Bearer {key}")]);
    } else {
        command.args(["--include-path-regex", OPEN]);
    }
    let output = command.output().expect("schemathesis runs");
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

async fn loose(backend: Backend, as_operator: bool) {
    // Without it, its webhooks are answered 404, whatever they hold.
    let app = App::with(backend, stripe::KEYS).await;
    furnish(&app).await;
    let key = app.operator_key().await;
    let sent = as_operator.then(|| key.clone());
    let base = app.client.base().to_owned();
    let found = tokio::task::spawn_blocking(move || run(&base, sent.as_deref())).await;
    if let Err(report) = found.expect("it ran") {
        panic!("{report}");
    }
    // Had the key been lost on the way, only refusals would have been seen.
    let tenants = app.client.get("/api/admin/tenants").bearer(&key);
    tenants.expect(200).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing_as_an_operator(#[values(Sqlite, Postgres)] backend: Backend) {
    loose(backend, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing_as_a_guest() {
    loose(Postgres, false).await;
}
