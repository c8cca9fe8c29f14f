//! Starting Rollcall for a test, on either database.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use rollcall_db::{Address, test::TestDb};
use rollcall_proto::{
    identity::{change_service_client::ChangeServiceClient, lookup_service_client::LookupServiceClient},
    token::{
        CreateAccountRequest, GenerateTokenRequest, account_service_client::AccountServiceClient,
        token_service_client::TokenServiceClient,
    },
};
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::client::Client;

/// How long a server may take to say where it listens, or to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `test` against a new server on SQLite, then against one on PostgreSQL, and ends each by SIGTERM: it must go
/// in order, and no request may have made it panic.
pub(crate) async fn both(test: impl AsyncFn(&Server)) {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let server = Server::start(store).await;
        test(&server).await;
        server.stop().await;
    }
}

/// Where a server keeps its data: two databases of one kind, gone with this value.
pub(crate) struct Store {
    pub(crate) kind: &'static str,
    identity: TestDb,
    token: TestDb,
    /// Where the key file is.
    home: TempDir,
}

impl Store {
    pub(crate) fn both() -> Vec<Self> {
        let store = |kind, (identity, token)| {
            let home = tempfile::tempdir().unwrap();
            rollcall_key::Keys::read_or_make(&home.path().join("key")).unwrap();
            Self { kind, identity, token, home }
        };
        let sqlite = store("SQLite", (TestDb::sqlite(), TestDb::sqlite()));
        let postgres =
            TestDb::postgres().zip(TestDb::postgres()).map(|databases| store("PostgreSQL", databases));
        [Some(sqlite), postgres].into_iter().flatten().collect()
    }

    /// The settings of a process that is to use these databases and any free port.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ROLLCALL_IDENTITY_DATABASE_URL", url(&self.identity.address)),
            ("ROLLCALL_TOKEN_DATABASE_URL", url(&self.token.address)),
            ("ROLLCALL_KEY_FILE", self.key_file().display().to_string()),
            ("ROLLCALL_SCIM_LISTEN", "127.0.0.1:0".to_owned()),
            ("ROLLCALL_IDENTITY_LISTEN", "127.0.0.1:0".to_owned()),
            ("ROLLCALL_TOKEN_LISTEN", "127.0.0.1:0".to_owned()),
            ("ROLLCALL_CONSOLE_LISTEN", "127.0.0.1:0".to_owned()),
        ]
    }

    /// Where both databases are.
    pub(crate) fn addresses(&self) -> [&Address; 2] {
        [&self.identity.address, &self.token.address]
    }

    /// Both, and what each is of.
    pub(crate) fn databases(&self) -> [(&TestDb, &'static str); 2] {
        [(&self.identity, "identity"), (&self.token, "token")]
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.home.path().join("key")
    }

    /// The database of token-service.
    pub(crate) fn tokens(&self) -> &TestDb {
        &self.token
    }
}

/// The address as a setting. `Display` would leave a password out.
fn url(address: &Address) -> String {
    match address {
        Address::Sqlite(path) => format!("sqlite:{}", path.display()),
        Address::Postgres(url) => url.to_string(),
    }
}

/// A process that serves, killed when this value goes.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `binary`, and waits until it has printed a line for each of `announced`: `name http://host:port`.
    pub(crate) fn start(
        binary: &Path,
        arguments: &[&str],
        settings: &[(&'static str, String)],
        directory: &Path,
        announced: &[&str],
    ) -> (Self, Vec<String>) {
        let name = binary.file_name().unwrap().to_string_lossy();
        let log = directory.join(format!("{name}.log"));
        let mut child = Command::new(binary)
            .args(arguments)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap_or_else(|cause| {
                panic!(
                    "{} does not start: {cause}; build it with `cargo build --workspace`",
                    binary.display()
                )
            });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let process = Self { child, log };
        let (sender, receiver) = mpsc::channel();
        // Standard output is read to its end, so that the process never waits for us.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut found = vec![None; announced.len()];
        let end = Instant::now() + PATIENCE;
        while found.iter().any(Option::is_none) {
            let line = receiver
                .recv_timeout(end.saturating_duration_since(Instant::now()))
                .unwrap_or_else(|_| panic!("{name} did not say where it listens ({announced:?})"));
            if let Some((name, url)) = line.rsplit_once(' ')
                && let Some(place) = announced.iter().position(|known| *known == name)
                && (url.starts_with("http://") || url.starts_with("https://"))
            {
                found[place] = Some(url.trim_end_matches('/').to_owned());
            }
        }
        (process, found.into_iter().flatten().collect())
    }

    /// Ends the process by SIGTERM, and fails when it does not end well or has panicked on the way.
    pub(crate) async fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the server was still there {PATIENCE:?} after SIGTERM");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let log = std::fs::read_to_string(&self.log).unwrap();
        assert!(!log.contains("panicked at"), "the server panicked:\n{log}");
        assert!(status.success(), "the server ended with {status}:\n{log}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let (before, end) = lines.split_at(lines.len().saturating_sub(20));
            let grave = before.iter().filter(|line| line.contains("WARN") || line.contains("ERROR"));
            let shown: Vec<&str> = grave.chain(end).copied().collect();
            eprintln!("--- what is grave in {}, and its end:\n{}", self.log.display(), shown.join("\n"));
        }
    }
}

/// Rollcall in one process.
pub(crate) struct Server {
    process: Process,
    /// The address of the SCIM interface.
    pub(crate) scim: String,
    /// The address of the identity service.
    pub(crate) identity: String,
    /// The address of the token service.
    pub(crate) token: String,
    /// The address of the console.
    pub(crate) console: String,
    idp: Client,
    pub(crate) store: Store,
    pub(crate) directory: TempDir,
}

impl Server {
    pub(crate) fn binary() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_rollcall"))
    }

    pub(crate) async fn start(store: Store) -> Self {
        Self::start_with(store, &[]).await
    }

    /// With more settings than a test usually needs.
    pub(crate) async fn start_with(store: Store, more: &[(&'static str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = store.settings();
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let (process, urls) = Process::start(
            Self::binary(),
            &["serve"],
            &settings,
            directory.path(),
            &["scim", "identity", "token", "console"],
        );
        let [scim, identity, token, console] = urls.try_into().unwrap();
        let secret = generate_token(&token, "default").await;
        let idp = Client::new(format!("{scim}/default/scim/v2"), &secret);
        Self { process, scim, identity, token, console, idp, store, directory }
    }

    /// The identity provider of the account `default`.
    pub(crate) fn idp(&self) -> &Client {
        &self.idp
    }

    /// Makes an account, and answers with its identity provider.
    pub(crate) async fn new_account(&self, id: &str) -> Client {
        create_account(&self.token, id).await;
        Client::new(format!("{}/{id}/scim/v2", self.scim), &generate_token(&self.token, id).await)
    }

    /// A new token of an account.
    pub(crate) async fn new_token(&self, account: &str) -> String {
        generate_token(&self.token, account).await
    }

    /// What a print component asks.
    pub(crate) async fn lookups(&self) -> LookupServiceClient<Channel> {
        LookupServiceClient::connect(self.identity.clone()).await.unwrap()
    }

    pub(crate) async fn changes(&self) -> ChangeServiceClient<Channel> {
        ChangeServiceClient::connect(self.identity.clone()).await.unwrap()
    }

    pub(crate) async fn tokens(&self) -> TokenServiceClient<Channel> {
        TokenServiceClient::connect(self.token.clone()).await.unwrap()
    }

    /// Ends it, for a test that started it itself.
    pub(crate) async fn stop_now(self) {
        self.stop().await;
    }

    /// Ends it, and hands on what it kept its data in.
    pub(crate) async fn end(self) -> Store {
        let Self { process, store, .. } = self;
        process.stop().await;
        store
    }

    async fn stop(self) {
        let Self { process, idp, store, directory, .. } = self;
        drop(idp);
        process.stop().await;
        drop((store, directory));
    }
}

/// Makes an account by gRPC.
pub(crate) async fn create_account(token_service: &str, id: &str) {
    AccountServiceClient::connect(token_service.to_owned())
        .await
        .unwrap()
        .create_account(CreateAccountRequest {
            account_id: id.to_owned(),
            account: None,
            actor: String::new(),
        })
        .await
        .unwrap();
}

/// Makes a token of an account by gRPC, and answers with the secret.
pub(crate) async fn generate_token(token_service: &str, account: &str) -> String {
    TokenServiceClient::connect(token_service.to_owned())
        .await
        .unwrap()
        .generate_token(GenerateTokenRequest {
            parent: format!("accounts/{account}"),
            created_by: "tests".to_owned(),
            ..GenerateTokenRequest::default()
        })
        .await
        .unwrap()
        .into_inner()
        .secret
}
