//! Look-ups by keys, many at once: a few statements, however many keys.

use std::collections::{HashMap, HashSet};

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Bool, Text},
};
use rollcall_db::{Connection, Sql, sql::Rows};
use rollcall_proto::identity::{
    MembershipCheck, MembershipResult, User, UserGroups, UserKey, UserLookup, UserView, user_key::Key,
};
use rollcall_scim::fold;

use super::{error::Error, memberships, users as store, value::Attribute};
use crate::vault::Vault;

/// The most users found by one e-mail address.
const MAX_FOUND: usize = 10;

/// The key column, with the key, of a row found.
type Found = HashMap<String, Vec<User>>;

/// Finds users by keys, a result for each key in the order of the keys.
pub(crate) fn users(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    keys: &[UserKey],
    view: UserView,
) -> Result<Vec<UserLookup>, Error> {
    let pick = |of: fn(&Key) -> Option<String>| -> Vec<String> {
        keys.iter().filter_map(|key| key.key.as_ref().and_then(of)).collect()
    };
    let by_name = by_column(connection, account, "users.user_name", &pick(user_name))?;
    let by_external = by_column(connection, account, "users.external_id", &pick(external_id))?;
    let by_id = by_column(connection, account, "users.id", &pick(id))?;
    let by_email = by_email(connection, account, &pick(email))?;
    let by_alias = by_alias(connection, account, &pick(alias))?;
    let mut results: Vec<UserLookup> = keys
        .iter()
        .map(|key| {
            let found = key.key.as_ref().and_then(|key| {
                user_name(key)
                    .and_then(|key| by_name.get(&key))
                    .or_else(|| external_id(key).and_then(|key| by_external.get(&key)))
                    .or_else(|| id(key).and_then(|key| by_id.get(&key)))
                    .or_else(|| email(key).and_then(|key| by_email.get(&key)))
                    .or_else(|| alias(key).and_then(|key| by_alias.get(&key)))
            });
            UserLookup { users: found.cloned().unwrap_or_default() }
        })
        .collect();
    let counts: Vec<usize> = results.iter().map(|result| result.users.len()).collect();
    // One query for all of them, then each gets its own.
    let mut all: Vec<User> =
        results.iter_mut().flat_map(|result| std::mem::take(&mut result.users)).collect();
    store::fill(connection, vault, account, &mut all, view)?;
    let mut filled = all.into_iter();
    for (result, count) in results.iter_mut().zip(counts) {
        result.users = filled.by_ref().take(count).collect();
    }
    Ok(results)
}

fn user_name(key: &Key) -> Option<String> {
    if let Key::UserName(text) = key { Some(fold(text).into_owned()) } else { None }
}

fn email(key: &Key) -> Option<String> {
    if let Key::Email(text) = key { Some(fold(text).into_owned()) } else { None }
}

fn alias(key: &Key) -> Option<String> {
    if let Key::Alias(text) = key { Some(fold(text).into_owned()) } else { None }
}

fn external_id(key: &Key) -> Option<String> {
    if let Key::ExternalId(text) = key { Some(text.clone()) } else { None }
}

fn id(key: &Key) -> Option<String> {
    if let Key::Id(text) = key { Some(text.clone()) } else { None }
}

fn by_column(
    connection: &mut Connection,
    account: &str,
    column: &'static str,
    keys: &[String],
) -> Result<Found, Error> {
    let condition = Sql::new("users.account_id = ").text(account).sql(" AND ").sql(column).sql(" = k.value");
    let from = Sql::new("FROM ").keyed(connection, keys, USERS, condition);
    find(connection, account, from, keys)
}

fn by_email(connection: &mut Connection, account: &str, keys: &[String]) -> Result<Found, Error> {
    let condition = Sql::new("v.account_id = ")
        .text(account)
        .sql(" AND v.attribute = ")
        .literal(Attribute::Emails.number())
        .sql(" AND v.value = k.value");
    let from = Sql::new("FROM ")
        .keyed(connection, keys, Rows { select: "v.*", table: "user_values", alias: "v" }, condition)
        .sql(" JOIN users ON users.account_id = v.account_id AND users.id = v.user_id");
    find(connection, account, from, keys)
}

/// A way to find users by keys.
type Find = fn(&mut Connection, &str, &[String]) -> Result<Found, Error>;

/// Who is meant by an alias: userName before e-mail address before local user name; then the same without a domain in
/// front. That is
/// not tried the other way round: `anna` is not `CORP\anna` wherever there is more than one domain.
fn by_alias(connection: &mut Connection, account: &str, keys: &[String]) -> Result<Found, Error> {
    let mut found = Found::new();
    let mut left: Vec<String> = keys.to_vec();
    let mut bare: HashMap<String, String> = HashMap::new();
    for key in keys {
        if let Some((_, name)) = key.rsplit_once('\\').filter(|(_, name)| !name.is_empty()) {
            bare.insert(key.clone(), name.to_owned());
        }
    }
    let find: [Find; 3] = [
        |c, account, keys| by_column(c, account, "users.user_name", keys),
        by_email,
        |c, account, keys| by_column(c, account, "users.local_user_name", keys),
    ];
    for find in find {
        found.extend(find(connection, account, &left)?);
        left.retain(|key| !found.contains_key(key));
    }
    for find in find {
        let names: Vec<String> = left.iter().filter_map(|key| bare.get(key).cloned()).collect();
        let by_name = find(connection, account, &names)?;
        for key in &left {
            if let Some(users) = bare.get(key).and_then(|name| by_name.get(name)) {
                found.insert(key.clone(), users.clone());
            }
        }
        left.retain(|key| !found.contains_key(key));
    }
    Ok(found)
}

const USERS: Rows = Rows { select: "users.*", table: "users", alias: "users" };

fn find(connection: &mut Connection, account: &str, from: Sql, keys: &[String]) -> Result<Found, Error> {
    type Row = (String, String, i64, i64, i64, Vec<u8>);
    if keys.is_empty() {
        return Ok(Found::new());
    }
    let query = Sql::new(
        "SELECT DISTINCT k.value, users.id, users.version, users.created_at, users.updated_at, users.document ",
    )
    .then(from)
    .sql(" ORDER BY users.id");
    let rows: Vec<Row> = query.query::<(Text, Text, BigInt, BigInt, BigInt, Binary)>().load(connection)?;
    let mut found = Found::new();
    for (key, id, version, created, updated, document) in rows {
        let users = found.entry(key).or_default();
        if users.len() < MAX_FOUND {
            users.push(store::user(account, (id, version, created, updated, document))?);
        }
    }
    Ok(found)
}

/// Which of the users exist, and whether they are active.
fn active(
    connection: &mut Connection,
    account: &str,
    ids: &[String],
) -> Result<HashMap<String, bool>, Error> {
    let condition = Sql::new("users.account_id = ").text(account).sql(" AND users.id = k.value");
    let query = Sql::new("SELECT users.id, COALESCE(users.active, FALSE) FROM ")
        .keyed(connection, ids, USERS, condition);
    Ok(query.query::<(Text, Bool)>().load::<(String, bool)>(connection)?.into_iter().collect())
}

/// The groups of users, a result for each id in the order of the ids.
pub(crate) fn groups(
    connection: &mut Connection,
    account: &str,
    ids: &[String],
    effective: bool,
) -> Result<Vec<UserGroups>, Error> {
    let known = active(connection, account, ids)?;
    let find = if effective { memberships::effective_groups } else { memberships::direct_groups };
    let mut found = find(connection, account, ids)?;
    let mut seen: HashMap<&str, Vec<rollcall_proto::identity::GroupMembership>> = HashMap::new();
    Ok(ids
        .iter()
        .map(|id| {
            let groups = seen.entry(id).or_insert_with(|| {
                found.remove(id).unwrap_or_default().into_iter().map(Into::into).collect()
            });
            UserGroups {
                user_id: id.clone(),
                found: known.contains_key(id),
                active: known.get(id).copied().unwrap_or_default(),
                groups: if known.contains_key(id) { groups.clone() } else { vec![] },
            }
        })
        .collect())
}

/// Whether users are in groups, a result for each pair in the order of the pairs.
pub(crate) fn memberships(
    connection: &mut Connection,
    account: &str,
    checks: &[MembershipCheck],
    effective: bool,
) -> Result<Vec<MembershipResult>, Error> {
    let ids: Vec<String> =
        checks.iter().map(|check| check.user_id.clone()).collect::<HashSet<_>>().into_iter().collect();
    let known = active(connection, account, &ids)?;
    let pairs: HashSet<(String, String)> = if effective {
        let groups = memberships::effective_groups(connection, account, &ids)?;
        groups
            .into_iter()
            .flat_map(|(id, in_groups)| in_groups.into_iter().map(move |g| (id.clone(), g.group_id)))
            .collect()
    } else {
        direct(connection, account, &ids, checks)?
    };
    Ok(checks
        .iter()
        .map(|check| {
            let exists = known.contains_key(&check.user_id);
            MembershipResult {
                member: exists && pairs.contains(&(check.user_id.clone(), check.group_id.clone())),
                active: known.get(&check.user_id).copied().unwrap_or_default(),
            }
        })
        .collect())
}

/// The pairs among users and groups asked for that are direct memberships.
fn direct(
    connection: &mut Connection,
    account: &str,
    ids: &[String],
    checks: &[MembershipCheck],
) -> Result<HashSet<(String, String)>, Error> {
    let groups: Vec<String> = checks.iter().map(|check| check.group_id.clone()).collect();
    let condition = Sql::new("m.account_id = ").text(account).sql(" AND m.member_id = k.value");
    let query = Sql::new("SELECT m.member_id, m.group_id FROM ")
        .keyed(connection, ids, Rows { select: "m.*", table: "members", alias: "m" }, condition)
        .sql(" WHERE NOT (")
        .none_of(connection, "m.group_id", &groups)
        .sql(")");
    let rows: Vec<(String, String)> = query.query::<(Text, Text)>().load(connection)?;
    Ok(rows.into_iter().collect())
}
