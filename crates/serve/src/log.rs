//! Log lines, on standard error: standard output belongs to what a command prints.

use std::{io::IsTerminal as _, str::FromStr};

use tracing_subscriber::EnvFilter;

use crate::Error;

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(Error::LogFormat(other.to_owned())),
        }
    }
}

/// Installs the process's logger. `filter` has the syntax of `RUST_LOG`: `info`, `warn,rollcall_db=debug`.
///
/// # Errors
/// [`Error::LogFilter`] for a filter that cannot be parsed, [`Error::LogInstalled`] the second time.
pub fn init(format: Format, filter: &str) -> Result<(), Error> {
    let parsed = EnvFilter::try_new(filter)
        .map_err(|source| Error::LogFilter { filter: filter.to_owned(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    match format {
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| Error::LogInstalled)
}
