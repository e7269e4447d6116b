//! The commands of the binary.

mod admin;
mod doctor;
mod migrate;
mod seed;
mod serve;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use config::{Settings, Sources};

use crate::telemetry;

/// The commerce and billing backend in one binary.
#[derive(Parser)]
#[command(name = "sutler", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// A TOML file with settings; environment variables win over it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Settings come from environment variables and from sutler.toml; docs/configuration.md lists them all.
Without any, everything has a default for development: an embedded database in ./data, a payment
gateway that takes no money, mails into a folder.

  sutler serve --demo      a shop to look at, with a login printed
  sutler doctor            what is wrong with the settings, and how to mend it";

#[derive(Subcommand)]
enum Command {
    /// Serve the API, and by default also run background jobs.
    Serve(serve::Serve),
    /// Run background jobs only, beside servers that have `JOBS_IN_SERVER=false`.
    Worker,
    /// Bring the database's schema up to date, take it back, or show where it stands.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Fill an empty shop with demonstration data.
    Seed(seed::Seed),
    /// Print the OpenAPI document.
    Openapi,
    /// Check configuration, database, gateways and clock, and say how to mend what is wrong.
    Doctor,
    /// Make people who run a shop or the installation.
    #[command(subcommand)]
    Admin(admin::Admin),
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        if matches!(self.command, Command::Openapi) {
            print(&openapi()?);
            return Ok(ExitCode::SUCCESS);
        }
        let sources = Sources::of_process(self.config.as_deref());
        let settings = match Settings::load(sources) {
            Ok(settings) => settings,
            Err(mistakes) if matches!(self.command, Command::Doctor) => {
                print(&format!("✗ configuration\n{mistakes}"));
                return Ok(ExitCode::FAILURE);
            }
            Err(mistakes) => anyhow::bail!("{mistakes}"),
        };
        let _telemetry = match self.command {
            // They talk to a person; a log would be in the way.
            Command::Doctor | Command::Migrate(_) => None,
            _ => Some(telemetry::start(&settings)?),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("start the runtime")?;
        runtime.block_on(async {
            match self.command {
                Command::Serve(serve) => serve.run(settings).await,
                Command::Worker => worker::run(settings).await,
                Command::Migrate(migrate) => migrate.run(&settings).await,
                Command::Seed(seed) => seed.run(settings).await,
                Command::Doctor => doctor::run(&settings).await,
                Command::Admin(admin) => admin.run(settings).await,
                Command::Openapi => Ok(ExitCode::SUCCESS),
            }
        })
    }
}

/// The document as it is checked in.
pub fn openapi() -> Result<String> {
    let mut text = api::document()
        .to_pretty_json()
        .context("write the document")?;
    text.push('\n');
    Ok(text)
}

/// To the person at the command line.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    // A closed pipe is no reason to fail: `sutler openapi | head`.
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Ends when the process is told to stop.
pub(crate) async fn signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen to SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
