//! Other vendors' own libraries for Python, as oracles.

use std::process::Command;

use serde_json::Value;

use crate::node::{root, talk};
use crate::programs::python_program;

/// Runs `tests/tools/python/SCRIPT`, gives it JSON and takes the JSON it
/// prints.
///
/// # Panics
/// When the packages cannot be had, or the script fails: nothing is skipped in
/// silence.
pub async fn run(script: &'static str, input: &Value) -> Value {
    let input = input.to_string();
    let ran = tokio::task::spawn_blocking(move || {
        let script = root().join("tests/tools/python").join(script);
        talk(Command::new(python_program("python3")).arg(script), &input)
    });
    ran.await.expect("the script ran")
}
