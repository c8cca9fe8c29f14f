//! What a copy knows.

use diesel::prelude::*;
use prost::Message as _;
use rollcall_card::conversion::Conversion;
use rollcall_db::Connection;
use rollcall_proto::identity::{CardConversion, WatchedUser};
use rollcall_scim::fold;

use super::tables::{cards, groups, keys, members, names, users};
use crate::edge::Error;

/// The most people found by one name.
const MAX_FOUND: i64 = 10;
/// How deep groups are followed into groups, and how many there may be.
const MAX_GROUPS: usize = 10_000;

/// Key and conversion of each generation, the newest first: while a snapshot comes in there are two.
pub(crate) fn keys(connection: &mut Connection) -> Result<Vec<([u8; 32], Conversion)>, Error> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = keys::table
        .order(keys::generation.desc())
        .select((keys::station_key, keys::conversion))
        .load(connection)?;
    rows.into_iter()
        .map(|(key, conversion)| {
            let key = key.try_into().map_err(|_| Error::Damaged("a key"))?;
            let steps =
                CardConversion::decode(conversion.as_slice()).map_err(|_| Error::Damaged("a conversion"))?;
            let conversion = Conversion::compile(&steps).map_err(|_| Error::Damaged("a conversion"))?;
            Ok((key, conversion))
        })
        .collect()
}

/// The active person who holds a card that is valid at a moment, by any of its tags.
pub(crate) fn card(
    connection: &mut Connection,
    tags: &[String],
    now: i64,
) -> Result<Option<WatchedUser>, Error> {
    let found: Option<Vec<u8>> = cards::table
        .inner_join(users::table.on(users::id.eq(cards::user_id)))
        .filter(cards::tag.eq_any(tags))
        .filter(users::active)
        .filter(cards::valid_from.is_null().or(cards::valid_from.le(now)))
        .filter(cards::valid_until.is_null().or(cards::valid_until.gt(now)))
        .select(users::document)
        .first(connection)
        .optional()?;
    found.map(|document| decoded(&document)).transpose()
}

/// The person with this id.
pub(crate) fn user(connection: &mut Connection, id: &str) -> Result<Option<WatchedUser>, Error> {
    let found: Option<Vec<u8>> =
        users::table.find(id).select(users::document).first(connection).optional()?;
    found.map(|document| decoded(&document)).transpose()
}

/// People who are called so: by userName, else by e-mail address, else by local user name, as the kinds allow; then without a
/// domain in front.
pub(crate) fn by_name(
    connection: &mut Connection,
    name: &str,
    kinds: &[i64],
) -> Result<Vec<WatchedUser>, Error> {
    let folded = fold(name).into_owned();
    let bare = folded.rsplit_once('\\').map(|(_, bare)| bare.to_owned()).filter(|bare| !bare.is_empty());
    for name in std::iter::once(folded).chain(bare) {
        for kind in kinds {
            let found: Vec<Vec<u8>> = names::table
                .inner_join(users::table.on(users::id.eq(names::user_id)))
                .filter(names::name.eq(&name))
                .filter(names::kind.eq(kind))
                .order(users::id)
                .limit(MAX_FOUND)
                .select(users::document)
                .load(connection)?;
            if !found.is_empty() {
                return found.iter().map(|document| decoded(document)).collect();
            }
        }
    }
    Ok(vec![])
}

fn decoded(document: &[u8]) -> Result<WatchedUser, Error> {
    WatchedUser::decode(document).map_err(|_| Error::Damaged("a person"))
}

/// A group: its id and name.
type Group = (String, String);

/// The groups that somebody is a direct member of.
pub(crate) fn groups_of(connection: &mut Connection, member: &str) -> Result<Vec<Group>, Error> {
    Ok(members::table
        .inner_join(groups::table.on(groups::id.eq(members::group_id)))
        .filter(members::member_id.eq(member))
        .order(groups::id)
        .select((groups::id, groups::display_name))
        .load(connection)?)
}

/// The same, with the groups that these are members of, and so on. Groups that contain each other end it.
pub(crate) fn effective_groups(connection: &mut Connection, member: &str) -> Result<Vec<Group>, Error> {
    let mut found: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    let mut next = vec![member.to_owned()];
    while let Some(member) = next.pop() {
        for (id, name) in groups_of(connection, &member)? {
            if found.len() < MAX_GROUPS && found.insert(id.clone(), name).is_none() {
                next.push(id);
            }
        }
    }
    Ok(found.into_iter().collect())
}
