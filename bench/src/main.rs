//! Measures a Rollcall process from outside, over HTTP and gRPC.
//!
//! ```text
//! cargo run --release -p rollcall-bench -- --binary target/release/rollcall groups pages cards
//! ```
//!
//! Times on a shared machine say little; what is printed are ratios of what was measured in one run, taken in turn.

#![allow(
    clippy::cast_precision_loss,
    clippy::similar_names,
    reason = "counts and times to show, and few names"
)]

mod cards;
mod client;
mod groups;
mod import;
mod pages;
mod server;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};

/// What can go wrong: the server does not start, or an answer is not the expected one. A failed answer is no
/// measurement, so every failure ends the run.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures Rollcall from outside.
#[derive(Parser)]
struct Options {
    /// The server to measure.
    #[arg(long, default_value = "target/release/rollcall")]
    binary: PathBuf,
    /// Measure on this PostgreSQL database, which must be empty, instead of SQLite.
    #[arg(long)]
    postgres: Option<String>,
    /// The size of the large directory: members of the large group, users that are listed.
    #[arg(long, default_value_t = 100_000)]
    size: usize,
    /// What to measure.
    #[arg(required = true)]
    scenarios: Vec<Scenario>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scenario {
    /// A one-member PATCH of a large group against one of a small group, and the memory that reading a large one takes.
    Groups,
    /// Look-ups by card over loopback and in process, beside a bare tonic echo that answers a fixed message of the same size.
    Cards,
    /// An import of as many people with a card each: time, and the memory of the process.
    Import,
    /// Listing everybody by cursor while others create and delete: nobody is missed, and no page costs more.
    Pages,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Error> {
    let server = server::Server::start(&options.binary, options.postgres.as_deref())?;
    let client = client::Client::connect(&server).await?;
    for scenario in options.scenarios {
        match scenario {
            Scenario::Groups => groups::run(&client, &server, options.size).await?,
            Scenario::Cards => cards::run(&client, &server, options.size).await?,
            Scenario::Import => import::run(&server, options.size).await?,
            Scenario::Pages => pages::run(&client, options.size).await?,
        }
    }
    Ok(())
}

/// Prints a line of the report.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(line: &str) {
    println!("{line}");
}
