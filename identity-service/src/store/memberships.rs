//! Which groups somebody is in, of many at once.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    sql_types::{Binary, Text},
};
use prost::Message as _;
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{Group, GroupMembership};

use super::{error::Error, members::MEMBERS};
use crate::name;

/// How many groups deep effective membership reaches. Cycles are harmless: a group counts once.
const MAX_DEPTH: i64 = 16;

/// A group that a user is in.
pub(crate) struct Membership {
    pub(crate) account: String,
    pub(crate) group_id: String,
    pub(crate) display_name: String,
}

impl From<Membership> for GroupMembership {
    fn from(membership: Membership) -> Self {
        Self {
            group: name::group(&membership.account, &membership.group_id),
            display_name: membership.display_name,
        }
    }
}

/// That a row of `members` is of the member `k.value`.
fn of_member(account: &str) -> Sql {
    Sql::new("m.account_id = ").text(account).sql(" AND m.member_id = k.value")
}

/// The groups that each of `ids` is a direct member of, in the order of group ids.
pub(crate) fn direct_groups(
    connection: &mut Connection,
    account: &str,
    ids: &[String],
) -> Result<HashMap<String, Vec<Membership>>, Error> {
    const SELECT: &str = "SELECT m.member_id, g.id, g.document FROM ";
    const GROUPS: &str = " JOIN groups g ON g.account_id = m.account_id AND g.id = m.group_id";
    let query = match ids {
        // What is asked most: no list to take apart.
        [only] => Sql::new(SELECT)
            .sql("members m")
            .sql(GROUPS)
            .sql(" WHERE m.account_id = ")
            .text(account)
            .sql(" AND m.member_id = ")
            .text(only),
        _ => Sql::new(SELECT).keyed(connection, ids, MEMBERS, of_member(account)).sql(GROUPS),
    };
    let query = query.sql(" ORDER BY m.member_id, g.id");
    collect(connection, account, query)
}

/// The groups that each of `ids` is in, directly or through other groups, in the order of group ids.
pub(crate) fn effective_groups(
    connection: &mut Connection,
    account: &str,
    ids: &[String],
) -> Result<HashMap<String, Vec<Membership>>, Error> {
    let query = Sql::new("WITH RECURSIVE up (member_id, group_id, depth) AS (")
        .sql("SELECT m.member_id, m.group_id, 1 FROM ")
        .keyed(connection, ids, MEMBERS, of_member(account))
        .sql(" UNION SELECT up.member_id, m.group_id, up.depth + 1 FROM up JOIN members m ON m.account_id = ")
        .text(account)
        .sql(" AND m.member_id = up.group_id WHERE up.depth < ")
        .literal(MAX_DEPTH)
        .sql(") SELECT DISTINCT up.member_id, g.id, g.document FROM up JOIN groups g ON g.account_id = ")
        .text(account)
        .sql(" AND g.id = up.group_id ORDER BY up.member_id, g.id");
    collect(connection, account, query)
}

fn collect(
    connection: &mut Connection,
    account: &str,
    query: Sql,
) -> Result<HashMap<String, Vec<Membership>>, Error> {
    let rows: Vec<(String, String, Vec<u8>)> = query.query::<(Text, Text, Binary)>().load(connection)?;
    let mut found: HashMap<String, Vec<Membership>> = HashMap::new();
    for (member, group_id, document) in rows {
        let group = Group::decode(document.as_slice())
            .map_err(|_| Error::Corrupt(name::group(account, &group_id)))?;
        found.entry(member).or_default().push(Membership {
            account: account.to_owned(),
            group_id,
            display_name: group.display_name,
        });
    }
    Ok(found)
}
