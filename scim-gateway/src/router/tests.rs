//! What the router answers by itself, and while the services behind it are away.

use std::time::{Duration, Instant};

use axum::body::Body;
use clap::Parser as _;
use http::{Method, Response, StatusCode, header};
use rollcall_serve::channel;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;

const USER: &str = "/acme/scim/v2/Users/0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// A gateway whose services nobody runs, and which has verified tokens of the account `acme`: `good` just now, `stale`
/// 50 seconds and `old` 70 seconds ago.
fn router_alone() -> Router {
    let nobody = || channel::connect("http://127.0.0.1:1").unwrap();
    let flags = ["x", "--public-url", "https://scim.example.com/", "--scim-token-cache-ms", "40000"];
    let mut config = Flags::try_parse_from(flags).unwrap().config;
    config.scim_max_body_bytes = 1000;
    let gateway = Gateway::new(Clients::new(nobody(), nobody()), config);
    for (secret, age) in [("good", 0), ("stale", 50), ("old", 70)] {
        gateway.tokens.trust("acme", secret, Duration::from_secs(age));
    }
    build(gateway)
}

fn request(method: &str, path: &str) -> http::request::Builder {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    http::Request::builder().method(method).uri(path).header(header::AUTHORIZATION, "Bearer good")
}

async fn send(request: http::Request<Body>) -> Response<Body> {
    router_alone().oneshot(request).await.unwrap()
}

async fn json(response: Response<Body>) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/scim+json");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Checks that the answer is a SCIM error of this status, and gives its scimType and detail.
async fn scim_error(response: Response<Body>, status: u16) -> (Option<String>, String) {
    assert_eq!(response.status(), status);
    let body = json(response).await;
    assert_eq!(body["schemas"], serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    assert_eq!(body["status"], status.to_string());
    let detail = body["detail"].as_str().unwrap().to_owned();
    assert!(!detail.is_empty());
    (body.get("scimType").map(|kind| kind.as_str().unwrap().to_owned()), detail)
}

#[tokio::test]
async fn addresses_that_do_not_exist_are_404() {
    for path in [
        "/",
        "/scim/v2",
        "/scim/v2/Users",
        "/acme",
        "/acme/scim/v2/Userz",
        "/acme/scim/v2/users",
        "/acme/scim/v2/Users/1/2",
        "/acme/scim/v2/Users/not-an-id",
        "/acme/scim/v2/Users/%ff",
        "/acme/scim/v2/Users/0195A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B",
        "/acme/scim/v2/Schemas/urn:nothing",
        "/acme/scim/v2/ResourceTypes/Printer",
        "/Not_An_Account/scim/v2/Users",
        "/%61cme/scim/v2/Users",
    ] {
        scim_error(send(request("GET", path).body(Body::empty()).unwrap()).await, 404).await;
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_and_says_which_are_right() {
    for (method, path, allow) in [
        ("PUT", "/acme/scim/v2/Users", "GET,HEAD,POST"),
        ("OPTIONS", "/acme/scim/v2/Groups", "GET,HEAD,POST"),
        ("POST", USER, "GET,HEAD,PUT,PATCH,DELETE"),
        ("POST", "/acme/scim/v2/Schemas", "GET,HEAD"),
        ("GET", "/acme/scim/v2/Bulk", "POST"),
        ("TEAPOT", "/acme/scim/v2/ServiceProviderConfig", "GET,HEAD"),
    ] {
        let response = send(request(method, path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()[header::ALLOW], allow, "{method} {path}");
        scim_error(response, 405).await;
    }
}

#[tokio::test]
async fn bad_bodies_are_refused_before_any_service_is_asked() {
    let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(1000));
    let deep = "[".repeat(100);
    for (content_type, body, status, scim_type) in [
        ("text/plain", "{}", 415, None),
        ("application/json; charset=latin1", "{}", 415, None),
        ("application/scim+json", "nonsense", 400, Some("invalidSyntax")),
        ("application/scim+json", "", 400, Some("invalidSyntax")),
        ("application/json", "[]", 400, Some("invalidSyntax")),
        ("application/json", &deep, 400, Some("invalidSyntax")),
        ("application/json", &large, 413, None),
    ] {
        for (method, path) in [
            ("POST", "/acme/scim/v2/Users"),
            ("PUT", USER),
            ("PATCH", USER),
            ("POST", "/acme/scim/v2/Groups"),
        ] {
            let request = request(method, path).header(header::CONTENT_TYPE, content_type);
            let response = send(request.body(Body::from(body.to_owned())).unwrap()).await;
            let (found, _) = scim_error(response, status).await;
            assert_eq!(found.as_deref(), scim_type, "{method} {path} {body:.20}");
        }
    }
}

#[tokio::test]
async fn bad_parameters_and_conditions_are_refused() {
    for path in ["/acme/scim/v2/Users?count=x", "/acme/scim/v2/Groups?sortOrder=up"] {
        let (scim_type, _) =
            scim_error(send(request("GET", path).body(Body::empty()).unwrap()).await, 400).await;
        assert_eq!(scim_type.as_deref(), Some("invalidValue"), "{path}");
    }
    let request = request("DELETE", USER).header(header::IF_MATCH, "3");
    scim_error(send(request.body(Body::empty()).unwrap()).await, 400).await;
}

#[tokio::test]
async fn every_401_is_the_same() {
    let mut answers = Vec::new();
    for authorization in [None, Some(""), Some("Bearer"), Some("Basic good"), Some("Bearer a b")] {
        for path in ["/acme/scim/v2/Users", "/other/scim/v2/Users", "/acme/scim/v2/Nothing", "/acme/scim/v2"]
        {
            let mut request = http::Request::builder().uri(path);
            if let Some(value) = authorization {
                request = request.header(header::AUTHORIZATION, value);
            }
            let response = send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], r#"Bearer realm="rollcall""#);
            let headers = format!("{:?}", response.headers());
            answers.push((headers, scim_error(response, 401).await));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn services_that_are_away_are_503_with_a_time_to_come_back() {
    let post = |path: &str, body: &'static str| request("POST", path).body(Body::from(body)).unwrap();
    for request in [
        request("GET", "/acme/scim/v2/Users").body(Body::empty()).unwrap(),
        request("GET", USER).body(Body::empty()).unwrap(),
        request("DELETE", USER).body(Body::empty()).unwrap(),
        request("HEAD", "/acme/scim/v2/Groups/?count=0").body(Body::empty()).unwrap(),
        post(
            "/acme/scim/v2//Users",
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u"}"#,
        ),
    ] {
        let head = request.method() == Method::HEAD;
        let response = send(request).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        if !head {
            let (_, detail) = scim_error(response, 503).await;
            assert!(detail.contains("try again"), "{detail}");
        }
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_verified_is_503_and_never_401() {
    let start = Instant::now();
    for (account, secret) in [("acme", "new"), ("acme", "old"), ("other", "good")] {
        let request = http::Request::builder()
            .uri(format!("/{account}/scim/v2/ServiceProviderConfig"))
            .header(header::AUTHORIZATION, format!("Bearer {secret}"));
        let response = send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        scim_error(response, 503).await;
    }
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_token_verified_within_a_minute_counts_while_token_service_is_away() {
    let request = http::Request::builder()
        .uri("/acme/scim/v2/ServiceProviderConfig")
        .header(header::AUTHORIZATION, "Bearer stale");
    assert_eq!(send(request.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_offered_says_so() {
    for (method, path) in
        [("GET", "/acme/scim/v2/Me"), ("POST", "/acme/scim/v2/Me"), ("DELETE", "/acme/scim/v2/Me")]
    {
        let (_, detail) =
            scim_error(send(request(method, path).body(Body::empty()).unwrap()).await, 501).await;
        assert!(detail.contains("belongs to an account"), "{detail}");
    }
}

#[tokio::test]
async fn discovery_needs_no_service() {
    for (path, kind, location) in [
        ("/ServiceProviderConfig", "ServiceProviderConfig", "/ServiceProviderConfig"),
        ("/ServiceProviderConfigs/", "ServiceProviderConfig", "/ServiceProviderConfig"),
        ("/ResourceTypes/User", "ResourceType", "/ResourceTypes/User"),
        (
            "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group",
            "Schema",
            "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group",
        ),
    ] {
        let path = format!("/acme/scim/v2{path}");
        let response = send(request("GET", &path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200, "{path}");
        let body = json(response).await;
        assert_eq!(body["meta"]["resourceType"], kind);
        assert_eq!(body["meta"]["location"], format!("https://scim.example.com/acme/scim/v2{location}"));
    }
    for (path, total) in [("/Schemas", 4), ("/ResourceTypes", 2)] {
        let path = format!("/acme/scim/v2{path}");
        let body = json(send(request("GET", &path).body(Body::empty()).unwrap()).await).await;
        assert_eq!(
            (&body["totalResults"], body["Resources"].as_array().unwrap().len()),
            (&total.into(), total)
        );
        let filtered = format!("{path}?filter=id+pr");
        scim_error(send(request("GET", &filtered).body(Body::empty()).unwrap()).await, 403).await;
    }
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    let router = Router::new()
        .route("/", get(async || -> &'static str { panic!("secret") }))
        .layer(CatchPanicLayer::custom(error::panicked));
    let response = router.oneshot(http::Request::new(Body::empty())).await.unwrap();
    assert_eq!(scim_error(response, 500).await, (None, "internal error".to_owned()));
}

#[test]
fn slashes_are_tidied() {
    for (path, tidied) in [
        ("/a/scim/v2/Users", "/a/scim/v2/Users"),
        ("/a/scim/v2/Users/", "/a/scim/v2/Users"),
        ("/a/scim/v2//Users?filter=a//b", "/a/scim/v2/Users?filter=a//b"),
        ("//a///scim/v2/Users//?x=/", "/a/scim/v2/Users?x=/"),
        ("/", "/"),
        ("//", "/"),
    ] {
        let request = http::Request::builder().uri(path).body(Body::empty()).unwrap();
        assert_eq!(tidy(request).uri(), tidied, "{path}");
    }
}
