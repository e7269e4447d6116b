//! `sutler migrate`.

use std::process::ExitCode;

use anyhow::{Result, ensure};
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
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
        /// Do it; without this it is only said what would be lost.
        #[arg(long)]
        yes: bool,
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
            Self::Down { steps, yes } => down(settings, steps, yes).await,
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

/// Takes migrations back, or only says which and what goes with them.
async fn down(settings: &Settings, steps: u32, yes: bool) -> Result<ExitCode> {
    let mut applied = migrations::status(&settings.database).await?;
    applied.retain(|migration| migration.applied);
    let steps = usize::try_from(steps)?;
    ensure!(
        steps <= applied.len(),
        "--steps is {steps}, and {} migrations are applied; nothing was done",
        applied.len()
    );
    let names: Vec<&str> = applied
        .iter()
        .rev()
        .take(steps)
        .map(|migration| migration.name.as_str())
        .collect();
    let tables = migration::tables_of(&names).join(", ");
    let names = names.join(", ");
    if !yes {
        print(&format!(
            "This would take back {names}.\nAll that is in these tables would be deleted: {tables};\n\
             columns that the migrations added to other tables go as well. There is no way back but a backup.\n\
             Nothing was done; to do it, run it again with --yes."
        ));
        return Ok(ExitCode::FAILURE);
    }
    migrations::down(&settings.database, u32::try_from(steps)?).await?;
    print(&format!("Took {steps} back: {names}."));
    Ok(ExitCode::SUCCESS)
}
