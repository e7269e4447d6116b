//! The `sutler` binary.

use std::process::ExitCode;

use clap::Parser as _;
use server::commands::Cli;
use tikv_jemallocator::Jemalloc;

/// Why, and with what settings: docs/decisions/0013-jemalloc.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // A panic hook or a logger may not be there yet; a person is.
            #[expect(clippy::print_stderr, reason = "this is a command line")]
            {
                eprintln!("sutler: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
