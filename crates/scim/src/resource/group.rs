//! A document becomes a group.

use std::collections::HashSet;

use rollcall_proto::identity::{Group, Member, MemberType};
use serde_json::{Map, Value};

use super::{Error, extension, user};
use crate::quirks;

/// The group that a document describes, without members.
pub(crate) fn from_document(mut document: Map<String, Value>) -> Result<Group, Error> {
    for of_service in ["schemas", "id", "meta", "members"] {
        document.shift_remove(of_service);
    }
    let display_name = user::required(&mut document, "displayName")?;
    Ok(Group {
        name: String::new(),
        display_name,
        external_id: user::text(&mut document, "externalId"),
        members: Vec::new(),
        members_next_page_token: String::new(),
        extensions: extension::from_rest(document)?,
        create_time: None,
        update_time: None,
        etag: String::new(),
        source: 0,
    })
}

/// The members that a body names, each once. `display` is not read: whose the id is decides.
pub(super) fn members(body: &Value) -> Result<Vec<Member>, Error> {
    let mut attributes = body.as_object().into_iter().flatten();
    let named = attributes.rfind(|(name, _)| name.eq_ignore_ascii_case("members"));
    let Some((_, value)) = named else { return Ok(Vec::new()) };
    let mut seen = HashSet::new();
    let mut members = Vec::new();
    for (id, kind) in quirks::members(value)? {
        if seen.insert(id) {
            let kind = kind.map_or(MemberType::Unspecified, member_type);
            members.push(Member { id: id.to_owned(), r#type: kind.into(), display_name: String::new() });
        }
    }
    Ok(members)
}

fn member_type(name: &str) -> MemberType {
    match name.to_ascii_lowercase().as_str() {
        "user" => MemberType::User,
        "group" => MemberType::Group,
        _ => MemberType::Unspecified,
    }
}
