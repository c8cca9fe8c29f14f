//! The members of a group as part of an answer.

use std::sync::Arc;

use rollcall_proto::identity::{Group, ListMembersRequest, Member};
use rollcall_scim::{convert::group_to_json, projection::Projection};
use serde_json::Value;

use crate::{
    clients::{answer, request},
    error::Error,
    pieces::Pieces,
    tenant::Tenant,
};

/// Members asked for at a time once the first are not all.
const PAGE: i32 = 5000;
/// The attributes that come before the members.
const BEFORE: [&str; 4] = ["schemas", "id", "externalId", "displayName"];

/// Members of a group that are still to be written, as `,"members":[...]`; as nothing, if there are none to show.
#[derive(Debug)]
pub(crate) struct Members {
    tenant: Tenant,
    projection: Arc<Projection>,
    /// The resource name of the group.
    group: String,
    /// Members that came with the group.
    at_hand: Vec<Member>,
    page_token: String,
    /// Whether a member was written.
    begun: bool,
}

impl Members {
    /// A group as it is shown. Members that did not come with it are read when the answer gets to them.
    pub(crate) fn split(
        mut group: Group,
        tenant: &Tenant,
        projection: &Arc<Projection>,
    ) -> Result<Pieces, Error> {
        let page_token = std::mem::take(&mut group.members_next_page_token);
        let rest = (!page_token.is_empty() && projection.wants("members")).then(|| Self {
            tenant: tenant.clone(),
            projection: Arc::clone(projection),
            group: group.name.clone(),
            at_hand: std::mem::take(&mut group.members),
            page_token,
            begun: false,
        });
        let mut resource = group_to_json(&group, &tenant.base);
        projection.apply(&mut resource);
        let Some(members) = rest else { return Pieces::of(&resource) };

        let mut pieces = Pieces::default();
        let mut members = Some(members);
        // The id is in every answer, so that what follows begins with a comma.
        let mut separator = b"{";
        for (name, value) in &resource {
            if !BEFORE.contains(&name.as_str())
                && let Some(members) = members.take()
            {
                pieces.push_members(members);
            }
            pieces.push(separator);
            separator = b",";
            pieces.push_value(name)?;
            pieces.push(b":");
            pieces.push_value(value)?;
        }
        if let Some(members) = members {
            pieces.push_members(members);
        }
        pieces.push(b"}");
        Ok(pieces)
    }

    /// Whether all is written.
    pub(crate) fn is_done(&self) -> bool {
        self.page_token.is_empty()
    }

    /// The next of the text.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, Error> {
        let mut members = std::mem::take(&mut self.at_hand);
        if members.is_empty() {
            let page_token = std::mem::take(&mut self.page_token);
            let message = ListMembersRequest { parent: self.group.clone(), page_size: PAGE, page_token };
            let page = answer(self.tenant.gateway.groups().list_members(request(message))).await?;
            members = page.members;
            self.page_token = page.next_page_token;
        }
        let mut text = Vec::new();
        for member in self.shown(members) {
            text.extend_from_slice(if self.begun { b"," } else { b",\"members\":[" });
            self.begun = true;
            serde_json::to_writer(&mut text, &member).map_err(|_| Error::Internal)?;
        }
        if self.is_done() && self.begun {
            text.push(b']');
        }
        Ok(text)
    }

    /// Members as the projection leaves them.
    fn shown(&self, members: Vec<Member>) -> Vec<Value> {
        let mut resource = group_to_json(&Group { members, ..Group::default() }, &self.tenant.base);
        self.projection.apply(&mut resource);
        match resource.remove("members") {
            Some(Value::Array(members)) => members,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
