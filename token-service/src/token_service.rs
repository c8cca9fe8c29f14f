//! `rollcall.token.v1.TokenService`.

use rollcall_db::{Connection, Database};
use rollcall_proto::token::{
    GenerateTokenRequest, GenerateTokenResponse, ListTokensRequest, ListTokensResponse, RetireTokenRequest,
    RevokeTokenRequest, Token, TokenState, VerifyTokenRequest, VerifyTokenResponse,
    token_service_server::TokenService,
};
use rollcall_scim::provider;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    account_service::check_text,
    clock::{Clock, DAY, Millis},
    error::Error,
    last_use::LastUse,
    life::{DEFAULT_OVERLAP, DEFAULT_TTL, MAX_LIVE, MAX_OVERLAP, MAX_TTL, MIN_TTL},
    name, page,
    secret::PlainSecret,
    store::{
        accounts,
        audit::{self, Entry},
        tokens::{self, Token as Row},
    },
    timestamp,
};

/// The token service.
#[derive(Clone)]
pub struct Tokens {
    db: Database,
    clock: Clock,
    last_use: LastUse,
}

impl Tokens {
    /// The service over `db`; uses are noted in `last_use`.
    pub fn new(db: Database, clock: Clock, last_use: LastUse) -> Self {
        Self { db, clock, last_use }
    }

    async fn generate(&self, request: GenerateTokenRequest) -> Result<GenerateTokenResponse, Error> {
        let GenerateTokenRequest { parent, ttl, overlap, created_by, request_id } = request;
        let account = name::account(&parent, "parent")?;
        let ttl = timestamp::duration(ttl, DEFAULT_TTL, (MIN_TTL, MAX_TTL), "ttl")?;
        let overlap = timestamp::duration(overlap, DEFAULT_OVERLAP, (0, MAX_OVERLAP), "overlap")?;
        check_text(&created_by, "created_by")?;
        let request_id = request_id_of(&request_id)?;
        let secret = PlainSecret::generate()?;
        let hash = secret.hash();
        let prefix = secret.shown().to_owned();
        let (clock, id) = (self.clock.clone(), account.clone());
        let token = self
            .db
            .write(&account, move |c| {
                accounts::lock(c, &id)?;
                // Only now: those before us in the queue are part of what `now` must come after.
                let now = clock.now();
                // Under the lock: of two requests with one id, the second sees what the first has made.
                if let Some(request_id) = &request_id
                    && let Some(token) = tokens::find_by_request(c, &id, request_id)?
                {
                    return Err(Error::TokenMade { prefix: token.prefix });
                }
                make_room(c, &id, now, overlap)?;
                let row = Row {
                    account_id: id,
                    id: Uuid::now_v7().to_string(),
                    prefix,
                    created_at: now,
                    created_by,
                    expires_at: now.saturating_add(ttl),
                    retires_at: None,
                    revoked_at: None,
                    last_used_at: None,
                    first_used_at: None,
                    last_address: String::new(),
                    last_agent: String::new(),
                    uses_day: 0,
                    uses: 0,
                    request_id,
                };
                tokens::insert(c, &row, hash.as_bytes())?;
                record(c, &row, now, &row.created_by, "token.generate")?;
                Ok::<_, Error>(message(row, now))
            })
            .await?;
        Ok(GenerateTokenResponse { token: Some(token), secret: secret.into_exposed() })
    }

    async fn list(&self, request: ListTokensRequest) -> Result<ListTokensResponse, Error> {
        let account = name::account(&request.parent, "parent")?;
        let size = page::size(request.page_size)?;
        let before = page::uuid(&request.page_token)?;
        let rows = self
            .db
            .read(move |c| {
                accounts::find(c, &account)?;
                tokens::list(c, &account, before.as_deref(), page::limit(size))
            })
            .await?;
        let (rows, next_page_token) = page::cut(rows, size, |row| row.id.clone());
        let now = self.clock.now();
        Ok(ListTokensResponse {
            tokens: rows.into_iter().map(|row| message(row, now)).collect(),
            next_page_token,
        })
    }

    async fn revoke(&self, request: RevokeTokenRequest) -> Result<Token, Error> {
        let RevokeTokenRequest { name, actor } = request;
        self.end(&name, actor, |c, row, actor, now| {
            if row.revoked_at.is_none() {
                tokens::revoke(c, &row.account_id, &row.id, now)?;
                record(c, row, now, actor, "token.revoke")?;
            }
            Ok(())
        })
        .await
    }

    async fn retire(&self, request: RetireTokenRequest) -> Result<Token, Error> {
        let RetireTokenRequest { name, actor } = request;
        self.end(&name, actor, |c, row, actor, now| match row.life().state(now) {
            // The one that replaces it may have been revoked since: then it is the last that works.
            TokenState::Retiring if has_newer(c, row, now)? => {
                tokens::set_retires_at(c, &row.account_id, &row.id, now)?;
                record(c, row, now, actor, "token.retire").map(drop)
            }
            TokenState::Retired => Ok(()),
            _ => Err(Error::NotReplaced { prefix: row.prefix.clone() }),
        })
        .await
    }

    /// Ends a token by `how`, under the lock of its account, and reads it again.
    async fn end(
        &self,
        name: &str,
        actor: String,
        how: impl Fn(&mut Connection, &Row, &str, Millis) -> Result<(), Error> + Send + 'static,
    ) -> Result<Token, Error> {
        let (account, id) = name::token(name, "name")?;
        check_text(&actor, "actor")?;
        let (parent, clock) = (account.clone(), self.clock.clone());
        self.db
            .write(&account, move |c| {
                let unknown = || Error::NoToken(name::of_token(&parent, &id));
                accounts::lock(c, &parent).map_err(|error| match error {
                    Error::NoAccount(_) => unknown(),
                    other => other,
                })?;
                let now = clock.now();
                let row = tokens::find(c, &parent, &id)?.ok_or_else(unknown)?;
                how(c, &row, &actor, now)?;
                let row = tokens::find(c, &parent, &id)?.ok_or_else(unknown)?;
                Ok(message(row, now))
            })
            .await
    }

    /// Every refusal is [`Error::Refused`]: a stranger must not learn whether the account exists, or whether the
    /// token once worked.
    async fn verify(&self, request: VerifyTokenRequest) -> Result<VerifyTokenResponse, Error> {
        let account = name::account(&request.parent, "parent").map_err(|_| Error::Refused)?;
        let secret = PlainSecret::parse(&request.secret).map_err(|_| Error::Refused)?;
        let hash = secret.hash();
        let found = self.db.read(move |c| tokens::find_by_hash(c, &account, hash.as_bytes())).await?;
        let now = self.clock.now();
        match found {
            Some((row, stored)) if hash.matches(&stored) && row.life().is_live(now) => {
                self.last_use.note(&row.account_id, &row.id, now);
                Ok(VerifyTokenResponse { token: Some(message(row, now)) })
            }
            // A token that has ended: somebody has to be told that the identity provider still uses it.
            Some((row, stored)) if hash.matches(&stored) => {
                self.last_use.note_refusal(&row.account_id, &row.id, now);
                Err(Error::Refused)
            }
            _ => Err(Error::Refused),
        }
    }
}

/// Lets the token that is live retire after `overlap`; refuses when there is no room for another.
fn make_room(c: &mut Connection, account: &str, now: Millis, overlap: Millis) -> Result<(), Error> {
    let mut live = tokens::not_ended(c, account, now)?;
    live.retain(|token| token.life().is_live(now));
    if live.len() >= MAX_LIVE {
        let first_end = live.iter().map(|token| token.life().ends_at()).min().unwrap_or(now);
        return Err(Error::TwoLive { until: human(first_end) });
    }
    for token in live {
        // Not past its end: a token that is replaced on its last day is replaced all the same.
        let at = token.life().retiring_at(now.saturating_add(overlap)).min(token.expires_at);
        tokens::set_retires_at(c, account, &token.id, at)?;
    }
    Ok(())
}

/// Whether a newer token than this one is live.
fn has_newer(c: &mut Connection, row: &Row, now: Millis) -> Result<bool, Error> {
    let live = tokens::not_ended(c, &row.account_id, now)?;
    Ok(live.iter().any(|token| token.id > row.id && token.life().is_live(now)))
}

/// Writes into the audit what became of a token.
fn record(c: &mut Connection, row: &Row, now: Millis, actor: &str, action: &str) -> Result<Entry, Error> {
    let target = name::of_token(&row.account_id, &row.id);
    audit::record(c, &row.account_id, now, actor, action, &target, &format!("{}…", row.prefix))
}

/// A request id: a UUID, in its one spelling; none where it is empty.
fn request_id_of(text: &str) -> Result<Option<String>, Error> {
    match text {
        "" => Ok(None),
        text => Uuid::try_parse(text)
            .map(|id| Some(id.to_string()))
            .map_err(|_| Error::invalid("request_id", "it must be a UUID")),
    }
}

/// A time for people, in UTC.
fn human(time: Millis) -> String {
    chrono::DateTime::from_timestamp_millis(time)
        .map_or_else(|| "later".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}

pub(crate) fn message(row: Row, now: Millis) -> Token {
    let state = row.life().state(now);
    let Row {
        account_id,
        id,
        prefix,
        created_at,
        created_by,
        expires_at,
        retires_at,
        revoked_at,
        last_used_at,
        first_used_at,
        last_address,
        last_agent,
        uses_day,
        uses,
        request_id: _,
    } = row;
    let provider = provider::of_agent(&last_agent).map(|provider| provider.name.to_owned());
    Token {
        name: name::of_token(&account_id, &id),
        prefix,
        state: state.into(),
        create_time: Some(timestamp::of(created_at)),
        expire_time: Some(timestamp::of(expires_at)),
        retire_time: retires_at.map(timestamp::of),
        revoke_time: revoked_at.map(timestamp::of),
        last_use_time: last_used_at.map(timestamp::of),
        created_by,
        first_use_time: first_used_at.map(timestamp::of),
        last_use_address: last_address,
        last_use_agent: last_agent,
        last_use_provider: provider.unwrap_or_default(),
        uses_today: if uses_day == now.div_euclid(DAY) { uses } else { 0 },
    }
}

#[tonic::async_trait]
impl TokenService for Tokens {
    async fn generate_token(
        &self,
        request: Request<GenerateTokenRequest>,
    ) -> Result<Response<GenerateTokenResponse>, Status> {
        Ok(Response::new(self.generate(request.into_inner()).await?))
    }

    async fn list_tokens(
        &self,
        request: Request<ListTokensRequest>,
    ) -> Result<Response<ListTokensResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn revoke_token(&self, request: Request<RevokeTokenRequest>) -> Result<Response<Token>, Status> {
        Ok(Response::new(self.revoke(request.into_inner()).await?))
    }

    async fn retire_token(&self, request: Request<RetireTokenRequest>) -> Result<Response<Token>, Status> {
        Ok(Response::new(self.retire(request.into_inner()).await?))
    }

    async fn verify_token(
        &self,
        request: Request<VerifyTokenRequest>,
    ) -> Result<Response<VerifyTokenResponse>, Status> {
        Ok(Response::new(self.verify(request.into_inner()).await?))
    }
}
