//! Times for metrics.

use diesel::{dsl::max, prelude::*};
use rollcall_db::Connection;

use super::schema::{accounts, tokens};
use crate::{clock::Millis, error::Error};

/// When the last of each account's tokens that are not revoked ends, for the first accounts by id.
pub(crate) fn newest_ends(c: &mut Connection, accounts: i64) -> Result<Vec<(String, Millis)>, Error> {
    let rows: Vec<(String, Option<Millis>)> = tokens::table
        .filter(tokens::revoked_at.is_null())
        .group_by(tokens::account_id)
        .select((tokens::account_id, max(tokens::expires_at)))
        .order(tokens::account_id)
        .limit(accounts)
        .load(c)?;
    Ok(rows.into_iter().filter_map(|(account, end)| Some((account, end?))).collect())
}

/// When each account's identity provider last called, for the first accounts by id.
pub(crate) fn last_accesses(c: &mut Connection, count: i64) -> Result<Vec<(String, Millis)>, Error> {
    let rows: Vec<(String, Option<Millis>)> = accounts::table
        .select((accounts::id, accounts::last_access_at))
        .order(accounts::id)
        .limit(count)
        .load(c)?;
    Ok(rows.into_iter().filter_map(|(account, at)| Some((account, at?))).collect())
}
