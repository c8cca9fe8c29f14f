//! Prometheus metrics: the recorder, what each metric means, and what is counted at every door.
//!
//! Everything else counts by the macros of the crate `metrics`, which do nothing where no recorder is installed.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Frame, SizeHint};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use metrics_util::MetricKindMask;
use tonic::{Code, body::Body, service::Routes};
use tower::ServiceExt as _;

use crate::Error;

/// Buckets for durations, in seconds: from what a read in memory takes to what nobody waits for.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Buckets for the writes of one commit.
const BATCH: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// A gauge that nobody has set for so long is about something that is gone, such as an account.
const IDLE: Duration = Duration::from_mins(15);

/// How much metrics may say.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// The most accounts that have metrics of their own, the first by their ids
    #[arg(
        long,
        env = "ROLLCALL_METRICS_MAX_ACCOUNTS",
        default_value_t = 1000,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(0..=100_000)
    )]
    pub metrics_max_accounts: u32,
}

/// The metrics of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
    program: &'static str,
}

impl Metrics {
    /// Installs the recorder. `program` is the name of this one.
    ///
    /// # Errors
    /// [`Error::Metrics`] the second time.
    pub fn install(program: &'static str) -> Result<Self, Error> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Suffix("_batch_size".to_owned()), &BATCH)
            })
            .map_err(|cause| Error::Metrics(cause.to_string()))?
            // Counters and histograms stay.
            .idle_timeout(MetricKindMask::GAUGE, Some(IDLE))
            .install_recorder()
            .map_err(|cause| Error::Metrics(cause.to_string()))?;
        describe();
        let process = Collector::default();
        process.describe();
        let upkeep = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                upkeep.run_upkeep();
            }
        });
        Ok(Self { handle, process, program })
    }

    /// The text that Prometheus reads.
    pub(crate) fn render(&self, ready: bool) -> String {
        self.process.collect();
        gauge!("rollcall_build_info", "program" => self.program, "version" => env!("CARGO_PKG_VERSION"))
            .set(1.0);
        gauge!("rollcall_ready").set(if ready { 1.0 } else { 0.0 });
        self.handle.render()
    }
}

fn describe() {
    describe_gauge!("rollcall_build_info", "The program and its version; always 1");
    describe_gauge!("rollcall_ready", "Whether requests are welcome");
    describe_counter!("rollcall_http_requests_total", "Requests over HTTP that were answered");
    describe_histogram!(
        "rollcall_http_request_duration_seconds",
        Unit::Seconds,
        "Time to the head of the answer, over HTTP"
    );
    describe_gauge!("rollcall_http_requests_in_flight", "Requests over HTTP that are being answered");
    describe_counter!("rollcall_grpc_requests_total", "Calls over gRPC that have ended");
    describe_histogram!(
        "rollcall_grpc_request_duration_seconds",
        Unit::Seconds,
        "Time of a call over gRPC, to its end"
    );
    describe_counter!("rollcall_peer_refusals_total", "Peers that were refused between the services");
    describe_gauge!(
        "rollcall_tls_certificate_expiry_seconds",
        Unit::Seconds,
        "Time until a certificate of this process ends"
    );
    describe_gauge!("rollcall_database_up", "Whether the database answers");
    describe_gauge!("rollcall_database_queue_length", "Requests that wait for the database");
    describe_histogram!(
        "rollcall_database_wait_seconds",
        Unit::Seconds,
        "Time that a request waited for the database"
    );
    describe_histogram!(
        "rollcall_database_run_seconds",
        Unit::Seconds,
        "Time of a read, or of a transaction of writes with its commit"
    );
    describe_histogram!("rollcall_database_commit_batch_size", "Writes that shared a commit");
    describe_counter!("rollcall_database_failures_total", "Requests that failed for the database's sake");
    describe_gauge!(
        "rollcall_token_days_left",
        "Days until the newest token of an account ends; negative once it has"
    );
    describe_gauge!(
        "rollcall_last_access_seconds",
        Unit::Seconds,
        "Time since the identity provider of an account last called"
    );
    describe_gauge!("rollcall_watch_streams", "Streams of changes that are open");
    describe_gauge!("rollcall_change_feed_lag_revisions", "Changes that a station has not confirmed");
    describe_gauge!(
        "rollcall_change_feed_lag_seconds",
        Unit::Seconds,
        "Age of the oldest change that a station has not confirmed"
    );
    describe_gauge!("rollcall_users", "People of an account");
    describe_gauge!("rollcall_groups", "Groups of an account");
    describe_gauge!("rollcall_members", "Memberships of an account");
    describe_gauge!("rollcall_sync_log_queue_length", "Entries of the sync log that wait to be written");
    describe_counter!("rollcall_sync_log_lost_total", "Entries of the sync log that found no room");
    describe_counter!("rollcall_notices_total", "Notices by e-mail and webhook that were tried");
}

/// Counts the requests of an HTTP listener. `provider` names who asks, by the headers: one of few names.
pub async fn http(
    listener: &'static str,
    provider: fn(&HeaderMap) -> &'static str,
    request: Request,
    next: Next,
) -> Response {
    let (start, provider) = (Instant::now(), provider(request.headers()));
    // Only methods that are known, and routes as they are written: nobody outside makes a label.
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let running = Running::new(listener);
    let response = next.run(request).await;
    drop(running);
    let status = response.status().as_str().to_owned();
    histogram!("rollcall_http_request_duration_seconds", "listener" => listener, "route" => route.clone(), "method" => method)
        .record(start.elapsed());
    counter!(
        "rollcall_http_requests_total",
        "listener" => listener,
        "route" => route,
        "method" => method,
        "status" => status,
        "provider" => provider
    )
    .increment(1);
    response
}

/// A request that is being answered, counted for as long as it lives: its client may go away.
struct Running(metrics::Gauge);

impl Running {
    fn new(listener: &'static str) -> Self {
        let gauge = gauge!("rollcall_http_requests_in_flight", "listener" => listener);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

fn known(method: &http::Method) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("other")
}

/// The routes with their calls counted.
pub fn grpc(routes: Routes) -> Routes {
    let inner = routes.prepare();
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let inner = inner.clone();
        async move {
            // Counted at its end, also where its caller gives up before there is an answer.
            let mut call = Call { start: Instant::now(), path: request.uri().path().to_owned(), code: None };
            let response = inner.oneshot(request).await?;
            call.code = code(response.headers());
            Ok::<_, std::convert::Infallible>(if call.code.is_some() {
                response
            } else {
                response.map(|body| Body::new(Counted { body, call: Some(call) }))
            })
        }
    });
    let service = service.map_request(|request: http::Request<_>| request.map(Body::new));
    let mut counted = Routes::default();
    let inner = counted.axum_router_mut();
    *inner = std::mem::take(inner).fallback_service(service);
    counted
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|status| Code::from_bytes(status.as_bytes()))
}

/// A call until its end.
struct Call {
    start: Instant,
    path: String,
    code: Option<Code>,
}

impl Drop for Call {
    fn drop(&mut self) {
        // A stream whose caller went away has no code.
        let code = self.code.unwrap_or(Code::Cancelled);
        // What is not implemented has a path that a caller made up.
        let (service, method) = match self.path.strip_prefix('/').and_then(|path| path.split_once('/')) {
            Some((service, method)) if code != Code::Unimplemented => (service.to_owned(), method.to_owned()),
            _ => ("unknown".to_owned(), "unknown".to_owned()),
        };
        histogram!("rollcall_grpc_request_duration_seconds", "service" => service.clone(), "method" => method.clone())
            .record(self.start.elapsed());
        counter!("rollcall_grpc_requests_total", "service" => service, "method" => method, "code" => format!("{code:?}"))
            .increment(1);
    }
}

/// A body whose trailers say how the call ended.
struct Counted {
    body: Body,
    call: Option<Call>,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(code) = frame.trailers_ref().and_then(code)
            && let Some(mut call) = self.call.take()
        {
            call.code = Some(code);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_outside_makes_a_label() {
        assert_eq!(known(&http::Method::PATCH), "PATCH");
        assert_eq!(known(&http::Method::from_bytes(b"HACK").unwrap()), "other");
        assert_eq!(code(&HeaderMap::new()), None);
    }
}
