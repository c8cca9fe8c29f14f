//! `/Users` and `/Users/{id}` (RFC 7644 sections 3.3 to 3.6).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use rollcall_proto::identity::{
    CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUsersRequest, PatchUserRequest,
    ReplaceUserRequest, User, UserSource, UserView,
};
use rollcall_scim::{
    convert::user_to_json, patch::operations_from_json, projection::Projection, resource::user_from_json,
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

pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let user = user_from_json(&body)?;
    let message =
        CreateUserRequest { parent: account.name(), user: Some(user), source: UserSource::Scim.into() };
    let user = answer(gateway.users().create_user(request(message))).await?;
    Ok(one(StatusCode::CREATED, &user, &gateway.config.base(&account), &projection))
}

pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let message = ListUsersRequest {
        parent: account.name(),
        page_size: query.page_size(),
        page_token: String::new(),
        filter: query.filter(),
        order_by: query.order_by(),
        skip: query.skip(),
        view: view(&projection).into(),
    };
    let page = answer(gateway.users().list_users(request(message))).await?;
    let base = gateway.config.base(&account);
    let resources = page.users.iter().map(|user| shown(user, &base, &projection)).collect();
    Ok(response::list(&query, page.total_size, resources))
}

pub(crate) async fn read(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let message = GetUserRequest { name: account.user(&id), view: view(&projection).into() };
    let user = answer(gateway.users().get_user(request(message))).await?;
    if conditional::is_known(&headers, &user.etag) {
        return Ok(response::not_modified(&user.etag));
    }
    Ok(one(StatusCode::OK, &user, &gateway.config.base(&account), &projection))
}

pub(crate) async fn replace(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let etags = conditional::if_match(&headers)?;
    // The id of the address counts, whatever the body says (RFC 7644 section 3.5.1).
    let user = User { name: account.user(&id), ..user_from_json(&body)? };
    let message = ReplaceUserRequest { user: Some(user), etags, view: view(&projection).into() };
    let user = answer(gateway.users().replace_user(request(message))).await?;
    Ok(one(StatusCode::OK, &user, &gateway.config.base(&account), &projection))
}

/// Answers 200 with the user: clients differ in what they expect, and a body satisfies more of them than none.
pub(crate) async fn patch(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let etags = conditional::if_match(&headers)?;
    let operations = operations_from_json(&body)?;
    let message =
        PatchUserRequest { name: account.user(&id), operations, etags, view: view(&projection).into() };
    let user = answer(gateway.users().patch_user(request(message))).await?;
    Ok(one(StatusCode::OK, &user, &gateway.config.base(&account), &projection))
}

pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    id: Id,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let etags = conditional::if_match(&headers)?;
    let message = DeleteUserRequest { name: account.user(&id), etags };
    answer(gateway.users().delete_user(request(message))).await?;
    Ok(response::deleted())
}

/// The groups of a user cost a look-up; they are read only where they are shown.
fn view(projection: &Projection) -> UserView {
    if projection.wants("groups") { UserView::Full } else { UserView::Basic }
}

fn shown(user: &User, base: &str, projection: &Projection) -> Map<String, Value> {
    let mut resource = user_to_json(user, base);
    projection.apply(&mut resource);
    resource
}

fn one(status: StatusCode, user: &User, base: &str, projection: &Projection) -> Response {
    let id = user.name.rsplit('/').next().unwrap_or_default();
    response::resource(status, &shown(user, base, projection), &user.etag, &format!("{base}/Users/{id}"))
}
