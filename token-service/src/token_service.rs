//! `rollcall.token.v1.TokenService`.

use rollcall_db::{Connection, Database};
use rollcall_proto::token::{
    GenerateTokenRequest, GenerateTokenResponse, ListTokensRequest, ListTokensResponse, RevokeTokenRequest,
    Token, VerifyTokenRequest, VerifyTokenResponse, token_service_server::TokenService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    account_service::check_text,
    clock::{Clock, Millis},
    error::Error,
    last_use::LastUse,
    life::{DEFAULT_OVERLAP, DEFAULT_TTL, MAX_LIVE, MAX_OVERLAP, MAX_TTL, MIN_TTL},
    name, page,
    secret::PlainSecret,
    store::{
        accounts,
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
        let GenerateTokenRequest { parent, ttl, overlap, created_by, request_id: _ } = request;
        let account = name::account(&parent, "parent")?;
        let ttl = timestamp::duration(ttl, DEFAULT_TTL, (MIN_TTL, MAX_TTL), "ttl")?;
        let overlap = timestamp::duration(overlap, DEFAULT_OVERLAP, (0, MAX_OVERLAP), "overlap")?;
        check_text(&created_by, "created_by")?;
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
                };
                tokens::insert(c, &row, hash.as_bytes())?;
                Ok::<_, Error>(message(row, now))
            })
            .await?;
        Ok(GenerateTokenResponse { token: Some(token), secret: secret.into_exposed() })
    }

    async fn list(&self, request: ListTokensRequest) -> Result<ListTokensResponse, Error> {
        let account = name::account(&request.parent, "parent")?;
        let size = page::size(request.page_size)?;
        let before = match request.page_token.as_str() {
            "" => None,
            token => Some(Uuid::try_parse(token).map_err(|_| page::unknown_token())?.to_string()),
        };
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
        let (account, id) = name::token(&request.name, "name")?;
        let (parent, now) = (account.clone(), self.clock.now());
        self.db
            .write(&account, move |c| {
                let unknown = || Error::NoToken(name::of_token(&parent, &id));
                accounts::lock(c, &parent).map_err(|error| match error {
                    Error::NoAccount(_) => unknown(),
                    other => other,
                })?;
                tokens::revoke(c, &parent, &id, now)?;
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
        let at = token.life().retiring_at(now.saturating_add(overlap));
        tokens::set_retires_at(c, account, &token.id, at)?;
    }
    Ok(())
}

/// A time for people, in UTC.
fn human(time: Millis) -> String {
    chrono::DateTime::from_timestamp_millis(time)
        .map_or_else(|| "later".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn message(row: Row, now: Millis) -> Token {
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
    } = row;
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
        ..Token::default()
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

    async fn retire_token(
        &self,
        _request: Request<rollcall_proto::token::RetireTokenRequest>,
    ) -> Result<Response<Token>, Status> {
        Err(Status::unimplemented("not yet"))
    }

    async fn verify_token(
        &self,
        request: Request<VerifyTokenRequest>,
    ) -> Result<Response<VerifyTokenResponse>, Status> {
        Ok(Response::new(self.verify(request.into_inner()).await?))
    }
}
