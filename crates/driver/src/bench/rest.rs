//! Start and rest, as `make run` has them: the embedded database.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::process;
use super::table::{Aim, Table};
use crate::client::Call;
use crate::installation::{Backend, Installation, Running};

/// Measures.
pub(super) async fn measure(sutler: &Path, table: &mut Table) -> Result<()> {
    let installation = Installation::new(sutler, Backend::Sqlite).await?;
    let first = installation.start(&["--demo"]).await?;
    let seconds = first.started_in.as_secs_f64();
    table.figure(
        "first start with demonstration data (SQLite)",
        seconds,
        "s",
        Aim::Under(1.0),
    );
    let memory = at_rest(&first).await?;
    table.figure(
        "memory at rest after the first start (SQLite)",
        memory,
        "MB",
        Aim::Under(60.0),
    );
    first.kill()?;
    let again = installation.start(&["--demo"]).await?;
    let seconds = again.started_in.as_secs_f64();
    table.figure(
        "start to first answer (SQLite)",
        seconds,
        "s",
        Aim::Under(1.0),
    );
    let memory = at_rest(&again).await?;
    table.figure("memory at rest (SQLite)", memory, "MB", Aim::Under(60.0));
    Ok(())
}

/// What a server takes, in MB, a few seconds after its first requests.
async fn at_rest(server: &Running) -> Result<f64> {
    let mut client = server.client();
    for path in ["/api/catalog/categories", "/api/catalog/products"] {
        client.expect(&Call::get(path), 200).await?;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    process::memory(server.id(), "VmRSS")
}
