//! The answers of success.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{error::Error, pieces::Pieces, query::Start};

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

/// The answer that has a resource for its body, with the resource's version and address.
pub(crate) fn resource(mut response: Response, etag: &str, location: &str) -> Response {
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

/// A page of resources (RFC 7644 section 3.4.2). By cursor it has no index, and names the next page but at the end (RFC
/// 9865 section 2).
pub(crate) fn list(start: &Start, total: i32, next: &str, resources: Vec<Pieces>) -> Response {
    let mut head = json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "itemsPerPage": resources.len(),
    });
    match start {
        Start::Index(index) => head["startIndex"] = (*index).into(),
        Start::Cursor(_) if !next.is_empty() => head["nextCursor"] = next.into(),
        Start::Cursor(_) => {}
    }
    let mut body = Pieces::default();
    body.push(head.to_string().trim_end_matches('}').as_bytes());
    body.push(b",\"Resources\":[");
    for (index, resource) in resources.into_iter().enumerate() {
        if index > 0 {
            body.push(b",");
        }
        body.extend(resource);
    }
    body.push(b"]}");
    body.into_response(StatusCode::OK)
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
