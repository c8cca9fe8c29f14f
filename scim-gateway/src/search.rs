//! `GET` and `POST /.search` at the root: users and groups together (RFC 7644 sections 3.4.2.1 and 3.4.3).
//!
//! Users come before groups, unless the order says otherwise. An attribute that one of the two does not have is one without a
//! value there (RFC 7644 section 3.4.2.1): a filter does not find it, and an order puts it last, or first when descending.

mod filter;
mod merge;

use std::sync::Arc;

use axum::response::Response;
use rollcall_proto::identity::{Group, User};
use rollcall_scim::{
    filter::{Filter, Path},
    projection::Projection,
    schema::ResourceType,
};

use crate::{
    body::Json,
    error::Error,
    groups,
    list::{List, Page},
    pieces::Pieces,
    query::{Query, Start, page_size},
    response,
    tenant::Tenant,
    users,
};

/// What stands for a cursor: which of the two lists it is in, and the service's token there.
const FIRST: &str = "0.";
const SECOND: &str = "1.";

/// `POST /.search`.
pub(crate) async fn root(tenant: Tenant, Json(body): Json) -> Result<Response, Error> {
    list(tenant, Query::from_body(&body)?).await
}

/// `GET /`.
pub(crate) async fn list(tenant: Tenant, query: Query) -> Result<Response, Error> {
    let [users, groups] =
        [half(&tenant, &query, ResourceType::User)?, half(&tenant, &query, ResourceType::Group)?];
    let page = match (users.order, groups.order, query.sort()) {
        (None, None, Some((path, _))) => return Err(unknown(path)),
        (Some(path), Some(_), Some((_, descending))) => {
            merge::page(&query, [&users, &groups], path, descending).await?
        }
        // Those without a value for the order come last, or first when descending.
        (None, Some(_), Some((_, false))) | (Some(_), None, Some((_, true))) => {
            one_after_the_other(&query, [&groups, &users]).await?
        }
        _ => one_after_the_other(&query, [&users, &groups]).await?,
    };
    let mut resources = Vec::with_capacity(page.items.len());
    for resource in page.items {
        let half = if matches!(resource, Resource::User(_)) { &users } else { &groups };
        resources.push(half.shown(resource)?);
    }
    Ok(response::list(query.start(), page.total, &page.next, resources))
}

/// What is asked of one resource type.
struct Half<'a> {
    tenant: &'a Tenant,
    kind: ResourceType,
    filter: String,
    /// What to sort by, if this type has it.
    order: Option<Path>,
    order_by: String,
    projection: Arc<Projection>,
}

enum Resource {
    User(Box<User>),
    Group(Box<Group>),
}

fn half<'a>(tenant: &'a Tenant, query: &Query, kind: ResourceType) -> Result<Half<'a>, Error> {
    let order = query.sort().and_then(|(path, _)| match Filter::parse(&format!("{path} pr"), kind) {
        Ok(Filter::Present(path)) => Some(path),
        _ => None,
    });
    Ok(Half {
        tenant,
        kind,
        filter: filter::scoped(&query.filter(), kind)?,
        order,
        order_by: order.map(|_| query.order_by()).unwrap_or_default(),
        projection: Arc::new(query.projection(kind)?),
    })
}

/// The error for a path that neither type has.
fn unknown(path: &str) -> Error {
    match Filter::parse(&format!("{path} pr"), ResourceType::User) {
        Err(error) => rollcall_scim::Error::from(error).into(),
        Ok(_) => Error::Value("sortBy must be the path of one attribute".to_owned()),
    }
}

impl Half<'_> {
    /// A page of at most `count`; of none, only the total.
    async fn page(&self, count: i32, page_token: &str, skip: i32) -> Result<Page<Resource>, Error> {
        let list = List {
            filter: self.filter.clone(),
            order_by: self.order_by.clone(),
            page_size: page_size(count),
            page_token: page_token.to_owned(),
            skip,
        };
        Ok(match self.kind {
            ResourceType::User => {
                let page = users::page(self.tenant, &list, &self.projection).await?;
                page.map(|user| Resource::User(Box::new(user)))
            }
            ResourceType::Group => {
                let page = groups::page(self.tenant, &list, &self.projection).await?;
                page.map(|group| Resource::Group(Box::new(group)))
            }
        })
    }

    async fn total(&self) -> Result<i32, Error> {
        Ok(self.page(0, "", 0).await?.total)
    }

    fn shown(&self, resource: Resource) -> Result<Pieces, Error> {
        match resource {
            Resource::User(user) => users::shown(&user, self.tenant, &self.projection),
            Resource::Group(group) => groups::shown(*group, self.tenant, &self.projection),
        }
    }
}

/// A page of one list with the other behind it.
async fn one_after_the_other(query: &Query, halves: [&Half<'_>; 2]) -> Result<Page<Resource>, Error> {
    let [first, second] = halves;
    let count = query.count();
    let missing = |page: &Page<Resource>| count - i32::try_from(page.items.len()).unwrap_or(count);
    let cursor = match query.start() {
        Start::Index(_) => {
            let page = first.page(count, "", query.skip()).await?;
            // Where the first list ends before the page, the rest of what is skipped is in the second.
            let rest = second.page(missing(&page), "", (query.skip() - page.total).max(0)).await?;
            return Ok(page.and(rest, ""));
        }
        Start::Cursor(cursor) => cursor,
    };
    if let Some(token) = cursor.strip_prefix(SECOND) {
        let total = first.total().await?;
        let page = second.page(count, token, 0).await?;
        return Ok(Page { items: vec![], total, next: String::new() }.and(page, SECOND));
    }
    let token = match cursor.strip_prefix(FIRST) {
        Some(token) if !token.is_empty() => token,
        None if cursor.is_empty() => "",
        _ => return Err(Error::Cursor("the cursor is none that was given out".to_owned())),
    };
    let page = first.page(count, token, 0).await?;
    let goes_on = !page.next.is_empty();
    let rest = second.page(if goes_on { 0 } else { missing(&page) }, "", 0).await?;
    let full = count > 0 && rest.items.is_empty() && rest.total > 0;
    let next = if goes_on { format!("{FIRST}{}", page.next) } else { SECOND.to_owned() };
    let page = page.and(rest, SECOND);
    Ok(if goes_on || full { Page { next, ..page } } else { page })
}

impl Page<Resource> {
    /// This page with what follows it; `prefix` marks the cursor of the latter.
    fn and(mut self, rest: Self, prefix: &str) -> Self {
        self.items.extend(rest.items);
        let next = if rest.next.is_empty() { rest.next } else { format!("{prefix}{}", rest.next) };
        Self { items: self.items, total: self.total.saturating_add(rest.total), next }
    }
}
