//! `rollcall.token.v1.SyncLogService`.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_db::{Connection, Database};
use rollcall_proto::token::{
    GetSyncEntryRequest, GetSyncLogSettingsRequest, ListSyncEntriesRequest, ListSyncEntriesResponse,
    RecordSyncEntriesRequest, RecordSyncEntriesResponse, SyncEntry, SyncKind, SyncLogSettings, SyncResult,
    UpdateSyncLogSettingsRequest, sync_log_service_server::SyncLogService,
};
use tokio::task::JoinSet;
use tonic::{Request, Response, Status};

use crate::{
    account_service::check_text,
    clock::{Clock, Millis},
    error::Error,
    name, page,
    store::{
        accounts, audit,
        sync_log::{self as store, Entry, Query},
        tokens, usage,
    },
    sync_log::{self, KEEP_DAYS},
};

/// The most entries in one call.
const MAX_ENTRIES: usize = 1000;
/// The most that may be lost at once: more than can be is a mistake.
const MAX_LOST: i64 = 1_000_000_000;
/// How many accounts are written at once: well below the queue of the database.
const AT_ONCE: usize = 64;
/// The longest that entries are kept, in days.
const MAX_KEEP_DAYS: i32 = 365;
const SETTINGS: &str = "syncLogSettings";

/// The sync log service.
#[derive(Clone)]
pub struct SyncLog {
    db: Database,
    clock: Clock,
    max_entries: i64,
}

/// What is recorded of an account.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    lost: i64,
}

impl SyncLog {
    /// The service over `db`, whose accounts keep up to `max_entries` entries each.
    pub fn new(db: Database, clock: Clock, max_entries: i64) -> Self {
        Self { db, clock, max_entries }
    }

    async fn record(&self, request: RecordSyncEntriesRequest) -> Result<RecordSyncEntriesResponse, Error> {
        let RecordSyncEntriesRequest { entries, lost } = request;
        if entries.len() > MAX_ENTRIES || lost.len() > MAX_ENTRIES {
            return Err(Error::invalid("entries", format!("at most {MAX_ENTRIES} can be recorded at once")));
        }
        let now = self.clock.now();
        let mut batches: BTreeMap<String, Batch> = BTreeMap::new();
        for row in entries.into_iter().filter_map(|entry| sync_log::row(entry, now)) {
            batches.entry(row.account_id.clone()).or_default().entries.push(row);
        }
        for lost in lost {
            if let Ok(account) = name::account(&lost.account, "lost") {
                let batch = batches.entry(account).or_default();
                batch.lost = batch.lost.saturating_add(lost.count.clamp(0, MAX_LOST));
            }
        }
        let mut running = JoinSet::new();
        let mut result = Ok(());
        for (account, batch) in batches {
            if running.len() >= AT_ONCE {
                result = result.and(joined(running.join_next().await));
            }
            let db = self.db.clone();
            running.spawn(async move {
                let id = account.clone();
                match db.write(&account, move |c| write(c, &id, batch)).await {
                    Err(Error::NoAccount(_)) => Ok(()),
                    result => result,
                }
            });
        }
        while let Some(one) = running.join_next().await {
            result = result.and(joined(Some(one)));
        }
        result.map(|()| RecordSyncEntriesResponse {})
    }

    async fn list(&self, request: ListSyncEntriesRequest) -> Result<ListSyncEntriesResponse, Error> {
        let size = page::size(request.page_size)?;
        let query = query(&request)?;
        let (lines, looked_to) = self
            .db
            .read(move |c| {
                accounts::find(c, &query.account)?;
                let page = store::list(c, &query, page::limit(size))?;
                Ok::<_, Error>((page.lines, page.looked_to))
            })
            .await?;
        let (lines, mut next_page_token) = page::cut(lines, size, |line| line.id.clone());
        if next_page_token.is_empty() {
            next_page_token = looked_to.unwrap_or_default();
        }
        Ok(ListSyncEntriesResponse {
            entries: lines.into_iter().map(sync_log::message).collect(),
            next_page_token,
        })
    }

    async fn get(&self, request: GetSyncEntryRequest) -> Result<SyncEntry, Error> {
        let (account, id) = name::sync_entry(&request.name, "name")?;
        let found = self.db.read(move |c| store::find(c, &account, &id)).await?;
        let (line, body) = found.ok_or(Error::NoSyncEntry(request.name))?;
        Ok(SyncEntry { body, ..sync_log::message(line) })
    }

    async fn settings(&self, request: GetSyncLogSettingsRequest) -> Result<SyncLogSettings, Error> {
        let account = name::singleton(&request.name, SETTINGS, "name")?;
        let keep_days = self
            .db
            .read(move |c| {
                accounts::find(c, &account)?;
                store::keep_days(c, &account)
            })
            .await?;
        Ok(self.settings_message(request.name, keep_days.unwrap_or(KEEP_DAYS)))
    }

    async fn update(&self, request: UpdateSyncLogSettingsRequest) -> Result<SyncLogSettings, Error> {
        let UpdateSyncLogSettingsRequest { settings, actor } = request;
        let SyncLogSettings { name, keep_days, .. } = settings.unwrap_or_default();
        let account = name::singleton(&name, SETTINGS, "settings.name")?;
        check_text(&actor, "actor")?;
        if !(1..=MAX_KEEP_DAYS).contains(&keep_days) {
            return Err(Error::invalid(
                "settings.keep_days",
                format!("it must be 1 to {MAX_KEEP_DAYS} days"),
            ));
        }
        let (now, id, target) = (self.clock.now(), account.clone(), name.clone());
        self.db
            .write(&account, move |c| {
                accounts::lock(c, &id)?;
                let before = store::keep_days(c, &id)?.unwrap_or(KEEP_DAYS);
                store::set_keep_days(c, &id, keep_days)?;
                if before != keep_days {
                    let detail = format!("keep_days: {before} -> {keep_days}");
                    audit::record(c, &id, now, &actor, "sync_log.update", &target, &detail)?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        Ok(self.settings_message(name, keep_days))
    }

    fn settings_message(&self, name: String, keep_days: i32) -> SyncLogSettings {
        SyncLogSettings { name, keep_days, max_entries: self.max_entries }
    }
}

/// A task that panicked has said so in the log; its batch is not written.
fn joined(task: Option<Result<Result<(), Error>, tokio::task::JoinError>>) -> Result<(), Error> {
    task.unwrap_or(Ok(Ok(()))).unwrap_or(Err(Error::Database(rollcall_db::Error::Panicked)))
}

/// Writes what is new of a batch: it may have been written before, and the answer lost.
fn write(c: &mut Connection, account: &str, batch: Batch) -> Result<(), Error> {
    accounts::lock(c, account)?;
    let Batch { mut entries, lost } = batch;
    let mut live = BTreeMap::new();
    for token in entries.iter().map(|entry| &entry.token_id).collect::<BTreeSet<_>>() {
        live.insert(token.clone(), tokens::find(c, account, token)?.is_some());
    }
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.clone()).collect();
    let mut seen: BTreeSet<_> = store::known(c, account, &ids)?.into_iter().collect();
    entries.retain(|entry| live.get(&entry.token_id) == Some(&true) && seen.insert(entry.id.clone()));
    store::insert(c, &entries)?;
    usage::note(c, account, &entries, sync_log::is_write)?;
    if lost > 0 { usage::note_lost(c, account, lost) } else { Ok(()) }
}

/// Checks what is asked for.
fn query(request: &ListSyncEntriesRequest) -> Result<Query, Error> {
    check_text(&request.resource_id, "resource_id")?;
    check_text(&request.subject, "subject")?;
    let kind = SyncKind::try_from(request.kind).map_err(|_| Error::invalid("kind", "it is not a kind"))?;
    let result =
        SyncResult::try_from(request.result).map_err(|_| Error::invalid("result", "it is not a result"))?;
    let first_id = |at: Millis| sync_log::first_id(at);
    let from = request.start_time.as_ref().map(|time| first_id(sync_log::ceiling(time)));
    let end = request.end_time.as_ref().map(|time| first_id(sync_log::ceiling(time)));
    let before = page::uuid(&request.page_token)?;
    Ok(Query {
        account: name::account(&request.parent, "parent")?,
        before: match (before, end) {
            (Some(before), Some(end)) => Some(before.min(end)),
            (before, end) => before.or(end),
        },
        from,
        resource_id: request.resource_id.clone(),
        subject: request.subject.to_lowercase(),
        kind: (kind != SyncKind::Unspecified).then(|| kind.into()),
        failed: match result {
            SyncResult::Unspecified => None,
            SyncResult::Succeeded => Some(false),
            SyncResult::Failed => Some(true),
        },
        writes: request.writes_only.then_some(sync_log::WRITES),
    })
}

#[tonic::async_trait]
impl SyncLogService for SyncLog {
    async fn record_sync_entries(
        &self,
        request: Request<RecordSyncEntriesRequest>,
    ) -> Result<Response<RecordSyncEntriesResponse>, Status> {
        Ok(Response::new(self.record(request.into_inner()).await?))
    }

    async fn list_sync_entries(
        &self,
        request: Request<ListSyncEntriesRequest>,
    ) -> Result<Response<ListSyncEntriesResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn get_sync_entry(
        &self,
        request: Request<GetSyncEntryRequest>,
    ) -> Result<Response<SyncEntry>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn get_sync_log_settings(
        &self,
        request: Request<GetSyncLogSettingsRequest>,
    ) -> Result<Response<SyncLogSettings>, Status> {
        Ok(Response::new(self.settings(request.into_inner()).await?))
    }

    async fn update_sync_log_settings(
        &self,
        request: Request<UpdateSyncLogSettingsRequest>,
    ) -> Result<Response<SyncLogSettings>, Status> {
        Ok(Response::new(self.update(request.into_inner()).await?))
    }
}
