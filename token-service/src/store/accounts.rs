//! Accounts.

use diesel::prelude::*;
use rollcall_db::Connection;

use super::schema::accounts as t;
use crate::{clock::Millis, error::Error};

/// An account as it is stored.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) created_at: Millis,
    pub(crate) last_access_at: Option<Millis>,
}

/// Adds an account; the primary key refuses an id that is taken.
pub(crate) fn insert(c: &mut Connection, account: &Account) -> Result<(), Error> {
    let row = (
        t::id.eq(&account.id),
        t::display_name.eq(&account.display_name),
        t::created_at.eq(account.created_at),
        t::last_access_at.eq(account.last_access_at),
    );
    match diesel::insert_into(t::table).values(row).execute(c).map_err(rollcall_db::Error::from) {
        Ok(_) => Ok(()),
        Err(rollcall_db::Error::Unique { .. }) => Err(Error::AccountExists(account.id.clone())),
        Err(error) => Err(error.into()),
    }
}

/// Reads an account.
pub(crate) fn find(c: &mut Connection, id: &str) -> Result<Account, Error> {
    t::table.find(id).first(c).optional()?.ok_or_else(|| Error::NoAccount(id.to_owned()))
}

/// Reads up to `limit` accounts whose ids come after `after`, in the order of ids.
pub(crate) fn list(c: &mut Connection, after: &str, limit: i64) -> Result<Vec<Account>, Error> {
    Ok(t::table.filter(t::id.gt(after)).order(t::id).limit(limit).load(c)?)
}

/// Locks the account's row until the transaction ends: the first statement of every write, so that two replicas
/// take turns. SQLite needs no lock, its write transactions take turns anyway.
pub(crate) fn lock(c: &mut Connection, id: &str) -> Result<(), Error> {
    if rollcall_defect::is("no-lock") {
        return Ok(());
    }
    let row = t::table.find(id).select(t::id);
    let found: Option<String> = match c {
        Connection::Sqlite(c) => row.first(c).optional()?,
        Connection::Postgres(c) => row.for_update().first(c).optional()?,
    };
    found.map(|_| ()).ok_or_else(|| Error::NoAccount(id.to_owned()))
}

/// Notes that the account was used at `at`, unless a later use is noted already.
pub(crate) fn note_access(c: &mut Connection, id: &str, at: Millis) -> Result<(), Error> {
    diesel::update(t::table.find(id).filter(t::last_access_at.is_null().or(t::last_access_at.lt(at))))
        .set(t::last_access_at.eq(at))
        .execute(c)?;
    Ok(())
}

/// Deletes the account itself, of which nothing else may be left.
pub(crate) fn delete(c: &mut Connection, id: &str) -> Result<bool, Error> {
    Ok(diesel::delete(t::table.find(id)).execute(c)? > 0)
}
