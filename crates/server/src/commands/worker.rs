//! `sutler worker`.

use std::process::ExitCode;

use anyhow::Result;
use config::Settings;
use database::Backend;
use tokio_util::sync::CancellationToken;

use super::signal;
use crate::background::Tasks;
use crate::compose::{Overrides, Sutler};
use crate::telemetry;

pub(super) async fn run(settings: Settings) -> Result<ExitCode> {
    // Recorded, and read where a collector runs beside; a worker has no port.
    let _ = telemetry::metrics();
    let sutler = Sutler::build(settings, Overrides::default()).await?;
    let stop = CancellationToken::new();
    let postgres = sutler.database.backend() == Backend::Postgres;
    let mut background = sutler.start_background(
        Tasks {
            worker: true,
            relay: postgres,
            listener: postgres,
        },
        &stop,
    );
    tracing::info!("running background jobs");
    signal().await?;
    tracing::info!("stopping: finishing what was begun");
    stop.cancel();
    while background.join_next().await.is_some() {}
    sutler.database.close();
    Ok(ExitCode::SUCCESS)
}
