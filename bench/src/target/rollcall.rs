//! Rollcall, in one process or as three.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rollcall_proto::token::{
    CreateAccountRequest, GenerateTokenRequest, account_service_client::AccountServiceClient,
    token_service_client::TokenServiceClient,
};
use rollcall_serve::{Channel, channel};
use tonic::Code;

use super::{Process, Target, announced, drain};
use crate::{Error, wire::Endpoint};

/// How long a service may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How Rollcall is started.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    /// The program `rollcall`; the services are beside it.
    pub(crate) binary: PathBuf,
    /// Where data directories are made.
    pub(crate) directory: PathBuf,
}

impl Installation {
    /// Everything in one process, on SQLite unless there is a PostgreSQL URL.
    pub(crate) async fn together(&self, postgres: Option<&str>) -> Result<Target, Error> {
        let data = self.data()?;
        let mut command = command(&self.binary, data.path(), postgres)?;
        command.envs([
            ("ROLLCALL_SCIM_LISTEN", "127.0.0.1:0"),
            ("ROLLCALL_IDENTITY_LISTEN", "127.0.0.1:0"),
            ("ROLLCALL_TOKEN_LISTEN", "127.0.0.1:0"),
        ]);
        let (process, mut output) = Process::start(&mut command)?;
        let [scim, identity, token] =
            ["scim ", "identity ", "token "].map(|name| announced(&mut output, name));
        let (scim, identity, token) = (scim?, identity?, token?);
        drain(output);
        let secret = secret(&channel::connect(&token)?).await?;
        target("Rollcall", postgres, &scim, &secret, identity, vec![process], data)
    }

    /// The three services as processes of their own, which talk over loopback.
    pub(crate) async fn apart(&self, postgres: Option<&str>) -> Result<Target, Error> {
        let data = self.data()?;
        let [scim, identity, token] = [free_port()?, free_port()?, free_port()?];
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let mut processes = vec![];
        for name in ["identity-service", "token-service", "scim-gateway"] {
            let binary = self.binary.with_file_name(name);
            let mut command = command(&binary, data.path(), postgres)?;
            command.envs([
                ("ROLLCALL_SCIM_LISTEN", format!("127.0.0.1:{scim}")),
                ("ROLLCALL_IDENTITY_LISTEN", format!("127.0.0.1:{identity}")),
                ("ROLLCALL_TOKEN_LISTEN", format!("127.0.0.1:{token}")),
                ("ROLLCALL_IDENTITY_SERVICE", url(identity)),
                ("ROLLCALL_TOKEN_SERVICE", url(token)),
            ]);
            let (process, output) = Process::start(&mut command)?;
            drain(output);
            processes.push(process);
        }
        for port in [identity, token, scim] {
            reachable(port).await?;
        }
        let secret = secret(&channel::connect(&url(token))?).await?;
        target("Rollcall, three services", postgres, &url(scim), &secret, url(identity), processes, data)
    }

    /// A directory that other users can pass through: a peer's database may run as one.
    fn data(&self) -> Result<tempfile::TempDir, Error> {
        let data = tempfile::tempdir_in(&self.directory)?;
        rollcall_key::Keys::read_or_make(&data.path().join("key"))?;
        Ok(data)
    }
}

/// The program with its settings, in the directory of its data.
fn command(binary: &Path, data: &Path, postgres: Option<&str>) -> Result<Command, Error> {
    let name = binary.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    // Absolute, since it runs in the directory of its data.
    let mut command = Command::new(std::path::absolute(binary)?);
    let url = |name: &str| {
        postgres.map_or_else(|| format!("sqlite:{}", data.join(name).display()), ToOwned::to_owned)
    };
    command
        .envs([
            ("ROLLCALL_IDENTITY_DATABASE_URL", url("identity.db")),
            ("ROLLCALL_TOKEN_DATABASE_URL", url("token.db")),
            ("ROLLCALL_CONSOLE_LISTEN", "off".to_owned()),
            ("ROLLCALL_KEY_FILE", data.join("key").display().to_string()),
            ("ROLLCALL_DATA_DIR", data.display().to_string()),
        ])
        .current_dir(data)
        .stderr(File::create(data.join(format!("{name}.log")))?);
    Ok(command)
}

fn target(
    name: &str,
    postgres: Option<&str>,
    scim: &str,
    secret: &str,
    identity: String,
    processes: Vec<Process>,
    data: tempfile::TempDir,
) -> Result<Target, Error> {
    let (name, store) = match postgres {
        None => (name.to_owned(), "SQLite, WAL, synchronous=FULL"),
        Some(_) => (format!("{name}, PostgreSQL"), "PostgreSQL, synchronous_commit=on"),
    };
    Ok(Target {
        name,
        store: store.to_owned(),
        durable: true,
        endpoint: Endpoint::new(&format!("{scim}/default/scim/v2"), secret)?,
        pids: processes.iter().map(Process::pid).collect(),
        lacks: std::collections::HashMap::new(),
        identity: Some(identity),
        processes,
        _data: Some(data),
    })
}

/// A token of the account `default`, which only the one process makes by itself.
async fn secret(tokens: &Channel) -> Result<String, Error> {
    let account =
        CreateAccountRequest { account_id: "default".to_owned(), ..CreateAccountRequest::default() };
    match AccountServiceClient::new(tokens.clone()).create_account(account).await {
        Err(status) if status.code() != Code::AlreadyExists => return Err(status.into()),
        _ => {}
    }
    let request = GenerateTokenRequest { parent: "accounts/default".to_owned(), ..Default::default() };
    Ok(TokenServiceClient::new(tokens.clone()).generate_token(request).await?.into_inner().secret)
}

/// A port that nothing listens on, for a process that does not say which one it took.
fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

async fn reachable(port: u16) -> Result<(), Error> {
    let end = Instant::now() + PATIENCE;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if Instant::now() > end {
            return Err(format!("nothing listens on port {port}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
