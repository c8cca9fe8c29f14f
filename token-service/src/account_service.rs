//! `rollcall.token.v1.AccountService`.

use std::collections::BTreeMap;

use rollcall_db::{Connection, Database, residue};
use rollcall_proto::token::{
    Account, CreateAccountRequest, EraseAccountRequest, EraseAccountResponse, GetAccountRequest,
    ListAccountsRequest, ListAccountsResponse, account_service_server::AccountService,
};
use tonic::{Request, Response, Status};

use crate::{
    audit_service::NO_ACCOUNT,
    clock::Clock,
    error::Error,
    name, page,
    store::{
        OF_ACCOUNTS,
        accounts::{self, Account as Row},
        audit,
    },
    timestamp,
};

/// The most characters of a name or note.
pub(crate) const MAX_TEXT: usize = 255;

/// A number of rows that no account has.
const ALL: usize = 1 << 40;

/// The account service.
#[derive(Clone)]
pub struct Accounts {
    db: Database,
    clock: Clock,
}

impl Accounts {
    /// The service over `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn create(&self, request: CreateAccountRequest) -> Result<Account, Error> {
        let id = name::account_id(&request.account_id, "account_id")?;
        let actor = request.actor;
        check_text(&actor, "actor")?;
        let display_name = request.account.map(|account| account.display_name).unwrap_or_default();
        check_text(&display_name, "account.display_name")?;
        let row = Row {
            display_name: if display_name.is_empty() { id.clone() } else { display_name },
            created_at: self.clock.now(),
            last_access_at: None,
            id,
        };
        let account = row.id.clone();
        self.db
            .write(&account, move |c| {
                accounts::insert(c, &row)?;
                let name = name::of_account(&row.id);
                audit::record(c, &row.id, row.created_at, &actor, "account.create", &name, "")?;
                Ok(message(row))
            })
            .await
    }

    async fn get(&self, request: GetAccountRequest) -> Result<Account, Error> {
        let id = name::account(&request.name, "name")?;
        self.db.read(move |c| Ok(message(accounts::find(c, &id)?))).await
    }

    async fn erase(&self, request: EraseAccountRequest) -> Result<EraseAccountResponse, Error> {
        let EraseAccountRequest { name, actor, validate_only } = request;
        let id = name::account(&name, "name")?;
        check_text(&actor, "actor")?;
        if validate_only {
            let kept = move |c: &mut Connection| -> Result<BTreeMap<String, i64>, Error> {
                let mut rows = residue::kept(c, &id)?;
                match accounts::find(c, &id) {
                    Err(Error::NoAccount(_)) => {}
                    found => put(&mut rows, "accounts", found.map(|_| 1)?),
                }
                Ok(rows)
            };
            let rows = self.db.read(kept).await?;
            return Ok(EraseAccountResponse { complete: rows.is_empty(), rows: rows.into_iter().collect() });
        }
        let (of, by, now) = (id.clone(), actor.clone(), self.clock.now());
        // First what somebody could act by, and the record of it.
        let begin = move |c: &mut Connection| -> Result<BTreeMap<String, i64>, Error> {
            accounts::lock(c, &of)?;
            let mut rows = BTreeMap::new();
            for table in ["sessions", "invitations", "notices", "tokens"] {
                put(&mut rows, table, residue::delete(c, table, &of, ALL)?);
            }
            if !rows.is_empty() {
                let target = name::of_account(&of);
                audit::record(c, NO_ACCOUNT, now, &by, "account.erase_begin", &target, "")?;
            }
            Ok(rows)
        };
        let mut rows = match self.db.write(&id, begin).await {
            // It may have been erased half.
            Err(Error::NoAccount(_)) => BTreeMap::new(),
            rows => rows?,
        };
        let mut complete = residue::erase(&self.db, &id, &OF_ACCOUNTS, &mut rows).await?;
        if complete {
            let of = id.clone();
            let end = move |c: &mut Connection| -> Result<BTreeMap<String, i64>, Error> {
                accounts::lock(c, &of)?;
                let mut rows = BTreeMap::new();
                // What came in the meantime.
                for table in OF_ACCOUNTS {
                    put(&mut rows, table, residue::delete(c, table, &of, ALL)?);
                }
                put(&mut rows, "accounts", accounts::delete(c, &of)?.into());
                audit::record(c, NO_ACCOUNT, now, &actor, "account.erase", &name::of_account(&of), "")?;
                Ok(rows)
            };
            match self.db.write(&id, end).await {
                Err(Error::NoAccount(_)) => {}
                last => last?.into_iter().for_each(|(table, more)| *rows.entry(table).or_default() += more),
            }
            let db = self.db.clone();
            complete = tokio::task::spawn_blocking(move || residue::empty_log(&db))
                .await
                .unwrap_or(Err(rollcall_db::Error::Panicked))?;
        }
        tracing::info!(account = id, complete, "an account is being erased");
        Ok(EraseAccountResponse { rows: rows.into_iter().collect(), complete })
    }

    async fn list(&self, request: ListAccountsRequest) -> Result<ListAccountsResponse, Error> {
        let size = page::size(request.page_size)?;
        let after = match request.page_token.as_str() {
            "" => String::new(),
            token => name::account_id(token, "page_token").map_err(|_| page::unknown_token())?,
        };
        let rows = self.db.read(move |c| accounts::list(c, &after, page::limit(size))).await?;
        let (rows, next_page_token) = page::cut(rows, size, |row: &Row| row.id.clone());
        Ok(ListAccountsResponse { accounts: rows.into_iter().map(message).collect(), next_page_token })
    }
}

fn put(rows: &mut BTreeMap<String, i64>, table: &str, deleted: usize) {
    if deleted > 0 {
        rows.insert(table.to_owned(), i64::try_from(deleted).unwrap_or(i64::MAX));
    }
}

/// Checks a free text: a size that people can read, and no control characters, which terminals obey and PostgreSQL
/// refuses.
pub(crate) fn check_text(text: &str, field: &'static str) -> Result<(), Error> {
    check_long_text(text, MAX_TEXT, field)
}

/// The same for a text of up to `max` characters.
pub(crate) fn check_long_text(text: &str, max: usize, field: &'static str) -> Result<(), Error> {
    if text.chars().count() > max {
        return Err(Error::invalid(field, format!("it has more than {max} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "it has a control character"));
    }
    Ok(())
}

fn message(row: Row) -> Account {
    let Row { id, display_name, created_at, last_access_at } = row;
    Account {
        name: name::of_account(&id),
        display_name,
        create_time: Some(timestamp::of(created_at)),
        last_access_time: last_access_at.map(timestamp::of),
    }
}

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn create_account(
        &self,
        request: Request<CreateAccountRequest>,
    ) -> Result<Response<Account>, Status> {
        Ok(Response::new(self.create(request.into_inner()).await?))
    }

    async fn get_account(&self, request: Request<GetAccountRequest>) -> Result<Response<Account>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn erase_account(
        &self,
        request: Request<EraseAccountRequest>,
    ) -> Result<Response<EraseAccountResponse>, Status> {
        Ok(Response::new(self.erase(request.into_inner()).await?))
    }

    async fn list_accounts(
        &self,
        request: Request<ListAccountsRequest>,
    ) -> Result<Response<ListAccountsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }
}
