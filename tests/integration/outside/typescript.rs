//! A purchase by the TypeScript client that `make check` compiles.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use testkit::programs::{python_program, tools};
use testkit::{App, Backend};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_buys_something() {
    let app = App::start(Backend::Sqlite).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    app.drain().await;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/node");
    for file in ["client.ts", "package.json"] {
        std::fs::copy(source.join(file), folder.path().join(file)).expect("copied");
    }
    let packages = tools().join("node/node_modules");
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).expect("linked");
    let mut client = Command::new(python_program("nodejs"));
    client
        .current_dir(folder.path())
        .args(["client.ts", app.client.base()]);
    let mut done = tokio::task::spawn_blocking(move || client.output().expect("node runs"));
    // The jobs of the payment run meanwhile.
    let output = loop {
        tokio::select! {
            output = &mut done => break output.expect("it ended"),
            () = tokio::time::sleep(Duration::from_millis(100)) => { app.drain().await; }
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    assert!(said.contains(" is paid"), "{said}{complaint}");
    assert_eq!(app.stock(&shop.first, &item, 0).await, (2, 0));
}
