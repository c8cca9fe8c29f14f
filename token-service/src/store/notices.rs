//! Notices, and who is told.

use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use rollcall_db::Connection;
use rollcall_proto::token::{NoticeChannel, NoticeState};

use super::{
    schema::{notice_settings as s, notices as n, tokens as t},
    tokens::{self, Token},
};
use crate::{clock::Millis, error::Error, notice::Facts, notice::Window};

diesel::alias!(t as later: Later);

/// Who is told, as it is stored.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Settings {
    emails: String,
    pub(crate) webhook_url: String,
    pub(crate) webhook_version: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { emails: String::new(), webhook_url: String::new(), webhook_version: 1 }
    }
}

impl Settings {
    pub(crate) fn emails(&self) -> Vec<String> {
        self.emails.lines().map(str::to_owned).collect()
    }

    /// Sets the addresses, none of which has a line end.
    pub(crate) fn set_emails(&mut self, emails: &[String]) {
        self.emails = emails.join("\n");
    }

    /// Whether anybody is told by this channel.
    pub(crate) fn tells(&self, channel: NoticeChannel) -> bool {
        match channel {
            NoticeChannel::Email => !self.emails.is_empty(),
            NoticeChannel::Webhook => !self.webhook_url.is_empty(),
            NoticeChannel::Unspecified => false,
        }
    }
}

/// Reads who is told of an account.
pub(crate) fn settings(c: &mut Connection, account: &str) -> Result<Settings, Error> {
    let row = s::table.find(account).select((s::emails, s::webhook_url, s::webhook_version));
    Ok(row.first(c).optional()?.unwrap_or_default())
}

/// Writes who is told of an account, whose row is locked.
pub(crate) fn put_settings(c: &mut Connection, account: &str, settings: &Settings) -> Result<(), Error> {
    let values = (
        s::emails.eq(&settings.emails),
        s::webhook_url.eq(&settings.webhook_url),
        s::webhook_version.eq(settings.webhook_version),
    );
    if diesel::update(s::table.find(account)).set(values).execute(c)? == 0 {
        diesel::insert_into(s::table).values((s::account_id.eq(account), values)).execute(c)?;
    }
    Ok(())
}

/// One notice: who is told what, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) account: String,
    pub(crate) token: String,
    pub(crate) days: i32,
    pub(crate) channel: NoticeChannel,
}

/// Reads up to `limit` notices of a window that nobody has taken yet. One index says which tokens end in the window, so
/// the cost is that of those.
pub(crate) fn untaken(
    c: &mut Connection,
    window: Window,
    channel: NoticeChannel,
    limit: i64,
) -> Result<Vec<Key>, Error> {
    let newer = later
        .filter(later.field(t::account_id).eq(t::account_id))
        .filter(later.field(t::id).gt(t::id))
        .select(later.field(t::id));
    let taken = n::table
        .filter(n::account_id.eq(t::account_id))
        .filter(n::token_id.eq(t::id))
        .filter(n::days.eq(window.days))
        .filter(n::channel.eq(i32::from(channel)))
        .select(n::token_id);
    let query = t::table
        .inner_join(s::table.on(s::account_id.eq(t::account_id)))
        .filter(t::revoked_at.is_null())
        .filter(t::retires_at.is_null())
        .filter(t::expires_at.gt(window.after))
        .filter(t::expires_at.le(window.until))
        .filter(not(exists(newer)))
        .filter(not(exists(taken)))
        .select((t::account_id, t::id))
        .order(t::expires_at)
        .limit(limit)
        .into_boxed::<rollcall_db::Backend>();
    let query = match channel {
        NoticeChannel::Webhook => query.filter(s::webhook_url.ne("")),
        NoticeChannel::Email | NoticeChannel::Unspecified => query.filter(s::emails.ne("")),
    };
    let rows: Vec<(String, String)> = query.load(c)?;
    let key = |(account, token)| Key { account, token, days: window.days, channel };
    Ok(rows.into_iter().map(key).collect())
}

/// Reads up to `limit` notices of a channel that are to be tried again at `now`.
pub(crate) fn waiting(
    c: &mut Connection,
    now: Millis,
    channel: NoticeChannel,
    limit: i64,
) -> Result<Vec<Key>, Error> {
    let rows: Vec<(String, String, i32)> = n::table
        .filter(n::state.eq(i32::from(NoticeState::Pending)))
        .filter(n::next_at.le(now))
        .filter(n::channel.eq(i32::from(channel)))
        .select((n::account_id, n::token_id, n::days))
        .order(n::next_at)
        .limit(limit)
        .load(c)?;
    let key = |(account, token, days)| Key { account, token, days, channel };
    Ok(rows.into_iter().map(key).collect())
}

/// Reads the token of a notice, and what decides whether it is due.
pub(crate) fn subject(
    c: &mut Connection,
    account: &str,
    token: &str,
) -> Result<Option<(Token, Facts)>, Error> {
    let found = tokens::find(c, account, token)?;
    let newer = t::table.filter(t::account_id.eq(account)).filter(t::id.gt(token));
    let newest = newer.select(t::id).first::<String>(c).optional()?.is_none();
    Ok(found.map(|token| {
        let facts = Facts { created_at: token.created_at, life: token.life(), newest };
        (token, facts)
    }))
}

/// A notice as it is stored.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Notice {
    pub(crate) token_id: String,
    pub(crate) days: i32,
    pub(crate) channel: i32,
    pub(crate) state: i32,
    pub(crate) attempts: i32,
    pub(crate) attempt_at: Option<Millis>,
    pub(crate) next_at: Millis,
    pub(crate) error: String,
}

type Columns = (n::token_id, n::days, n::channel, n::state, n::attempts, n::attempt_at, n::next_at, n::error);
const COLUMNS: Columns =
    (n::token_id, n::days, n::channel, n::state, n::attempts, n::attempt_at, n::next_at, n::error);

/// Reads a notice.
pub(crate) fn find(c: &mut Connection, key: &Key) -> Result<Option<Notice>, Error> {
    let Key { account, token, days, channel } = key;
    let row = n::table.find((account, token, days, i32::from(*channel)));
    Ok(row.select(COLUMNS).first(c).optional()?)
}

/// Writes that somebody has taken a notice, for the time until `next_at`; the account's row is locked.
pub(crate) fn take(
    c: &mut Connection,
    key: &Key,
    attempts: i32,
    now: Millis,
    next_at: Millis,
) -> Result<(), Error> {
    let Key { account, token, days, channel } = key;
    let channel = i32::from(*channel);
    let values = (n::attempts.eq(attempts), n::attempt_at.eq(now), n::next_at.eq(next_at));
    if diesel::update(n::table.find((account, token, days, channel))).set(values).execute(c)? == 0 {
        let state = n::state.eq(i32::from(NoticeState::Pending));
        diesel::insert_into(n::table)
            .values((
                n::account_id.eq(account),
                n::token_id.eq(token),
                n::days.eq(days),
                n::channel.eq(channel),
                state,
                values,
            ))
            .execute(c)?;
    }
    Ok(())
}

/// Writes how a notice went.
pub(crate) fn note(
    c: &mut Connection,
    key: &Key,
    state: NoticeState,
    next_at: Millis,
    error: &str,
) -> Result<(), Error> {
    let Key { account, token, days, channel } = key;
    diesel::update(n::table.find((account, token, days, i32::from(*channel))))
        .set((n::state.eq(i32::from(state)), n::next_at.eq(next_at), n::error.eq(error)))
        .execute(c)?;
    Ok(())
}

/// The place of a notice in the list of its account: token, days, channel.
pub(crate) type Place = (String, i32, i32);

/// Reads up to `limit` notices of an account that come after a place, newest first.
pub(crate) fn list(
    c: &mut Connection,
    account: &str,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Notice>, Error> {
    let mut query = n::table
        .filter(n::account_id.eq(account))
        .select(COLUMNS)
        .order((n::token_id.desc(), n::days, n::channel))
        .limit(limit)
        .into_boxed::<rollcall_db::Backend>();
    if let Some((token, days, channel)) = after {
        let same_day = n::days.eq(days).and(n::channel.gt(channel));
        let same_token = n::token_id.eq(token.clone()).and(n::days.gt(days).or(same_day));
        query = query.filter(n::token_id.lt(token).or(same_token));
    }
    Ok(query.load(c)?)
}
