//! Killing PostgreSQL's processes, and waiting until all work is done.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::client::{Call, Client};
use crate::consistency::Reader;
use crate::installation::Installation;
use crate::shopper;

/// Ends one of Sutler's processes at PostgreSQL with SIGKILL: the server then
/// drops all others and recovers from its log.
pub(crate) async fn kill_a_backend(installation: &Installation) -> Result<()> {
    let mut reader = Reader::open(installation).await?;
    let pid = reader
        .number(
            "SELECT COALESCE(max(pid), 0) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'sutler'",
        )
        .await?;
    if pid == 0 {
        bail!("Sutler has no connection to PostgreSQL");
    }
    let status = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .context("kill a process of PostgreSQL")?;
    if !status.success() {
        bail!("a process of PostgreSQL could not be killed");
    }
    Ok(())
}

/// Waits until no work is left, and none is dead.
pub async fn drain(
    client: &mut Client,
    deadline: Instant,
    anomalies: &mut Vec<String>,
) -> Result<()> {
    let token = shopper::sign_in(client).await?;
    loop {
        let call = Call::get("/api/admin/jobs/lag").bearer(&token);
        let lag = client.expect(&call, 200).await?;
        let open: i64 = ["due", "running", "webhooks", "events"]
            .iter()
            .map(|what| lag.number(&format!("/{what}")))
            .sum::<Result<i64>>()?;
        let dead = lag.number("/dead")?;
        if dead > 0 {
            anomalies.push(format!("{dead} jobs are dead letters"));
            return Ok(());
        }
        if open == 0 {
            return Ok(());
        }
        if Instant::now() > deadline {
            anomalies.push(format!(
                "{open} jobs, events or webhooks are left: {}",
                lag.body
            ));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
