//! A rolling restart under load, on PostgreSQL with two replicas of each service: no request fails for an identity provider that
//! honours Retry-After, no acknowledged write is lost, and streams of changes go on without a gap.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use rollcall_proto::identity::{
    WatchChangesRequest, change_service_client::ChangeServiceClient, watch_changes_response::Event,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;

use crate::{
    client::{Answer, Client, PATCH, USER},
    separate::{binary, free_port},
    server::{Process, Store, create_account, generate_token},
};

/// Replicas of a service behind one address, of which those that are ready get new connections: what kube-proxy does.
struct Balancer {
    address: SocketAddr,
    ready: Arc<Mutex<Vec<SocketAddr>>>,
}

/// A replica: where it serves, and where it says whether it is ready.
#[derive(Clone, Copy)]
struct Replica {
    serves: u16,
    internal: u16,
}

impl Balancer {
    async fn before(replicas: [Replica; 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, ready) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&ready);
        tokio::spawn(async move {
            let client = reqwest::Client::builder().timeout(Duration::from_secs(1)).build().unwrap();
            loop {
                let mut now = Vec::new();
                for replica in replicas {
                    let url = format!("http://127.0.0.1:{}/readyz", replica.internal);
                    if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                        now.push(SocketAddr::from(([127, 0, 0, 1], replica.serves)));
                    }
                }
                *seen.lock().unwrap() = now;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let targets = Arc::clone(&ready);
        tokio::spawn(async move {
            let turn = AtomicUsize::new(0);
            while let Ok((mut near, _)) = listener.accept().await {
                let target = {
                    let targets = targets.lock().unwrap();
                    let turn = turn.fetch_add(1, Ordering::Relaxed);
                    targets.get(turn % targets.len().max(1)).copied()
                };
                tokio::spawn(async move {
                    // Without a replica the connection is closed again.
                    let mut far = TcpStream::connect(target?).await.ok()?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await.ok()
                });
            }
        });
        Self { address, ready }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn ready(&self, count: usize) {
        let end = Instant::now() + Duration::from_mins(1);
        while self.ready.lock().unwrap().len() != count {
            assert!(Instant::now() < end, "not {count} replicas became ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// An identity provider at work until it is told to stop: creates people, deactivates every second, looks them up.
async fn provision(idp: Client, number: usize, stop: Arc<AtomicBool>) -> Load {
    let mut load = Load::default();
    while !stop.load(Ordering::Relaxed) {
        let name = format!("p{number}-{}", load.created.len());
        let body = json!({ "schemas": [USER], "userName": name });
        let (made, tries) = load.patiently(&idp, Method::POST, "/Users", Some(body)).await;
        // A try before this one may have been carried out, though its answer was a 503.
        assert!(made.status == 201 || (made.status == 409 && tries > 1), "{made}");
        let filter = format!("/Users?filter=userName%20eq%20%22{name}%22");
        let (found, _) = load.patiently(&idp, Method::GET, &filter, None).await;
        assert!(found.status == 200 && found.body["totalResults"] == 1, "{found}");
        let id = found.body["Resources"][0]["id"].as_str().unwrap().to_owned();
        if load.created.len() % 2 == 1 {
            let body = json!({
                "schemas": [PATCH],
                "Operations": [{ "op": "replace", "path": "active", "value": false }],
            });
            let (patched, _) = load.patiently(&idp, Method::PATCH, &format!("/Users/{id}"), Some(body)).await;
            assert_eq!(patched.status, 200, "{patched}");
        }
        load.created.push(id);
    }
    load
}

#[derive(Default)]
struct Load {
    created: Vec<String>,
    requests: usize,
    told_to_wait: usize,
    broken: usize,
}

impl Load {
    /// The answer, and the tries: 429 and 503 are tried again after Retry-After, as Entra ID and Okta do. A connection that breaks is
    /// counted: none may.
    async fn patiently(
        &mut self,
        idp: &Client,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (Answer, usize) {
        for tries in 1..20 {
            self.requests += 1;
            let bytes = body.as_ref().map(|body| body.to_string().into_bytes());
            match idp.try_send(method.clone(), path, bytes).await {
                Ok(answer) if matches!(answer.status, 429 | 503) => {
                    self.told_to_wait += 1;
                    let pause =
                        answer.header("retry-after").parse().unwrap_or_else(|_| panic!("no pause: {answer}"));
                    tokio::time::sleep(Duration::from_secs(pause)).await;
                }
                Ok(answer) => return (answer, tries),
                Err(error) => {
                    self.broken += 1;
                    eprintln!("{method} {path}: {error:?}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        panic!("{method} {path}: refused twenty times");
    }
}

/// A station that follows the changes, and begins again where it was told to: the people that it knows, and how often it was sent away.
async fn follow(url: String, stop: Arc<AtomicBool>) -> (BTreeSet<String>, usize) {
    let (mut people, mut revision, mut sent_away) = (BTreeSet::new(), 0, 0);
    loop {
        let request = WatchChangesRequest {
            parent: "accounts/acme".to_owned(),
            after_revision: revision,
            ..WatchChangesRequest::default()
        };
        let began = match ChangeServiceClient::connect(url.clone()).await {
            Ok(mut changes) => changes.watch_changes(request).await,
            Err(_) => Err(tonic::Status::unavailable("no connection")),
        };
        let Ok(stream) = began else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut stream = stream.into_inner();
        loop {
            match stream.message().await {
                Ok(Some(event)) => {
                    // Events of a snapshot have no revision.
                    assert!(event.revision == 0 || event.revision >= revision, "it went back");
                    revision = revision.max(event.revision);
                    match event.event {
                        Some(Event::User(user)) => {
                            people.insert(user.id);
                        }
                        Some(Event::Heartbeat(_)) if stop.load(Ordering::Relaxed) => {
                            return (people, sent_away);
                        }
                        _ => {}
                    }
                }
                Ok(None) => break,
                Err(status) => {
                    if status.code() == Code::Unavailable
                        && status.message().contains("stopping; go on after")
                    {
                        sent_away += 1;
                    }
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_nothing() {
    let Some(store) = Store::both().into_iter().nth(1) else { return };
    let directory = tempfile::tempdir().unwrap();
    let replica = || Replica { serves: free_port(), internal: free_port() };
    let services = ["identity-service", "token-service", "scim-gateway"];
    let replicas: [[Replica; 2]; 3] = services.map(|_| [replica(), replica()]);
    let [identity, token, scim] = {
        let [a, b, c] = replicas;
        [Balancer::before(a).await, Balancer::before(b).await, Balancer::before(c).await]
    };
    let start = |service: usize, number: usize| {
        let Replica { serves, internal } = replicas[service][number];
        let mut settings = store.settings();
        settings.retain(|(name, _)| !name.ends_with("_LISTEN"));
        let listen = ["ROLLCALL_IDENTITY_LISTEN", "ROLLCALL_TOKEN_LISTEN", "ROLLCALL_SCIM_LISTEN"][service];
        settings.extend([
            (listen, format!("127.0.0.1:{serves}")),
            ("ROLLCALL_INTERNAL_LISTEN", format!("127.0.0.1:{internal}")),
            ("ROLLCALL_CONSOLE_LISTEN", "off".to_owned()),
            ("ROLLCALL_IDENTITY_SERVICE", identity.url()),
            ("ROLLCALL_TOKEN_SERVICE", token.url()),
            ("ROLLCALL_SHUTDOWN_DELAY_SECONDS", "1".to_owned()),
        ]);
        let home = directory.path().join(format!("{service}{number}"));
        std::fs::create_dir_all(&home).unwrap();
        Process::start(&binary(services[service]), &[], &settings, &home, &[]).0
    };
    let mut processes: Vec<Vec<Process>> =
        (0..3).map(|service| (0..2).map(|number| start(service, number)).collect()).collect();
    for balancer in [&identity, &token, &scim] {
        balancer.ready(2).await;
    }
    create_account(&token.url(), "acme").await;
    let secret = generate_token(&token.url(), "acme").await;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let load: Vec<_> = (0..4)
        .map(|number| {
            let idp = Client::new(format!("{}/acme/scim/v2", scim.url()), &secret);
            tokio::spawn(provision(idp, number, Arc::clone(&stop)))
        })
        .collect();
    let station = tokio::spawn(follow(identity.url(), Arc::clone(&done)));

    for (service, balancer) in [&identity, &token, &scim].into_iter().enumerate() {
        for number in 0..2 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            processes[service].remove(0).stop().await;
            processes[service].push(start(service, number));
            balancer.ready(2).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut total = Load::default();
    for load in load {
        let Load { created, requests, told_to_wait, broken } = load.await.unwrap();
        total.created.extend(created);
        total.requests += requests;
        total.told_to_wait += told_to_wait;
        total.broken += broken;
    }
    done.store(true, Ordering::Relaxed);
    let (known, sent_away) = station.await.unwrap();
    let Load { created, requests, told_to_wait, broken } = total;
    eprintln!(
        "{} people made by {requests} requests, {told_to_wait} told to wait, {broken} connections broken; the stream was sent away {sent_away} times",
        created.len()
    );
    assert!(created.len() > 50, "there was no load");
    assert_eq!(broken, 0, "an identity provider saw a broken connection");
    assert!(sent_away >= 1, "no stream was ended with a word where to go on");
    let created: BTreeSet<String> = created.into_iter().collect();
    assert_eq!(known, created, "the station knows all and nobody else");
    let idp = Client::new(format!("{}/acme/scim/v2", scim.url()), &secret);
    assert_eq!(idp.get("/Users?count=0").await.body["totalResults"], created.len());
    for process in processes.into_iter().flatten() {
        process.stop().await;
    }
}
