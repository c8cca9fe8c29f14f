//! What can go wrong between a process and its network.

use std::{io, net::SocketAddr};

/// Every error of this crate. Each message is one sentence for the person who started the process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken.
    #[error("cannot listen on {address}: another process has this port; stop it or choose another address")]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address cannot be bound for another reason: not an address of this machine, or a privileged port.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Not the address of a gRPC server.
    #[error("`{uri}` is not the address of a gRPC server: {problem}; it looks like http://127.0.0.1:7402")]
    Uri {
        /// The text that was given.
        uri: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The collector of traces cannot be used.
    #[error("`{endpoint}` is not the address of a collector of traces: {problem}")]
    Collector {
        /// The text that was given.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Metrics cannot be gathered.
    #[error("metrics cannot be gathered: {0}")]
    Metrics(String),
    /// Certificates or secrets that cannot be used.
    #[error(transparent)]
    Peer(#[from] crate::peer::PeerError),
    /// Certificates that cannot be used.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// The descriptors for reflection cannot be read: a defect of the build.
    #[error("the gRPC descriptors for reflection cannot be read: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The gRPC listener failed.
    #[error("the gRPC listener failed: {0}")]
    Grpc(#[source] tonic::transport::Error),
    /// A log filter that cannot be parsed.
    #[error("`{filter}` is not a log filter: {source}; examples: `info`, `warn,rollcall_db=debug`")]
    LogFilter {
        /// The text that was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Not a log format.
    #[error("`{0}` is not a log format; there are `text` and `json`")]
    LogFormat(String),
    /// A logger was installed before.
    #[error("logging is set up twice in this process")]
    LogInstalled,
    /// The system refuses a signal handler.
    #[error("cannot watch for SIGTERM and SIGINT: {0}")]
    Signal(#[source] io::Error),
}
