//! The binary as a process, and what must not leave it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::Client;
use testkit::programs::free_port;
use testkit::store::Store;

/// The installation's secret.
pub const SECRET_KEY: &str = "a-secret-of-tests-that-is-long-enough-1";

/// All that our own crates say, and much of what others do.
pub const EVERYTHING: &str = "debug,api=trace,server=trace,database=trace,queue=trace,kernel=trace,\
    accounts_service=trace,catalog_service=trace,orders_service=trace,\
    gateway_mail=trace,gateway_test=trace,gateway_stripe=trace";

/// A running binary with a shop in it.
pub struct Binary {
    /// Calls it.
    pub client: Client,
    child: Child,
    log: PathBuf,
    mails: PathBuf,
}

impl Binary {
    /// Serves a fresh shop with demonstration data.
    pub async fn serve(store: &Store, settings: &[(&str, &str)]) -> Self {
        let port = free_port();
        let (log, mails) = (
            store.folder().join("sutler.log"),
            store.folder().join("mails"),
        );
        let file = File::create(&log).expect("a log file");
        let child = Command::new(env!("CARGO_BIN_EXE_sutler"))
            .args(["serve", "--demo"])
            .env_clear()
            .current_dir(store.folder())
            .envs(store.variables())
            .env("HTTP_BIND", format!("127.0.0.1:{port}"))
            .env("SECRET_KEY", SECRET_KEY)
            .env("MAIL_FOLDER", &mails)
            .env("HTTP_WORKERS", "1")
            .env("NO_PROXY", "127.0.0.1")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the binary starts");
        let sutler = Self {
            client: Client::new(format!("http://127.0.0.1:{port}")),
            child,
            log,
            mails,
        };
        sutler
            .until("it is ready", async || {
                let ready = sutler.client.get("/ready").try_send().await;
                ready.is_ok_and(|answer| answer.status == 200)
            })
            .await;
        sutler
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !holds().await {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "not so: {what}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The mails it has written.
    pub fn mails(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.mails).into_iter().flatten();
        files
            .filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok())
            // Quoted-printable, as far as links need it.
            .map(|mail| mail.replace("=\r\n", "").replace("=3D", "="))
            .collect()
    }

    /// A way to ship a cart to the address of tests.
    pub async fn shipping_method(&self, cart: &str, token: &str) -> String {
        let body = serde_json::json!({"shipping_address": testkit::shop::address()});
        let path = format!("/api/carts/{cart}");
        let call = self
            .client
            .patch(&path, &body)
            .header("x-cart-token", token);
        call.expect(200).await;
        let options = self.client.get(&format!("{path}/shipping-options"));
        let options = options.header("x-cart-token", token).expect(200).await;
        options.text_at("/data/0/code")
    }

    /// Tells it to stop, waits until it has, and answers all it logged.
    pub async fn stop(mut self) -> String {
        let told = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(told.is_ok_and(|status| status.success()), "kill works");
        let started = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "it does not stop"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.log()
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // It has ended already where the test did.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Texts that nobody outside may see.
#[derive(Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Adds some.
    ///
    /// # Panics
    /// When one is so short that it would be found anywhere.
    pub fn add(&mut self, secrets: &[&str]) {
        for secret in secrets {
            assert!(secret.len() >= 5, "{secret:?} is no secret");
            self.0.push((*secret).to_owned());
        }
    }

    /// Makes sure that none is in a text.
    ///
    /// # Panics
    /// When one is.
    pub fn assert_absent(&self, text: &str) {
        for secret in &self.0 {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "{secret:?} is in {line:?}");
        }
    }
}
