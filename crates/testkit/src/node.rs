//! Other vendors' own libraries for Node.js, as oracles.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs `tests/tools/FOLDER/SCRIPT` with the packages of that folder, gives it
/// JSON and takes the JSON it prints.
///
/// # Panics
/// When Node.js or the packages cannot be had, or the script fails: nothing
/// is skipped in silence.
pub async fn run(folder: &'static str, script: &'static str, input: &Value) -> Value {
    let input = input.to_string();
    let ran = tokio::task::spawn_blocking(move || run_blocking(folder, script, &input));
    ran.await.expect("the script ran")
}

fn run_blocking(folder: &str, script: &str, input: &str) -> Value {
    let installed = Command::new(root().join("scripts/node-tools"))
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("scripts/node-tools runs");
    assert!(
        installed.status.success(),
        "the npm packages of tests/tools/{folder} could not be installed; see above"
    );
    let packages = String::from_utf8_lossy(&installed.stdout);
    let mut node = Command::new("node")
        .arg(root().join("tests/tools").join(folder).join(script))
        .env("NODE_PATH", Path::new(packages.trim()).join("node_modules"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("Node.js runs; install it with `scripts/install nodejs npm`");
    let mut stdin = node.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("write to it");
    drop(stdin);
    let done = node.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{script} failed; see above");
    serde_json::from_slice(&done.stdout).expect("it prints JSON")
}
