use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Router, extract::ConnectInfo, routing::get, routing::post};
use http_body_util::BodyExt as _;
use rollcall_serve::{
    CancellationToken,
    http::{Limits, serve},
    listener,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tower::ServiceExt as _;

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn start(limits: Limits) -> Server {
    let router = Router::new()
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        )
        .route("/echo", post(|body: String| async move { body }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(400)).await;
                "done"
            }),
        );
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
    Server { address, shutdown, task }
}

fn quick() -> Limits {
    Limits {
        header_read_timeout: Duration::from_millis(200),
        body_read_timeout: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// Sends `bytes` and nothing more; what came back until the server closed.
async fn stall(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes a stalled connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn both_versions_of_http_are_answered_with_the_peer_known() {
    let server = start(Limits::default()).await;
    let url = format!("http://{}/peer", server.address);
    assert_eq!(reqwest::get(&url).await.unwrap().text().await.unwrap(), "127.0.0.1");
    // A gRPC channel is a client of HTTP/2.
    let channel = rollcall_serve::channel::connect(&url).unwrap();
    let request = axum::http::Request::get("/peer").body(tonic::body::Body::empty()).unwrap();
    let answer = channel.oneshot(request).await.unwrap();
    assert_eq!(answer.version(), axum::http::Version::HTTP_2);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "127.0.0.1");
}

#[tokio::test]
async fn clients_that_stall_are_closed() {
    let server = start(quick()).await;
    for bytes in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n\r\nSM", b"G", b"GET /peer HTTP/1.1\r\nHost: x\r\n"] {
        stall(server.address, bytes).await;
    }
    let answer =
        stall(server.address, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

/// Sends a body in `pieces` of so many bytes, 100 ms apart; what came back.
async fn trickle(address: SocketAddr, pieces: usize, bytes: usize) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        pieces * bytes
    );
    let sending = tokio::spawn(async move {
        writing.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..pieces {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if writing.write_all(&vec![b'x'; bytes]).await.is_err() {
                break;
            }
        }
        // Half a connection is none: it stays until the answer is read.
        std::future::pending::<()>().await;
    });
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), reading.read_to_end(&mut answer)).await;
    let _ = read.expect("the server ends a body that trickles");
    sending.abort();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_may_be_slow_but_not_a_byte_at_a_time() {
    let server = start(quick()).await;
    let slow = trickle(server.address, 10, 1024).await;
    assert!(slow.starts_with("HTTP/1.1 200"), "{slow}");
    let slower = trickle(server.address, 60, 1).await;
    // The answer may be lost with what was still being sent.
    assert!(!slower.starts_with("HTTP/1.1 200"), "{slower}");
}

#[tokio::test]
async fn headers_above_the_limit_are_431() {
    let server = start(quick()).await;
    let request = format!("GET /peer HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(70_000));
    assert!(stall(server.address, request.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let request = format!("GET /peer HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(60_000));
    assert!(stall(server.address, request.as_bytes()).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let server = start(Limits { connections: 1, ..quick() }).await;
    let _first = TcpStream::connect(server.address).await.unwrap();
    // The first connection says nothing and is closed after 200 ms; only then is there room.
    let answer = stall(server.address, b"GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn shutdown_lets_a_running_request_finish_and_refuses_new_ones() {
    let server = start(Limits::default()).await;
    let _idle = TcpStream::connect(server.address).await.unwrap();
    let url = format!("http://{}/slow", server.address);
    let running = tokio::spawn(async move { reqwest::get(url).await.unwrap().text().await.unwrap() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    server.shutdown.cancel();
    server.task.await.unwrap();
    assert_eq!(running.await.unwrap(), "done");
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(TcpStream::connect(server.address).await.is_err());
}
