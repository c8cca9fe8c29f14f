//! PATCH of a group.

use rollcall_proto::identity::{Group, PatchOperation};

use super::{
    Problem,
    apply::{Change, Patch, Verb},
};
use crate::{convert, filter::Filter, quirks, resource, schema::ResourceType};

/// What an operation does to the members of a group. Ids are those of users or groups, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChange {
    /// These become members, if they are not yet.
    Add(Vec<String>),
    /// These are members no longer, if they were.
    Remove(Vec<String>),
    /// The members that satisfy this are members no longer. Paths are `members` with a sub-attribute; see
    /// [`Filter::matches_element`].
    RemoveWhere(Filter),
    /// There are no members any more.
    RemoveAll,
    /// These are the members, and nobody else.
    Replace(Vec<String>),
}

/// The group as the operations make it, and what they do to its members, in order. Changes that change nothing,
/// such as to add nobody, are left out. The group's members are neither read nor changed, and what only the service
/// sets (name, times, etag) is as it was.
pub fn apply_group(
    group: &Group,
    operations: &[PatchOperation],
) -> Result<(Group, Vec<MemberChange>), crate::Error> {
    let mut document = convert::group_to_json(group, "");
    document.shift_remove("members");
    let patch = Patch::run(ResourceType::Group, document, operations)?;
    let changed = Group {
        name: group.name.clone(),
        members: group.members.clone(),
        members_next_page_token: group.members_next_page_token.clone(),
        create_time: group.create_time,
        update_time: group.update_time,
        etag: group.etag.clone(),
        ..resource::group_from_document(patch.document)?
    };
    Ok((changed, patch.members))
}

/// What a change to `members` or a part of it does; `None` when it does nothing.
pub(super) fn member_change(change: Change<'_>) -> Result<Option<MemberChange>, Problem> {
    let path = change.path;
    // To remove the value of a member is to remove the member; the rest of a member is the service's.
    if path.sub.is_some_and(|sub| change.verb != Verb::Remove || sub.name != "value") {
        return Err(Problem::Immutable { path: change.path_text() });
    }
    match (change.verb, &path.filter) {
        (Verb::Remove, Some(filter)) => Ok(Some(match quirks::member_ids(filter) {
            Some(ids) => MemberChange::Remove(once(ids)),
            None => MemberChange::RemoveWhere(filter.clone()),
        })),
        (Verb::Remove, None) => match change.value {
            Some(value) => Ok(some(ids(value)?).map(MemberChange::Remove)),
            None => Ok(Some(MemberChange::RemoveAll)),
        },
        (_, Some(_)) => Err(Problem::Immutable { path: change.path_text() }),
        (Verb::Add, None) => Ok(some(ids(change.value()?)?).map(MemberChange::Add)),
        (Verb::Replace, None) => Ok(Some(MemberChange::Replace(ids(change.value()?)?))),
    }
}

fn ids(value: &serde_json::Value) -> Result<Vec<String>, Problem> {
    Ok(once(quirks::members(value)?.into_iter().map(|(id, _)| id.to_owned()).collect()))
}

fn once(mut ids: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

fn some(ids: Vec<String>) -> Option<Vec<String>> {
    (!ids.is_empty()).then_some(ids)
}
