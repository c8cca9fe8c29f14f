//! The SCIM gateway by itself. `rollcall` holds it too, with everything else.

use std::{io::Write as _, process::ExitCode};

use rollcall_scim_gateway::Options;

#[tokio::main]
async fn main() -> ExitCode {
    match rollcall_scim_gateway::run(rollcall_serve::config::parse::<Options>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
