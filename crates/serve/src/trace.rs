//! One id for what a request does, from HTTP through gRPC to the database, and the spans of it for a collector.
//!
//! The id is there without a collector: it is in log lines, in answers that fail, in the sync log, and travels between
//! the services as `traceparent` (W3C Trace Context). With `--otlp-endpoint` the spans are exported, by the same id.

use std::{fmt, time::Duration};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use tonic::{body::Body, service::Routes};
use tower::ServiceExt as _;
use tracing::{Instrument as _, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::Error;

/// The header of W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header by which an answer says which trace it belongs to.
pub const TRACE_ID: HeaderName = HeaderName::from_static("rollcall-trace-id");
/// How long one export may take.
const EXPORT: Duration = Duration::from_secs(5);

tokio::task_local! {
    static CURRENT: TraceId;
}

/// Where spans go.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Collector of traces, OTLP over gRPC, such as `http://collector:4317`; without one none are exported
    #[arg(long, env = "ROLLCALL_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// The part of traces that is exported, from 0 to 1; one that somebody else has begun is exported where that was
    #[arg(long, env = "ROLLCALL_TRACE_SAMPLE_RATIO", default_value_t = 1.0, value_name = "RATIO", value_parser = ratio)]
    pub trace_sample_ratio: f64,
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

/// The exporter of a process, which must be flushed at its end.
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// An exporter, where there is a collector. It need not be there yet.
    pub(crate) fn new(args: &Args, program: &'static str) -> Result<Option<Self>, Error> {
        let Some(endpoint) = &args.otlp_endpoint else { return Ok(None) };
        let wrong = |problem: String| Error::Collector { endpoint: endpoint.clone(), problem };
        if !endpoint.starts_with("http://") {
            return Err(wrong("it must begin with `http://`".to_owned()));
        }
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(EXPORT)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let resource = Resource::builder()
            .with_service_name(program)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(args.trace_sample_ratio)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self(provider)))
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("rollcall")
    }

    /// Sends what waits. Blocks.
    pub(crate) fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::debug!(%error, "the last spans were not exported");
        }
    }
}

/// The id of a trace: 16 bytes, of which one at least is not zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

impl TraceId {
    fn random() -> Self {
        Self(Uuid::new_v4().into_bytes())
    }
}

impl fmt::Display for TraceId {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The id of the trace that this task works for, if any.
pub fn current() -> Option<TraceId> {
    CURRENT.try_with(|id| *id).ok()
}

/// A text with the id of the trace behind it, for people who will ask about it.
pub fn with_id(text: &str) -> String {
    current().map_or_else(|| text.to_owned(), |id| format!("{text} (trace {id})"))
}

/// Reads `traceparent` of version 00; anything else counts as absent, as the specification says.
fn incoming(headers: &HeaderMap) -> Option<SpanContext> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lower = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let well_formed = version == "00" && lower(trace, 32) && lower(span, 16) && lower(flags, 2);
    if !well_formed || parts.next().is_some() {
        return None;
    }
    let trace = opentelemetry::trace::TraceId::from_hex(trace).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let context = SpanContext::new(trace, SpanId::from_hex(span).ok()?, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

/// Puts `span` under what came in, and settles on the id of its trace.
fn settle(span: &Span, headers: &HeaderMap) -> TraceId {
    let incoming = incoming(headers);
    if let Some(incoming) = &incoming {
        // It fails only for a span that no collector wants.
        let _ = span.set_parent(Context::new().with_remote_span_context(incoming.clone()));
    }
    let exported = span.context().span().span_context().trace_id();
    let known = if exported == opentelemetry::trace::TraceId::INVALID {
        // A call within the process says nothing; it is the same task.
        incoming.map(|incoming| TraceId(incoming.trace_id().to_bytes())).or_else(current)
    } else {
        Some(TraceId(exported.to_bytes()))
    };
    let id = known.unwrap_or_else(TraceId::random);
    span.record("trace_id", tracing::field::display(id));
    id
}

/// Traces the requests of an HTTP listener: continues a trace or begins one, and says its id in the answer, unless that is a 401, which
/// all look alike.
pub async fn http(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    // Never names, filters or bodies. At the level of errors, so that whatever lines are wanted say their trace.
    let span = tracing::error_span!(
        "request",
        trace_id = Empty,
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
        http.response.status_code = Empty,
    );
    let id = settle(&span, request.headers());
    let mut response = CURRENT.scope(id, next.run(request).instrument(span.clone())).await;
    span.record("http.response.status_code", response.status().as_u16());
    if response.status() != http::StatusCode::UNAUTHORIZED
        && let Ok(value) = HeaderValue::from_str(&id.to_string())
    {
        response.headers_mut().insert(TRACE_ID, value);
    }
    response
}

/// Traces the calls to a server's routes.
pub fn grpc(routes: Routes) -> Routes {
    let inner = routes.prepare();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let inner = inner.clone();
        let span =
            tracing::error_span!("call", trace_id = Empty, otel.kind = "server", rpc = request.uri().path());
        let id = settle(&span, request.headers());
        CURRENT.scope(id, async move { inner.oneshot(request).await }.instrument(span))
    });
    let service = service.map_request(|request: http::Request<_>| request.map(Body::new));
    let mut traced = Routes::default();
    let within = traced.axum_router_mut();
    *within = std::mem::take(within).fallback_service(service);
    traced
}

/// Says in a call which trace it belongs to.
pub(crate) fn outgoing(headers: &mut HeaderMap) {
    let Some(id) = current() else { return };
    let context = Span::current().context();
    let (span, flags) = match context.span().span_context() {
        context if context.is_valid() => (context.span_id().to_bytes(), context.trace_flags().to_u8()),
        // Nobody exports it, but without one the specification lets the whole line be ignored.
        _ => (Uuid::new_v4().as_u64_pair().0.to_be_bytes(), 0),
    };
    let span = u64::from_be_bytes(span);
    if let Ok(value) = HeaderValue::from_str(&format!("00-{id}-{span:016x}-{flags:02x}")) {
        headers.insert(TRACEPARENT, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn a_trace_is_continued_where_it_is_well_formed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(settle(&Span::none(), &headers(good)).to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert!(incoming(&headers(bad)).is_none(), "{bad}");
        }
        let made = [(); 100].map(|()| settle(&Span::none(), &HeaderMap::new()).to_string());
        let distinct: std::collections::BTreeSet<&String> = made.iter().collect();
        assert_eq!(distinct.len(), made.len());
        assert!(made.iter().all(|id| id.len() == 32));
    }

    #[tokio::test]
    async fn a_call_carries_the_trace_of_its_task() {
        let mut nothing = HeaderMap::new();
        outgoing(&mut nothing);
        assert!(nothing.is_empty());
        let id = TraceId::random();
        let sent = CURRENT
            .scope(id, async {
                let mut headers = HeaderMap::new();
                outgoing(&mut headers);
                assert_eq!(with_id("it broke"), format!("it broke (trace {id})"));
                headers
            })
            .await;
        assert_eq!(settle(&Span::none(), &sent), id);
        assert_eq!(with_id("it broke"), "it broke");
    }
}
