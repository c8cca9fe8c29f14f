//! The change log, read.

use diesel::prelude::*;
use prost::Message as _;
use rollcall_db::Connection;
use rollcall_proto::identity::Change;

use super::{clock, error::Error, head, tables::changes};

/// Changes after a revision, and the account's newest revision.
pub(crate) fn list(
    connection: &mut Connection,
    account: &str,
    after: i64,
    limit: i64,
) -> Result<(Vec<Change>, i64), Error> {
    let (head, ..) = head::read(connection, account)?;
    if after < head::oldest(connection, account)? && after != 0 {
        return Err(Error::Compacted { after });
    }
    Ok((kept(connection, account, after, limit)?, head))
}

/// The changes after a revision that are kept.
pub(crate) fn kept(
    connection: &mut Connection,
    account: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Change>, Error> {
    type Row = (i64, i64, i64, String, Vec<u8>);
    let rows: Vec<Row> = changes::table
        .filter(changes::account_id.eq(account))
        .filter(changes::revision.gt(after))
        .order(changes::revision)
        .limit(limit)
        .select((changes::revision, changes::changed_at, changes::action, changes::resource, changes::detail))
        .load(connection)?;
    let change = |(revision, at, action, resource, detail): Row| {
        let detail =
            Change::decode(detail.as_slice()).map_err(|_| Error::Corrupt(format!("change {revision}")))?;
        let action = i32::try_from(action).unwrap_or_default();
        Ok(Change { revision, time: Some(clock::timestamp(at)), action, resource, ..detail })
    };
    rows.into_iter().map(change).collect()
}
