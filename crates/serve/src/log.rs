//! Log lines, on standard error: standard output belongs to what a command prints.

use std::{io::IsTerminal as _, str::FromStr};

use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{Error, trace::Exporter};

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
    init_with(format, filter, None)
}

/// The same with an exporter of spans.
pub(crate) fn init_with(format: Format, filter: &str, exporter: Option<&Exporter>) -> Result<(), Error> {
    let wanted = EnvFilter::try_new(filter)
        .map_err(|source| Error::LogFilter { filter: filter.to_owned(), source })?;
    let traces = exporter.map(|exporter| {
        // What is exported does not depend on which lines are wanted.
        let ours = Targets::new().with_target("rollcall", Level::INFO);
        tracing_opentelemetry::layer().with_tracer(exporter.tracer()).with_filter(ours)
    });
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(traces);
    match format {
        Format::Text => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal()).with_filter(wanted)).try_init()
        }
        // The fields of a line are its own; what it is a part of is in `spans`, the request with its trace first.
        Format::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(false).with_filter(wanted))
            .try_init(),
    }
    .map_err(|_| Error::LogInstalled)
}
