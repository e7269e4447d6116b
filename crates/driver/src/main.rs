//! The `driver` binary: `make demo`, `make crash`, `make bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use driver::installation::{Backend, sutler};
use driver::spender::Spending;
use driver::{bench, crash, demo, say, spender};

/// Drives a running Sutler as an outside process.
#[derive(Parser)]
struct Cli {
    /// The `sutler` binary; the one beside this program when absent.
    #[arg(long, global = true, value_name = "FILE")]
    sutler: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drive one purchase from end to end and show each step.
    Demo {
        /// A server that runs already, with demonstration data in it.
        #[arg(long, value_name = "ADDRESS")]
        at: Option<std::net::SocketAddr>,
    },
    /// Kill the process at random moments under load and look for losses.
    Crash {
        /// How often, on each database.
        #[arg(long, default_value_t = 200)]
        rounds: u32,
        /// Buyers at the same time.
        #[arg(long, default_value_t = 8)]
        buyers: usize,
        /// Repeats an earlier run's chances.
        #[arg(long)]
        seed: Option<u64>,
        /// Leave PostgreSQL alone.
        #[arg(long)]
        spare_postgres: bool,
    },
    /// Measure, as ratios to what PostgreSQL and the server itself can do.
    Bench(bench::Options),
    /// Spend from wallets; `bench` runs it.
    #[command(hide = true)]
    Spend {
        /// Whose.
        tenant: uuid::Uuid,
        /// How many wallets.
        wallets: u32,
        /// How many at the same time.
        spenders: usize,
        /// How many seconds.
        seconds: u64,
        /// How often at most.
        most: u64,
    },
    /// Serve a constant answer; `bench` runs it.
    #[command(hide = true)]
    Constant {
        /// Where.
        address: std::net::SocketAddr,
        /// Of how many bytes.
        size: usize,
        /// With how many threads.
        workers: usize,
    },
}

// One thread puts on enough load, and leaves more of the machine to what is
// measured than several that wake each other.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::line(format!("\n✗ {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Demo { at: Some(address) } => demo::drive(address, None).await?,
        Command::Demo { at: None } => {
            let sutler = sutler(cli.sutler)?;
            for backend in Backend::available() {
                demo::run(&sutler, backend).await?;
            }
        }
        Command::Crash {
            rounds,
            buyers,
            seed,
            spare_postgres,
        } => {
            let seed = seed.unwrap_or_else(|| u64::from_le_bytes(kernel::random::bytes()));
            let options = crash::Options {
                rounds,
                buyers,
                seed,
                kill_postgres: !spare_postgres,
            };
            crash_all(&sutler(cli.sutler)?, &options).await?;
        }
        Command::Bench(options) => bench::run(&sutler(cli.sutler)?, &options).await?,
        Command::Spend {
            tenant,
            wallets,
            spenders,
            seconds,
            most,
        } => {
            let spending = Spending {
                tenant: kernel::TenantId::from_uuid(tenant),
                wallets,
                spenders,
                length: std::time::Duration::from_secs(seconds),
                most,
            };
            // On threads of its own, with runtimes of their own.
            let spent = std::thread::spawn(move || spender::spend(spending, kernel::Currency::EUR));
            let rate = spent
                .join()
                .map_err(|_| anyhow::anyhow!("the spender died"))??;
            say::line(format!("SPENT {rate}"));
        }
        Command::Constant {
            address,
            size,
            workers,
        } => bench::constant(address, size, workers).await?,
    }
    Ok(())
}

async fn crash_all(sutler: &std::path::Path, options: &crash::Options) -> Result<()> {
    say::line(format!("seed {}; repeat with --seed {0}", options.seed));
    let mut anomalies = 0;
    for backend in Backend::available() {
        let seen = crash::run(sutler, backend, options).await?;
        say::line(format!(
            "{backend:?}: killed {} times (PostgreSQL {}), {} writes acknowledged, {} outcomes unknown and repeated, \
             {} orders, {} top-ups, {} refused as sold out, {} anomalies",
            seen.kills,
            seen.postgres_kills,
            seen.acknowledged,
            seen.unknown,
            seen.orders,
            seen.top_ups,
            seen.sold_out,
            seen.anomalies.len()
        ));
        anomalies += seen.anomalies.len();
    }
    ensure!(anomalies == 0, "{anomalies} anomalies");
    Ok(())
}
