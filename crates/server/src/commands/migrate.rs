//! `sutler migrate`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use config::Settings;

use super::print;
use crate::migrations;

/// What to do with the schema.
#[derive(Subcommand)]
pub(super) enum Migrate {
    /// Apply what is missing, and give the application's role its rights.
    Up {
        /// Only so many.
        #[arg(long)]
        steps: Option<u32>,
    },
    /// Take back the last ones. Their data is lost.
    Down {
        /// So many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// Show which are applied. Ends with 1 when some are missing.
    Status,
}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode> {
        database::wait_until_up(&settings.database)
            .await
            .map_err(|fault| migrations::explained(&fault))?;
        match self {
            Self::Up { steps } => {
                let doubt = migrations::up(&settings.database, steps).await?;
                print("The schema is up to date.");
                if let Some(doubt) = doubt {
                    print(&format!("But {doubt}"));
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Down { steps } => {
                let before = applied(settings).await?;
                migrations::down(&settings.database, steps).await?;
                let taken = before.saturating_sub(applied(settings).await?);
                print(&format!("Took {taken} back."));
                Ok(ExitCode::SUCCESS)
            }
            Self::Status => {
                let all = migrations::status(&settings.database).await?;
                for migration in &all {
                    let mark = if migration.applied {
                        "applied"
                    } else {
                        "missing"
                    };
                    print(&format!("{mark}  {}", migration.name));
                }
                let complete = all.iter().all(|migration| migration.applied);
                Ok(if complete {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                })
            }
        }
    }
}

/// How many migrations are applied.
async fn applied(settings: &Settings) -> Result<usize> {
    let all = migrations::status(&settings.database).await?;
    Ok(all.iter().filter(|migration| migration.applied).count())
}
