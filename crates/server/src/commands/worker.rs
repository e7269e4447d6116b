//! `sutler worker`.

use std::net::TcpListener;
use std::process::ExitCode;

use actix_web::web::Data;
use anyhow::{Context as _, Result};
use config::Settings;
use database::Backend;
use tokio_util::sync::CancellationToken;

use super::signal;
use crate::background::Tasks;
use crate::compose::{Overrides, Sutler};
use crate::single::Single;
use crate::{http, telemetry};

pub(super) async fn run(settings: Settings) -> Result<ExitCode> {
    let metrics = telemetry::metrics();
    // First of all, so that a port in use is told before anything is done.
    let listener = settings.jobs.worker_bind.map(listen).transpose()?;
    let single = Single::take(&settings.database)?;
    let starting = listener.as_ref().map(http::Starting::begin).transpose()?;
    let sutler = Sutler::build(settings, Overrides::default()).await?;
    sutler.free_leases(&single).await?;
    if let Some(starting) = starting {
        starting.end().await;
    }
    let state = Data::new(sutler.api_state(metrics));
    let probes = match listener {
        Some(listener) => {
            let server = http::probes(&sutler.settings, state.clone(), listener)?;
            let handle = server.handle();
            tokio::spawn(server);
            Some(handle)
        }
        None => None,
    };
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
    state.start_draining();
    stop.cancel();
    while background.join_next().await.is_some() {}
    if let Some(probes) = probes {
        probes.stop(false).await;
    }
    sutler.database.close();
    drop(single);
    Ok(ExitCode::SUCCESS)
}

fn listen(bind: std::net::SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(bind)
        .with_context(|| format!("listen on {bind}; set WORKER_BIND to another address"))
}
