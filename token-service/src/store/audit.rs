//! Who changed what.

use diesel::prelude::*;
use rollcall_db::Connection;
use uuid::{NoContext, Timestamp, Uuid};

use super::schema::audit_entries as t;
use crate::{clock::Millis, error::Error};

/// Writes an entry, within the transaction of the change. The account `-` has what belongs to none.
pub(crate) fn record(
    c: &mut Connection,
    account: &str,
    now: Millis,
    actor: &str,
    action: &str,
    target: &str,
    detail: &str,
) -> Result<(), Error> {
    let seconds = u64::try_from(now.div_euclid(1000)).unwrap_or_default();
    let nanos = u32::try_from(now.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)).to_string();
    let actor = if actor.is_empty() { "unknown" } else { actor };
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(account),
            t::id.eq(id),
            t::at.eq(now),
            t::actor.eq(actor),
            t::action.eq(action),
            t::target.eq(target),
            t::detail.eq(detail),
        ))
        .execute(c)?;
    Ok(())
}
