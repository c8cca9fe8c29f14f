//! The head of an account: its revision, its counts, and the lock that its writers take.

use diesel::prelude::*;
use prost::Message as _;
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{Change, ChangeAction};

use super::{
    error::Error,
    tables::{changes, heads},
};

/// Locks the account for the rest of the transaction: the first statement of every write.
///
/// The revision makes the writes of an account take turns anyway; to do it first makes every later statement free of
/// races, and deadlocks impossible. SQLite needs no lock, its transaction holds the only one.
pub(crate) fn lock(connection: &mut Connection, account: &str) -> Result<(), Error> {
    if !connection.is_postgres() || rollcall_defect::is("no-lock") {
        return Ok(());
    }
    let query = Sql::new("SELECT revision FROM heads WHERE account_id = ").text(account).sql(" FOR UPDATE");
    let found: Option<i64> = query.query::<diesel::sql_types::BigInt>().get_result(connection).optional()?;
    if found.is_none() {
        insert(connection, account)?;
        lock(connection, account)?;
    }
    Ok(())
}

fn insert(connection: &mut Connection, account: &str) -> Result<(), Error> {
    Sql::new("INSERT INTO heads (account_id, revision, user_count, group_count) VALUES (")
        .text(account)
        .sql(", 0, 0, 0) ON CONFLICT DO NOTHING")
        .execute(connection)?;
    Ok(())
}

/// By how much a change alters the counts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Delta {
    pub(crate) users: i64,
    pub(crate) groups: i64,
}

/// A change to write into the log.
pub(crate) struct Entry<'a> {
    pub(crate) account: &'a str,
    pub(crate) at: i64,
    pub(crate) action: ChangeAction,
    pub(crate) resource: &'a str,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

/// Writes a change into the log under the account's next revision.
pub(crate) fn log(connection: &mut Connection, entry: Entry<'_>, delta: Delta) -> Result<(), Error> {
    if rollcall_defect::is("journal-without-deletes") && entry.action == ChangeAction::Deleted {
        return Ok(());
    }
    let delta = if rollcall_defect::is("counts-drift") && delta.users < 0 { Delta::default() } else { delta };
    let mut revision = advance(connection, entry.account, delta)?;
    if revision.is_none() {
        insert(connection, entry.account)?;
        revision = advance(connection, entry.account, delta)?;
    }
    let revision = revision.ok_or(diesel::result::Error::NotFound)?;
    // Only what the columns beside it do not say.
    let detail = Change { members_added: entry.added, members_removed: entry.removed, ..Change::default() };
    diesel::insert_into(changes::table)
        .values((
            changes::account_id.eq(entry.account),
            changes::revision.eq(revision),
            changes::changed_at.eq(entry.at),
            changes::action.eq(i64::from(entry.action as i32)),
            changes::resource.eq(entry.resource),
            changes::detail.eq(detail.encode_to_vec()),
        ))
        .execute(connection)?;
    Ok(())
}

fn advance(connection: &mut Connection, account: &str, delta: Delta) -> QueryResult<Option<i64>> {
    Sql::new("UPDATE heads SET revision = revision + 1, user_count = user_count + ")
        .number(delta.users)
        .sql(", group_count = group_count + ")
        .number(delta.groups)
        .sql(" WHERE account_id = ")
        .text(account)
        .sql(" RETURNING revision")
        .query::<diesel::sql_types::BigInt>()
        .get_result(connection)
        .optional()
}

/// The oldest revision that a copy can go on from.
pub(crate) fn oldest(connection: &mut Connection, account: &str) -> QueryResult<i64> {
    let found =
        heads::table.find(account).select(heads::oldest_revision).get_result(connection).optional()?;
    Ok(found.unwrap_or_default())
}

/// Makes the newest revision the oldest that a copy can go on from: all begin again with a snapshot.
pub(crate) fn begin_anew(connection: &mut Connection, account: &str) -> QueryResult<()> {
    diesel::update(heads::table.find(account))
        .set(heads::oldest_revision.eq(heads::revision))
        .execute(connection)?;
    Ok(())
}

/// Makes the head one of a directory that has nothing: at a revision of its own, which all copies begin anew with.
pub(crate) fn forget(connection: &mut Connection, account: &str) -> QueryResult<()> {
    diesel::update(heads::table.find(account))
        .set((
            heads::revision.eq(heads::revision + 1),
            heads::oldest_revision.eq(heads::revision + 1),
            heads::user_count.eq(0),
            heads::group_count.eq(0),
        ))
        .execute(connection)?;
    Ok(())
}

/// The account's revision and counts; zeros for an account that was never written to.
pub(crate) fn read(connection: &mut Connection, account: &str) -> QueryResult<(i64, i64, i64)> {
    let row = heads::table
        .find(account)
        .select((heads::revision, heads::user_count, heads::group_count))
        .get_result(connection)
        .optional()?;
    Ok(row.unwrap_or_default())
}
