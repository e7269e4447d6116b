//! Other vendors' own libraries for Node.js, as oracles.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::programs::{python_program, tools};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
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
    let script = root().join("tests/tools").join(folder).join(script);
    let mut node = Command::new(python_program("nodejs"));
    talk(node.arg(script).env("NODE_PATH", packages), input)
}

/// Gives a program JSON and takes the JSON it prints.
///
/// # Panics
/// When it fails.
pub(crate) fn talk(program: &mut Command, input: &str) -> Value {
    let mut running = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program runs");
    let mut stdin = running.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("write to it");
    drop(stdin);
    let done = running.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{program:?} failed; see above");
    serde_json::from_slice(&done.stdout).expect("it prints JSON")
}
