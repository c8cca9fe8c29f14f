//! How Rollcall's own parts know each other: by certificates of one CA, or by secrets.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use http::HeaderValue;

use crate::{
    reload::{self, ReadError, Watched},
    tls::{self, Files, TlsError},
};

/// The metadata by which a secret travels.
pub const SECRET_HEADER: &str = "rollcall-secret";
/// The most bytes of a secret.
const MAX_SECRET: usize = 512;

/// What is wrong with how parts are to know each other: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The file of a secret.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file of a secret holds none.
    #[error("{} must hold one line: the secret, of 16 to {MAX_SECRET} visible characters", .0.display())]
    Secret(PathBuf),
    /// Two ways at once.
    #[error("give either --peer-tls-cert or --{0}, not both: a certificate says who somebody is already")]
    Both(&'static str),
}

/// The certificate that this process shows to the other parts of Rollcall, as a server and as a client.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct TlsArgs {
    /// Certificate that this process shows to the other parts of Rollcall, PEM; it is read again when it changes
    #[arg(
        long,
        env = "ROLLCALL_PEER_TLS_CERT",
        value_name = "FILE",
        requires = "peer_tls_key",
        requires = "peer_tls_ca"
    )]
    pub peer_tls_cert: Option<PathBuf>,

    /// Private key of that certificate, PEM
    #[arg(long, env = "ROLLCALL_PEER_TLS_KEY", value_name = "FILE", requires = "peer_tls_cert")]
    pub peer_tls_key: Option<PathBuf>,

    /// CA whose certificates the other parts have, PEM
    #[arg(long, env = "ROLLCALL_PEER_TLS_CA", value_name = "FILE", requires = "peer_tls_cert")]
    pub peer_tls_ca: Option<PathBuf>,
}

impl TlsArgs {
    fn files(&self) -> Option<Files> {
        let (cert, key, ca) =
            (self.peer_tls_cert.clone()?, self.peer_tls_key.clone()?, self.peer_tls_ca.clone()?);
        Some(Files { cert, key, ca: Some(ca) })
    }
}

/// How a client makes itself known.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct ClientArgs {
    /// Its certificate.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// Or its secret.
    #[command(flatten)]
    pub secret: SecretArgs,
}

/// The secret by which a client is known where there are no certificates.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct SecretArgs {
    /// File with the secret by which the services know this process, where there are no certificates; it is read again when it
    /// changes
    #[arg(long, env = "ROLLCALL_PEER_SECRET_FILE", value_name = "FILE")]
    pub peer_secret_file: Option<PathBuf>,
}

/// Whom a server lets call.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct ServerArgs {
    /// The certificate of this process.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// File of the secrets by which callers are known, where there are no certificates: a line for each, `ROLE SECRET` or
    /// `station ACCOUNT/NAME SECRET`; roles are gateway, console, print, operator. It is read again when it changes
    #[arg(long, env = "ROLLCALL_ACCEPTED_SECRETS_FILE", value_name = "FILE")]
    pub accepted_secrets_file: Option<PathBuf>,

    /// Let everybody call everything also on addresses that are not this machine's alone. Only for networks where nobody else is
    #[arg(
        long,
        env = "ROLLCALL_ALLOW_UNAUTHENTICATED_PEERS",
        default_value_t = false,
        num_args = 0..=1,
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_name = "true|false"
    )]
    pub allow_unauthenticated_peers: bool,
}

impl ServerArgs {
    /// The server's end of TLS, where there are certificates.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn tls(&self) -> Result<Option<tls::Server>, PeerError> {
        if self.tls.files().is_some() && self.accepted_secrets_file.is_some() {
            return Err(PeerError::Both("accepted-secrets-file"));
        }
        Ok(self.tls.files().map(|files| tls::Server::new(files, "peer")).transpose()?)
    }
}

/// How a client makes itself known, ready for use. Cheap to clone.
#[derive(Clone, Default)]
pub struct Client {
    pub(crate) tls: Option<tls::Client>,
    pub(crate) secret: Option<Arc<Watched<HeaderValue>>>,
}

impl ClientArgs {
    /// Reads the files. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn client(&self) -> Result<Client, PeerError> {
        Client::new(&self.tls, &self.secret)
    }
}

impl Client {
    /// Reads the files of a process that is a server as well. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`PeerError`].
    pub fn new(tls: &TlsArgs, secret_args: &SecretArgs) -> Result<Self, PeerError> {
        let tls = tls.files().map(|files| tls::Client::new(files, "peer")).transpose()?;
        let file = secret_args.peer_secret_file.as_ref();
        let secret = file.map(|path| secret(path, reload::INTERVAL)).transpose()?;
        if tls.is_some() && secret.is_some() {
            return Err(PeerError::Both("peer-secret-file"));
        }
        Ok(Self { tls, secret })
    }
}

fn secret(path: &Path, interval: Duration) -> Result<Arc<Watched<HeaderValue>>, PeerError> {
    let wrong = path.to_owned();
    Watched::start(vec![path.to_owned()], interval, move |contents| {
        let text = contents.first().map_or(&[][..], Vec::as_slice).trim_ascii();
        let usable = (16..=MAX_SECRET).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic);
        match HeaderValue::from_bytes(text) {
            Ok(mut value) if usable => {
                value.set_sensitive(true);
                Ok(value)
            }
            _ => Err(PeerError::Secret(wrong.clone())),
        }
    })
}

/// Who is at the other end of a connection; an extension of every gRPC request that came over a socket.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: Option<SocketAddr>,
    /// The URIs of its certificate; `None` without TLS.
    pub names: Option<Arc<[String]>>,
}

impl std::fmt::Debug for Client {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = match (&self.tls, &self.secret) {
            (Some(_), _) => "certificate",
            (None, Some(_)) => "secret",
            (None, None) => "nothing",
        };
        write!(f, "Client({by})")
    }
}
