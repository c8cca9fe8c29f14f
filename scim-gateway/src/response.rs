//! The answers of success.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{error::Error, query::Query};

const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A body of `application/scim+json` (RFC 7644 section 3.1).
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let content_type = HeaderValue::from_static("application/scim+json");
            (status, [(header::CONTENT_TYPE, content_type)], bytes).into_response()
        }
        // Maps with text for keys always serialise; an error's own body too, so this ends.
        Err(_) => Error::Internal.into_response(),
    }
}

/// A resource with its version and its address.
pub(crate) fn resource(
    status: StatusCode,
    body: &Map<String, Value>,
    etag: &str,
    location: &str,
) -> Response {
    let mut response = json(status, body);
    set(&mut response, header::ETAG, etag);
    set(&mut response, header::LOCATION, location);
    response
}

/// 204 for a change whose outcome is not sent, with the new version.
pub(crate) fn changed(etag: &str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set(&mut response, header::ETAG, etag);
    response
}

/// 304: the client holds this version.
pub(crate) fn not_modified(etag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    set(&mut response, header::ETAG, etag);
    response
}

/// 204 after a deletion.
pub(crate) fn deleted() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A page of resources (RFC 7644 section 3.4.2).
pub(crate) fn list(query: &Query, total: i32, resources: Vec<Map<String, Value>>) -> Response {
    let body = json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "itemsPerPage": resources.len(),
        "startIndex": query.start_index(),
        "Resources": resources,
    });
    json(StatusCode::OK, &body)
}

/// All there is, on one page.
pub(crate) fn whole(resources: Vec<Value>) -> Response {
    let body = json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": resources.len(),
        "itemsPerPage": resources.len(),
        "startIndex": 1,
        "Resources": resources,
    });
    json(StatusCode::OK, &body)
}

/// Sets a header, unless the value cannot be one: the body says the same.
fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
