//! Those who are told: a mail server and a receiver of webhooks, each on a socket of this process.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use rollcall_serve::{CancellationToken, http::Limits};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail as the server got it.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Mail {
    /// The value of a header; those that are folded are put in one line.
    pub(crate) fn header(&self, name: &str) -> String {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let of = |line: &str| line.strip_prefix(&format!("{name}: ")).map(str::to_owned);
        head.lines().find_map(of).unwrap_or_default()
    }
}

/// A mail server that refuses everybody whose address begins with `gone`.
#[derive(Clone)]
pub(crate) struct MailServer {
    pub(crate) url: String,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let server = Self { url, mails: Arc::default() };
        let mails = Arc::clone(&server.mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&mails)));
            }
        });
        server
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, mails: Arc<Mutex<Vec<Mail>>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut to = Vec::new();
    write.write_all(b"220 test\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let command = line.to_ascii_uppercase();
        let answer = if command.starts_with("EHLO") {
            "250-test\r\n250 8BITMIME\r\n".to_owned()
        } else if command.starts_with("MAIL") {
            to.clear();
            "250 ok\r\n".to_owned()
        } else if let Some(address) = line.strip_prefix("RCPT TO:<") {
            let address = address.split('>').next().unwrap();
            if address.starts_with("gone") {
                "550 nobody of that name\r\n".to_owned()
            } else {
                to.push(address.to_owned());
                "250 ok\r\n".to_owned()
            }
        } else if command == "DATA" {
            write.write_all(b"354 go on\r\n").await.unwrap();
            let mut text = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if line == "." {
                    break;
                }
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
                text.push_str("\r\n");
            }
            mails.lock().unwrap().push(Mail { to: std::mem::take(&mut to), text });
            "250 taken\r\n".to_owned()
        } else {
            "250 ok\r\n".to_owned()
        };
        if write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A webhook as its receiver got it.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) body: Bytes,
}

/// A receiver of webhooks.
#[derive(Clone)]
pub(crate) struct HookServer {
    pub(crate) url: String,
    hooks: Arc<Mutex<Vec<Hook>>>,
    status: Arc<AtomicU16>,
}

/// The status with which a receiver stands for one that never answers.
pub(crate) const NEVER: u16 = 0;

impl HookServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = Self { url, hooks: Arc::default(), status: Arc::new(AtomicU16::new(204)) };
        let router = Router::new().route("/hook", post(receive)).with_state(server.clone());
        tokio::spawn(async move {
            let (limits, never) = (Limits::default(), CancellationToken::new());
            rollcall_serve::http::serve(listener, router, limits, never).await;
        });
        server
    }

    /// From now on it answers with this status.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn hooks(&self) -> Vec<Hook> {
        self.hooks.lock().unwrap().clone()
    }
}

async fn receive(
    State(server): State<HookServer>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let header =
        |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    server.hooks.lock().unwrap().push(Hook {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body,
    });
    let status = server.status.load(Ordering::SeqCst);
    if status == NEVER {
        std::future::pending::<()>().await;
    }
    let mut location = HeaderMap::new();
    location.insert("location", "/hook".parse().unwrap());
    (StatusCode::from_u16(status).unwrap(), location)
}
