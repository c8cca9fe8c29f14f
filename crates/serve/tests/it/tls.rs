//! TLS on real sockets: who gets in, and certificates that are renewed.

use std::{fs, path::Path, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rollcall_serve::{
    CancellationToken, Health, channel, grpc, http,
    listener::{self, Listener},
    peer::{ClientArgs, Peer, SecretArgs, ServerArgs, TlsArgs},
    tls::{Files, Server, TlsError},
};
use tempfile::TempDir;
use tonic::Code;
use tonic_health::pb::{FILE_DESCRIPTOR_SET, HealthCheckRequest, health_client::HealthClient};

/// A CA of its own, and a directory for what it signs.
struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    home: TempDir,
}

impl Ca {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, home }
    }

    /// A certificate for this machine that names its holder by a URI.
    fn issue(&self, file: &str, uri: &str) -> TlsArgs {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
        params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = |end: &str| self.home.path().join(format!("{file}.{end}"));
        fs::write(path("key"), key.serialize_pem()).unwrap();
        fs::write(path("pem"), certificate.pem()).unwrap();
        TlsArgs {
            peer_tls_cert: Some(path("pem")),
            peer_tls_key: Some(path("key")),
            peer_tls_ca: Some(self.home.path().join("ca.pem")),
        }
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.home.path().join(file)
    }
}

async fn check(url: &str, tls: TlsArgs) -> Result<(), Code> {
    let client = ClientArgs { tls, secret: SecretArgs::default() }.client().unwrap();
    let mut health = HealthClient::new(channel::connect_as(url, &client).unwrap());
    health.check(HealthCheckRequest::default()).await.map(drop).map_err(|status| status.code())
}

#[tokio::test]
async fn only_peers_of_the_ca_get_in_and_are_named() {
    let (ours, other) = (Ca::new("ours"), Ca::new("other"));
    let args =
        ServerArgs { tls: ours.issue("server", "spiffe://x/rollcall/service"), ..ServerArgs::default() };
    let tls = args.tls().unwrap().unwrap();
    let (sender, mut named) = tokio::sync::mpsc::unbounded_channel();
    let mut routes = grpc::routes(FILE_DESCRIPTOR_SET, &[], &Health::default()).unwrap();
    let inner = routes.axum_router_mut();
    *inner = std::mem::take(inner).layer(tower::util::MapRequestLayer::new(
        move |request: axum::extract::Request| {
            let peer = request.extensions().get::<Peer>().cloned();
            sender.send(peer.and_then(|peer| peer.names)).unwrap();
            request
        },
    ));
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let stop = CancellationToken::new();
    let serving =
        tokio::spawn(grpc::serve(Listener::from(listener).with_tls(Some(tls)), routes, stop.clone()));

    let gateway = ours.issue("gateway", "spiffe://x/rollcall/gateway");
    assert_eq!(check(&url, gateway.clone()).await, Ok(()));
    let seen = named.recv().await.unwrap().unwrap();
    assert_eq!(*seen, ["spiffe://x/rollcall/gateway".to_owned()]);
    // Of another CA: the server refuses it, and it refuses the server.
    assert_eq!(
        check(&url, other.issue("gateway", "spiffe://x/rollcall/gateway")).await,
        Err(Code::Unavailable)
    );
    let mixed =
        TlsArgs { peer_tls_ca: gateway.peer_tls_ca, ..other.issue("mixed", "spiffe://x/rollcall/gateway") };
    let refused = check(&url, mixed).await.unwrap_err();
    assert!(matches!(refused, Code::Unavailable | Code::Unknown | Code::Cancelled), "{refused:?}");
    // Without TLS nobody is understood.
    let plain = url.replace("https", "http");
    let mut health = HealthClient::new(channel::connect(&plain).unwrap());
    assert!(health.check(HealthCheckRequest::default()).await.is_err());
    assert!(named.try_recv().is_err(), "nobody else came as far as a request");
    stop.cancel();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_public_listener_speaks_both_versions_and_takes_a_renewed_certificate() {
    let (first, second) = (Ca::new("first"), Ca::new("second"));
    first.issue("site", "spiffe://x/y");
    second.issue("site", "spiffe://x/y");
    let files = Files { cert: first.path("site.pem"), key: first.path("site.key"), ca: None };
    let tls = Server::with_interval(files, "scim", Duration::from_millis(20)).unwrap();
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "hello" }));
    let tcp = listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("https://localhost:{}/", tcp.local_addr().unwrap().port());
    let stop = CancellationToken::new();
    let listener = Listener::from(tcp).with_tls(Some(tls));
    let serving = tokio::spawn(http::serve(listener, router, http::Limits::default(), stop.clone()));

    let client = |ca: &Ca| {
        let root = reqwest::Certificate::from_pem(&fs::read(ca.path("ca.pem")).unwrap()).unwrap();
        reqwest::Client::builder().tls_built_in_root_certs(false).add_root_certificate(root)
    };
    for version in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let builder = client(&first).min_tls_version(version).max_tls_version(version);
        let answer = builder.build().unwrap().get(&url).send().await.unwrap();
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        assert_eq!(answer.text().await.unwrap(), "hello", "{version:?}");
    }
    let old = client(&first).http1_only().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((old.version(), old.status().as_u16()), (reqwest::Version::HTTP_11, 200));
    assert!(client(&second).build().unwrap().get(&url).send().await.is_err());

    // Renewed, the key first: for a moment the two do not go together, and the old pair stays.
    fs::copy(second.path("site.key"), first.path("site.key")).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(client(&first).build().unwrap().get(&url).send().await.is_ok());
    fs::copy(second.path("site.pem"), first.path("site.pem")).unwrap();
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while client(&second).build().unwrap().get(&url).send().await.is_err() {
        assert!(tokio::time::Instant::now() < end, "the renewed certificate is not taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let ca = Ca::new("ca");
    ca.issue("a", "spiffe://x/y");
    ca.issue("b", "spiffe://x/y");
    fs::write(ca.path("empty"), "").unwrap();
    let error = |cert: &str, key: &str, root: Option<&str>| {
        let files = Files { cert: ca.path(cert), key: ca.path(key), ca: root.map(|root| ca.path(root)) };
        Server::new(files, "peer").err().unwrap()
    };
    let named = |error: &TlsError, file: &str| {
        assert!(error.to_string().contains(&ca.path(file).display().to_string()), "{error}");
    };
    named(&error("gone", "a.key", None), "gone");
    let empty = error("empty", "a.key", None);
    assert!(matches!(&empty, TlsError::NoCertificate(path) if path == Path::new(&ca.path("empty"))));
    assert!(matches!(error("a.pem", "empty", None), TlsError::NoKey(_)));
    assert!(matches!(error("a.pem", "a.pem", None), TlsError::NoKey(_)));
    assert!(matches!(error("a.pem", "a.key", Some("empty")), TlsError::NoCertificate(_)));
    let pair = error("a.pem", "b.key", Some("ca.pem"));
    assert!(matches!(pair, TlsError::Unusable { .. }), "{pair}");
}
