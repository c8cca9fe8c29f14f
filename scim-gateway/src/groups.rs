//! `/Groups` and `/Groups/{id}` (RFC 7644 sections 3.3 to 3.6).

pub(crate) mod operations;

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use rollcall_proto::identity::{GetGroupRequest, Group, GroupView, ListGroupsRequest};
use rollcall_scim::{projection::Projection, schema::ResourceType};

use crate::{
    body::Json,
    clients::{answer, request},
    conditional,
    error::Error,
    list::{List, Page},
    members::Members,
    pieces::Pieces,
    query::Query,
    response,
    sync_log::Subject,
    target::Id,
    tenant::Tenant,
};

pub(crate) async fn create(tenant: Tenant, query: Query, Json(body): Json) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let group = operations::create(&tenant, &body).await?;
    one(StatusCode::CREATED, group, &tenant, projection)
}

pub(crate) async fn list(tenant: Tenant, query: Query) -> Result<Response, Error> {
    let projection = Arc::new(query.projection(ResourceType::Group)?);
    let page = page(&tenant, &List::of(&query), &projection).await?;
    let mut resources = Vec::with_capacity(page.items.len());
    for group in page.items {
        resources.push(shown(group, &tenant, &projection)?);
    }
    Ok(response::list(query.start(), page.total, &page.next, resources))
}

/// `POST /Groups/.search` (RFC 7644 section 3.4.3).
pub(crate) async fn search(tenant: Tenant, Json(body): Json) -> Result<Response, Error> {
    list(tenant, Query::from_body(&body)?).await
}

pub(crate) async fn read(
    tenant: Tenant,
    id: Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let message = GetGroupRequest { name: tenant.account.group(&id), view: view(&projection).into() };
    let group = answer(tenant.gateway.groups().get_group(request(message))).await?;
    if conditional::is_known(&headers, &group.etag) {
        return Ok(about(response::not_modified(&group.etag), &group));
    }
    one(StatusCode::OK, group, &tenant, projection)
}

pub(crate) async fn replace(
    tenant: Tenant,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let etags = conditional::if_match(&headers)?;
    let group = operations::replace(&tenant, &id, &body, etags, view(&projection)).await?;
    one(StatusCode::OK, group, &tenant, projection)
}

/// Answers 204, because a group may hold a hundred thousand members and the client named the one it changed; 200 with
/// the group where the client says which attributes it wants (RFC 7644 section 3.5.2).
pub(crate) async fn patch(
    tenant: Tenant,
    id: Id,
    query: Query,
    headers: HeaderMap,
    Json(body): Json,
) -> Result<Response, Error> {
    let projection = query.projection(ResourceType::Group)?;
    let etags = conditional::if_match(&headers)?;
    let view = if query.names_attributes() { view(&projection) } else { GroupView::Basic };
    let group = operations::patch(&tenant, &id, &body, etags, view).await?;
    if query.names_attributes() {
        one(StatusCode::OK, group, &tenant, projection)
    } else {
        Ok(about(response::changed(&group.etag), &group))
    }
}

pub(crate) async fn delete(tenant: Tenant, id: Id, headers: HeaderMap) -> Result<Response, Error> {
    operations::delete(&tenant, &id, conditional::if_match(&headers)?).await?;
    Ok(response::deleted())
}

/// A page of groups.
pub(crate) async fn page(
    tenant: &Tenant,
    list: &List,
    projection: &Projection,
) -> Result<Page<Group>, Error> {
    let List { filter, order_by, page_size, page_token, skip } = list.clone();
    let message = ListGroupsRequest {
        parent: tenant.account.name(),
        page_size,
        page_token,
        filter,
        order_by,
        skip,
        view: view(projection).into(),
    };
    let answer = answer(tenant.gateway.groups().list_groups(request(message))).await?;
    Ok(Page { items: answer.groups, total: answer.total_size, next: answer.next_page_token })
}

/// A group as it is shown, with all of its members.
pub(crate) fn shown(group: Group, tenant: &Tenant, projection: &Arc<Projection>) -> Result<Pieces, Error> {
    Members::split(group, tenant, projection)
}

/// Members are read only where they are shown.
fn view(projection: &Projection) -> GroupView {
    if projection.wants("members") { GroupView::Full } else { GroupView::Basic }
}

/// Says in the sync log which group an answer is about.
fn about(answer: Response, group: &Group) -> Response {
    Subject::new(&group.name, &group.display_name).on(answer)
}

fn one(status: StatusCode, group: Group, tenant: &Tenant, projection: Projection) -> Result<Response, Error> {
    let location = operations::location(tenant, &group.name);
    let etag = group.etag.clone();
    let subject = Subject::new(&group.name, &group.display_name);
    let body = shown(group, tenant, &Arc::new(projection))?;
    Ok(subject.on(response::resource(body.into_response(status), &etag, &location)))
}
