//! One purchase and one subscription from end to end, each step shown with its request and the
//! telling part of the answer. Anything unexpected is an error.

mod catalog;
mod hosting;
mod purchase;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::client::{Answer, Call, Client};
use crate::installation::{Backend, Installation};
use crate::say;

/// Shows requests as they are made.
struct Stage {
    client: Client,
    step: u32,
}

impl Stage {
    fn title(&mut self, text: &str) {
        self.step += 1;
        say::line(format!("\n{}. {text}", self.step));
    }

    /// Makes a request, insists on its status, and shows the parts of the
    /// answer that the pointers name.
    async fn show(&mut self, call: &Call, status: u16, pointers: &[&str]) -> Result<Answer> {
        say::line(format!("   {} {}", call.method, call.path));
        if let Some(body) = &call.body {
            say::line(format!("     {}", hidden(body)));
        }
        let answer = self.client.expect(call, status).await?;
        say::line(format!("   → {}", answer.status));
        for pointer in pointers {
            let value = answer
                .body
                .pointer(pointer)
                .with_context(|| format!("no {pointer} in {}", answer.body))?;
            let name = pointer.trim_start_matches('/').replace('/', ".");
            say::line(format!("     {name}: {}", readable(value)));
        }
        Ok(answer)
    }

    /// Makes a request until the answer is as awaited, for a while.
    async fn wait_for(&mut self, call: &Call, pointer: &str, value: &str) -> Result<Answer> {
        say::line(format!("   {} {}", call.method, call.path));
        for _ in 0..200 {
            let answer = self.client.expect(call, 200).await?;
            if answer.body.pointer(pointer).and_then(Value::as_str) == Some(value) {
                let name = pointer.trim_start_matches('/').replace('/', ".");
                say::line(format!("   → 200\n     {name}: {value}"));
                return Ok(answer);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        bail!("{pointer} of {} does not become {value}", call.path)
    }
}

/// A body without what should not be shown.
fn hidden(body: &Value) -> String {
    let mut shown = body.clone();
    if let Some(password) = shown.get_mut("password") {
        *password = "…".into();
    }
    shown.to_string()
}

/// Amounts as people write them, everything else as JSON.
fn readable(value: &Value) -> String {
    match (value["amount"].as_i64(), value["currency"].as_str()) {
        (Some(minor), Some(currency)) => {
            format!("{}.{:02} {currency}", minor / 100, minor % 100)
        }
        _ => value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// Runs it on an installation of its own.
pub async fn run(sutler: &Path, backend: Backend) -> Result<()> {
    say::line(format!("\nSutler on {backend:?}, with demonstration data"));
    let mut installation = Installation::new(sutler, backend).await?;
    installation.set("LOG_FILTER", "warn");
    let server = installation.start(&["--demo"]).await?;
    say::line(format!(
        "ready after {} ms at http://{}",
        server.started_in.as_millis(),
        server.address
    ));
    drive(server.address, Some(&installation.mails())).await
}

/// Runs it on a server with demonstration data. Where the folder of its mails
/// is known, they are shown.
pub async fn drive(address: SocketAddr, mails: Option<&Path>) -> Result<()> {
    let mut stage = Stage {
        client: Client::new(address),
        step: 0,
    };
    catalog::check(&mut stage).await?;
    let bought = purchase::buy(&mut stage).await?;
    hosting::subscribe(&mut stage, &bought.token).await?;
    if let Some(folder) = mails {
        stage.title("Mails to the buyer");
        let found = mails_to(folder, &bought.email)?;
        for subject in &found {
            say::line(format!("   {subject}"));
        }
        // To verify the address, of the payment, and of the shipment.
        ensure!(found.len() >= 3, "there are {} mails", found.len());
    }
    say::line("\nEverything was as expected.");
    Ok(())
}

/// The subjects of the mails to somebody.
fn mails_to(folder: &Path, email: &str) -> Result<Vec<String>> {
    let mut subjects = Vec::new();
    for entry in std::fs::read_dir(folder).context("read the folder of mails")? {
        let text = std::fs::read_to_string(entry?.path()).context("read a mail")?;
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        if header("To: ").is_some_and(|to| to.contains(email)) {
            let subject = header("Subject: ").unwrap_or_default();
            // What follows is not ASCII and encoded.
            let plain = subject.split(" =?").next().unwrap_or_default();
            subjects.push(plain.to_owned());
        }
    }
    Ok(subjects)
}
