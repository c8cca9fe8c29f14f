//! An import that is under way, for the session that began it.
//!
//! The file is kept between the look at it and the import in a temporary file without a name: when this process ends,
//! however it ends, the file is gone.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rollcall_proto::identity::{
    ImportColumn, ImportOptions, ImportProblem, ImportProgress, ImportResult, ImportUsersRequest,
    import_service_client::ImportServiceClient, import_users_request::Part, import_users_response::Event,
};
use rollcall_roster::outcome;
use rollcall_serve::{CancellationToken, Channel};
use tokio::{io::AsyncReadExt as _, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::{error::Error, place::Place};

/// For how long an import is kept after it last did something.
const KEPT: Duration = Duration::from_mins(30);
/// The most imports at once.
const MOST: usize = 8;
/// Problems that the page shows; the file has all.
pub(super) const SHOWN: usize = 200;
/// The bytes of a piece of the file.
const PIECE: usize = 256 * 1024;

/// The imports of all sessions.
#[derive(Clone, Default)]
pub(crate) struct Imports(Arc<Mutex<HashMap<String, Arc<Job>>>>);

impl fmt::Debug for Imports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Imports(..)")
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The file is looked at.
    Looking,
    /// It was looked at, and can be imported.
    Looked,
    /// It is imported.
    Importing,
    /// It was imported.
    Imported,
    /// It could not be looked at or imported to its end.
    Failed,
}

/// What is known of an import.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) phase: Phase,
    pub(super) columns: Vec<ImportColumn>,
    pub(super) counts: ImportProgress,
    pub(super) problems: Vec<ImportProblem>,
    pub(super) result: Option<ImportResult>,
    pub(super) failure: String,
}

/// An import.
pub(crate) struct Job {
    pub(crate) ticket: String,
    pub(crate) file_name: String,
    pub(crate) options: ImportOptions,
    parent: String,
    session: String,
    file: File,
    stop: CancellationToken,
    state: Mutex<State>,
}

struct State {
    view: View,
    /// All problems, as CSV.
    report: File,
    touched: Instant,
}

impl Imports {
    /// Takes a file over, and begins to look at it.
    pub(super) fn begin(
        &self,
        place: &Place,
        (file, file_name): (File, String),
        options: ImportOptions,
    ) -> Result<Arc<Job>, Error> {
        let mut jobs = self.lock();
        jobs.retain(|_, job| job.state().touched.elapsed() < KEPT);
        let session = place.viewer.session.name.clone();
        // Whoever begins anew has no more use for the one before.
        jobs.retain(|_, job| job.session != session || job.is_running());
        if jobs.len() >= MOST {
            // The one that nobody has looked at for longest makes room.
            let idle = jobs.values().filter(|job| !job.is_running());
            let oldest = idle.max_by_key(|job| job.state().touched.elapsed()).map(|job| job.ticket.clone());
            jobs.retain(|ticket, _| Some(ticket) != oldest.as_ref());
        }
        if jobs.len() >= MOST {
            return Err(Error::Conflict(
                "Too many imports are under way here. Try again in half an hour.".to_owned(),
            ));
        }
        let report = tempfile::tempfile().map_err(|error| broken(&error))?;
        let view = View {
            phase: Phase::Looking,
            columns: vec![],
            counts: ImportProgress::default(),
            problems: vec![],
            result: None,
            failure: String::new(),
        };
        let job = Arc::new(Job {
            ticket: uuid::Uuid::new_v4().to_string(),
            file_name,
            options,
            parent: place.name(),
            session,
            file,
            stop: CancellationToken::new(),
            state: Mutex::new(State { view, report, touched: Instant::now() }),
        });
        jobs.insert(job.ticket.clone(), Arc::clone(&job));
        Ok(job)
    }

    /// The import with this ticket, of this session and account.
    pub(super) fn find(&self, place: &Place, ticket: &str) -> Result<Arc<Job>, Error> {
        let job = self.lock().get(ticket).cloned().ok_or(Error::NotFound)?;
        if job.session != place.viewer.session.name || job.parent != place.name() {
            return Err(Error::NotFound);
        }
        job.state().touched = Instant::now();
        Ok(job)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self) -> View {
        self.state().view.clone()
    }

    fn is_running(&self) -> bool {
        matches!(self.state().view.phase, Phase::Looking | Phase::Importing)
    }

    /// All problems so far, as a file.
    pub(super) fn report(&self) -> Result<Vec<u8>, Error> {
        let mut state = self.state();
        let mut bytes = Vec::new();
        let read = state
            .report
            .seek(SeekFrom::Start(0))
            .and_then(|_| io::Read::read_to_end(&mut state.report, &mut bytes));
        read.map_err(|error| broken(&error))?;
        Ok(bytes)
    }

    /// Goes on from the look to the import; false if somebody has already.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        if state.view.phase != Phase::Looked {
            return false;
        }
        state.view.phase = Phase::Importing;
        true
    }

    /// Ends it; the rows that were imported stay.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Looks at the file, or imports it, beside the requests of pages.
    pub(super) fn run(self: &Arc<Self>, imports: ImportServiceClient<Channel>, preview: bool) {
        let job = Arc::clone(self);
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = job.stream(imports, preview) => ended,
                () = job.stop.cancelled() => Err(Status::cancelled(
                    "It was stopped. Rows that were imported before stay; import the file again to go on.",
                )),
            };
            let mut state = job.state();
            state.touched = Instant::now();
            match ended {
                Ok(()) => state.view.phase = if preview { Phase::Looked } else { Phase::Imported },
                Err(status) => {
                    state.view.phase = Phase::Failed;
                    status.message().clone_into(&mut state.view.failure);
                }
            }
        });
    }

    async fn stream(&self, mut imports: ImportServiceClient<Channel>, preview: bool) -> Result<(), Status> {
        self.clear().map_err(|error| Status::internal(error.to_string()))?;
        let (sender, requests) = mpsc::channel(2);
        let options = ImportOptions { preview, ..self.options.clone() };
        let first = ImportUsersRequest { parent: self.parent.clone(), part: Some(Part::Options(options)) };
        let file = self.file.try_clone().map_err(|error| Status::internal(error.to_string()))?;
        let feeding = feed(file, first, sender);
        let reading = async {
            let mut events = imports.import_users(ReceiverStream::new(requests)).await?.into_inner();
            while let Some(event) = events.message().await? {
                if let Some(event) = event.event {
                    self.note(event).map_err(|error| Status::internal(error.to_string()))?;
                }
            }
            Ok::<_, Status>(())
        };
        let (fed, read) = tokio::join!(feeding, reading);
        // If the service ends early, the file is not read to its end either; what the service says counts.
        read?;
        fed.map_err(|error| Status::internal(error.to_string()))?;
        if self.state().view.result.is_some() {
            Ok(())
        } else {
            Err(Status::internal("it ended without a result"))
        }
    }

    fn clear(&self) -> io::Result<()> {
        let mut state = self.state();
        state.view.problems.clear();
        state.view.result = None;
        state.view.counts = ImportProgress::default();
        state.report.set_len(0)?;
        state.report.seek(SeekFrom::Start(0))?;
        state.report.write_all(outcome::MARK.as_bytes())?;
        state.report.write_all(outcome::header().as_bytes())
    }

    fn note(&self, event: Event) -> io::Result<()> {
        let mut state = self.state();
        state.touched = Instant::now();
        match event {
            Event::Columns(columns) => state.view.columns = columns.columns,
            Event::Progress(counts) => state.view.counts = counts,
            Event::Problem(problem) => {
                let ImportProblem { line, column, who, message, warning } = &problem;
                let row = outcome::row(*line, who, *warning, column, message);
                state.report.write_all(row.as_bytes())?;
                if state.view.problems.len() < SHOWN {
                    state.view.problems.push(problem);
                }
            }
            Event::Result(result) => {
                for note in &result.notes {
                    state.report.write_all(outcome::note(note).as_bytes())?;
                }
                state.view.counts = result.counts.unwrap_or_default();
                state.view.result = Some(result);
            }
        }
        Ok(())
    }
}

/// Sends the options, and then the file in pieces.
async fn feed(
    file: File,
    first: ImportUsersRequest,
    sender: mpsc::Sender<ImportUsersRequest>,
) -> io::Result<()> {
    let mut file = tokio::fs::File::from_std(file);
    tokio::io::AsyncSeekExt::rewind(&mut file).await?;
    if sender.send(first).await.is_err() {
        return Ok(());
    }
    loop {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).await?;
        if count == 0 {
            return Ok(());
        }
        piece.truncate(count);
        let request = ImportUsersRequest { parent: String::new(), part: Some(Part::Data(piece)) };
        if sender.send(request).await.is_err() {
            return Ok(());
        }
    }
}

/// A temporary file that cannot be used.
pub(super) fn broken(error: &io::Error) -> Error {
    tracing::error!(%error, "a temporary file of an import cannot be used");
    Error::Internal
}
