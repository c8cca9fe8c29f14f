//! `rollcall.token.v1.ConnectionService`.

use rollcall_db::Database;
use rollcall_proto::token::{
    Connection, ConnectionState, GetConnectionRequest, connection_service_server::ConnectionService,
};
use rollcall_scim::provider;
use tonic::{Request, Response, Status};

use crate::{
    clock::{Clock, Millis},
    connection::{self, Facts, Judgement, Newest},
    error::Error,
    name,
    store::{
        accounts,
        connections::{self, Connection as Row},
        tokens,
    },
    timestamp, token_service,
};

/// The connection service.
#[derive(Clone)]
pub struct Connections {
    db: Database,
    clock: Clock,
}

impl Connections {
    /// The service over `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn get(&self, request: GetConnectionRequest) -> Result<Connection, Error> {
        let id = name::singleton(&request.name, "connection", "name")?;
        let now = self.clock.now();
        self.db
            .read(move |c| {
                let account = accounts::find(c, &id)?;
                let row = connections::find(c, &id)?.unwrap_or_default();
                let newest = tokens::newest(c, &id)?;
                let live = tokens::not_ended(c, &id, now)?;
                let refused = match row.refused_token.as_str() {
                    "" => None,
                    token => tokens::find(c, &id, token)?,
                };
                let facts = Facts {
                    newest: newest
                        .as_ref()
                        .map(|token| Newest { life: token.life(), prefix: token.prefix.clone() }),
                    is_live: live.iter().any(|token| token.life().is_live(now)),
                    since: tokens::first_created(c, &id)?,
                    last_access: account.last_access_at,
                    first_success: row.first_success_at,
                    last_success: row.last_success_at,
                    last_write: row.last_write_at,
                    last_failure: row.last_failure_at,
                    failure: row.last_failure.clone(),
                    failures: row.failures,
                    last_refusal: row.last_refused_at,
                    refused_prefix: refused.map(|token| token.prefix).unwrap_or_default(),
                    provider: provider::of_agent(&row.last_agent),
                };
                Ok(message(&id, &facts, row, newest, now))
            })
            .await
    }
}

fn message(account: &str, facts: &Facts, row: Row, newest: Option<tokens::Token>, now: Millis) -> Connection {
    let Judgement { state, late_since, warnings } = connection::judge(facts, now);
    let Row {
        last_success_at,
        last_write_at,
        first_success_at: _,
        last_failure_at,
        failures,
        last_failure,
        last_refused_at,
        refused_token,
        last_address,
        last_agent,
        lost,
    } = row;
    let rhythm = facts.provider.and_then(|provider| provider.rhythm);
    Connection {
        name: name::of_singleton(account, "connection"),
        state: ConnectionState::into(state),
        provider: facts.provider.map(|provider| provider.name.to_owned()).unwrap_or_default(),
        last_access_time: facts.last_access.map(timestamp::of),
        last_success_time: last_success_at.map(timestamp::of),
        last_write_time: last_write_at.map(timestamp::of),
        last_failure_time: last_failure_at.map(timestamp::of),
        failures_since_success: failures,
        last_failure,
        last_refusal_time: last_refused_at.map(timestamp::of),
        refused_token: if refused_token.is_empty() {
            String::new()
        } else {
            name::of_token(account, &refused_token)
        },
        rhythm: rhythm.and_then(|rhythm| rhythm.try_into().ok()),
        late_since_time: late_since.map(timestamp::of),
        token: newest.map(|token| token_service::message(token, now)),
        warnings,
        last_address,
        last_agent,
        lost_sync_entries: lost,
    }
}

#[tonic::async_trait]
impl ConnectionService for Connections {
    async fn get_connection(
        &self,
        request: Request<GetConnectionRequest>,
    ) -> Result<Response<Connection>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }
}
