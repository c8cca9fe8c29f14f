//! `rollcall account export`.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{directory, records};
use crate::{client::Services, error::Error, output};

/// The format of an export.
const FORMAT: u64 = 1;

/// Write all that is known of an account and its people as JSON Lines
///
/// Each line is `{"kind": ..., "data": ...}`; the last, of the kind `end`, has the number of lines of each kind, and without it the export
/// is not whole. Tokens, PINs and passcodes are not in it, only when they were made; card numbers are as the account shows them.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall account export acme --to acme.jsonl
  rollcall account export acme | jq -c 'select(.kind == \"user\") | .data'")]
pub(crate) struct Export {
    /// The account id
    pub(super) account: String,
    /// The file, which must not be there yet, and which only its owner may read [default: standard output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    pub(super) services: Services,
}

impl Export {
    pub(super) fn name(&self) -> String {
        format!("accounts/{}", self.account)
    }
}

/// Where lines go.
pub(super) struct Lines<'a> {
    out: Box<dyn Write + 'a>,
    counts: BTreeMap<&'static str, u64>,
}

impl Lines<'_> {
    /// Writes a line.
    pub(super) fn put(&mut self, kind: &'static str, data: &Value) -> Result<(), Error> {
        *self.counts.entry(kind).or_default() += 1;
        writeln!(self.out, "{}", json!({ "kind": kind, "data": data })).map_err(Error::Output)
    }
}

pub(crate) async fn run(options: Export) -> Result<(), Error> {
    let Some(path) = &options.to else {
        return match write(&options, io::stdout()).await {
            // The reader has seen enough.
            Err(Error::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done.map(drop),
        };
    };
    if path.exists() {
        let words = format!("{} is there already; name another file", path.display());
        return Err(Error::Refused(words));
    }
    let failed = |source| Error::File { path: path.clone(), source };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    let counts = write(&options, file.as_file_mut()).await?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    let lines: u64 = counts.values().sum();
    output::print(&format!(
        "Exported the account `{}` to {}, {lines} lines.",
        options.account,
        path.display()
    ))
}

async fn write(options: &Export, out: impl Write) -> Result<BTreeMap<&'static str, u64>, Error> {
    let mut lines = Lines { out: Box::new(BufWriter::new(out)), counts: BTreeMap::new() };
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let version = env!("CARGO_PKG_VERSION");
    let begin = json!({ "format": FORMAT, "account": options.account, "time": time, "version": version });
    lines.put("export", &begin)?;
    records::write(options, &mut lines).await?;
    directory::write(options, &mut lines).await?;
    let counts = json!(lines.counts);
    lines.put("end", &counts)?;
    lines.out.flush().map_err(Error::Output)?;
    Ok(lines.counts)
}
