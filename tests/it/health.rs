//! What probes see: alive while a restart would not help, ready while the database is there, and neither for one bad look.

use std::time::{Duration, Instant};

use rollcall_db::Address;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    separate::{binary, free_port, reachable},
    server::{Process, Store},
};

/// What a probe is answered.
async fn probe(internal: u16, path: &str) -> Option<u16> {
    let url = format!("http://127.0.0.1:{internal}/{path}");
    Some(reqwest::get(url).await.ok()?.status().as_u16())
}

/// The same by gRPC, as Kubernetes asks.
async fn checked(internal: u16, service: &str) -> ServingStatus {
    let url = format!("http://127.0.0.1:{internal}");
    let mut health = HealthClient::new(rollcall_serve::channel::connect(&url).unwrap());
    let request = HealthCheckRequest { service: service.to_owned() };
    health.check(request).await.unwrap().into_inner().status()
}

async fn becomes(internal: u16, status: u16) {
    let end = Instant::now() + Duration::from_secs(40);
    while probe(internal, "readyz").await != Some(status) {
        assert!(Instant::now() < end, "/readyz does not become {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn readiness_follows_the_database_and_liveness_does_not() {
    let Some(store) = Store::both().into_iter().nth(1) else { return };
    let Address::Postgres(url) = store.addresses()[0] else { panic!("not PostgreSQL") };
    let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = listener.local_addr().unwrap();
    let forward = |listener: TcpListener| {
        let upstream = upstream.clone();
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let upstream = upstream.clone();
                connections.spawn(async move {
                    let mut far = TcpStream::connect(upstream).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        })
    };
    let open = forward(listener);
    let mut far = url.as_ref().clone();
    far.set_host(Some("127.0.0.1")).unwrap();
    far.set_port(Some(way.port())).unwrap();
    let (serves, internal) = (free_port(), free_port());
    let mut settings = store.settings();
    settings.retain(|(name, _)| !name.ends_with("_LISTEN") && *name != "ROLLCALL_IDENTITY_DATABASE_URL");
    settings.extend([
        ("ROLLCALL_IDENTITY_DATABASE_URL", far.to_string()),
        ("ROLLCALL_IDENTITY_LISTEN", format!("127.0.0.1:{serves}")),
        ("ROLLCALL_INTERNAL_LISTEN", format!("127.0.0.1:{internal}")),
    ]);
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(&binary("identity-service"), &[], &settings, directory.path(), &[]).0;
    reachable(&format!("http://127.0.0.1:{serves}")).await;
    becomes(internal, 200).await;
    for service in ["", "liveness", "readiness"] {
        assert_eq!(checked(internal, service).await, ServingStatus::Serving, "{service}");
    }
    assert_eq!(checked(serves, "rollcall.identity.v1.UserService").await, ServingStatus::Serving);

    // The way to the database is cut, with what is on it.
    open.abort();
    let _ = open.await;
    becomes(internal, 503).await;
    assert_eq!(probe(internal, "livez").await, Some(200));
    let text =
        reqwest::get(format!("http://127.0.0.1:{internal}/metrics")).await.unwrap().text().await.unwrap();
    assert!(text.contains("rollcall_database_up{database=\"identity\"} 0"), "{text}");
    assert!(text.contains("rollcall_ready 0"), "{text}");
    assert_eq!(checked(internal, "liveness").await, ServingStatus::Serving);
    assert_eq!(checked(internal, "readiness").await, ServingStatus::NotServing);
    assert_eq!(checked(serves, "rollcall.identity.v1.UserService").await, ServingStatus::NotServing);

    let open = forward(TcpListener::bind(way).await.unwrap());
    becomes(internal, 200).await;
    open.abort();
    process.stop().await;
}
