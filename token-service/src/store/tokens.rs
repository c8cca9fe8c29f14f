//! Tokens.

use diesel::prelude::*;
use rollcall_db::Connection;

use super::schema::tokens as t;
use crate::{clock::Millis, error::Error, life::Life};

/// A token as it is stored, without its hash.
#[derive(Clone, Debug, Queryable)]
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
        ))
        .execute(c)?;
    Ok(())
}

/// Reads a token by its id.
pub(crate) fn find(c: &mut Connection, account: &str, id: &str) -> Result<Option<Token>, Error> {
    Ok(t::table.find((account, id)).select(COLUMNS).first(c).optional()?)
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

/// Notes that a token was used at `at`, unless a later use is noted already, and retires those that it replaces: they
/// have outlived their purpose once the newer one is seen at work.
pub(crate) fn note_use(c: &mut Connection, account: &str, id: &str, at: Millis) -> Result<(), Error> {
    diesel::update(t::table.find((account, id)).filter(t::last_used_at.is_null().or(t::last_used_at.lt(at))))
        .set(t::last_used_at.eq(at))
        .execute(c)?;
    diesel::update(
        t::table.filter(t::account_id.eq(account)).filter(t::id.lt(id)).filter(t::retires_at.gt(at)),
    )
    .set(t::retires_at.eq(at))
    .execute(c)?;
    Ok(())
}
