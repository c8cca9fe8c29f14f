//! Who is in which group. No statement here costs more than the members it names.

use std::collections::BTreeSet;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable, Text},
};
use prost::Message as _;
use rollcall_db::{Connection, Sql, sql::Rows};
use rollcall_proto::identity::{ChangeAction, Group, Member, MemberType, UnknownMembers, User};
use rollcall_scim::patch::MemberChange;

use super::{
    error::Error,
    filter,
    head::{self, Delta, Entry},
    settings,
    tables::{groups, members},
};
use crate::name;

/// A user among the members.
pub(crate) const USER: i64 = 1;
/// A group among the members.
pub(crate) const GROUP: i64 = 2;

/// How many members who belong to nobody a refusal names, and the most characters of each.
const SHOWN_UNKNOWN: usize = 3;
const SHOWN_ID: usize = 64;

/// The members that a write added and removed, in sum.
#[derive(Default)]
pub(crate) struct Diff {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    /// Who was to be added and belongs to nobody in the account.
    unknown: BTreeSet<String>,
}

impl Diff {
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Added and removed ids.
    pub(crate) fn into_parts(self) -> (Vec<String>, Vec<String>) {
        (self.added.into_iter().collect(), self.removed.into_iter().collect())
    }

    fn add(&mut self, ids: Vec<String>) {
        for id in ids {
            if !self.removed.remove(&id) {
                self.added.insert(id);
            }
        }
    }

    fn remove(&mut self, ids: Vec<String>) {
        for id in ids {
            if !self.added.remove(&id) {
                self.removed.insert(id);
            }
        }
    }
}

/// Applies one change to the members of a group.
pub(crate) fn apply(
    connection: &mut Connection,
    (account, group): (&str, &str),
    change: MemberChange,
    diff: &mut Diff,
) -> Result<(), Error> {
    match change {
        MemberChange::Add(ids) => add(connection, account, group, ids, diff)?,
        MemberChange::Remove(ids) => diff.remove(remove_named(connection, account, group, &ids)?),
        MemberChange::RemoveWhere(condition) => {
            let list = Sql::new(" AND member_id IN ").then(filter::members(account, group, &condition));
            diff.remove(remove(connection, account, group, list)?);
        }
        MemberChange::RemoveAll => diff.remove(remove(connection, account, group, Sql::default())?),
        MemberChange::Replace(ids) => {
            let list = Sql::new(" AND ").none_of(connection, "members.member_id", &ids);
            diff.remove(remove(connection, account, group, list)?);
            add(connection, account, group, ids, diff)?;
        }
    }
    Ok(())
}

/// Adds those of `ids` that are users or groups of the account and not members yet. One statement for each kind finds
/// out and inserts; who is not a member after that belongs to nobody.
fn add(
    connection: &mut Connection,
    account: &str,
    group: &str,
    ids: Vec<String>,
    diff: &mut Diff,
) -> Result<(), Error> {
    let mut added = insert(connection, account, group, "users", USER, &ids)?;
    if added.len() < ids.len() {
        added.extend(insert(connection, account, group, "groups", GROUP, &ids)?);
    }
    if added.len() < ids.len() {
        let mut unknown: BTreeSet<String> = ids.into_iter().collect();
        for id in &added {
            unknown.remove(id);
        }
        let rest: Vec<String> = unknown.iter().cloned().collect();
        for id in among(connection, account, group, &rest)? {
            unknown.remove(&id);
        }
        diff.unknown.extend(unknown);
    }
    diff.add(added);
    Ok(())
}

/// Those of `ids` that are members.
fn among(
    connection: &mut Connection,
    account: &str,
    group: &str,
    ids: &[String],
) -> Result<Vec<String>, Error> {
    let query = Sql::new("SELECT m.member_id FROM ").keyed(connection, ids, MEMBERS, named(account, group));
    Ok(query.query::<Text>().load(connection)?)
}

/// Refuses a change that named members who belong to nobody, or counts them in the log, as the account's settings say.
pub(crate) fn judge_unknown(
    connection: &mut Connection,
    (account, group): (&str, &str),
    diff: &Diff,
) -> Result<(), Error> {
    let count = diff.unknown.len();
    if count == 0 {
        return Ok(());
    }
    if settings::read(connection, account)?.unknown_members() == UnknownMembers::Refuse {
        let cut = |id: &String| id.chars().take(SHOWN_ID).collect();
        let shown: Vec<String> = diff.unknown.iter().take(SHOWN_UNKNOWN).map(cut).collect();
        return Err(Error::UnknownMembers { count, shown: shown.join(", ") });
    }
    tracing::info!(account, group, count, "left out members who belong to nobody in the account");
    Ok(())
}

fn insert(
    connection: &mut Connection,
    account: &str,
    group: &str,
    table: &'static str,
    kind: i64,
    ids: &[String],
) -> Result<Vec<String>, Error> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let statement =
        Sql::new("INSERT INTO members (account_id, group_id, member_id, kind) SELECT r.account_id, CAST(")
            .text(group)
            .sql(" AS TEXT), r.id, ")
            .literal(kind)
            .sql(" FROM ")
            .keyed(
                connection,
                ids,
                Rows { select: "r.*", table, alias: "r" },
                Sql::new("r.account_id = ").text(account).sql(" AND r.id = k.value"),
            )
            .sql(" WHERE 1 = 1 ON CONFLICT DO NOTHING RETURNING member_id");
    Ok(statement.query::<Text>().load(connection)?)
}

pub(crate) const MEMBERS: Rows = Rows { select: "m.*", table: "members", alias: "m" };

/// That a row of `members` is that of the group and of the member `k.value`.
fn named(account: &str, group: &str) -> Sql {
    Sql::new("m.account_id = ")
        .text(account)
        .sql(" AND m.group_id = ")
        .text(group)
        .sql(" AND m.member_id = k.value")
}

fn remove_named(
    connection: &mut Connection,
    account: &str,
    group: &str,
    ids: &[String],
) -> Result<Vec<String>, Error> {
    if !connection.is_postgres() {
        let which = Sql::new(" AND member_id IN (SELECT m.member_id FROM ")
            .keyed(connection, ids, MEMBERS, named(account, group))
            .sql(")");
        return remove(connection, account, group, which);
    }
    // By where the rows are, and by nothing else: given another index, PostgreSQL may take that and read the whole group.
    // Nobody moves the rows meanwhile, the account is locked.
    let statement = Sql::new("DELETE FROM members WHERE ctid = ANY(ARRAY(SELECT m.place FROM ")
        .keyed(connection, ids, Rows { select: "m.ctid AS place", ..MEMBERS }, named(account, group))
        .sql(")) RETURNING member_id");
    Ok(statement.query::<Text>().load(connection)?)
}

fn remove(connection: &mut Connection, account: &str, group: &str, which: Sql) -> Result<Vec<String>, Error> {
    let statement = Sql::new("DELETE FROM members WHERE account_id = ")
        .text(account)
        .sql(" AND group_id = ")
        .text(group)
        .then(which)
        .sql(" RETURNING member_id");
    Ok(statement.query::<Text>().load(connection)?)
}

/// Takes a user or group out of every group that it is in; the version of each such group changes.
pub(crate) fn leave_all(connection: &mut Connection, account: &str, id: &str, now: i64) -> Result<(), Error> {
    let of_member = members::table.filter(members::account_id.eq(account)).filter(members::member_id.eq(id));
    let left: Vec<String> = of_member.select(members::group_id).order(members::group_id).load(connection)?;
    if left.is_empty() {
        return Ok(());
    }
    let from =
        Sql::new("DELETE FROM members WHERE account_id = ").text(account).sql(" AND member_id = ").text(id);
    from.execute(connection)?;
    for group in left {
        touch(connection, account, &group, now)?;
        let resource = name::group(account, &group);
        let removed = vec![id.to_owned()];
        let action = ChangeAction::Updated;
        head::log(
            connection,
            Entry { account, at: now, action, resource: &resource, added: vec![], removed },
            Delta::default(),
        )?;
    }
    Ok(())
}

/// Gives a group its next version.
pub(crate) fn touch(connection: &mut Connection, account: &str, group: &str, now: i64) -> Result<(), Error> {
    diesel::update(groups::table.find((account, group)))
        .set((groups::version.eq(groups::version + 1), groups::updated_at.eq(now)))
        .execute(connection)?;
    Ok(())
}

/// A page of the members of a group: up to `limit` after the id `after`, and whether there are more.
pub(crate) fn page(
    connection: &mut Connection,
    (account, group): (&str, &str),
    after: &str,
    limit: usize,
) -> Result<(Vec<Member>, bool), Error> {
    type Row = (String, i64, Option<Vec<u8>>, Option<Vec<u8>>);
    let query = Sql::new("SELECT m.member_id, m.kind, u.document, h.document FROM members m")
        .sql(" LEFT JOIN users u ON u.account_id = m.account_id AND u.id = m.member_id AND m.kind = 1")
        .sql(" LEFT JOIN groups h ON h.account_id = m.account_id AND h.id = m.member_id AND m.kind = 2")
        .sql(" WHERE m.account_id = ")
        .text(account)
        .sql(" AND m.group_id = ")
        .text(group)
        .sql(" AND m.member_id > ")
        .text(after)
        .sql(" ORDER BY m.member_id LIMIT ")
        .number(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1));
    let mut rows: Vec<Row> =
        query.query::<(Text, BigInt, Nullable<Binary>, Nullable<Binary>)>().load(connection)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let member = |(id, kind, user, group): Row| {
        let display_name = match (user, group) {
            (Some(user), _) => User::decode(user.as_slice())
                .map(|user| user.display_name.filter(|name| !name.is_empty()).unwrap_or(user.user_name)),
            (_, Some(group)) => Group::decode(group.as_slice()).map(|group| group.display_name),
            (None, None) => Ok(String::new()),
        };
        let display_name = display_name.map_err(|_| Error::Corrupt(id.clone()))?;
        let r#type = if kind == GROUP { MemberType::Group } else { MemberType::User };
        Ok(Member { id, r#type: r#type.into(), display_name })
    };
    Ok((rows.into_iter().map(member).collect::<Result<_, Error>>()?, more))
}
