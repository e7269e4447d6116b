//! The chores of the workspace: `cargo xtask --help` lists them.

mod layers;
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
}

fn main() -> Result<()> {
    match Arguments::parse().chore {
        Chore::Docs => reference::write(&root()),
        Chore::Layers => layers::check(&root()),
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).map_or(own.clone(), PathBuf::from)
}
