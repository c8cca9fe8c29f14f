//! The token service by itself. `rollcall` holds it too, with everything else.

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;
use rollcall_token_service::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    match rollcall_token_service::run(Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
