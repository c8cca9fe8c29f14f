//! One run of everything, and the page and the picture of it.

mod findings;
mod machine;
mod markdown;
mod measure;
mod plot;
mod targets;

use std::path::{Path, PathBuf};

use crate::{Error, report, target::rollcall::Installation};

/// Measures everything, and writes a page and a picture.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Small sizes and short rounds: what works, within two minutes.
    #[arg(long)]
    quick: bool,
    /// Measure the peers of bench/peers too, those that are installed.
    #[arg(long)]
    peers: bool,
    /// Where the peers' scripts are.
    #[arg(long, default_value = "bench/peers")]
    peer_scripts: PathBuf,
    /// The page; the picture is beside it, with the ending svg.
    #[arg(long, default_value = "docs/benchmarks.md")]
    out: PathBuf,
    /// The server to measure; the programs of the three services are beside it.
    #[arg(long, default_value = "target/release/rollcall")]
    binary: PathBuf,
    /// Measure on PostgreSQL too: the URL of a database of a user who may make databases.
    #[arg(long)]
    postgres: Option<String>,
    /// Hold creates on that PostgreSQL against pgbench, which must be installed, with the same statements.
    #[arg(long, requires = "postgres")]
    pgbench: bool,
    /// Where data are kept meanwhile; what is measured is the disk under it.
    #[arg(long, default_value = "target/bench")]
    data: PathBuf,
    /// Users in the directories that are compared [default: 1000; quick: 320].
    #[arg(long)]
    directory: Option<usize>,
    /// Users of the large directory, and members of the large group [default: 100000; quick: 3200].
    #[arg(long)]
    size: Option<usize>,
    /// Users of the largest directory [default: 1000000; quick: 10000].
    #[arg(long)]
    users: Option<usize>,
    /// Rounds in which all are measured in turn [default: 5; quick: 3].
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds to wait before a round for others to leave the machine alone; it goes on then all the same [default: 20; quick: 0].
    #[arg(long)]
    patience: Option<usize>,
    /// Length of a round of one server, in milliseconds [default: 2000; quick: 200].
    #[arg(long)]
    milliseconds: Option<u64>,
}

impl Options {
    fn or(&self, given: Option<usize>, full: usize, quick: usize) -> usize {
        given.unwrap_or(if self.quick { quick } else { full })
    }
}

pub(crate) async fn run(options: Options) -> Result<(), Error> {
    std::fs::create_dir_all(&options.data)?;
    let data = std::fs::canonicalize(&options.data)?;
    let installation = Installation { binary: options.binary.clone(), directory: data.clone() };
    let plan = measure::Plan {
        peers: options.peers.then(|| options.peer_scripts.clone()),
        postgres: options.postgres.clone(),
        pgbench: options.pgbench,
        directory: options.or(options.directory, 1_000, 320),
        size: options.or(options.size, 100_000, 3_200),
        users: options.or(options.users, 1_000_000, 10_000),
        rounds: options.or(options.rounds, 5, 3),
        span: std::time::Duration::from_millis(options.milliseconds.unwrap_or(if options.quick {
            200
        } else {
            2_000
        })),
        patience: std::time::Duration::from_secs(options.or(options.patience, 20, 0).try_into()?),
        stations: if options.quick { 100 } else { 1_000 },
        connections: if options.quick { 300 } else { 1_000 },
        installation,
    };
    let findings = measure::all(&plan).await?;
    let picture = options.out.with_extension("svg");
    let name = picture.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let command = command_line();
    let page = markdown::page(&findings, &plan, &machine::describe(&data)?, &command, &name);
    write(&options.out, &page)?;
    write(&picture, &plot::draw(&findings))?;
    report(&format!("{} and {}", options.out.display(), picture.display()));
    for verdict in &findings.verdicts {
        report(&verdict.line());
    }
    Ok(())
}

/// What was typed, without what is before the subcommand, and without what is of this machine alone.
fn command_line() -> String {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let mut shown = vec!["rollcall-bench".to_owned()];
    let mut instead = None;
    for argument in given {
        shown.push(instead.take().map_or_else(|| argument.clone(), ToOwned::to_owned));
        // A URL may hold a password.
        instead = match argument.as_str() {
            "--postgres" => Some("URL"),
            "--binary" | "--data" | "--out" | "--peer-scripts" => Some("PATH"),
            _ => None,
        };
    }
    shown.join(" ")
}

fn write(file: &Path, text: &str) -> Result<(), Error> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    std::fs::write(file, text).map_err(|cause| format!("cannot write {}: {cause}", file.display()).into())
}
