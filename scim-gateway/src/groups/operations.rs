//! What can be done to a group, whether by a request of its own or by one of a bulk request.

use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, Group, GroupView, PatchGroupRequest, ReplaceGroupRequest,
    UserSource,
};
use rollcall_scim::{patch::operations_from_json, resource::group_from_json};
use serde_json::Value;

use crate::{
    clients::{answer, request},
    error::Error,
    target::Id,
    tenant::Tenant,
};

pub(crate) async fn create(tenant: &Tenant, body: &Value) -> Result<Group, Error> {
    let message = CreateGroupRequest {
        parent: tenant.account.name(),
        group: Some(group_from_json(body)?),
        source: UserSource::Scim.into(),
    };
    answer(tenant.gateway.groups().create_group(request(message))).await
}

pub(crate) async fn replace(
    tenant: &Tenant,
    id: &Id,
    body: &Value,
    etags: Vec<String>,
    view: GroupView,
) -> Result<Group, Error> {
    // The id of the address counts, whatever the body says (RFC 7644 section 3.5.1).
    let group = Group { name: tenant.account.group(id), ..group_from_json(body)? };
    let message =
        ReplaceGroupRequest { group: Some(group), etags, view: view.into(), writer: UserSource::Scim.into() };
    answer(tenant.gateway.groups().replace_group(request(message))).await
}

pub(crate) async fn patch(
    tenant: &Tenant,
    id: &Id,
    body: &Value,
    etags: Vec<String>,
    view: GroupView,
) -> Result<Group, Error> {
    let operations = operations_from_json(body)?;
    let message = PatchGroupRequest {
        name: tenant.account.group(id),
        operations,
        etags,
        view: view.into(),
        writer: UserSource::Scim.into(),
    };
    answer(tenant.gateway.groups().patch_group(request(message))).await
}

pub(crate) async fn delete(tenant: &Tenant, id: &Id, etags: Vec<String>) -> Result<(), Error> {
    let message =
        DeleteGroupRequest { name: tenant.account.group(id), etags, writer: UserSource::Scim.into() };
    answer(tenant.gateway.groups().delete_group(request(message))).await
}

/// The address of the group with this resource name.
pub(crate) fn location(tenant: &Tenant, name: &str) -> String {
    let id = name.rsplit('/').next().unwrap_or_default();
    format!("{}/Groups/{id}", tenant.base)
}
