//! The identity service by itself. `rollcall` holds it too, with everything else.

use std::{io::Write as _, process::ExitCode};

use rollcall_identity_service::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    match rollcall_identity_service::run(rollcall_serve::config::parse::<Config>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
