//! `rollcall.token.v1.AccountService`.

use rollcall_db::Database;
use rollcall_proto::token::{
    Account, CreateAccountRequest, GetAccountRequest, ListAccountsRequest, ListAccountsResponse,
    account_service_server::AccountService,
};
use tonic::{Request, Response, Status};

use crate::{
    clock::Clock,
    error::Error,
    name, page,
    store::{
        accounts::{self, Account as Row},
        audit,
    },
    timestamp,
};

/// The most characters of a name or note.
pub(crate) const MAX_TEXT: usize = 255;

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

    async fn list_accounts(
        &self,
        request: Request<ListAccountsRequest>,
    ) -> Result<Response<ListAccountsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }
}
