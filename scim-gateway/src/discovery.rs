//! What the service can do (RFC 7644 section 4): `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`. Paging and
//! sorting are ignored on them, a filter is refused.

use axum::response::Response;
use http::StatusCode;
use rollcall_scim::{
    discovery::{resource_type_json, schema_json},
    schema::{ENTERPRISE_USER, GROUP, PRINT_USER, ResourceType, Schema, USER},
};
use serde_json::{Value, json};

use crate::{
    bulk::MAX_OPERATIONS,
    error::Error,
    query::{DEFAULT_COUNT, MAX_COUNT, Query},
    response,
    target::Key,
    tenant::Tenant,
};

const SCHEMAS: [&Schema; 4] = [&USER, &GROUP, &ENTERPRISE_USER, &PRINT_USER];

pub(crate) async fn service_provider_config(tenant: Tenant, query: Query) -> Result<Response, Error> {
    refuse_filter(&query)?;
    Ok(response::json(StatusCode::OK, &service_provider_config_json(&tenant)))
}

pub(crate) async fn schemas(tenant: Tenant, query: Query) -> Result<Response, Error> {
    refuse_filter(&query)?;
    Ok(response::whole(SCHEMAS.iter().map(|schema| schema_json(schema, &tenant.base)).collect()))
}

pub(crate) async fn schema(tenant: Tenant, Key(urn): Key, query: Query) -> Result<Response, Error> {
    refuse_filter(&query)?;
    let found = SCHEMAS.iter().find(|schema| schema.id.eq_ignore_ascii_case(&urn)).ok_or(Error::NotFound)?;
    Ok(response::json(StatusCode::OK, &schema_json(found, &tenant.base)))
}

pub(crate) async fn resource_types(tenant: Tenant, query: Query) -> Result<Response, Error> {
    refuse_filter(&query)?;
    Ok(response::whole(
        ResourceType::ALL.into_iter().map(|kind| resource_type_json(kind, &tenant.base)).collect(),
    ))
}

pub(crate) async fn resource_type(tenant: Tenant, Key(name): Key, query: Query) -> Result<Response, Error> {
    refuse_filter(&query)?;
    let mut kinds = ResourceType::ALL.into_iter();
    let found = kinds.find(|kind| kind.name().eq_ignore_ascii_case(&name)).ok_or(Error::NotFound)?;
    Ok(response::json(StatusCode::OK, &resource_type_json(found, &tenant.base)))
}

fn refuse_filter(query: &Query) -> Result<(), Error> {
    if query.has_filter() { Err(Error::FilterForbidden) } else { Ok(()) }
}

/// What is true of this service (RFC 7643 section 5, RFC 9865 section 4).
fn service_provider_config_json(tenant: &Tenant) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": MAX_OPERATIONS,
            "maxPayloadSize": tenant.gateway.config.scim_max_body_bytes,
        },
        "filter": { "supported": true, "maxResults": MAX_COUNT },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        // There is no cursorTimeout, because a cursor holds the place itself and is good for ever.
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token of the account, in the Authorization header",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", tenant.base),
        },
    })
}
