use std::time::Duration;

use rollcall_serve::{CancellationToken, Channel, channel, grpc, listener};
use tonic::Code;
use tonic_health::pb::{
    FILE_DESCRIPTOR_SET, HealthCheckRequest, health_check_response::ServingStatus,
    health_client::HealthClient,
};
use tonic_reflection::pb::{
    v1::{self, server_reflection_client::ServerReflectionClient},
    v1alpha,
};

async fn over_tcp() -> (Channel, CancellationToken, tokio::task::JoinHandle<()>) {
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let routes =
        grpc::routes(FILE_DESCRIPTOR_SET, &["example.v1.Service"], &rollcall_serve::Health::default())
            .unwrap();
    let token = shutdown.clone();
    let server = tokio::spawn(async move { grpc::serve(listener, routes, token).await.unwrap() });
    (channel::connect(&uri).unwrap(), shutdown, server)
}

fn in_process() -> Channel {
    channel::in_process(
        grpc::routes(FILE_DESCRIPTOR_SET, &["example.v1.Service"], &rollcall_serve::Health::default())
            .unwrap(),
    )
}

#[tokio::test]
async fn the_same_client_works_over_both_channels() {
    let (tcp, _shutdown, _server) = over_tcp().await;
    for channel in [in_process(), tcp] {
        let mut client = HealthClient::new(channel);
        for service in ["", "example.v1.Service"] {
            let request = HealthCheckRequest { service: service.to_owned() };
            assert_eq!(client.check(request).await.unwrap().into_inner().status(), ServingStatus::Serving);
        }
        let unknown = HealthCheckRequest { service: "nobody".to_owned() };
        assert_eq!(client.check(unknown.clone()).await.unwrap_err().code(), Code::NotFound);
        let mut watch = client.watch(unknown).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    }
}

#[tokio::test]
async fn reflection_lists_what_is_served_in_both_versions() {
    let (channel, _shutdown, _server) = over_tcp().await;
    let request = v1::ServerReflectionRequest {
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let mut client = ServerReflectionClient::new(channel.clone());
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(v1::server_reflection_response::MessageResponse::ListServicesResponse(list)) =
        answer.message_response
    else {
        panic!("not a list");
    };
    assert!(list.service.iter().any(|service| service.name == "example.v1.Service"));

    let request = v1alpha::ServerReflectionRequest {
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
        ..Default::default()
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().unwrap().message_response.is_some());
}

#[tokio::test]
async fn an_unknown_service_is_unimplemented() {
    let mut client = ServerReflectionClient::new(channel::in_process(rollcall_serve::Routes::default()));
    let answer = client.server_reflection_info(tokio_stream::empty()).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_deadline_counts_in_process() {
    // A service that never answers.
    let mut routes = rollcall_serve::Routes::default();
    let inner = routes.axum_router_mut();
    *inner = std::mem::take(inner).fallback(std::future::pending::<()>);
    let mut client = HealthClient::new(channel::in_process(routes));
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(20));
    assert_eq!(client.check(request).await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut client = HealthClient::new(channel::connect(&uri).unwrap());
    assert_eq!(client.check(HealthCheckRequest::default()).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn shutdown_ends_the_server_and_the_channel_reports_it() {
    let (channel, shutdown, server) = over_tcp().await;
    let mut client = HealthClient::new(channel);
    client.check(HealthCheckRequest::default()).await.unwrap();
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
    assert_eq!(client.check(HealthCheckRequest::default()).await.unwrap_err().code(), Code::Unavailable);
}

/// HTTP/2 ends a connection that has sent many small frames which nobody has taken yet, and with it all calls: as many small calls at
/// once as a connection may have are no attack.
#[tokio::test]
async fn many_small_calls_at_once_share_one_connection() {
    let (channel, shutdown, server) = over_tcp().await;
    for _ in 0..3 {
        let calls = (0..1000).map(|_| {
            let mut client = HealthClient::new(channel.clone());
            async move { client.check(HealthCheckRequest { service: String::new() }).await.map(drop) }
        });
        let failed: Vec<_> =
            futures::future::join_all(calls).await.into_iter().filter_map(Result::err).collect();
        assert!(failed.is_empty(), "{} of 1000 failed: {}", failed.len(), failed[0]);
    }
    shutdown.cancel();
    server.await.unwrap();
}
