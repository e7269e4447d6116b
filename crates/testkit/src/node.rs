//! Other vendors' own libraries for Node.js, as oracles.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::programs::{python_program, tools};

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
    let packages = tools().join(folder).join("node_modules");
    assert!(
        packages.exists(),
        "the npm packages of tests/tools/{folder} are missing; scripts/tools brings them (make test does)"
    );
    let mut node = Command::new(python_program("nodejs"))
        .arg(root().join("tests/tools").join(folder).join(script))
        .env("NODE_PATH", packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("Node.js runs");
    let mut stdin = node.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("write to it");
    drop(stdin);
    let done = node.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{script} failed; see above");
    serde_json::from_slice(&done.stdout).expect("it prints JSON")
}
