//! What can be done to a user, whether by a request of its own or by one of a bulk request.

use rollcall_proto::identity::{
    CreateUserRequest, DeleteUserRequest, PatchUserRequest, ReplaceUserRequest, User, UserSource, UserView,
};
use rollcall_scim::{patch::operations_from_json, resource::user_from_json};
use serde_json::Value;

use crate::{
    clients::{answer, request},
    error::Error,
    target::Id,
    tenant::Tenant,
};

pub(crate) async fn create(tenant: &Tenant, body: &Value) -> Result<User, Error> {
    let user = Some(user_from_json(body)?);
    let message = CreateUserRequest { parent: tenant.account.name(), user, source: UserSource::Scim.into() };
    answer(tenant.gateway.users().create_user(request(message))).await
}

pub(crate) async fn replace(
    tenant: &Tenant,
    id: &Id,
    body: &Value,
    etags: Vec<String>,
    view: UserView,
) -> Result<User, Error> {
    // The id of the address counts, whatever the body says (RFC 7644 section 3.5.1).
    let user = User { name: tenant.account.user(id), ..user_from_json(body)? };
    let message =
        ReplaceUserRequest { user: Some(user), etags, view: view.into(), writer: UserSource::Scim.into() };
    answer(tenant.gateway.users().replace_user(request(message))).await
}

pub(crate) async fn patch(
    tenant: &Tenant,
    id: &Id,
    body: &Value,
    etags: Vec<String>,
    view: UserView,
) -> Result<User, Error> {
    let operations = operations_from_json(body)?;
    let message = PatchUserRequest {
        name: tenant.account.user(id),
        operations,
        etags,
        view: view.into(),
        writer: UserSource::Scim.into(),
    };
    answer(tenant.gateway.users().patch_user(request(message))).await
}

pub(crate) async fn delete(tenant: &Tenant, id: &Id, etags: Vec<String>) -> Result<(), Error> {
    let message = DeleteUserRequest { name: tenant.account.user(id), etags, writer: UserSource::Scim.into() };
    answer(tenant.gateway.users().delete_user(request(message))).await
}

/// The address of the user with this resource name.
pub(crate) fn location(tenant: &Tenant, name: &str) -> String {
    let id = name.rsplit('/').next().unwrap_or_default();
    format!("{}/Users/{id}", tenant.base)
}
