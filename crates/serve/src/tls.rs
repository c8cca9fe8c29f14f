//! TLS 1.2 and 1.3 by rustls, from PEM files that may be renewed while the process runs.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::reload::{self, ReadError, Watched};

/// A handshake may take this long.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Why certificates cannot be used: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file holds no certificate.
    #[error("{} holds no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// A file holds no private key.
    #[error("{} holds no private key in PEM", .0.display())]
    NoKey(PathBuf),
    /// A certificate is not one.
    #[error("{} holds a certificate that cannot be read", .0.display())]
    Certificate(PathBuf),
    /// Certificate, key and CA do not go together.
    #[error("the certificate {} cannot be used: {cause}", path.display())]
    Unusable {
        /// The file of the certificate.
        path: PathBuf,
        /// What rustls says.
        cause: String,
    },
}

/// The PEM files of one end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate, and those between it and its CA.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA that the other end's certificate must come from; without one, a server asks for none.
    pub ca: Option<PathBuf>,
}

/// What was read of the files.
struct Material {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Option<Arc<RootCertStore>>,
    /// When the certificate ends, in seconds since 1970.
    end: i64,
}

impl Files {
    fn paths(&self) -> Vec<PathBuf> {
        [Some(&self.cert), Some(&self.key), self.ca.as_ref()].into_iter().flatten().cloned().collect()
    }

    fn parse(&self, contents: &[Vec<u8>]) -> Result<Material, TlsError> {
        let content = |at: usize| contents.get(at).map_or(&[][..], Vec::as_slice);
        let chain = certificates(&self.cert, content(0))?;
        let key = PrivateKeyDer::from_pem_slice(content(1)).map_err(|_| TlsError::NoKey(self.key.clone()))?;
        let roots = match &self.ca {
            None => None,
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(path, content(2))? {
                    roots.add(root).map_err(|_| TlsError::Certificate(path.clone()))?;
                }
                Some(Arc::new(roots))
            }
        };
        let first = chain.first().ok_or_else(|| TlsError::NoCertificate(self.cert.clone()))?;
        let (_, first) =
            X509Certificate::from_der(first).map_err(|_| TlsError::Certificate(self.cert.clone()))?;
        let end = first.validity().not_after.timestamp();
        Ok(Material { chain, key, roots, end })
    }

    fn unusable(&self, cause: impl ToString) -> TlsError {
        TlsError::Unusable { path: self.cert.clone(), cause: cause.to_string() }
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(TlsError::NoCertificate(path.to_owned())),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Tells how long a certificate is still good, as long as somebody holds it. `of` is what it is for.
fn tell_end(of: &'static str, end: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let left = end.saturating_sub(i64::try_from(now).unwrap_or(i64::MAX));
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^52")]
    metrics::gauge!("rollcall_tls_certificate_expiry_seconds", "use" => of).set(left as f64);
}

struct Loaded<T> {
    config: Arc<T>,
    end: i64,
}

/// Makes a value of the files, follows them, and tells when the certificate ends.
fn follow<T: Send + Sync + 'static>(
    files: Files,
    of: &'static str,
    interval: Duration,
    make: impl Fn(&Files, Material) -> Result<T, TlsError> + Send + Sync + 'static,
) -> Result<Arc<Watched<Loaded<T>>>, TlsError> {
    let paths = files.paths();
    let watched = Watched::start(paths, interval, move |contents| {
        let material = files.parse(contents)?;
        let end = material.end;
        Ok::<_, TlsError>(Loaded { config: Arc::new(make(&files, material)?), end })
    })?;
    let told = Arc::downgrade(&watched);
    tokio::spawn(async move {
        while let Some(watched) = told.upgrade() {
            tell_end(of, watched.get().end);
            drop(watched);
            tokio::time::sleep(interval).await;
        }
    });
    Ok(watched)
}

/// The server's end.
#[derive(Clone)]
pub struct Server(Arc<Watched<Loaded<ServerConfig>>>);

impl Server {
    /// A server with the certificate of `files`; where they name a CA, clients must show a certificate of it. `of` says in metrics
    /// what it is for. HTTP/2 is offered, and HTTP/1.1 unless clients have certificates, which only gRPC asks for.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(files: Files, of: &'static str) -> Result<Self, TlsError> {
        Self::with_interval(files, of, reload::INTERVAL)
    }

    /// A server for anybody, where there is a certificate.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn public(
        cert: Option<&PathBuf>,
        key: Option<&PathBuf>,
        of: &'static str,
    ) -> Result<Option<Self>, TlsError> {
        let files = cert.zip(key).map(|(cert, key)| Files { cert: cert.clone(), key: key.clone(), ca: None });
        files.map(|files| Self::new(files, of)).transpose()
    }

    /// The same as [`Server::new`], looking at the files so often.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn with_interval(files: Files, of: &'static str, interval: Duration) -> Result<Self, TlsError> {
        let make = |files: &Files, material: Material| {
            let builder = ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(|cause| files.unusable(cause))?;
            let mutual = material.roots.is_some();
            let builder = match material.roots {
                None => builder.with_no_client_auth(),
                Some(roots) => builder.with_client_cert_verifier(
                    WebPkiClientVerifier::builder_with_provider(roots, provider())
                        .build()
                        .map_err(|cause| files.unusable(cause))?,
                ),
            };
            let mut config = builder
                .with_single_cert(material.chain, material.key)
                .map_err(|cause| files.unusable(cause))?;
            config.alpn_protocols = vec![b"h2".to_vec()];
            if !mutual {
                config.alpn_protocols.push(b"http/1.1".to_vec());
            }
            Ok(config)
        };
        follow(files, of, interval, make).map(Self)
    }

    /// The handshake, within five seconds, by the certificate as it is now.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.0.get().config));
        within(acceptor.accept(stream)).await
    }
}

/// The client's end, with a certificate of its own.
#[derive(Clone)]
pub struct Client(Arc<Watched<Loaded<ClientConfig>>>);

impl Client {
    /// A client that shows the certificate of `files`, and speaks only to servers of their CA.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(files: Files, of: &'static str) -> Result<Self, TlsError> {
        let make = |files: &Files, material: Material| {
            let roots = material.roots.ok_or_else(|| files.unusable("there is no CA"))?;
            let mut config = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .map_err(|cause| files.unusable(cause))?
                .with_root_certificates(roots)
                .with_client_auth_cert(material.chain, material.key)
                .map_err(|cause| files.unusable(cause))?;
            config.alpn_protocols = vec![b"h2".to_vec()];
            Ok(config)
        };
        follow(files, of, reload::INTERVAL, make).map(Self)
    }

    /// The handshake with `host`, within five seconds, by the certificate as it is now.
    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        // An IPv6 address has brackets in a URI.
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare).map_err(io::Error::other)?;
        within(TlsConnector::from(Arc::clone(&self.0.get().config)).connect(name, stream)).await
    }
}

async fn within<T>(handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(HANDSHAKE, handshake)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")))
}

/// The URIs that a peer's certificate names it by (RFC 5280 section 4.2.1.6). None for a peer without a certificate.
pub(crate) fn names<IO: AsyncRead + AsyncWrite + Unpin>(stream: &server::TlsStream<IO>) -> Vec<String> {
    let (_, connection) = stream.get_ref();
    let Some(first) = connection.peer_certificates().and_then(<[_]>::first) else { return Vec::new() };
    let Ok((_, certificate)) = X509Certificate::from_der(first) else { return Vec::new() };
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(uri).collect()
}
