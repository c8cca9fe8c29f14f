//! Groups in the database.

use diesel::prelude::*;
use prost::Message as _;
use rollcall_db::Connection;
use rollcall_proto::identity::{ChangeAction, Group, GroupView, PatchOperation, UserSource};
use rollcall_scim::{
    fold,
    patch::{self, MemberChange},
};

use super::{
    clock,
    error::Error,
    etag,
    head::{self, Delta, Entry},
    members::{self, Diff},
    page::{List, Page, Row},
    tables::{groups, members as member_rows, resource_schemas},
    users::{may_write, source_of},
    value,
};
use crate::name;

/// The members that come with a group; the rest is for ListMembers.
const INLINE_MEMBERS: usize = 1000;

const ROW: (groups::id, groups::version, groups::created_at, groups::updated_at, groups::document) =
    (groups::id, groups::version, groups::created_at, groups::updated_at, groups::document);

fn group(account: &str, (id, version, created, updated, document): Row) -> Result<Group, Error> {
    let stored = Group::decode(document.as_slice()).map_err(|_| Error::Corrupt(name::group(account, &id)))?;
    Ok(Group {
        name: name::group(account, &id),
        create_time: Some(clock::timestamp(created)),
        update_time: Some(clock::timestamp(updated)),
        etag: etag::of(version),
        source: source_of(stored.source.into()).into(),
        ..stored
    })
}

/// The group as it is stored: members are rows, and what the columns hold is left out.
fn stored(group: &Group) -> Group {
    let Group { display_name, external_id, extensions, source, .. } = group.clone();
    Group { display_name, external_id, extensions, source, ..Group::default() }
}

fn taken(error: Error, group: &Group) -> Error {
    error.taken("group", ("display_name", "displayName", &group.display_name))
}

fn member_ids(group: &Group) -> Vec<String> {
    group.members.iter().map(|member| member.id.clone()).collect()
}

/// Creates a group with its members.
pub(crate) fn create(connection: &mut Connection, account: &str, new: &Group) -> Result<Group, Error> {
    head::lock(connection, account)?;
    let (id, now) = (uuid::Uuid::now_v7().to_string(), clock::now());
    diesel::insert_into(groups::table)
        .values((
            groups::account_id.eq(account),
            groups::id.eq(&id),
            groups::version.eq(1),
            groups::created_at.eq(now),
            groups::updated_at.eq(now),
            groups::document.eq(stored(new).encode_to_vec()),
            groups::display_name.eq(fold(&new.display_name)),
            groups::external_id.eq(&new.external_id),
        ))
        .execute(connection)
        .map_err(|error| taken(error.into(), new))?;
    insert_schemas(connection, account, &id, new)?;
    let mut diff = Diff::default();
    members::apply(connection, (account, &id), MemberChange::Add(member_ids(new)), &mut diff)?;
    members::judge_unknown(connection, (account, &id), &diff)?;
    log(connection, (account, &id), ChangeAction::Created, now, diff, 1)?;
    get(connection, account, &id, GroupView::Full)
}

fn insert_schemas(connection: &mut Connection, account: &str, id: &str, new: &Group) -> Result<(), Error> {
    let urns: Vec<String> = new.extensions.iter().map(|extension| extension.schema.clone()).collect();
    if let Some(insert) = value::insert_schemas(account, id, &urns) {
        insert.execute(connection)?;
    }
    Ok(())
}

fn delete_schemas(connection: &mut Connection, account: &str, id: &str) -> Result<(), Error> {
    let of_group = resource_schemas::table
        .filter(resource_schemas::account_id.eq(account))
        .filter(resource_schemas::resource_id.eq(id));
    diesel::delete(of_group).execute(connection)?;
    Ok(())
}

fn log(
    connection: &mut Connection,
    (account, id): (&str, &str),
    action: ChangeAction,
    at: i64,
    diff: Diff,
    groups: i64,
) -> Result<(), Error> {
    let resource = name::group(account, id);
    let (added, removed) = diff.into_parts();
    let entry = Entry { account, at, action, resource: &resource, added, removed };
    head::log(connection, entry, Delta { users: 0, groups })
}

/// Reads a group.
pub(crate) fn get(
    connection: &mut Connection,
    account: &str,
    id: &str,
    view: GroupView,
) -> Result<Group, Error> {
    let row: Option<Row> = groups::table.find((account, id)).select(ROW).first(connection).optional()?;
    let mut found = group(account, row.ok_or_else(|| Error::NotFound(format!("group {id}")))?)?;
    if view != GroupView::Basic {
        fill_members(connection, account, id, &mut found, INLINE_MEMBERS)?;
    }
    Ok(found)
}

/// Fills in up to `limit` members, and the token for the rest; returns how many it filled in.
fn fill_members(
    connection: &mut Connection,
    account: &str,
    id: &str,
    group: &mut Group,
    limit: usize,
) -> Result<usize, Error> {
    let (found, more) = members::page(connection, (account, id), "", limit)?;
    if more {
        group.members_next_page_token = next_members_token(found.last().map_or("", |member| &member.id));
    }
    group.members = found;
    Ok(group.members.len())
}

/// The token of the members after `last`.
pub(crate) fn next_members_token(last: &str) -> String {
    format!("m{last}")
}

/// The id after which a token of [`next_members_token`] goes on.
pub(crate) fn members_after(token: &str) -> Result<&str, Error> {
    if token.is_empty() { Ok("") } else { token.strip_prefix('m').ok_or(Error::PageToken) }
}

/// A page of groups.
pub(crate) fn list(
    connection: &mut Connection,
    account: &str,
    list: &List,
    view: GroupView,
) -> Result<Page<Group>, Error> {
    let mut page = list.read(connection, account, |row| group(account, row))?;
    if view != GroupView::Basic {
        let mut left = INLINE_MEMBERS;
        for group in &mut page.items {
            let id = id_of(group).to_owned();
            left -= fill_members(connection, account, &id, group, left)?;
        }
    }
    Ok(page)
}

/// The id: the last part of the name.
pub(crate) fn id_of(group: &Group) -> &str {
    group.name.rsplit_once('/').map_or("", |(_, id)| id)
}

/// What to do with a group that exists.
pub(crate) enum Update {
    /// PUT.
    Replace(Box<Group>),
    /// PATCH.
    Patch(Vec<PatchOperation>),
}

/// Changes a group. What changes nothing leaves version, time and log alone.
pub(crate) fn update(
    connection: &mut Connection,
    (account, id): (&str, &str),
    update: Update,
    (etags, writer): (&[String], UserSource),
    view: GroupView,
) -> Result<Group, Error> {
    head::lock(connection, account)?;
    let before = get(connection, account, id, GroupView::Basic)?;
    may_write(writer, before.source(), "group")?;
    etag::check(&before.etag, etags)?;
    let (after, changes) = match update {
        Update::Replace(group) => {
            let ids = member_ids(&group);
            (*group, vec![MemberChange::Replace(ids)])
        }
        Update::Patch(operations) => patch::apply_group(&before, &operations)?,
    };
    // Whoever changes a group, it comes from where it came from.
    let after = Group { source: before.source, ..after };
    let mut diff = Diff::default();
    for change in changes {
        members::apply(connection, (account, id), change, &mut diff)?;
    }
    members::judge_unknown(connection, (account, id), &diff)?;
    let fields = stored(&before) != stored(&after);
    if fields || !diff.is_empty() {
        let now = clock::now();
        members::touch(connection, account, id, now)?;
        if fields {
            diesel::update(groups::table.find((account, id)))
                .set((
                    groups::document.eq(stored(&after).encode_to_vec()),
                    groups::display_name.eq(fold(&after.display_name)),
                    groups::external_id.eq(&after.external_id),
                ))
                .execute(connection)
                .map_err(|error| taken(error.into(), &after))?;
            delete_schemas(connection, account, id)?;
            insert_schemas(connection, account, id, &after)?;
        }
        log(connection, (account, id), ChangeAction::Updated, now, diff, 0)?;
    }
    get(connection, account, id, view)
}

/// Says whose a group is from now on.
pub(crate) fn set_source(
    connection: &mut Connection,
    account: &str,
    id: &str,
    source: UserSource,
) -> Result<Group, Error> {
    head::lock(connection, account)?;
    let before = get(connection, account, id, GroupView::Basic)?;
    if before.source() != source {
        let after = Group { source: source.into(), ..before };
        let now = clock::now();
        members::touch(connection, account, id, now)?;
        diesel::update(groups::table.find((account, id)))
            .set(groups::document.eq(stored(&after).encode_to_vec()))
            .execute(connection)?;
        log(connection, (account, id), ChangeAction::Updated, now, Diff::default(), 0)?;
    }
    get(connection, account, id, GroupView::Full)
}

/// Deletes a group, and takes it out of the groups that contain it.
pub(crate) fn delete(
    connection: &mut Connection,
    account: &str,
    id: &str,
    (etags, writer): (&[String], UserSource),
) -> Result<(), Error> {
    head::lock(connection, account)?;
    let before = get(connection, account, id, GroupView::Basic)?;
    may_write(writer, before.source(), "group")?;
    etag::check(&before.etag, etags)?;
    let now = clock::now();
    members::leave_all(connection, account, id, now)?;
    let of_group =
        member_rows::table.filter(member_rows::account_id.eq(account)).filter(member_rows::group_id.eq(id));
    diesel::delete(of_group).execute(connection)?;
    delete_schemas(connection, account, id)?;
    diesel::delete(groups::table.find((account, id))).execute(connection)?;
    log(connection, (account, id), ChangeAction::Deleted, now, Diff::default(), -1)
}
