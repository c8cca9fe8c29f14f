//! `rollcall.token.v1.AuditService`.

use rollcall_db::Database;
use rollcall_proto::token::{
    AuditEntry, ListAuditEntriesRequest, ListAuditEntriesResponse, RecordAuditEntryRequest,
    audit_service_server::AuditService,
};
use tonic::{Request, Response, Status};

use crate::{
    account_service::{check_long_text, check_text},
    clock::Clock,
    error::Error,
    name, page,
    store::{
        accounts,
        audit::{self, Entry},
    },
    timestamp,
};

/// The account of what belongs to none.
pub(crate) const NO_ACCOUNT: &str = "-";
/// The most characters of an entry's detail.
const MAX_DETAIL: usize = 1000;

/// The audit service.
#[derive(Clone)]
pub struct Audit {
    db: Database,
    clock: Clock,
}

impl Audit {
    /// The service over `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn list(&self, request: ListAuditEntriesRequest) -> Result<ListAuditEntriesResponse, Error> {
        let account = account(&request.parent)?;
        let size = page::size(request.page_size)?;
        let before = page::uuid(&request.page_token)?;
        let rows = self
            .db
            .read(move |c| {
                if account != NO_ACCOUNT {
                    accounts::find(c, &account)?;
                }
                audit::list(c, &account, before.as_deref(), page::limit(size))
            })
            .await?;
        let (rows, next_page_token) = page::cut(rows, size, |row| row.id.clone());
        Ok(ListAuditEntriesResponse { entries: rows.into_iter().map(message).collect(), next_page_token })
    }

    async fn record(&self, request: RecordAuditEntryRequest) -> Result<AuditEntry, Error> {
        let account = account(&request.parent)?;
        let AuditEntry { actor, action, target, detail, .. } = request.entry.unwrap_or_default();
        check_text(&actor, "entry.actor")?;
        check_text(&target, "entry.target")?;
        check_long_text(&detail, MAX_DETAIL, "entry.detail")?;
        if !is_action(&action) {
            return Err(Error::invalid(
                "entry.action",
                "it must be words of `a-z` and `_` joined by dots, such as `settings.update`, at most 64 characters",
            ));
        }
        let (id, now) = (account.clone(), self.clock.now());
        self.db
            .write(&account, move |c| {
                if id != NO_ACCOUNT {
                    accounts::lock(c, &id)?;
                }
                audit::record(c, &id, now, &actor, &action, &target, &detail).map(message)
            })
            .await
    }
}

/// The account id in `accounts/{account}`; `-` is one here.
fn account(parent: &str) -> Result<String, Error> {
    if parent == "accounts/-" { Ok(NO_ACCOUNT.to_owned()) } else { name::account(parent, "parent") }
}

fn is_action(text: &str) -> bool {
    text.len() <= 64
        && text
            .split('.')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}

fn message(row: Entry) -> AuditEntry {
    let Entry { account_id, id, at, actor, action, target, detail } = row;
    AuditEntry {
        name: format!("accounts/{account_id}/auditEntries/{id}"),
        time: Some(timestamp::of(at)),
        actor,
        action,
        target,
        detail,
    }
}

#[tonic::async_trait]
impl AuditService for Audit {
    async fn list_audit_entries(
        &self,
        request: Request<ListAuditEntriesRequest>,
    ) -> Result<Response<ListAuditEntriesResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn record_audit_entry(
        &self,
        request: Request<RecordAuditEntryRequest>,
    ) -> Result<Response<AuditEntry>, Status> {
        Ok(Response::new(self.record(request.into_inner()).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_dotted_words() {
        for good in ["token.generate", "sync_log.update", "x"] {
            assert!(is_action(good), "{good}");
        }
        for bad in ["", ".", "a.", "A.b", "a b", "a.b\n", &"x".repeat(65)] {
            assert!(!is_action(bad), "{bad}");
        }
    }
}
