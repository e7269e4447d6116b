//! The `sutler` binary.

use std::process::ExitCode;

use clap::Parser as _;
use server::commands::Cli;

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
