//! One id from the request to the database: in the answer, in the sync log, in the log lines of each process, and in the spans that a
//! collector gets.

use std::{
    collections::BTreeSet,
    fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value as AnyValue},
    trace::v1::Span,
};
use rollcall_proto::token::{ListSyncEntriesRequest, sync_log_service_client::SyncLogServiceClient};
use serde_json::{Value, json};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

use crate::{
    client::{Client, GROUP},
    separate::{Apart, free_port, reachable},
    server::{Process, Store, create_account, generate_token},
};

/// A span, and which program it is of.
type Received = Arc<Mutex<Vec<(String, Span)>>>;

/// A collector that keeps what it gets.
struct Collector(Received);

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(AnyValue::StringValue(text)) => text,
        Some(AnyValue::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of in request.into_inner().resource_spans {
            let program = text(&of.resource.unwrap_or_default().attributes, "service.name");
            let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| (program.clone(), span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (String, Received) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = Received::default();
    let service = TraceServiceServer::new(Collector(received.clone()));
    tokio::spawn(
        Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)),
    );
    (format!("http://{address}"), received)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |all, byte| format!("{all}{byte:02x}"))
}

/// The lines of a log, each of which must be JSON and say when, how grave and what.
fn lines(log: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(log).unwrap();
    let parsed = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "message", "target"] {
            assert!(line[field].is_string(), "{field} is missing: {line}");
        }
        line
    });
    parsed.collect()
}

fn trace_of(line: &Value) -> &str {
    line["spans"][0]["trace_id"].as_str().unwrap_or_default()
}

/// The trace of the newest entry of the log, once it is a request with this status.
async fn logged(token_service: &str, status: i32) -> String {
    let mut log = SyncLogServiceClient::connect(token_service.to_owned()).await.unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let request = ListSyncEntriesRequest {
            parent: "accounts/acme".to_owned(),
            ..ListSyncEntriesRequest::default()
        };
        let entries = log.list_sync_entries(request).await.unwrap().into_inner().entries;
        if let Some(newest) = entries.first().filter(|entry| entry.status == status) {
            return newest.trace.clone();
        }
        assert!(Instant::now() < end, "no entry with status {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_request_has_one_id_from_the_edge_to_the_database() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let (endpoint, received) = collector().await;
        let own = [("ROLLCALL_LOG_FORMAT", "json".to_owned()), ("ROLLCALL_OTLP_ENDPOINT", endpoint)];
        let apart = Apart::start(&store, "http", &own, &own);
        for url in [&apart.scim, &apart.identity, &apart.token] {
            reachable(url).await;
        }
        let Apart { scim: scim_url, token: token_url, processes, directory, .. } = apart;
        let Ok([identity_service, token_service, gateway]) = <[Process; 3]>::try_from(processes) else {
            panic!("there are three");
        };
        create_account(&token_url, "acme").await;
        let idp = Client::new(format!("{scim_url}/acme/scim/v2"), &generate_token(&token_url, "acme").await);

        // A trace that the caller has begun goes on, and one is begun for who has none.
        let theirs = "4bf92f3577b34da6a3ce929d0e0e4736";
        let group = json!({
            "schemas": [GROUP], "displayName": "Printers",
            "members": [{ "value": "2819c223-7f76-453a-919d-413861904646" }],
        });
        let traced = idp.header("traceparent", &format!("00-{theirs}-00f067aa0ba902b7-01"));
        let made = traced.post("/Groups", &group).await.created();
        assert_eq!(made.header("rollcall-trace-id"), theirs);
        assert_eq!(logged(&token_url, 201).await, theirs);
        let read = idp.get("/Users").await.ok();
        let ours = read.header("rollcall-trace-id").to_owned();
        assert!(ours.len() == 32 && ours != theirs, "{ours}");
        // Answers to who is nobody are all alike.
        let refused = idp.signed_out().get("/Users").await;
        assert_eq!((refused.status, refused.header("rollcall-trace-id")), (401, ""));

        // An answer that fails says it to people, too.
        identity_service.stop().await;
        let failed = idp.get("/Users").await;
        let lost = failed.header("rollcall-trace-id").to_owned();
        let detail = failed.error(503, None);
        assert!(detail.ends_with(&format!("(trace {lost})")), "{detail}");
        assert_eq!(logged(&token_url, 503).await, lost);

        for process in [gateway, token_service] {
            process.stop().await;
        }
        let of = |name: &str| lines(&directory.path().join(format!("{name}.log")));
        let (at_gateway, at_identity) = (of("scim-gateway"), of("identity-service"));
        for id in [theirs, ours.as_str(), lost.as_str()] {
            assert!(
                at_gateway.iter().any(|line| trace_of(line) == id && line["message"] == "request"),
                "{id}: {at_gateway:#?}"
            );
        }
        let left_out = at_identity.iter().find(|line| line["group"].is_string());
        let left_out = left_out.unwrap_or_else(|| panic!("no line about the member: {at_identity:#?}"));
        assert_eq!(trace_of(left_out), theirs);
        assert!(!of("token-service").is_empty());

        let spans = received.lock().unwrap().clone();
        let of_trace: Vec<_> = spans.iter().filter(|(_, span)| hex(&span.trace_id) == theirs).collect();
        let programs: BTreeSet<&str> = of_trace.iter().map(|(program, _)| program.as_str()).collect();
        assert_eq!(programs, ["identity-service", "scim-gateway", "token-service"].into());
        // Each is under another of the trace, or under the caller's.
        let ids: BTreeSet<_> = of_trace.iter().map(|(_, span)| hex(&span.span_id)).collect();
        for (program, span) in &of_trace {
            let parent = hex(&span.parent_span_id);
            assert!(ids.contains(&parent) || parent == "00f067aa0ba902b7", "{program} {span:?}");
        }
        let find = |program: &str, name: &str| {
            let found = of_trace.iter().find(|(of, span)| of == program && span.name == name);
            &found.unwrap_or_else(|| panic!("no span {name} of {program}: {of_trace:#?}")).1
        };
        let request = find("scim-gateway", "request");
        assert_eq!(text(&request.attributes, "http.response.status_code"), "201");
        assert_eq!(text(&request.attributes, "http.route"), "/{account}/scim/v2/Groups");
        let write = find("identity-service", "write");
        let system = if store.kind == "SQLite" { "sqlite" } else { "postgresql" };
        assert_eq!(text(&write.attributes, "db.system"), system);
        // No name of a person, and no token, goes to a collector.
        let all = format!("{spans:?}");
        assert!(!all.contains("Printers") && !all.contains("2819c223"), "{all}");
    }
}

/// In one process, calls are no messages; the trace goes on all the same, whether anybody collects spans or not.
#[tokio::test]
async fn one_process_has_one_id_and_a_collector_that_is_away_harms_nothing() {
    let away = format!("http://127.0.0.1:{}", free_port());
    let with = [("ROLLCALL_OTLP_ENDPOINT", away.as_str()), ("ROLLCALL_TRACE_SAMPLE_RATIO", "0.5")];
    for collector in [&[][..], &with] {
        let more = [&[("ROLLCALL_LOG_FORMAT", "json")], collector].concat();
        let server = crate::server::Server::start_with(Store::both().remove(0), &more).await;
        let stranger = "2819c223-7f76-453a-919d-413861904646";
        let group =
            json!({ "schemas": [GROUP], "displayName": "Printers", "members": [{ "value": stranger }] });
        let made = server.idp().post("/Groups", &group).await.created();
        let id = made.header("rollcall-trace-id");
        let log = lines(&server.directory.path().join("rollcall.log"));
        let left_out = log.iter().find(|line| line["group"].is_string()).unwrap();
        assert_eq!(trace_of(left_out), id);
        server.stop_now().await;
    }
}

#[test]
fn what_is_no_collector_is_refused() {
    for (option, value, said) in [
        ("--otlp-endpoint", "collector:4317", "it must begin with `http://`"),
        ("--otlp-endpoint", "http://", "is not the address of a collector"),
        ("--trace-sample-ratio", "2", "it must be a number from 0 to 1"),
        ("--trace-sample-ratio", "NaN", "it must be a number from 0 to 1"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let output = std::process::Command::new(crate::server::Server::binary())
            .args(["serve", option, value])
            .current_dir(home.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && error.contains(said), "{option} {value}: {error}");
    }
}
