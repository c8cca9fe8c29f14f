//! What is recorded of requests that the gateway answers while the services behind it are away.

use std::time::Duration;

use axum::body::Body;
use clap::Parser as _;
use rollcall_proto::token::{SyncAction, SyncKind};
use rollcall_serve::channel;
use tower::ServiceExt as _;

use super::*;
use crate::{clients::Clients, config::Config, router};

const USER: &str = "/acme/scim/v2/Users/0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// The entry of a request by an identity provider that has a token.
async fn recorded(request: http::request::Builder, peer: &str, body: impl Into<Body>) -> Option<SyncEntry> {
    let nobody = || channel::connect("http://127.0.0.1:1").unwrap();
    let config = Flags::parse_from(["x", "--scim-trust-forwarded", "10.0.0.0/8"]).config;
    let gateway = Gateway::new(Clients::new(nobody(), nobody()), config);
    gateway.tokens.trust("acme", "good", Duration::ZERO);
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
    router::build(Arc::clone(&gateway)).oneshot(request).await.unwrap();
    gateway.sync_log.take().and_then(|mut batch| batch.entries.pop())
}

fn request(method: &str, uri: &str) -> http::request::Builder {
    http::Request::builder().method(method).uri(uri).header(header::AUTHORIZATION, "Bearer good")
}

#[tokio::test]
async fn a_success_is_recorded_without_its_body() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let get = request("GET", "/acme/scim/v2/ServiceProviderConfig")
        .header(header::USER_AGENT, "Agent/1")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-00"));
    let entry = recorded(get, "192.0.2.1", r#"{"password":"x"}"#).await.unwrap();
    let expected = SyncEntry {
        name: "accounts/acme/syncEntries/-".to_owned(),
        time: entry.time,
        token: "accounts/acme/tokens/good".to_owned(),
        method: "GET".to_owned(),
        kind: SyncKind::Other.into(),
        action: SyncAction::Read.into(),
        status: 200,
        duration: entry.duration,
        agent: "Agent/1".to_owned(),
        address: "192.0.2.1".to_owned(),
        trace: trace.to_owned(),
        ..SyncEntry::default()
    };
    assert_eq!(entry, expected);
    assert!(entry.time.is_some() && entry.duration.is_some());
}

#[tokio::test]
async fn a_failure_is_recorded_with_what_was_wrong_and_without_secrets() {
    let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann","active":"perhaps","password":"s3cr3t"}"#;
    let entry = recorded(request("POST", "/acme/scim/v2/Users"), "192.0.2.1", body).await.unwrap();
    assert_eq!((entry.status, entry.kind(), entry.action()), (400, SyncKind::User, SyncAction::Create));
    assert_eq!((entry.subject.as_str(), entry.scim_type.as_str()), ("ann", "invalidValue"));
    assert!(entry.detail.contains("active"), "{}", entry.detail);
    assert!(entry.body.contains("perhaps") && !entry.body.contains("s3cr3t"), "{}", entry.body);

    let entry = recorded(request("PATCH", USER), "192.0.2.1", "{\"pin\": 1234").await.unwrap();
    assert!(USER.ends_with(&entry.resource_id) && !entry.resource_id.is_empty());
    assert!(entry.body.starts_with("[12 bytes"), "{}", entry.body);

    let filter = "/acme/scim/v2/Users?filter=badgeId+eq+%22s3cr3t%22+nonsense";
    let entry = recorded(request("GET", filter), "192.0.2.1", "").await.unwrap();
    assert_eq!(
        (entry.status >= 400, entry.filter.as_str(), entry.action()),
        (true, "[redacted]", SyncAction::List)
    );
    assert!(!entry.detail.contains("s3cr3t"), "{}", entry.detail);

    let entry = recorded(request("GET", "/acme/scim/v2/Nothing"), "192.0.2.1", "").await.unwrap();
    assert_eq!((entry.status, entry.kind()), (404, SyncKind::Other));
}

#[tokio::test]
async fn a_bulk_request_says_how_many_of_its_operations_failed() {
    let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
        {"method":"POST","path":"/Users","bulkId":"a","data":{"password":"s3cr3t"}},
        {"method":"DELETE","path":"/Nothing/1"}]}"#;
    let entry = recorded(request("POST", "/acme/scim/v2/Bulk"), "192.0.2.1", body).await.unwrap();
    assert_eq!((entry.kind(), entry.status), (SyncKind::Bulk, 200));
    assert_eq!((entry.detail.as_str(), entry.body.as_str()), ("2 of 2 operations failed", ""));
}

#[tokio::test]
async fn the_address_is_that_of_the_client_where_a_known_proxy_says_it() {
    for (peer, said, address) in [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "nobody", "10.0.0.1"),
        ("192.0.2.1", "192.0.2.7", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.7", "192.0.2.1"),
    ] {
        let get = request("GET", "/acme/scim/v2/Schemas").header("x-forwarded-for", said);
        assert_eq!(recorded(get, peer, "").await.unwrap().address, address, "{peer} {said}");
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_not_recorded() {
    let stranger =
        http::Request::builder().uri("/acme/scim/v2/Users").header(header::AUTHORIZATION, "Bearer bad");
    assert_eq!(recorded(stranger, "192.0.2.1", "").await, None);
    assert_eq!(recorded(http::Request::builder().uri("/acme/scim/v2/Users"), "192.0.2.1", "").await, None);
}
