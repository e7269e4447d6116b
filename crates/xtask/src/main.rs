//! The chores of the workspace: `cargo xtask --help` lists them.

mod layers;
mod new_domain;
mod reference;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Chores of the workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Write .env.example and docs/configuration.md from the settings.
    Docs,
    /// Check that no crate depends on one it must not know.
    Layers,
    /// Lay out a new domain: crates, table, routes, permissions, a job, tests.
    NewDomain(new_domain::Arguments),
    /// Lay out a domain in a copy of the workspace and check it.
    CheckNewDomain {
        /// Run the tests of the new domain as well.
        #[arg(long)]
        test: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().chore {
        Chore::Docs => reference::write(&root()),
        Chore::Layers => layers::check(&root()),
        Chore::NewDomain(arguments) => new_domain::run(&root(), &arguments),
        Chore::CheckNewDomain { test } => new_domain::check(&root(), test),
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).map_or(own.clone(), PathBuf::from)
}
