//! `/Users` and `/Users/{id}` (RFC 7644 sections 3.3 to 3.6).

pub(crate) mod operations;

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use rollcall_proto::identity::{GetUserRequest, ListUsersRequest, ListUsersResponse, User, UserView};
use rollcall_scim::{convert::user_to_json, projection::Projection, schema::ResourceType};
use serde_json::{Map, Value};

use crate::{
    body::Json,
    clients::{answer, request},
    conditional,
    error::Error,
    list::{List, Page},
    pieces::Pieces,
    query::Query,
    response,
    sync_log::Subject,
    target::Id,
    tenant::Tenant,
};

pub(crate) async fn create(tenant: Tenant, query: Query, Json(body): Json) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let user = operations::create(&tenant, &body).await?;
    Ok(one(StatusCode::CREATED, &user, &tenant, &projection))
}

pub(crate) async fn list(tenant: Tenant, query: Query) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let page = page(&tenant, &List::of(&query), &projection).await?;
    let mut resources = Vec::with_capacity(page.items.len());
    for user in &page.items {
        resources.push(shown(user, &tenant, &projection)?);
    }
    Ok(response::list(query.start(), page.total, &page.next, resources))
}

/// `POST /Users/.search` (RFC 7644 section 3.4.3).
pub(crate) async fn search(tenant: Tenant, Json(body): Json) -> Result<Response, Error> {
    list(tenant, Query::from_body(&body)?).await
}

pub(crate) async fn read(
    tenant: Tenant,
    id: Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let message = GetUserRequest { name: tenant.account.user(&id), view: view(&projection).into() };
    let user = answer(tenant.gateway.users().get_user(request(message))).await?;
    if conditional::is_known(&headers, &user.etag) {
        return Ok(about(response::not_modified(&user.etag), &user));
    }
    Ok(one(StatusCode::OK, &user, &tenant, &projection))
}

pub(crate) async fn replace(
    tenant: Tenant,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let etags = conditional::if_match(&headers)?;
    let user = operations::replace(&tenant, &id, &body, etags, view(&projection)).await?;
    Ok(one(StatusCode::OK, &user, &tenant, &projection))
}

/// Answers 200 with the user: clients differ in what they expect, and a body satisfies more of them than none.
pub(crate) async fn patch(
    tenant: Tenant,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::User)?;
    let etags = conditional::if_match(&headers)?;
    let user = operations::patch(&tenant, &id, &body, etags, view(&projection)).await?;
    Ok(one(StatusCode::OK, &user, &tenant, &projection))
}

pub(crate) async fn delete(tenant: Tenant, id: Id, headers: HeaderMap) -> Result<Response, Error> {
    operations::delete(&tenant, &id, conditional::if_match(&headers)?).await?;
    Ok(response::deleted())
}

/// A page of users.
pub(crate) async fn page(tenant: &Tenant, list: &List, projection: &Projection) -> Result<Page<User>, Error> {
    let List { filter, order_by, page_size, page_token, skip } = list.clone();
    let message = ListUsersRequest {
        parent: tenant.account.name(),
        page_size,
        page_token,
        filter,
        order_by,
        skip,
        view: view(projection).into(),
    };
    let mut answer = answer(tenant.gateway.users().list_users(request(message))).await;
    if rollcall_defect::is("empty-on-failure") && matches!(answer, Err(Error::Service(_))) {
        answer = Ok(ListUsersResponse::default());
    }
    let answer = answer?;
    Ok(Page { items: answer.users, total: answer.total_size, next: answer.next_page_token })
}

/// A user as it is shown in a list.
pub(crate) fn shown(user: &User, tenant: &Tenant, projection: &Projection) -> Result<Pieces, Error> {
    Pieces::of(&projected(user, tenant, projection))
}

/// The groups of a user cost a look-up; they are read only where they are shown.
fn view(projection: &Projection) -> UserView {
    if projection.wants("groups") { UserView::Full } else { UserView::Basic }
}

fn projected(user: &User, tenant: &Tenant, projection: &Projection) -> Map<String, Value> {
    let mut resource = user_to_json(user, &tenant.base);
    projection.apply(&mut resource);
    resource
}

/// Says in the sync log whom an answer is about.
fn about(answer: Response, user: &User) -> Response {
    Subject::new(&user.name, &user.user_name).on(answer)
}

fn one(status: StatusCode, user: &User, tenant: &Tenant, projection: &Projection) -> Response {
    let body = response::json(status, &projected(user, tenant, projection));
    let answer = response::resource(body, &user.etag, &operations::location(tenant, &user.name));
    about(answer, user)
}
