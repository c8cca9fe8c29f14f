//! Who changed what.

use std::sync::Mutex;

use diesel::prelude::*;
use rollcall_db::Connection;
use uuid::{ContextV7, Timestamp, Uuid};

use super::schema::audit_entries as t;
use crate::{clock::Millis, error::Error};

/// An entry as it is stored.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Entry {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) at: Millis,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) detail: String,
}

/// Reads up to `limit` entries of an account, newest first, that are older than the entry `before`.
pub(crate) fn list(
    c: &mut Connection,
    account: &str,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let mut query = t::table
        .filter(t::account_id.eq(account))
        .order(t::id.desc())
        .limit(limit)
        .into_boxed::<rollcall_db::Backend>();
    if let Some(before) = before {
        query = query.filter(t::id.lt(before.to_owned()));
    }
    Ok(query.load(c)?)
}

/// Writes an entry, within the transaction of the change. The account `-` has what belongs to none.
pub(crate) fn record(
    c: &mut Connection,
    account: &str,
    now: Millis,
    actor: &str,
    action: &str,
    target: &str,
    detail: &str,
) -> Result<Entry, Error> {
    let actor = if actor.is_empty() { "unknown" } else { actor };
    let entry = Entry {
        account_id: account.to_owned(),
        id: id_at(now),
        at: now,
        actor: actor.to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        detail: detail.to_owned(),
    };
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(&entry.account_id),
            t::id.eq(&entry.id),
            t::at.eq(entry.at),
            t::actor.eq(&entry.actor),
            t::action.eq(&entry.action),
            t::target.eq(&entry.target),
            t::detail.eq(&entry.detail),
        ))
        .execute(c)?;
    Ok(entry)
}

/// Keeps ids of one millisecond in the order in which they were made.
static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A new id whose order is that of its making: a UUID of version 7.
fn id_at(at: Millis) -> String {
    let seconds = u64::try_from(at.div_euclid(1000)).unwrap_or_default();
    let nanos = u32::try_from(at.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(&ORDER, seconds, nanos)).to_string()
}
