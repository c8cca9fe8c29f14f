//! Events become rows. Every event is what a resource is now, so that one that comes twice changes nothing.

use diesel::prelude::*;
use prost::Message as _;
use prost_types::Timestamp;
use rollcall_db::Connection;
use rollcall_proto::identity::{
    WatchBegin, WatchChangesResponse, WatchedCard, WatchedGroup, WatchedMembers, WatchedUser,
    watch_changes_response::Event,
};
use rollcall_scim::fold;

use super::{
    encoded, head,
    tables::{cards, groups, keys, members, names, state, users},
};
use crate::{clock, edge::Error};

/// The most characters of an id. Rollcall's have 36.
const MAX_ID: usize = 255;

/// Events that are written together.
pub(crate) type Batch = Vec<WatchChangesResponse>;

/// Writes events; the revision that the copy is at then.
pub(crate) fn apply(connection: &mut Connection, batch: Batch) -> Result<i64, Error> {
    let mut head = head(connection)?;
    for WatchChangesResponse { revision, event, .. } in batch {
        let Some(event) = event else { continue };
        match event {
            Event::Begin(begin) => {
                if begin.snapshot || !head.complete {
                    head.generation += 1;
                    begin_generation(connection, head.generation, &begin)?;
                }
            }
            Event::User(user) => put_user(connection, head.generation, &user)?,
            Event::UserDeleted(id) => delete_user(connection, &id)?,
            Event::Group(group) => put_group(connection, head.generation, &group)?,
            Event::GroupDeleted(id) => delete_group(connection, &id)?,
            Event::Members(changed) => put_members(connection, head.generation, &changed)?,
            Event::SnapshotEnd(_) => {
                end_generation(connection, head.generation)?;
                head.complete = true;
                // A copy that was made anew may be at an older revision than before.
                head.revision = revision;
            }
            Event::Heartbeat(_) => {}
        }
        // In a snapshot events have no revision, and without a whole one there is nothing to go on from.
        if head.complete && revision > head.revision {
            head.revision = revision;
        }
    }
    diesel::update(state::table.find(1))
        .set((
            state::revision.eq(head.revision),
            state::generation.eq(head.generation),
            state::complete.eq(head.complete),
            state::contact_at.eq(clock::now()),
        ))
        .execute(connection)?;
    Ok(head.revision)
}

/// Takes note that the centre was heard.
pub(crate) fn contact(connection: &mut Connection) -> Result<(), Error> {
    diesel::update(state::table.find(1)).set(state::contact_at.eq(clock::now())).execute(connection)?;
    Ok(())
}

fn begin_generation(connection: &mut Connection, generation: i64, begin: &WatchBegin) -> Result<(), Error> {
    if begin.station_key.len() != 32 {
        return Err(Error::Event("a snapshot without a key for this station"));
    }
    let conversion = begin.conversion.clone().unwrap_or_default();
    diesel::insert_into(keys::table)
        .values((
            keys::generation.eq(generation),
            keys::station_key.eq(&begin.station_key),
            keys::conversion.eq(conversion.encode_to_vec()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Deletes what was not in the snapshot.
fn end_generation(connection: &mut Connection, generation: i64) -> Result<(), Error> {
    let gone: Vec<String> =
        users::table.filter(users::generation.lt(generation)).select(users::id).load(connection)?;
    for id in gone {
        delete_user(connection, &id)?;
    }
    diesel::delete(groups::table.filter(groups::generation.lt(generation))).execute(connection)?;
    diesel::delete(members::table.filter(members::generation.lt(generation))).execute(connection)?;
    diesel::delete(keys::table.filter(keys::generation.lt(generation))).execute(connection)?;
    Ok(())
}

fn checked(id: &str) -> Result<&str, Error> {
    if (1..=MAX_ID).contains(&id.len()) { Ok(id) } else { Err(Error::Event("an id that is none")) }
}

fn put_user(connection: &mut Connection, generation: i64, user: &WatchedUser) -> Result<(), Error> {
    let id = checked(&user.id)?;
    delete_user(connection, id)?;
    let document = WatchedUser { cards: vec![], ..user.clone() };
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::generation.eq(generation),
            users::active.eq(user.active),
            users::document.eq(document.encode_to_vec()),
        ))
        .execute(connection)?;
    let mut called: Vec<(i64, &str)> = vec![(1, &user.user_name), (3, &user.local_user_name)];
    called.extend(user.emails.iter().map(|email| (2, email.as_str())));
    called.retain(|(_, name)| !name.is_empty());
    for (kind, name) in called {
        insert_name(connection, fold(name).into_owned(), kind, id)?;
    }
    for WatchedCard { tag, valid_from, valid_until } in &user.cards {
        let at = |time: &Option<Timestamp>| {
            time.as_ref().map(|time| {
                time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos) / 1_000_000)
            })
        };
        let row = (
            cards::tag.eq(encoded(tag)),
            cards::user_id.eq(id),
            cards::valid_from.eq(at(valid_from)),
            cards::valid_until.eq(at(valid_until)),
        );
        let insert = diesel::insert_into(cards::table).values(row);
        match connection {
            Connection::Sqlite(c) => insert.on_conflict_do_nothing().execute(c)?,
            Connection::Postgres(c) => insert.on_conflict_do_nothing().execute(c)?,
        };
    }
    Ok(())
}

fn insert_name(connection: &mut Connection, name: String, kind: i64, user: &str) -> Result<(), Error> {
    let row = (names::name.eq(name), names::kind.eq(kind), names::user_id.eq(user));
    let insert = diesel::insert_into(names::table).values(row);
    match connection {
        Connection::Sqlite(c) => insert.on_conflict_do_nothing().execute(c)?,
        Connection::Postgres(c) => insert.on_conflict_do_nothing().execute(c)?,
    };
    Ok(())
}

fn delete_user(connection: &mut Connection, id: &str) -> Result<(), Error> {
    diesel::delete(cards::table.filter(cards::user_id.eq(id))).execute(connection)?;
    diesel::delete(names::table.filter(names::user_id.eq(id))).execute(connection)?;
    diesel::delete(users::table.find(id)).execute(connection)?;
    Ok(())
}

fn put_group(connection: &mut Connection, generation: i64, group: &WatchedGroup) -> Result<(), Error> {
    let id = checked(&group.id)?;
    diesel::delete(groups::table.find(id)).execute(connection)?;
    diesel::insert_into(groups::table)
        .values((
            groups::id.eq(id),
            groups::generation.eq(generation),
            groups::display_name.eq(&group.display_name),
        ))
        .execute(connection)?;
    Ok(())
}

fn delete_group(connection: &mut Connection, id: &str) -> Result<(), Error> {
    diesel::delete(members::table.filter(members::group_id.eq(id))).execute(connection)?;
    diesel::delete(groups::table.find(id)).execute(connection)?;
    Ok(())
}

fn put_members(connection: &mut Connection, generation: i64, changed: &WatchedMembers) -> Result<(), Error> {
    let WatchedMembers { group_id, added, removed } = changed;
    let group = checked(group_id)?;
    for member in added.iter().chain(removed) {
        diesel::delete(members::table.find((group, member))).execute(connection)?;
    }
    for member in added.iter().filter(|member| !removed.contains(member)) {
        diesel::insert_into(members::table)
            .values((
                members::group_id.eq(group),
                members::member_id.eq(checked(member)?),
                members::generation.eq(generation),
            ))
            .execute(connection)?;
    }
    Ok(())
}
