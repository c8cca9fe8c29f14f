//! Tokens.

use diesel::prelude::*;
use rollcall_db::Connection;

use super::{audit, schema::tokens as t};
use crate::{
    clock::Millis,
    error::Error,
    life::{Life, is_settled},
    name,
};

/// A token as it is stored, without its hash.
#[derive(Clone, Debug, Default, Queryable)]
pub(crate) struct Token {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) prefix: String,
    pub(crate) created_at: Millis,
    pub(crate) created_by: String,
    pub(crate) expires_at: Millis,
    pub(crate) retires_at: Option<Millis>,
    pub(crate) revoked_at: Option<Millis>,
    pub(crate) last_used_at: Option<Millis>,
    pub(crate) first_used_at: Option<Millis>,
    pub(crate) last_address: String,
    pub(crate) last_agent: String,
    /// The day of `uses`, counted from the Unix epoch.
    pub(crate) uses_day: i64,
    pub(crate) uses: i64,
    pub(crate) request_id: Option<String>,
}

type Columns = (
    t::account_id,
    t::id,
    t::prefix,
    t::created_at,
    t::created_by,
    t::expires_at,
    t::retires_at,
    t::revoked_at,
    t::last_used_at,
    t::first_used_at,
    t::last_address,
    t::last_agent,
    t::uses_day,
    t::uses,
    t::request_id,
);
const COLUMNS: Columns = (
    t::account_id,
    t::id,
    t::prefix,
    t::created_at,
    t::created_by,
    t::expires_at,
    t::retires_at,
    t::revoked_at,
    t::last_used_at,
    t::first_used_at,
    t::last_address,
    t::last_agent,
    t::uses_day,
    t::uses,
    t::request_id,
);

impl Token {
    pub(crate) fn life(&self) -> Life {
        Life { expires_at: self.expires_at, retires_at: self.retires_at, revoked_at: self.revoked_at }
    }
}

/// Adds a token.
pub(crate) fn insert(c: &mut Connection, token: &Token, hash: &[u8]) -> Result<(), Error> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(&token.account_id),
            t::id.eq(&token.id),
            t::hash.eq(hash),
            t::prefix.eq(&token.prefix),
            t::created_at.eq(token.created_at),
            t::created_by.eq(&token.created_by),
            t::expires_at.eq(token.expires_at),
            t::retires_at.eq(token.retires_at),
            t::revoked_at.eq(token.revoked_at),
            t::last_used_at.eq(token.last_used_at),
            t::request_id.eq(&token.request_id),
        ))
        .execute(c)?;
    Ok(())
}

/// Reads a token by its id.
pub(crate) fn find(c: &mut Connection, account: &str, id: &str) -> Result<Option<Token>, Error> {
    Ok(t::table.find((account, id)).select(COLUMNS).first(c).optional()?)
}

/// Reads the token that a request made.
pub(crate) fn find_by_request(
    c: &mut Connection,
    account: &str,
    request_id: &str,
) -> Result<Option<Token>, Error> {
    let row = t::table.filter(t::account_id.eq(account)).filter(t::request_id.eq(request_id)).select(COLUMNS);
    Ok(row.first(c).optional()?)
}

/// Reads the newest token of an account that was not revoked.
pub(crate) fn newest(c: &mut Connection, account: &str) -> Result<Option<Token>, Error> {
    let row = t::table.filter(t::account_id.eq(account)).filter(t::revoked_at.is_null());
    Ok(row.order(t::id.desc()).select(COLUMNS).first(c).optional()?)
}

/// Reads when the first token of an account was made.
pub(crate) fn first_created(c: &mut Connection, account: &str) -> Result<Option<Millis>, Error> {
    let row = t::table.filter(t::account_id.eq(account)).order(t::id.asc()).select(t::created_at);
    Ok(row.first(c).optional()?)
}

/// Reads a token, and the hash that is stored of it, by its hash.
pub(crate) fn find_by_hash(
    c: &mut Connection,
    account: &str,
    hash: &[u8],
) -> Result<Option<(Token, Vec<u8>)>, Error> {
    let row = t::table.filter(t::account_id.eq(account)).filter(t::hash.eq(hash)).select((COLUMNS, t::hash));
    Ok(row.first(c).optional()?)
}

/// Reads the tokens of an account that are neither revoked nor expired at `now`. The caller asks their [`Life`].
pub(crate) fn not_ended(c: &mut Connection, account: &str, now: Millis) -> Result<Vec<Token>, Error> {
    Ok(t::table
        .filter(t::account_id.eq(account))
        .filter(t::revoked_at.is_null())
        .filter(t::expires_at.gt(now))
        .select(COLUMNS)
        .load(c)?)
}

/// Reads up to `limit` tokens of an account, newest first, that are older than the token `before`. Ids are UUIDs of
/// version 7: their order is that of their making.
pub(crate) fn list(
    c: &mut Connection,
    account: &str,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Token>, Error> {
    let mut query = t::table
        .filter(t::account_id.eq(account))
        .select(COLUMNS)
        .order(t::id.desc())
        .limit(limit)
        .into_boxed::<rollcall_db::Backend>();
    if let Some(before) = before {
        query = query.filter(t::id.lt(before.to_owned()));
    }
    Ok(query.load(c)?)
}

/// Sets when a token retires.
pub(crate) fn set_retires_at(c: &mut Connection, account: &str, id: &str, at: Millis) -> Result<(), Error> {
    diesel::update(t::table.find((account, id))).set(t::retires_at.eq(at)).execute(c)?;
    Ok(())
}

/// Revokes a token unless it is revoked already.
pub(crate) fn revoke(c: &mut Connection, account: &str, id: &str, at: Millis) -> Result<(), Error> {
    diesel::update(t::table.find((account, id)).filter(t::revoked_at.is_null()))
        .set(t::revoked_at.eq(at))
        .execute(c)?;
    Ok(())
}

/// Notes that a token was used at `at`, unless a later use is noted already.
pub(crate) fn note_use(c: &mut Connection, account: &str, id: &str, at: Millis) -> Result<(), Error> {
    let token = t::table.find((account, id));
    diesel::update(token.filter(t::last_used_at.is_null().or(t::last_used_at.lt(at))))
        .set(t::last_used_at.eq(at))
        .execute(c)?;
    diesel::update(token.filter(t::first_used_at.is_null())).set(t::first_used_at.eq(at)).execute(c)?;
    Ok(())
}

/// Retires the tokens that a token replaces, once it has taken their place ([`is_settled`]). To be asked when all uses up
/// to `at` are noted, and of a token that works: the last that does must not go.
pub(crate) fn settle(c: &mut Connection, account: &str, id: &str, at: Millis) -> Result<(), Error> {
    let older: Vec<Token> = t::table
        .filter(t::account_id.eq(account))
        .filter(t::id.lt(id))
        .filter(t::retires_at.gt(at))
        .select(COLUMNS)
        .load(c)?;
    if older.is_empty() {
        return Ok(());
    }
    let Some(newer) = find(c, account, id)?.filter(|token| token.life().is_live(at)) else { return Ok(()) };
    for token in older.into_iter().filter(|older| is_settled(newer.first_used_at, older.last_used_at, at)) {
        set_retires_at(c, account, &token.id, at)?;
        let target = name::of_token(account, &token.id);
        let why = format!("{}… by itself: {}… has taken its place", token.prefix, newer.prefix);
        audit::record(c, account, at, "rollcall", "token.retire", &target, &why)?;
    }
    Ok(())
}
