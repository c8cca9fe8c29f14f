//! Steps of the upkeep, each a short transaction.

use diesel::prelude::*;
use rollcall_card::keyring::Keyring;
use rollcall_db::Connection;

use super::{
    cards::{self, Row},
    clock, denied_cards,
    error::Error,
    head,
    tables::{cards as table, changes, denied_cards as denied, heads},
};
use crate::vault::Vault;

/// Rows of one step.
const PAGE: i64 = 200;
/// How long changes are kept.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1000;
/// The changes of an account that are kept however old they are: a station that was off for a month in a quiet house needs no
/// snapshot.
const ALWAYS_KEPT: i64 = 10_000;

/// All accounts.
pub(crate) fn accounts(connection: &mut Connection) -> Result<Vec<String>, Error> {
    Ok(heads::table.select(heads::account_id).order(heads::account_id).load(connection)?)
}

/// An account whose cards are kept by a key that is not in the ring, and that key.
pub(crate) fn lost_key(
    connection: &mut Connection,
    ring: &Keyring,
) -> Result<Option<(String, String)>, Error> {
    for account in accounts(connection)? {
        let mut after = String::new();
        loop {
            let next: Option<String> = table::table
                .filter(table::account_id.eq(&account))
                .filter(table::key_id.gt(&after))
                .order(table::key_id)
                .select(table::key_id)
                .first(connection)
                .optional()?;
            let Some(key) = next else { break };
            if !ring.ids().any(|id| id == key) {
                return Ok(Some((account, key)));
            }
            after = key;
        }
    }
    Ok(None)
}

/// Seals a few cards by the current key that are sealed by another; how many.
pub(crate) fn seal(connection: &mut Connection, vault: &Vault, account: &str) -> Result<usize, Error> {
    let current = vault.ring().current().to_owned();
    // Two indexes' ranges instead of one "is not": the keys of the ring are few, those of an account are one or two.
    let other = |below: bool| {
        let query = table::table.filter(table::account_id.eq(account.to_owned())).into_boxed();
        let query = if below {
            query.filter(table::key_id.lt(current.clone()))
        } else {
            query.filter(table::key_id.gt(current.clone()))
        };
        query.limit(PAGE)
    };
    let mut rows: Vec<Row> = other(true).load(connection)?;
    if rows.is_empty() {
        rows = other(false).load(connection)?;
    }
    if rows.is_empty() {
        return seal_denied(connection, vault, account, &current);
    }
    head::lock(connection, account)?;
    for row in &rows {
        let number = row.number(vault)?;
        let tags = cards::tags(connection, vault, account, &number)?;
        let (key_id, sealed) = vault.seal(account, &row.id, &number)?;
        diesel::update(table::table.find((account, &row.id)).filter(table::tag.eq(&row.tag)))
            .set((table::tag.eq(tags.current()), table::key_id.eq(key_id), table::sealed.eq(sealed)))
            .execute(connection)?;
    }
    Ok(rows.len())
}

fn seal_denied(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    current: &str,
) -> Result<usize, Error> {
    let rows: Vec<denied_cards::Row> = denied::table
        .filter(denied::account_id.eq(account))
        .filter(denied::key_id.ne(current))
        .limit(PAGE)
        .load(connection)?;
    for row in &rows {
        let number = row.number(vault)?;
        let tags = cards::tags(connection, vault, account, &number)?;
        let (key_id, sealed) = vault.seal(account, &row.id, &number)?;
        diesel::update(denied::table.find((account, &row.id)))
            .set((denied::tag.eq(tags.current()), denied::key_id.eq(key_id), denied::sealed.eq(sealed)))
            .execute(connection)?;
    }
    Ok(rows.len())
}

/// Forgets a few changes that are old; how many.
pub(crate) fn forget(connection: &mut Connection, account: &str) -> Result<usize, Error> {
    let (newest, ..) = head::read(connection, account)?;
    let oldest: Vec<(i64, i64)> = changes::table
        .filter(changes::account_id.eq(account))
        .filter(changes::revision.le(newest - ALWAYS_KEPT))
        .order(changes::revision)
        .select((changes::revision, changes::changed_at))
        .limit(PAGE)
        .load(connection)?;
    let before = clock::now() - KEPT;
    let Some((last, _)) = oldest.iter().take_while(|(_, at)| *at < before).last() else { return Ok(0) };
    head::lock(connection, account)?;
    diesel::update(heads::table.find(account).filter(heads::oldest_revision.lt(last)))
        .set(heads::oldest_revision.eq(last))
        .execute(connection)?;
    let old = changes::table.filter(changes::account_id.eq(account)).filter(changes::revision.le(last));
    Ok(diesel::delete(old).execute(connection)?)
}
