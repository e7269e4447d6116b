//! `sutler serve`.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::ExitCode;

use actix_web::web::Data;
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use config::{LogFormat, Settings};
use database::Backend;
use tokio_util::sync::CancellationToken;

use super::{print, signal};
use crate::background::Tasks;
use crate::compose::{Overrides, Sutler};
use crate::single::Single;
use crate::{demo, http, telemetry};

/// Serve the API.
#[derive(Args)]
pub(super) struct Serve {
    /// Fill an empty shop with demonstration data, and print a login.
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<ExitCode> {
        ensure!(
            !(self.demo && settings.is_production()),
            "--demo makes an administrator with a well-known password; it is refused in production"
        );
        let metrics = telemetry::metrics();
        let bind = settings.http.bind;
        // First of all, so that a port in use is told before anything is done.
        let listener = TcpListener::bind(bind)
            .with_context(|| format!("listen on {bind}; set HTTP_BIND to another address"))?;
        let single = Single::take(&settings.database)?;
        // Migrations and demonstration data may take a while.
        let starting = http::Starting::begin(&listener)?;
        let sutler = Sutler::build(settings, Overrides::default()).await?;
        sutler.free_leases(&single).await?;
        let login = if self.demo {
            Some(demo::ensure(&sutler).await?)
        } else {
            None
        };
        let state = Data::new(sutler.api_state(metrics));
        starting.end().await;
        let server = http::server(&sutler.settings, state.clone(), listener)?;
        let handle = server.handle();
        let stop = CancellationToken::new();
        let mut background = sutler.start_background(
            Tasks {
                worker: sutler.settings.jobs.in_server,
                relay: true,
                listener: sutler.database.backend() == Backend::Postgres,
            },
            &stop,
        );
        forget_idle_limits(&state, &stop);
        for name in &sutler.settings.suspicious_variables {
            tracing::warn!(name, "this variable looks like a setting and is none");
        }
        greet(&sutler.settings, login.as_ref());
        let mut running = tokio::spawn(server);
        tokio::select! {
            result = &mut running => {
                result.context("the server ended")?.context("serve")?;
            }
            result = signal() => {
                result?;
                tracing::info!("stopping: finishing what was begun");
                state.start_draining();
                tokio::time::sleep(sutler.settings.http.drain_delay).await;
                handle.stop(true).await;
            }
        }
        // Requests are done; jobs may finish, then leases are given back.
        stop.cancel();
        while background.join_next().await.is_some() {}
        sutler.database.close();
        drop(single);
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

fn forget_idle_limits(state: &Data<api::ApiState>, stop: &CancellationToken) {
    let (state, stop) = (state.clone(), stop.clone());
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_mins(1));
        loop {
            tokio::select! {
                _ = ticks.tick() => state.forget_idle_limits(),
                () = stop.cancelled() => return,
            }
        }
    });
}

/// Tells a person where to go; a machine that collects log lines gets one.
fn greet(settings: &Settings, login: Option<&demo::Login>) {
    if settings.telemetry.log_format == LogFormat::Json {
        tracing::info!(address = %settings.http.bind, "listening");
        return;
    }
    let base = format!("http://{}", settings.http.bind);
    let mut text = format!(
        "\nSutler {} is listening.\n\n  API            {base}/api\n  documentation  {base}/docs/\n  health         {base}/health\n",
        env!("CARGO_PKG_VERSION")
    );
    if let Some(login) = login {
        let _ = write!(
            text,
            "\n  demo login     {}\n  password       {}\n\nTry it:\n\n  curl '{base}/api/catalog/products?limit=3'\n",
            login.email, login.password
        );
    }
    print(&text);
}
