//! The crate scim-server on its SQLite storage, with the HTTP that it leaves to its users.
//!
//! It has no parser of filters: `attribute eq "value"` is cut here, and looked up by the crate's search by attribute.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use scim_server::{
    RequestContext, ResourceProvider as _,
    providers::{ProviderError, StandardResourceProvider},
    resource::versioned::VersionedResource,
    storage::SqliteStorage,
};
use serde_json::{Value, json};
use sqlx::{
    ConnectOptions as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

type Provider = Arc<StandardResourceProvider<SqliteStorage>>;
type Answer = Result<Response, Failure>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (data, port) = (std::env::var("DATA")?, std::env::var("PORT")?);
    let token = format!("Bearer {}", std::env::var("TOKEN")?);
    let path = format!("{data}/scim.db");
    // The crate leaves the file as it finds it, and a file remembers its journal mode.
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    drop(options.journal_mode(SqliteJournalMode::Wal).connect().await?);
    let provider = Arc::new(StandardResourceProvider::new(SqliteStorage::new_with_path(&path).await?));

    let app =
        Router::new()
            .route("/scim/v2/{endpoint}", get(list).post(create))
            .route("/scim/v2/{endpoint}/{id}", get(read).put(replace).patch(patch).delete(remove))
            .layer(middleware::from_fn(move |request: Request, next: Next| {
                let allowed =
                    request.headers().get(header::AUTHORIZATION).is_some_and(|value| *value == *token);
                async move {
                    if allowed { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
                }
            }))
            .with_state(provider);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    Ok(axum::serve(listener, app).await?)
}

/// What is answered instead.
struct Failure(StatusCode, String);

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let status = match &error {
            ProviderError::ResourceNotFound { .. } | ProviderError::NotFound { .. } => StatusCode::NOT_FOUND,
            ProviderError::DuplicateAttribute { .. } | ProviderError::DuplicateUserName { .. } => {
                StatusCode::CONFLICT
            }
            ProviderError::Storage { .. } | ProviderError::Internal { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.0.as_str(),
            "detail": self.1,
        });
        scim(self.0, &body)
    }
}

fn scim(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body.to_string()).into_response()
}

fn json(resource: &VersionedResource) -> Result<Value, Failure> {
    resource
        .resource()
        .to_json()
        .map_err(|error| Failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure(StatusCode::BAD_REQUEST, error.to_string()))
}

fn resource_type(endpoint: &str) -> Result<&'static str, Failure> {
    match endpoint {
        "Users" => Ok("User"),
        "Groups" => Ok("Group"),
        _ => Err(Failure(StatusCode::NOT_FOUND, format!("no endpoint `{endpoint}`"))),
    }
}

async fn list(
    State(provider): State<Provider>,
    Path(endpoint): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let kind = resource_type(&endpoint)?;
    let context = RequestContext::with_generated_id();
    let found = match query.get("filter") {
        None => provider.list_resources(kind, None, &context).await?,
        Some(filter) => {
            let (attribute, value) = comparison(filter).ok_or_else(|| {
                Failure(StatusCode::BAD_REQUEST, "only `attribute eq \"value\"` can be looked up".to_owned())
            })?;
            provider.find_resources_by_attribute(kind, attribute, value, &context).await?
        }
    };
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<usize>().ok());
    let start = number("startIndex").unwrap_or(1).max(1);
    let page = found.iter().skip(start - 1).take(number("count").unwrap_or(usize::MAX));
    let mut resources = page.map(json).collect::<Result<Vec<_>, _>>()?;
    for attribute in query.get("excludedAttributes").iter().flat_map(|names| names.split(',')) {
        for resource in resources.iter_mut().filter_map(Value::as_object_mut) {
            resource.remove(attribute);
        }
    }
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": found.len(),
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    Ok(scim(StatusCode::OK, &body))
}

/// The attribute and the value of `attribute eq "value"`, the one comparison that the crate can look up. It goes by
/// single-valued attributes only.
fn comparison(filter: &str) -> Option<(&str, &str)> {
    let (attribute, value) = filter.split_once(" eq ")?;
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    let single = !attribute.contains(['[', ' ']) && !attribute.starts_with("emails");
    single.then_some((attribute, value))
}

async fn create(State(provider): State<Provider>, Path(endpoint): Path<String>, body: Bytes) -> Answer {
    let context = RequestContext::with_generated_id();
    let created = provider.create_resource(resource_type(&endpoint)?, parse(&body)?, &context).await?;
    Ok(scim(StatusCode::CREATED, &json(&created)?))
}

async fn read(State(provider): State<Provider>, Path((endpoint, id)): Path<(String, String)>) -> Answer {
    let context = RequestContext::with_generated_id();
    match provider.get_resource(resource_type(&endpoint)?, &id, &context).await? {
        Some(found) => Ok(scim(StatusCode::OK, &json(&found)?)),
        None => Err(Failure(StatusCode::NOT_FOUND, format!("no {endpoint} `{id}`"))),
    }
}

async fn replace(
    State(provider): State<Provider>,
    Path((endpoint, id)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let (kind, context) = (resource_type(&endpoint)?, RequestContext::with_generated_id());
    let replaced = provider.update_resource(kind, &id, parse(&body)?, None, &context).await?;
    Ok(scim(StatusCode::OK, &json(&replaced)?))
}

async fn patch(
    State(provider): State<Provider>,
    Path((endpoint, id)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let (kind, context) = (resource_type(&endpoint)?, RequestContext::with_generated_id());
    let patched = provider.patch_resource(kind, &id, &parse(&body)?, None, &context).await?;
    Ok(scim(StatusCode::OK, &json(&patched)?))
}

async fn remove(State(provider): State<Provider>, Path((endpoint, id)): Path<(String, String)>) -> Answer {
    let context = RequestContext::with_generated_id();
    provider.delete_resource(resource_type(&endpoint)?, &id, None, &context).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
