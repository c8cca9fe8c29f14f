//! One import, on a thread of its own: rows are read as they come, and written as one transaction each, many of which share a commit.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::join_all;
use rollcall_db::Connection;
use rollcall_proto::identity::{
    AbsentUsers, ImportColumn, ImportColumns, ImportMode, ImportProblem, ImportResult, ImportUsersResponse,
    PrintUser, SecretKind, User, import_users_response::Event,
};
use rollcall_roster::{Column, Field, Options, Problem, Roster, Row};
use tokio::{runtime::Handle, sync::mpsc::Sender};
use tonic::Status;
use uuid::Uuid;

use super::{counts::Counts, pipe::Pipe};
use crate::{
    directory::Directory,
    secret::{Change, Changes},
    store::{
        error::Error,
        import::{self, Done, Plan},
    },
};

/// Rows of one batch: they share a commit.
const BATCH: usize = 200;
/// The most rows of an import that is all or nothing.
const MAX_AT_ONCE: usize = 20_000;
/// How often a row is tried again while the database is away, and how long it waits in between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

type Events = Sender<Result<ImportUsersResponse, Status>>;

/// An import that is ready to begin.
pub(super) struct Run {
    pub(super) directory: Directory,
    pub(super) account: String,
    pub(super) file: Options,
    pub(super) plan: Plan,
    pub(super) absent: AbsentUsers,
    pub(super) preview: bool,
    pub(super) all_or_nothing: bool,
    pub(super) pipe: Pipe,
}

/// A row with its secrets made ready.
type Ready = (Row, Changes);

/// What a row came to.
type Taken = (Row, Result<Done, Error>);

/// Whoever reads the answers is gone.
struct Gone;

/// Why an import ends before its time.
enum End {
    Gone,
    Failed(Error),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An import under way.
struct Import<'a> {
    directory: Directory,
    account: String,
    plan: Plan,
    preview: bool,
    runtime: &'a Handle,
    events: &'a Events,
    counts: Counts,
    /// The ids of people who are in the file, for a synchronising import.
    present: Vec<Uuid>,
}

impl Run {
    /// Imports, and tells how it goes; ends when nobody listens any more.
    pub(super) fn run(self, runtime: &Handle, events: &Events) -> Result<(), Error> {
        match self.import(runtime, events) {
            Ok(()) | Err(End::Gone) => Ok(()),
            Err(End::Failed(error)) => Err(error),
        }
    }

    fn import(self, runtime: &Handle, events: &Events) -> Result<(), End> {
        let Self { directory, account, file, plan, absent, preview, all_or_nothing, pipe } = self;
        let counts = Counts::new(pipe.count());
        let (vault, of) = (directory.vault(), account.clone());
        let conversion = runtime.block_on(directory.read(move |c| vault.conversion(c, &of)))?;
        let convert =
            Box::new(move |number: &str| conversion.apply(number).map_err(|problem| problem.to_string()));
        let mut roster = Roster::open(pipe, &file, convert)
            .map_err(|problem| Error::field("file", problem.to_string()))?;
        let mut import =
            Import { directory, account, plan, preview, runtime, events, counts, present: Vec::new() };
        import.tell(Event::Columns(columns(roster.columns())))?;
        // What is all or nothing is tried first, each row by itself, so that every row that fails can be told.
        import.preview |= all_or_nothing;
        let mut whole: Vec<Ready> = Vec::new();
        loop {
            let batch = import.read(&mut roster)?;
            let Some(batch) = batch else { break };
            let ready = import.prepare(batch)?;
            let taken = import.take(ready)?;
            for (row, outcome) in taken {
                import.tell_of(&row, &outcome)?;
                if all_or_nothing && whole.len() == MAX_AT_ONCE {
                    let problem =
                        format!("has more than {MAX_AT_ONCE} rows: that is too much for all or nothing");
                    return Err(Error::field("file", problem).into());
                }
                if all_or_nothing {
                    whole.push((row, Changes::default()));
                }
            }
        }
        if let Some(problem) = roster.failure() {
            return Err(Error::field(
                "file",
                format!("was not read to its end, and the rest was left: {problem}"),
            )
            .into());
        }
        if plan.mode == ImportMode::Synchronise {
            import.remove_absent(absent)?;
        }
        let mut nothing_changed = preview;
        if all_or_nothing && !preview {
            nothing_changed = import.counts.has_failures();
            if !nothing_changed {
                import.take_whole(whole)?;
            }
        }
        let counts = import.counts.now();
        let result = ImportResult { counts: Some(counts), nothing_changed, notes: roster.notes() };
        tracing::info!(
            account = import.account,
            rows = counts.rows,
            created = counts.created,
            updated = counts.updated,
            failed = counts.failed,
            cards = counts.cards,
            removed = counts.removed,
            nothing_changed,
            "an import ended"
        );
        Ok(import.tell(Event::Result(result))?)
    }
}

impl Import<'_> {
    /// The next rows; none at the end of the file. Rows that are none are told.
    fn read(&mut self, roster: &mut Roster<Pipe>) -> Result<Option<Vec<Row>>, End> {
        let mut batch = Vec::with_capacity(BATCH);
        for row in roster.by_ref() {
            self.counts.read();
            match row {
                Ok(row) => batch.push(row),
                Err(Problem { line, column, who, message }) => {
                    self.counts.failed();
                    self.problem(line, column.unwrap_or_default(), who, (message, false))?;
                }
            }
            if batch.len() == BATCH {
                break;
            }
        }
        self.tell_progress()?;
        Ok((!batch.is_empty()).then_some(batch))
    }

    /// Hashes the secrets of rows, a few at once; a row whose secret is refused fails.
    fn prepare(&mut self, rows: Vec<Row>) -> Result<Vec<Ready>, End> {
        let (directory, account, cards_only) = (&self.directory, &self.account, self.plan.cards_only);
        let preview = self.preview;
        let prepared = self.runtime.block_on(join_all(rows.into_iter().map(|row| async move {
            let changes = secrets(directory, account, &row, (cards_only, preview)).await;
            (row, changes)
        })));
        let mut ready = Vec::with_capacity(prepared.len());
        for (row, changes) in prepared {
            match changes {
                Ok(changes) => ready.push((row, changes)),
                Err(error) => self.tell_of(&row, &Err(error))?,
            }
        }
        Ok(ready)
    }

    /// Takes rows, each a transaction; all of them are on their way at once, and so share commits.
    fn take(&mut self, rows: Vec<Ready>) -> Result<Vec<Taken>, End> {
        let (directory, account, plan, preview) = (&self.directory, &self.account, self.plan, self.preview);
        let taken = self.runtime.block_on(join_all(rows.into_iter().map(|ready| async move {
            let ready = Arc::new(ready);
            let mut tries = 0;
            loop {
                let (vault, of, row) = (directory.vault(), account.clone(), Arc::clone(&ready));
                // What a preview came to gets out, although an error undoes it.
                let preview_of = Arc::new(Mutex::new(None));
                let out = Arc::clone(&preview_of);
                let work = move |c: &mut Connection| {
                    let done = import::take(c, &vault, &of, (&row.0, &row.1), plan)?;
                    if !preview {
                        return Ok(done);
                    }
                    *out.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
                    Err(Error::Preview)
                };
                let outcome = match directory.write(account, work).await {
                    Err(Error::Preview) => {
                        let done = preview_of.lock().unwrap_or_else(PoisonError::into_inner).take();
                        done.ok_or(Error::Preview)
                    }
                    outcome => outcome,
                };
                tries += 1;
                if tries < TRIES && matches!(&outcome, Err(Error::Database(error)) if error.is_transient()) {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                return (ready, outcome);
            }
        })));
        let mut rows = Vec::with_capacity(taken.len());
        for (ready, outcome) in taken {
            // A database that is away fails the import, not the rows.
            if let Err(Error::Database(error)) = outcome {
                return Err(Error::Database(error).into());
            }
            if let Ok(done) = &outcome
                && self.plan.mode == ImportMode::Synchronise
            {
                self.present.extend(Uuid::parse_str(&done.user));
            }
            let row = Arc::try_unwrap(ready).map_or_else(|shared| shared.0.clone(), |(row, _)| row);
            rows.push((row, outcome));
        }
        Ok(rows)
    }

    /// Takes all rows in one transaction.
    fn take_whole(&mut self, rows: Vec<Ready>) -> Result<(), End> {
        let rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
        self.preview = false;
        let mut ready = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let batch = rows.by_ref().take(BATCH).collect();
            ready.extend(self.prepare(batch)?);
        }
        let (vault, of, plan) = (self.directory.vault(), self.account.clone(), self.plan);
        let work = move |c: &mut Connection| {
            for (row, secrets) in &ready {
                import::take(c, &vault, &of, (row, secrets), plan).map_err(|error| {
                    Error::field("file", format!("line {}: {error}; nothing was imported", row.line))
                })?;
            }
            Ok(())
        };
        Ok(self.runtime.block_on(self.directory.write(&self.account, work))?)
    }

    /// Does with people who came by import and are not in the file what is to be done.
    fn remove_absent(&mut self, absent: AbsentUsers) -> Result<(), End> {
        let delete = match absent {
            AbsentUsers::Keep | AbsentUsers::Unspecified => return Ok(()),
            AbsentUsers::Deactivate => false,
            AbsentUsers::Delete => true,
        };
        self.present.sort_unstable();
        let mut after = String::new();
        loop {
            let (of, from) = (self.account.clone(), after.clone());
            let limit = i64::try_from(BATCH).unwrap_or_default();
            let read = self.directory.read(move |c| import::imported(c, &of, &from, !delete, limit));
            let page = self.runtime.block_on(read)?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(last);
            let is_present =
                |id: &String| Uuid::parse_str(id).is_ok_and(|id| self.present.binary_search(&id).is_ok());
            let gone: Vec<String> = page.into_iter().filter(|id| !is_present(id)).collect();
            self.counts.removed(i64::try_from(gone.len()).unwrap_or_default());
            if !self.preview {
                let (directory, account) = (&self.directory, &self.account);
                let removed = self.runtime.block_on(join_all(gone.into_iter().map(|id| async move {
                    let (vault, of) = (directory.vault(), account.clone());
                    directory.write(account, move |c| import::remove(c, &vault, &of, &id, delete)).await
                })));
                removed.into_iter().collect::<Result<Vec<()>, Error>>()?;
            }
            self.tell_progress()?;
        }
    }

    fn tell_of(&mut self, row: &Row, outcome: &Result<Done, Error>) -> Result<(), Gone> {
        let who: String = row.who().chars().take(80).collect();
        match outcome {
            Ok(done) => {
                self.counts.done(done);
                for warning in &done.warnings {
                    self.problem(row.line, String::new(), who.clone(), (warning.clone(), true))?;
                }
            }
            Err(error) => {
                self.counts.failed();
                self.problem(row.line, String::new(), who, (error.to_string(), false))?;
            }
        }
        Ok(())
    }

    fn problem(
        &self,
        line: u64,
        column: String,
        who: String,
        (message, warning): (String, bool),
    ) -> Result<(), Gone> {
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        self.tell(Event::Problem(ImportProblem { line, column, who, message, warning }))
    }

    fn tell_progress(&mut self) -> Result<(), Gone> {
        match self.counts.due() {
            Some(progress) => self.tell(Event::Progress(progress)),
            None if self.events.is_closed() => Err(Gone),
            None => Ok(()),
        }
    }

    fn tell(&self, event: Event) -> Result<(), Gone> {
        self.events.blocking_send(Ok(ImportUsersResponse { event: Some(event) })).map_err(|_| Gone)
    }
}

/// The secrets that a row sets, ready to be stored. In a preview they are only checked.
async fn secrets(
    directory: &Directory,
    account: &str,
    row: &Row,
    (cards_only, preview): (bool, bool),
) -> Result<Changes, Error> {
    let mut changes = Changes::default();
    let kinds = [(Field::Pin, SecretKind::Pin), (Field::Passcode, SecretKind::Passcode)];
    if kinds.iter().all(|(field, _)| row.cell(*field).text().is_none()) {
        return Ok(changes);
    }
    let (of, about) = (account.to_owned(), row.clone());
    let person = directory.read(move |c| import::person(c, &of, &about, cards_only)).await?;
    let person_named = User {
        user_name: row.who().to_owned(),
        external_id: row.cell(Field::ExternalId).text().map(str::to_owned),
        print: Some(PrintUser {
            local_user_name: row.cell(Field::LocalUserName).text().map(str::to_owned),
            ..PrintUser::default()
        }),
        ..User::default()
    };
    let names = crate::secret::names(&person_named);
    for (field, kind) in kinds {
        let Some(text) = row.cell(field).text() else { continue };
        if preview {
            directory.check(account, kind, text, &names).await?;
            continue;
        }
        let hashed = directory.hash(account, person.as_deref(), kind, text, &names).await?;
        changes.0.push((kind, Change::Set(Box::new(hashed))));
    }
    Ok(changes)
}

fn columns(columns: &[Column]) -> ImportColumns {
    let column = |Column { header, field }: &Column| ImportColumn {
        header: header.clone(),
        field: field.map_or("", Field::name).to_owned(),
    };
    ImportColumns { columns: columns.iter().map(column).collect() }
}
