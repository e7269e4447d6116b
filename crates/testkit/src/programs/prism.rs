//! Prism, a server made of somebody's OpenAPI document.

use std::path::Path;

use super::{Program, free_port, node_script, python_program};

/// A server that refuses what the document does not allow, and answers with
/// the document's examples.
pub struct Prism(pub Program);

impl Prism {
    /// A server of a document.
    pub async fn start(document: &Path) -> Self {
        let port = free_port();
        let script = node_script("@stoplight/prism-cli/dist/index.js");
        let program = Program::start("prism", python_program("nodejs"), port, |_| {
            vec![
                script.display().to_string(),
                "mock".to_owned(),
                "--host=127.0.0.1".to_owned(),
                format!("--port={port}"),
                // Requests that the document does not allow are refused.
                "--errors".to_owned(),
                document.display().to_string(),
            ]
        });
        Self(program.await)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port())
    }
}
