//! Redis.

use super::tools::installed;
use super::{Program, free_port};

/// A Redis server.
pub struct Redis(pub Program);

impl Redis {
    /// An empty one.
    pub async fn start() -> Self {
        let port = free_port();
        let program = Program::start("redis-server", installed("redis-server"), port, |folder| {
            let arguments = [
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--dir",
                &folder.display().to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
            ];
            arguments.map(str::to_owned).to_vec()
        });
        Self(program.await)
    }

    /// What to set `REDIS_URL` to.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.0.port())
    }
}
