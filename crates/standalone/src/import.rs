//! `rollcall import`.

mod progress;
mod report;

use std::{io, path::PathBuf};

use clap::ValueEnum;
use rollcall_proto::{
    identity::{
        AbsentUsers, ImportEncoding, ImportMode, ImportOptions, ImportUsersRequest,
        import_service_client::ImportServiceClient, import_users_request::Part, import_users_response::Event,
    },
    token::{GetConnectionRequest, connection_service_client::ConnectionServiceClient},
};
use tokio::{fs::File, io::AsyncReadExt as _, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;

use self::{progress::Progress, report::Report};
use crate::{client, error::Error};

/// The bytes of a piece of the file.
const PIECE: usize = 256 * 1024;

/// Import people and cards from a file of comma-separated values
///
/// Columns are known by their names, as SCIM, Entra ID, Okta, Google Workspace and the usual print products write them; a
/// column that is absent changes nothing. Each row is imported whole or not at all. An import that is stopped leaves the rows
/// that it had done, and can be run again. Exits with 1 when rows failed.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of the command line")]
#[command(after_long_help = "\
Examples:
  rollcall import default people.csv --preview
  rollcall import default cards.csv --cards-only
  rollcall import default people.csv --mode synchronise --absent deactivate --result result.csv
  rollcall import default export.csv --map 'Legic ID=cardNumber' --encoding windows-1252")]
pub(crate) struct Options {
    /// The account id
    account: String,
    /// The file; `-` reads standard input
    file: PathBuf,
    /// Which rows to take
    #[arg(long, value_enum, default_value_t = Mode::Both, value_name = "MODE")]
    mode: Mode,
    /// What to do with imported people who are not in the file, with `--mode synchronise`
    #[arg(long, value_enum, default_value_t = Absent::Keep, value_name = "WHAT")]
    absent: Absent,
    /// Only cards and PINs, for people who are there
    #[arg(long)]
    cards_only: bool,
    /// Say what would happen, and change nothing
    #[arg(long)]
    preview: bool,
    /// The whole file or nothing; at most 20,000 rows
    #[arg(long)]
    all_or_nothing: bool,
    /// The encoding, where it is not Unicode
    #[arg(long, value_enum, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// What a column is whose name is not known; may be given several times
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = mapping)]
    mapping: Vec<(String, String)>,
    /// Write the rows that did not go as the file says into a file
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// Import people although an identity provider is connected
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    identity: client::Identity,
    #[command(flatten)]
    client: client::Options,
}

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Create people who are not there, and leave those who are
    Add,
    /// Update people who are there; a row of anybody else fails
    Update,
    /// Create and update
    Both,
    /// Create and update, and deal with imported people who are not in the file
    Synchronise,
}

/// `--absent`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Absent {
    /// Nothing
    Keep,
    /// They are deactivated: their cards stop working
    Deactivate,
    /// They are deleted
    Delete,
}

/// `--encoding`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Encoding {
    /// As Excel saves "CSV" in western Europe
    #[value(name = "windows-1252")]
    Windows1252,
}

fn mapping(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((column, field)) if !column.is_empty() && !field.is_empty() => {
            Ok((column.to_owned(), field.to_owned()))
        }
        _ => Err("write it as COLUMN=FIELD, such as 'Legic ID=cardNumber'".to_owned()),
    }
}

impl Options {
    fn message(&self) -> ImportOptions {
        let mode = match self.mode {
            Mode::Add => ImportMode::Add,
            Mode::Update => ImportMode::Update,
            Mode::Both => ImportMode::Upsert,
            Mode::Synchronise => ImportMode::Synchronise,
        };
        let absent = match self.absent {
            Absent::Keep => AbsentUsers::Keep,
            Absent::Deactivate => AbsentUsers::Deactivate,
            Absent::Delete => AbsentUsers::Delete,
        };
        let encoding = match self.encoding {
            None => ImportEncoding::Unspecified,
            Some(Encoding::Windows1252) => ImportEncoding::Windows1252,
        };
        ImportOptions {
            mode: mode.into(),
            absent: absent.into(),
            cards_only: self.cards_only,
            preview: self.preview,
            all_or_nothing: self.all_or_nothing,
            encoding: encoding.into(),
            mapping: self.mapping.iter().cloned().collect(),
        }
    }

    /// Refuses an import of people where an identity provider keeps them, unless that is meant.
    async fn check_connection(&self) -> Result<(), Error> {
        if self.cards_only || self.preview || self.yes {
            return Ok(());
        }
        let name = format!("accounts/{}/connection", self.account);
        let mut connections = ConnectionServiceClient::new(self.client.channel()?);
        let call = connections.get_connection(GetConnectionRequest { name });
        let connection = self.client.answer(call).await?;
        if connection.last_access_time.is_none() {
            return Ok(());
        }
        Err(Error::Refused(
            "an identity provider keeps the people of this account: import cards alone with --cards-only, or people all the \
             same with --yes"
                .to_owned(),
        ))
    }
}

pub(crate) async fn run(options: Options) -> Result<(), Error> {
    options.check_connection().await?;
    let mut report = Report::open(options.result.as_deref())?;
    let channel = options.identity.channel(&options.client.peers)?;
    let requests = requests(&options).await?;
    let mut imports = ImportServiceClient::new(channel);
    let mut events = options.identity.answer(imports.import_users(ReceiverStream::new(requests))).await?;
    let mut progress = Progress::new(options.client.json);
    let ended = loop {
        let event = tokio::select! {
            event = events.message() => event,
            _ = tokio::signal::ctrl_c() => break Err(Error::Refused(
                "stopped: the rows that were imported stay; run it again to go on".to_owned(),
            )),
        };
        match event {
            Ok(Some(event)) => match event.event {
                Some(Event::Columns(columns)) => progress.columns(&columns),
                Some(Event::Problem(problem)) => {
                    report.problem(&problem)?;
                    progress.problem(&problem);
                }
                Some(Event::Progress(counts)) => progress.counts(&counts),
                Some(Event::Result(result)) => {
                    report.notes(&result.notes)?;
                    break progress.result(&result);
                }
                None => {}
            },
            Ok(None) => break Err(Error::Refused("the import ended without a result".to_owned())),
            Err(status) => break Err(options.identity.failure(&status)),
        }
    };
    progress.end();
    report.finish()?;
    ended
}

/// The requests of an import: the options, and the file in pieces, read as they are taken.
async fn requests(options: &Options) -> Result<mpsc::Receiver<ImportUsersRequest>, Error> {
    let (sender, requests) = mpsc::channel(2);
    let first = ImportUsersRequest {
        parent: format!("accounts/{}", options.account),
        part: Some(Part::Options(options.message())),
    };
    let path = options.file.clone();
    let mut file: Box<dyn tokio::io::AsyncRead + Send + Unpin> = if path.as_os_str() == "-" {
        Box::new(tokio::io::stdin())
    } else {
        let what = path.display().to_string();
        Box::new(File::open(&path).await.map_err(|source| Error::Input { what, source })?)
    };
    tokio::spawn(async move {
        if sender.send(first).await.is_err() {
            return;
        }
        loop {
            let mut piece = vec![0; PIECE];
            match file.read(&mut piece).await {
                Ok(0) => return,
                Ok(count) => piece.truncate(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    // A request that is no piece of a file ends the import without its last part.
                    tracing::error!(%error, "the file cannot be read");
                    let broken = ImportUsersRequest { parent: String::new(), part: None };
                    let _ = sender.send(broken).await;
                    return;
                }
            }
            let request = ImportUsersRequest { parent: String::new(), part: Some(Part::Data(piece)) };
            if sender.send(request).await.is_err() {
                return;
            }
        }
    });
    Ok(requests)
}
