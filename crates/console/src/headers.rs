//! The headers of every answer: what a browser may do with it.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue, header};

use crate::signin::Provider;

/// Everything from here and nothing from elsewhere, no script or style within a page, and no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Adds them.
pub(crate) async fn secure(policy: HeaderValue, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages hold names and once a token; what may be kept says so itself.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The policy. The form that begins a sign-in leads to the provider in the end, and browsers hold `form-action` against
/// redirects too.
pub(crate) fn policy(provider: Option<&Provider>) -> HeaderValue {
    let wider = provider.and_then(Provider::origin).map(|origin| format!("{POLICY} {origin}"));
    let wider = wider.and_then(|policy| HeaderValue::from_str(&policy).ok());
    wider.unwrap_or(HeaderValue::from_static(POLICY))
}
