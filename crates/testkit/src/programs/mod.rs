//! Outside programs that tests run: real servers and receivers, each on a
//! free port and in a folder of its own, gone with the value that holds it.
//!
//! `scripts/tools` brings them; `make test` calls it.

mod maildev;
mod nats;
mod prism;
mod redis;
mod rotel;
mod s3;
mod tools;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;

pub use maildev::{Maildev, ReceivedMail};
pub use nats::{Nats, Published};
pub use prism::Prism;
pub use redis::Redis;
pub use rotel::{Rotel, Span};
pub use s3::S3;
pub use tools::{node_script, python_program, tools};

/// How long a program may take until it listens. Node takes its time on a
/// machine that runs other tests as well.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A port of this machine that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A program that can be stopped and started again.
pub struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: Vec<String>,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Program {
    /// Starts a program that will listen on a port, and waits until it does.
    ///
    /// # Panics
    /// When it does not.
    async fn start(
        name: &'static str,
        path: PathBuf,
        port: u16,
        arguments: impl FnOnce(&Path) -> Vec<String>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut program = Self {
            name,
            path,
            arguments: arguments(folder.path()),
            port,
            folder,
            child: None,
        };
        program.run().await;
        program
    }

    /// Starts it again where it was.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn run(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log file");
        let child = Command::new(&self.path)
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file"))
            .stderr(log)
            .spawn();
        self.child = Some(match child {
            Ok(child) => child,
            Err(error) => panic!("{} does not start: {error}", self.path.display()),
        });
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok()?);
            assert!(
                ended.is_none() && started.elapsed() < START_TIMEOUT,
                "{} does not listen on port {}:\n{}",
                self.name,
                self.port,
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Everything it wrote.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("program.log")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
