//! `rollcall.token.v1.SessionService`.

use rollcall_db::Database;
use rollcall_proto::token::{
    CreateInvitationRequest, CreateInvitationResponse, CreateSessionRequest, CreateSessionResponse,
    EndSessionRequest, RedeemInvitationRequest, Role, Session, VerifySessionRequest,
    session_service_server::SessionService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    account_service::check_text,
    audit_service::NO_ACCOUNT,
    clock::{Clock, DAY, Millis},
    error::Error,
    name,
    store::{
        accounts, audit,
        sessions::{self, Invitation, Session as Row},
    },
    ticket::Ticket,
    timestamp,
};

const MINUTE: Millis = 60 * 1000;
const HOUR: Millis = 60 * MINUTE;
/// How long a session lasts at most.
pub const LONGEST: Millis = 12 * HOUR;
/// How long a session lasts without a request.
pub const IDLE: Millis = HOUR;
/// How long an invitation lasts where nothing else was asked.
pub const INVITATION: Millis = HOUR;
/// How often it is written that a session is alive.
const SEEN_EVERY: Millis = MINUTE;
/// For how long a session that has ended is kept.
const KEPT: Millis = 7 * DAY;

/// The session service.
#[derive(Clone)]
pub struct Sessions {
    db: Database,
    clock: Clock,
}

impl Sessions {
    /// The service over `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock }
    }

    async fn invite(&self, request: CreateInvitationRequest) -> Result<CreateInvitationResponse, Error> {
        let (role, account_id) = place(request.role, &request.account, ("role", "account"))?;
        check_text(&request.display_name, "display_name")?;
        check_text(&request.actor, "actor")?;
        let ttl = timestamp::duration(request.ttl, INVITATION, (MINUTE, 7 * DAY), "ttl")?;
        let ticket = Ticket::generate()?;
        let (hash, clock) = (ticket.hash(), self.clock.clone());
        let CreateInvitationRequest { display_name, first, actor, .. } = request;
        let expires_at = self
            .db
            .write(NO_ACCOUNT, move |c| {
                if first && sessions::any(c)? {
                    return Err(Error::NotFirst);
                }
                check_account(c, &account_id)?;
                let now = clock.now();
                sessions::purge(c, now - KEPT)?;
                let invitation = Invitation {
                    id: Uuid::now_v7().to_string(),
                    display_name,
                    role: role.into(),
                    account_id,
                    created_at: now,
                    expires_at: now.saturating_add(ttl),
                    redeemed_at: None,
                };
                sessions::insert_invitation(c, &invitation, &hash)?;
                let target = format!("invitations/{}", invitation.id);
                let account = in_account(&invitation.account_id);
                audit::record(c, account, now, &actor, "invitation.create", &target, said(role))?;
                Ok(invitation.expires_at)
            })
            .await?;
        Ok(CreateInvitationResponse {
            secret: ticket.into_exposed(),
            expire_time: Some(timestamp::of(expires_at)),
        })
    }

    async fn redeem(&self, request: RedeemInvitationRequest) -> Result<CreateSessionResponse, Error> {
        let RedeemInvitationRequest { secret, address } = request;
        check_text(&address, "address")?;
        let invitation = Ticket::parse(&secret).ok_or(Error::SignInRefused)?.hash();
        let clock = self.clock.clone();
        let ticket = Ticket::generate()?;
        let hash = ticket.hash();
        let session = self
            .db
            .write(NO_ACCOUNT, move |c| {
                let now = clock.now();
                let Some(invitation) = sessions::redeem(c, &invitation, now)? else {
                    audit::record(c, NO_ACCOUNT, now, "", "session.refuse", "", &from(&address))?;
                    return Ok(None);
                };
                let Invitation { id, display_name, role, account_id, .. } = invitation;
                let subject = format!("invitation:{id}");
                begin(c, subject, display_name, role, account_id, now, &address, &hash).map(Some)
            })
            .await?;
        Ok(answer(session.ok_or(Error::SignInRefused)?, ticket))
    }

    async fn create(&self, request: CreateSessionRequest) -> Result<CreateSessionResponse, Error> {
        let Session { subject, display_name, role, account, .. } = request.session.unwrap_or_default();
        let (role, account_id) = place(role, &account, ("session.role", "session.account"))?;
        check_text(&subject, "session.subject")?;
        check_text(&display_name, "session.display_name")?;
        check_text(&request.address, "address")?;
        if subject.is_empty() {
            return Err(Error::invalid("session.subject", "it must not be empty"));
        }
        let clock = self.clock.clone();
        let ticket = Ticket::generate()?;
        let hash = ticket.hash();
        let session = self
            .db
            .write(NO_ACCOUNT, move |c| {
                check_account(c, &account_id)?;
                let now = clock.now();
                begin(c, subject, display_name, role.into(), account_id, now, &request.address, &hash)
            })
            .await?;
        Ok(answer(session, ticket))
    }

    async fn verify(&self, request: VerifySessionRequest) -> Result<Session, Error> {
        let hash = Ticket::parse(&request.secret).ok_or(Error::SignInRefused)?.hash();
        let found = self.db.read(move |c| sessions::find(c, &hash)).await?;
        let now = self.clock.now();
        let mut row = found.filter(|row| row.ends_at() > now).ok_or(Error::SignInRefused)?;
        if now.saturating_sub(row.seen_at) >= SEEN_EVERY {
            row.seen_at = now;
            let id = row.id.clone();
            self.db.write(NO_ACCOUNT, move |c| sessions::note_seen(c, &id, now)).await?;
        }
        Ok(message(row))
    }

    async fn end(&self, request: EndSessionRequest) -> Result<(), Error> {
        let Some(ticket) = Ticket::parse(&request.secret) else { return Ok(()) };
        let (hash, now) = (ticket.hash(), self.clock.now());
        self.db
            .write(NO_ACCOUNT, move |c| {
                let Some(row) = sessions::find(c, &hash)? else { return Ok(()) };
                if sessions::end(c, &row.id, now)? {
                    let target = format!("sessions/{}", row.id);
                    let account = in_account(&row.account_id);
                    audit::record(c, account, now, &row.display_name, "session.end", &target, "")?;
                }
                Ok(())
            })
            .await
    }
}

impl Row {
    /// When it ends if nothing more is done: at once when somebody has signed out.
    fn ends_at(&self) -> Millis {
        let ends = (self.created_at.saturating_add(LONGEST)).min(self.seen_at.saturating_add(IDLE));
        self.ended_at.map_or(ends, |at| at.min(ends))
    }
}

/// What somebody may do, and in which account: operators in all, everybody else in one.
fn place(role: i32, account: &str, fields: (&'static str, &'static str)) -> Result<(Role, String), Error> {
    match Role::try_from(role) {
        Ok(Role::Unspecified) | Err(_) => Err(Error::invalid(fields.0, "it must be one of the roles")),
        Ok(Role::Operator) if account.is_empty() => Ok((Role::Operator, String::new())),
        Ok(Role::Operator) => Err(Error::invalid(fields.1, "an operator has all accounts: leave it empty")),
        Ok(role) => Ok((role, name::account(account, fields.1)?)),
    }
}

fn check_account(c: &mut rollcall_db::Connection, id: &str) -> Result<(), Error> {
    if id.is_empty() { Ok(()) } else { accounts::find(c, id).map(drop) }
}

/// The account whose audit a session is in.
fn in_account(id: &str) -> &str {
    if id.is_empty() { NO_ACCOUNT } else { id }
}

fn said(role: Role) -> &'static str {
    match role {
        Role::Unspecified => "nothing",
        Role::Operator => "operator",
        Role::AccountAdministrator => "account administrator",
        Role::CardDesk => "card desk",
        Role::ReadOnly => "read-only",
    }
}

fn from(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!("from {address}") }
}

#[allow(clippy::too_many_arguments, reason = "each is a column or the place to write it")]
fn begin(
    c: &mut rollcall_db::Connection,
    subject: String,
    display_name: String,
    role: i32,
    account_id: String,
    now: Millis,
    address: &str,
    hash: &[u8],
) -> Result<Row, Error> {
    let row = Row {
        id: Uuid::now_v7().to_string(),
        display_name: if display_name.is_empty() { subject.clone() } else { display_name },
        subject,
        role,
        account_id,
        created_at: now,
        seen_at: now,
        ended_at: None,
    };
    sessions::insert(c, &row, hash)?;
    let detail = [said(Role::try_from(role).unwrap_or_default()).to_owned(), from(address)].join(" ");
    let target = format!("sessions/{}", row.id);
    let account = in_account(&row.account_id);
    audit::record(c, account, now, &row.display_name, "session.begin", &target, detail.trim())?;
    Ok(row)
}

fn answer(session: Row, ticket: Ticket) -> CreateSessionResponse {
    CreateSessionResponse { session: Some(message(session)), secret: ticket.into_exposed() }
}

fn message(row: Row) -> Session {
    let expire_time = Some(timestamp::of(row.ends_at()));
    let Row { id, subject, display_name, role, account_id, created_at, seen_at: _, ended_at: _ } = row;
    let account = if account_id.is_empty() { String::new() } else { name::of_account(&account_id) };
    Session {
        name: format!("sessions/{id}"),
        subject,
        display_name,
        role,
        account,
        create_time: Some(timestamp::of(created_at)),
        expire_time,
    }
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn create_invitation(
        &self,
        request: Request<CreateInvitationRequest>,
    ) -> Result<Response<CreateInvitationResponse>, Status> {
        Ok(Response::new(self.invite(request.into_inner()).await?))
    }

    async fn redeem_invitation(
        &self,
        request: Request<RedeemInvitationRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        Ok(Response::new(self.redeem(request.into_inner()).await?))
    }

    async fn create_session(
        &self,
        request: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        Ok(Response::new(self.create(request.into_inner()).await?))
    }

    async fn verify_session(
        &self,
        request: Request<VerifySessionRequest>,
    ) -> Result<Response<Session>, Status> {
        Ok(Response::new(self.verify(request.into_inner()).await?))
    }

    async fn end_session(&self, request: Request<EndSessionRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(self.end(request.into_inner()).await?))
    }
}
