//! `/Groups` and `/Groups/{id}` (RFC 7644 sections 3.3 to 3.6).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, GroupView, ListGroupsRequest,
    ListMembersRequest, PatchGroupRequest, ReplaceGroupRequest,
};
use rollcall_scim::{
    convert::group_to_json, patch::operations_from_json, projection::Projection, resource::group_from_json,
    schema::ResourceType,
};
use serde_json::{Map, Value};

use crate::{
    body::Json,
    clients::{Gateway, answer, request},
    conditional,
    error::Error,
    query::Query,
    response,
    target::{Account, Id},
};

/// Members asked for at a time once the first are not all.
const MEMBERS_PAGE: i32 = 5000;

pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let group = group_from_json(&body)?;
    let message = CreateGroupRequest { parent: account.name(), group: Some(group) };
    let group = answer(gateway.groups().create_group(request(message))).await?;
    one(StatusCode::CREATED, group, &gateway, &account, &projection).await
}

pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let message = ListGroupsRequest {
        parent: account.name(),
        page_size: query.page_size(),
        page_token: String::new(),
        filter: query.filter(),
        order_by: query.order_by(),
        skip: query.skip(),
        view: view(&projection).into(),
    };
    let page = answer(gateway.groups().list_groups(request(message))).await?;
    let base = gateway.config.base(&account);
    let mut resources = Vec::with_capacity(page.groups.len());
    for mut group in page.groups {
        complete(&mut group, &gateway, &projection).await?;
        resources.push(shown(&group, &base, &projection));
    }
    Ok(response::list(&query, page.total_size, resources))
}

pub(crate) async fn read(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let message = GetGroupRequest { name: account.group(&id), view: view(&projection).into() };
    let group = answer(gateway.groups().get_group(request(message))).await?;
    if conditional::is_known(&headers, &group.etag) {
        return Ok(response::not_modified(&group.etag));
    }
    one(StatusCode::OK, group, &gateway, &account, &projection).await
}

pub(crate) async fn replace(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let etags = conditional::if_match(&headers)?;
    // The id of the address counts, whatever the body says (RFC 7644 section 3.5.1).
    let group = Group { name: account.group(&id), ..group_from_json(&body)? };
    let message = ReplaceGroupRequest { group: Some(group), etags, view: view(&projection).into() };
    let group = answer(gateway.groups().replace_group(request(message))).await?;
    one(StatusCode::OK, group, &gateway, &account, &projection).await
}

/// Answers 204, because a group may hold a hundred thousand members and the client named the one it changed; 200 with
/// the group where the client says which attributes it wants (RFC 7644 section 3.5.2).
pub(crate) async fn patch(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let etags = conditional::if_match(&headers)?;
    let operations = operations_from_json(&body)?;
    let view = if query.names_attributes() { view(&projection) } else { GroupView::Basic };
    let message = PatchGroupRequest { name: account.group(&id), operations, etags, view: view.into() };
    let group = answer(gateway.groups().patch_group(request(message))).await?;
    if query.names_attributes() {
        one(StatusCode::OK, group, &gateway, &account, &projection).await
    } else {
        Ok(response::changed(&group.etag))
    }
}

pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let etags = conditional::if_match(&headers)?;
    let message = DeleteGroupRequest { name: account.group(&id), etags };
    answer(gateway.groups().delete_group(request(message))).await?;
    Ok(response::deleted())
}

/// Members are read only where they are shown.
fn view(projection: &Projection) -> GroupView {
    if projection.wants("members") { GroupView::Full } else { GroupView::Basic }
}

/// Reads the members that did not come with the group, which hold no more than a page.
async fn complete(group: &mut Group, gateway: &Gateway, projection: &Projection) -> Result<(), Error> {
    let mut page_token = std::mem::take(&mut group.members_next_page_token);
    while !page_token.is_empty() && projection.wants("members") {
        let message = ListMembersRequest { parent: group.name.clone(), page_size: MEMBERS_PAGE, page_token };
        let page = answer(gateway.groups().list_members(request(message))).await?;
        group.members.extend(page.members);
        page_token = page.next_page_token;
    }
    Ok(())
}

fn shown(group: &Group, base: &str, projection: &Projection) -> Map<String, Value> {
    let mut resource = group_to_json(group, base);
    projection.apply(&mut resource);
    resource
}

async fn one(
    status: StatusCode,
    mut group: Group,
    gateway: &Gateway,
    account: &Account,
    projection: &Projection,
) -> Result<Response, Error> {
    complete(&mut group, gateway, projection).await?;
    let base = gateway.config.base(account);
    let id = group.name.rsplit('/').next().unwrap_or_default();
    let location = format!("{base}/Groups/{id}");
    Ok(response::resource(status, &shown(&group, &base, projection), &group.etag, &location))
}
