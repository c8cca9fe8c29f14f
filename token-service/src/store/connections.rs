//! How the connection of an account is doing, as far as it is stored.

use diesel::prelude::*;
use rollcall_db::Connection as Database;

use super::schema::connections as t;
use crate::{clock::Millis, error::Error};

/// The connection of an account; the default where nothing has come yet.
#[derive(Clone, Debug, Default, Queryable)]
pub(crate) struct Connection {
    pub(crate) last_success_at: Option<Millis>,
    pub(crate) last_write_at: Option<Millis>,
    pub(crate) first_success_at: Option<Millis>,
    pub(crate) last_failure_at: Option<Millis>,
    /// How many requests failed since one succeeded.
    pub(crate) failures: i64,
    pub(crate) last_failure: String,
    pub(crate) last_refused_at: Option<Millis>,
    pub(crate) refused_token: String,
    pub(crate) last_address: String,
    pub(crate) last_agent: String,
    /// How many entries the sync log lacks.
    pub(crate) lost: i64,
}

/// Reads the connection of an account.
pub(crate) fn find(c: &mut Database, account: &str) -> Result<Option<Connection>, Error> {
    let row = t::table.find(account).select((
        t::last_success_at,
        t::last_write_at,
        t::first_success_at,
        t::last_failure_at,
        t::failures,
        t::last_failure,
        t::last_refused_at,
        t::refused_token,
        t::last_address,
        t::last_agent,
        t::lost,
    ));
    Ok(row.first(c).optional()?)
}

/// Writes the connection of an account, whose row the caller has locked.
pub(crate) fn put(c: &mut Database, account: &str, connection: &Connection) -> Result<(), Error> {
    let values = (
        t::last_success_at.eq(connection.last_success_at),
        t::last_write_at.eq(connection.last_write_at),
        t::first_success_at.eq(connection.first_success_at),
        t::last_failure_at.eq(connection.last_failure_at),
        t::failures.eq(connection.failures),
        t::last_failure.eq(&connection.last_failure),
        t::last_refused_at.eq(connection.last_refused_at),
        t::refused_token.eq(&connection.refused_token),
        t::last_address.eq(&connection.last_address),
        t::last_agent.eq(&connection.last_agent),
        t::lost.eq(connection.lost),
    );
    if diesel::update(t::table.find(account)).set(values).execute(c)? == 0 {
        diesel::insert_into(t::table).values((t::account_id.eq(account), values)).execute(c)?;
    }
    Ok(())
}

/// Notes that a token that had ended was refused at `at`, unless a later refusal is noted already.
pub(crate) fn note_refusal(c: &mut Database, account: &str, token: &str, at: Millis) -> Result<(), Error> {
    let mut connection = find(c, account)?.unwrap_or_default();
    if connection.last_refused_at.is_none_or(|noted| noted < at) {
        connection.last_refused_at = Some(at);
        token.clone_into(&mut connection.refused_token);
        put(c, account, &connection)?;
    }
    Ok(())
}
