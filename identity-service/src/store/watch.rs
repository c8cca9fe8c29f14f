//! What a watcher is sent: a snapshot in pages, or what became of the resources that changed.
//!
//! A snapshot is read page by page in transactions of their own, after its revision was read: a page may be newer than that.
//! It does no harm, because the changes after the revision follow, and each event is what a resource is by then.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::{
    prelude::*,
    sql_types::{Binary, Bool, Nullable, Text},
};
use prost::Message as _;
use rollcall_card::keyring::station_tag;
use rollcall_db::{Connection, Sql, sql::Rows};
use rollcall_proto::identity::{
    Change, ChangeAction, Group, User, WatchChangesResponse, WatchedCard, WatchedGroup, WatchedMembers,
    WatchedUser, watch_changes_response::Event,
};

use super::{
    cards::Row as CardRow,
    changes, clock,
    error::Error,
    tables::{cards, groups, users},
};
use crate::{name, vault::Vault};

/// Resources, changes and members of one read.
pub(crate) const PAGE: i64 = 500;

/// What a watcher wants to know.
#[derive(Clone)]
pub(crate) struct Interest {
    pub(crate) account: String,
    pub(crate) users: bool,
    pub(crate) groups: bool,
    /// The key for the tags of cards; none for a watcher that is no station.
    pub(crate) station_key: Option<[u8; 32]>,
}

/// A page of all users after an id.
pub(crate) fn users(
    connection: &mut Connection,
    vault: &Vault,
    interest: &Interest,
    after: &str,
) -> Result<Vec<WatchedUser>, Error> {
    let rows: Vec<(String, Option<bool>, Vec<u8>)> = users::table
        .filter(users::account_id.eq(&interest.account))
        .filter(users::id.gt(after))
        .order(users::id)
        .limit(PAGE)
        .select((users::id, users::active, users::document))
        .load(connection)?;
    watched(connection, vault, interest, rows)
}

fn users_with(
    connection: &mut Connection,
    vault: &Vault,
    interest: &Interest,
    ids: &[String],
) -> Result<Vec<WatchedUser>, Error> {
    let condition = Sql::new("users.account_id = ").text(&interest.account).sql(" AND users.id = k.value");
    let rows = Rows { select: "users.*", table: "users", alias: "users" };
    let query = Sql::new("SELECT users.id, users.active, users.document FROM ")
        .keyed(connection, ids, rows, condition);
    let rows = query.query::<(Text, Nullable<Bool>, Binary)>().load(connection)?;
    watched(connection, vault, interest, rows)
}

fn watched(
    connection: &mut Connection,
    vault: &Vault,
    interest: &Interest,
    rows: Vec<(String, Option<bool>, Vec<u8>)>,
) -> Result<Vec<WatchedUser>, Error> {
    let account = interest.account.as_str();
    let ids: Vec<String> = rows.iter().map(|(id, ..)| id.clone()).collect();
    let mut cards = cards_of(connection, vault, interest, &ids)?;
    rows.into_iter()
        .map(|(id, active, document)| {
            let user =
                User::decode(document.as_slice()).map_err(|_| Error::Corrupt(name::user(account, &id)))?;
            Ok(WatchedUser {
                cards: cards.remove(&id).unwrap_or_default(),
                id,
                user_name: user.user_name,
                display_name: user.display_name.unwrap_or_default(),
                active: active.unwrap_or_default(),
                emails: user.emails.into_iter().filter_map(|email| email.value).collect(),
                local_user_name: user.print.and_then(|print| print.local_user_name).unwrap_or_default(),
                department: user.enterprise.and_then(|enterprise| enterprise.department).unwrap_or_default(),
            })
        })
        .collect()
}

/// The cards of people, as a station compares them. What somebody only claims is none.
fn cards_of(
    connection: &mut Connection,
    vault: &Vault,
    interest: &Interest,
    ids: &[String],
) -> Result<HashMap<String, Vec<WatchedCard>>, Error> {
    let mut found: HashMap<String, Vec<WatchedCard>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let account = interest.account.as_str();
    let condition = Sql::new("c.account_id = ").text(account).sql(" AND c.user_id = k.value AND NOT c.claim");
    let query = Sql::new("SELECT c.* FROM ").keyed(
        connection,
        ids,
        Rows { select: "c.*", table: "cards", alias: "c" },
        condition,
    );
    let rows: Vec<CardRow> = query.query::<cards::SqlType>().load(connection)?;
    let conversion = vault.conversion(connection, account)?;
    for row in rows {
        let tag = match &interest.station_key {
            Some(key) => station_tag(key, &conversion.apply(&row.number(vault)?)?).to_vec(),
            None => vec![],
        };
        found.entry(row.user_id).or_default().push(WatchedCard {
            tag,
            valid_from: row.valid_from.map(clock::timestamp),
            valid_until: row.valid_until.map(clock::timestamp),
        });
    }
    Ok(found)
}

/// A page of all groups after an id.
pub(crate) fn groups(
    connection: &mut Connection,
    interest: &Interest,
    after: &str,
) -> Result<Vec<WatchedGroup>, Error> {
    let rows: Vec<(String, Vec<u8>)> = groups::table
        .filter(groups::account_id.eq(&interest.account))
        .filter(groups::id.gt(after))
        .order(groups::id)
        .limit(PAGE)
        .select((groups::id, groups::document))
        .load(connection)?;
    rows.into_iter().map(|row| group(&interest.account, row)).collect()
}

fn group(account: &str, (id, document): (String, Vec<u8>)) -> Result<WatchedGroup, Error> {
    let group = Group::decode(document.as_slice()).map_err(|_| Error::Corrupt(name::group(account, &id)))?;
    Ok(WatchedGroup { id, display_name: group.display_name })
}

/// A page of all members after a pair of ids, by group.
pub(crate) fn members(
    connection: &mut Connection,
    interest: &Interest,
    (group, member): (&str, &str),
) -> Result<Vec<(String, String)>, Error> {
    // A comparison of rows, so that a page begins at its place in the index however far in it is.
    let query = Sql::new("SELECT m.group_id, m.member_id FROM members m WHERE m.account_id = ")
        .text(interest.account.as_str())
        .sql(" AND (m.group_id, m.member_id) > (")
        .text(group)
        .sql(", ")
        .text(member)
        .sql(") ORDER BY m.group_id, m.member_id LIMIT ")
        .number(PAGE);
    Ok(query.query::<(Text, Text)>().load(connection)?)
}

/// The events of the changes after a revision, and the revision that they lead to. A resource that changed several times is sent
/// once, at its last change.
pub(crate) fn deltas(
    connection: &mut Connection,
    vault: &Vault,
    interest: &Interest,
    after: i64,
) -> Result<(Vec<WatchChangesResponse>, i64), Error> {
    let account = interest.account.as_str();
    if after < super::head::oldest(connection, account)? {
        return Err(Error::Compacted { after });
    }
    let (changes, _) = changes::list(connection, account, after, PAGE)?;
    let Some(reached) = changes.last().map(|change| change.revision) else { return Ok((vec![], after)) };
    let prefixes = (name::user(account, ""), name::group(account, ""));
    let mut last: HashMap<&str, i64> = HashMap::new();
    for change in &changes {
        last.insert(&change.resource, change.revision);
    }
    let ids = |prefix: &str| -> Vec<String> {
        let resources: HashSet<&str> = last.keys().copied().collect();
        resources
            .into_iter()
            .filter_map(|resource| resource.strip_prefix(prefix))
            .map(str::to_owned)
            .collect()
    };
    let mut users: HashMap<String, WatchedUser> = HashMap::new();
    let mut groups: HashMap<String, WatchedGroup> = HashMap::new();
    if interest.users {
        let found = users_with(connection, vault, interest, &ids(&prefixes.0))?;
        users.extend(found.into_iter().map(|user| (user.id.clone(), user)));
    }
    if interest.groups {
        let found = groups_with(connection, interest, &ids(&prefixes.1))?;
        groups.extend(found.into_iter().map(|group| (group.id.clone(), group)));
    }
    let mut events: BTreeMap<(i64, u8), WatchChangesResponse> = BTreeMap::new();
    for change in &changes {
        let is_last = last.get(change.resource.as_str()) == Some(&change.revision);
        let mut put = |order: u8, event: Event| {
            let event =
                WatchChangesResponse { revision: change.revision, time: change.time, event: Some(event) };
            events.insert((change.revision, order), event);
        };
        if let Some(id) = change.resource.strip_prefix(&prefixes.0).filter(|_| interest.users && is_last) {
            put(0, users.remove(id).map_or_else(|| Event::UserDeleted(id.to_owned()), Event::User));
        }
        let Some(id) = change.resource.strip_prefix(&prefixes.1).filter(|_| interest.groups) else {
            continue;
        };
        if is_last {
            put(0, groups.remove(id).map_or_else(|| Event::GroupDeleted(id.to_owned()), Event::Group));
        }
        if let Some(members) = members_of(id, change) {
            put(1, Event::Members(members));
        }
    }
    // Only the last event of a revision says that the revision is complete.
    let mut events: Vec<WatchChangesResponse> = events.into_values().collect();
    let next: Vec<i64> = events.iter().skip(1).map(|event| event.revision).collect();
    for (event, next) in events.iter_mut().zip(next) {
        if event.revision == next {
            event.revision -= 1;
        }
    }
    Ok((events, reached))
}

fn members_of(group: &str, change: &Change) -> Option<WatchedMembers> {
    let Change { members_added: added, members_removed: removed, action, .. } = change;
    if (added.is_empty() && removed.is_empty()) || *action == i32::from(ChangeAction::Deleted) {
        return None;
    }
    Some(WatchedMembers { group_id: group.to_owned(), added: added.clone(), removed: removed.clone() })
}

fn groups_with(
    connection: &mut Connection,
    interest: &Interest,
    ids: &[String],
) -> Result<Vec<WatchedGroup>, Error> {
    let condition = Sql::new("g.account_id = ").text(&interest.account).sql(" AND g.id = k.value");
    let rows = Rows { select: "g.*", table: "groups", alias: "g" };
    let query = Sql::new("SELECT g.id, g.document FROM ").keyed(connection, ids, rows, condition);
    let rows: Vec<(String, Vec<u8>)> = query.query::<(Text, Binary)>().load(connection)?;
    rows.into_iter().map(|row| group(&interest.account, row)).collect()
}
