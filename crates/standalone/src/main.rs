//! Rollcall in one process, and the commands of its administrator. One file per subcommand.

mod account;
mod backup;
mod card;
mod check;
mod cli;
mod client;
mod config;
mod console;
mod conversion;
mod databases;
mod diagnose;
mod directory;
mod error;
mod import;
mod input;
mod key;
mod log;
mod migrate;
mod notice;
mod output;
mod pin;
mod serve;
mod settings;
mod station;
mod token;

use std::{path::PathBuf, process::ExitCode};

use rollcall_serve::config::{ConfigError, try_parse};

use crate::{
    cli::{Cli, Command},
    error::Error,
};

#[tokio::main]
async fn main() -> ExitCode {
    let parsed = match try_parse::<Cli>(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(ConfigError::Clap(help_or_mistake)) => {
            // Nothing is left to do when the terminal is gone.
            let _ = help_or_mistake.print();
            return if help_or_mistake.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
        Err(error) => {
            output::complain(&error.into());
            return ExitCode::FAILURE;
        }
    };
    let config = parsed.matches.get_one::<PathBuf>("config").cloned();
    match run(parsed.options, config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli, config: Option<PathBuf>) -> Result<(), Error> {
    match cli.command.unwrap_or(Command::Serve(Box::new(cli.serve))) {
        Command::Serve(options) => serve::run(*options).await,
        Command::Token(command) => token::run(command).await,
        Command::User(command) => Box::pin(directory::users(command)).await,
        Command::Group(command) => Box::pin(directory::groups(command)).await,
        Command::Card(command) => Box::pin(card::run(command)).await,
        Command::Pin(command) => Box::pin(pin::run(command)).await,
        Command::Import(options) => Box::pin(import::run(options)).await,
        Command::Conversion(command) => Box::pin(conversion::run(command)).await,
        Command::Diagnose(options) => Box::pin(diagnose::run(options)).await,
        Command::Station(command) => Box::pin(station::run(command)).await,
        Command::Key(command) => key::run(&command),
        Command::Console(command) => console::run(command).await,
        Command::Account(command) => account::run(command).await,
        Command::Notice(command) => notice::run(command).await,
        Command::Log(command) => log::run(command).await,
        Command::Check(command) => Box::pin(check::run(command)).await,
        Command::Config(command) => config::run(command, config).await,
        Command::Migrate(options) => migrate::run(&options).await,
        Command::Backup(options) => backup::backup(&options),
        Command::Restore(options) => backup::restore(&options),
    }
}
