//! What the service can do (RFC 7644 section 4): `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`. Paging and
//! sorting are ignored on them, a filter is refused.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::StatusCode;
use rollcall_scim::{
    discovery::{resource_type_json, schema_json},
    schema::{ENTERPRISE_USER, GROUP, ResourceType, Schema, USER},
};
use serde_json::{Value, json};

use crate::{
    clients::Gateway,
    error::Error,
    query::{MAX_COUNT, Query},
    response,
    target::{Account, Key},
};

const SCHEMAS: [&Schema; 3] = [&USER, &GROUP, &ENTERPRISE_USER];

pub(crate) async fn service_provider_config(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
) -> Result<Response, Error> {
    refuse_filter(&query)?;
    Ok(response::json(StatusCode::OK, &service_provider_config_json(&gateway.config.base(&account))))
}

pub(crate) async fn schemas(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
) -> Result<Response, Error> {
    refuse_filter(&query)?;
    let base = gateway.config.base(&account);
    Ok(response::whole(SCHEMAS.iter().map(|schema| schema_json(schema, &base)).collect()))
}

pub(crate) async fn schema(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    Key(urn): Key,
    query: Query,
) -> Result<Response, Error> {
    refuse_filter(&query)?;
    let found = SCHEMAS.iter().find(|schema| schema.id.eq_ignore_ascii_case(&urn)).ok_or(Error::NotFound)?;
    Ok(response::json(StatusCode::OK, &schema_json(found, &gateway.config.base(&account))))
}

pub(crate) async fn resource_types(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    query: Query,
) -> Result<Response, Error> {
    refuse_filter(&query)?;
    let base = gateway.config.base(&account);
    Ok(response::whole(ResourceType::ALL.into_iter().map(|kind| resource_type_json(kind, &base)).collect()))
}

pub(crate) async fn resource_type(
    State(gateway): State<Arc<Gateway>>,
    account: Account,
    Key(name): Key,
    query: Query,
) -> Result<Response, Error> {
    refuse_filter(&query)?;
    let mut kinds = ResourceType::ALL.into_iter();
    let found = kinds.find(|kind| kind.name().eq_ignore_ascii_case(&name)).ok_or(Error::NotFound)?;
    Ok(response::json(StatusCode::OK, &resource_type_json(found, &gateway.config.base(&account))))
}

fn refuse_filter(query: &Query) -> Result<(), Error> {
    if query.has_filter() { Err(Error::FilterForbidden) } else { Ok(()) }
}

/// What is true of this service (RFC 7643 section 5).
fn service_provider_config_json(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of the account, in the Authorization header",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}
