//! What happens when a person may no longer use the service, whoever says so: the identity provider, an import, or an
//! administrator. One routine, inside the transaction that deactivates or deletes.
//!
//! A look-up finds the cards and secrets of active people only, so they stop working with the commit; the change that is
//! logged with it goes out to the stations. What is done here besides is what remains: they are erased if the account wants
//! that or the person is deleted, and a removal is kept, which stations confirm.

use diesel::prelude::*;
use rollcall_db::Connection;
use rollcall_proto::identity::LeaverCards;

use super::{
    cards, denied_cards,
    error::Error,
    head, secrets, settings,
    tables::{confirmations, removals},
};
use crate::vault::Vault;

/// How long removals are kept.
pub(crate) const KEPT: i64 = 90 * 24 * 60 * 60 * 1000;

/// How a person goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Going {
    /// The person is kept, and may come back.
    Deactivated,
    /// The person is deleted.
    Deleted,
}

/// Before the change is logged: erases what does not remain.
pub(crate) fn leave(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &str,
    going: Going,
) -> Result<(), Error> {
    let erased =
        going == Going::Deleted || settings::read(connection, account)?.leaver_cards() == LeaverCards::Erase;
    if erased {
        cards::erase(connection, vault, account, user)?;
        secrets::erase(connection, account, user)?;
    }
    if going == Going::Deleted {
        denied_cards::erase(connection, account, user)?;
    }
    Ok(())
}

/// After the change was logged: keeps the removal under its revision, for the stations to confirm.
pub(crate) fn record(
    connection: &mut Connection,
    account: &str,
    user: &str,
    at: i64,
    going: Going,
) -> Result<(), Error> {
    let (revision, ..) = head::read(connection, account)?;
    diesel::insert_into(removals::table)
        .values((
            removals::account_id.eq(account),
            removals::revision.eq(revision),
            removals::user_id.eq(user),
            removals::removed_at.eq(at),
            removals::deleted.eq(going == Going::Deleted),
        ))
        .execute(connection)?;
    forget_old(connection, account, at - KEPT)
}

/// Forgets a few removals from before a moment: more than come, so that none stay.
fn forget_old(connection: &mut Connection, account: &str, before: i64) -> Result<(), Error> {
    let oldest: Vec<(i64, i64)> = removals::table
        .filter(removals::account_id.eq(account))
        .order(removals::revision)
        .select((removals::revision, removals::removed_at))
        .limit(2)
        .load(connection)?;
    for (revision, _) in oldest.into_iter().filter(|(_, at)| *at < before) {
        diesel::delete(removals::table.find((account, revision))).execute(connection)?;
        diesel::delete(
            confirmations::table
                .filter(confirmations::account_id.eq(account))
                .filter(confirmations::revision.eq(revision)),
        )
        .execute(connection)?;
    }
    Ok(())
}
