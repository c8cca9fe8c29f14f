//! Measures a Rollcall process from outside, over HTTP and gRPC.
//!
//! ```text
//! cargo run --release -p rollcall-bench -- report --quick
//! cargo run --release -p rollcall-bench -- --binary target/release/rollcall groups pages cards
//! ```
//!
//! Times on a shared machine say little; what is printed are ratios of what was measured in one run, taken in turn.

#![allow(
    clippy::cast_precision_loss,
    clippy::similar_names,
    reason = "counts and times to show, and few names"
)]

mod client;
mod contest;
mod flat;
mod groups;
mod import;
mod limits;
mod load;
mod lookups;
mod memory;
mod pages;
mod reads;
mod report;
mod scenarios;
mod statistics;
mod target;
mod usage;
mod watch;
mod wire;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::target::rollcall::Installation;

/// What can go wrong: the server does not start, or an answer is not the expected one. A failed answer is no
/// measurement, so every failure ends what it belongs to.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures Rollcall from outside.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
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
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Measures everything, beside what the machine can do and beside peers, and writes a page and a picture of it.
    Report(report::Options),
    /// Serves a fixed user and a fixed list of users.
    #[command(hide = true)]
    Fixed { document: PathBuf, list: PathBuf },
    /// Answers every look-up with a fixed message.
    #[command(hide = true)]
    Echo { directory: PathBuf },
}

#[derive(Clone, Copy, ValueEnum)]
enum Scenario {
    /// A one-member PATCH of a large group against one of a small group, and the memory that reading a large one takes.
    Groups,
    /// Look-ups over loopback and in process, beside a bare tonic echo that answers a fixed message of the same size.
    Cards,
    /// An import of as many people with a card each: time, and the memory of the process.
    Import,
    /// GET by id and filters by userName, beside a server that answers a fixed document.
    Reads,
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
    match options.command {
        Some(Command::Report(options)) => return report::run(options).await,
        Some(Command::Fixed { document, list }) => return target::fixed::serve(document, list).await,
        Some(Command::Echo { directory }) => return limits::echo::serve(&directory).await,
        None => {}
    }
    let directory = std::env::temp_dir();
    let installation = Installation { binary: options.binary, directory: directory.clone() };
    let server = installation.together(options.postgres.as_deref()).await?;
    let client = client::Client::connect(&server)?;
    for scenario in options.scenarios {
        match scenario {
            Scenario::Groups => groups::run(&client, &server, options.size).await?,
            Scenario::Cards => lookups::run(&client, &server, &directory, options.size).await?,
            Scenario::Import => import::run(&server, options.size).await?,
            Scenario::Reads => reads::run(&server, &directory, options.size).await?,
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

/// Says what is going on.
#[expect(clippy::print_stderr, reason = "a run takes minutes, and somebody waits")]
fn progress(line: &str) {
    eprintln!("{line}");
}
