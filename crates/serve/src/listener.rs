//! Bound sockets, and what is spoken on them.

use std::{io, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;

use crate::{Error, Health, tls};

/// A bound socket, with or without TLS.
pub struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) tls: Option<tls::Server>,
    pub(crate) drain: Duration,
    pub(crate) health: Health,
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None, drain: Duration::from_secs(10), health: Health::default() }
    }
}

impl Listener {
    /// The same with TLS, if there is one to speak.
    #[must_use]
    pub fn with_tls(self, tls: Option<tls::Server>) -> Self {
        Self { tls, ..self }
    }

    /// The same with a time that running requests may take once shutdown was asked for; 10 seconds otherwise.
    #[must_use]
    pub fn with_drain(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// The same as a part of a process: while that is leaving, clients of HTTP/1.1 are told to close their connections, so that they
    /// come back to another replica.
    #[must_use]
    pub fn with_health(self, health: Health) -> Self {
        Self { health, ..self }
    }
}

/// Binds a TCP listener. Port 0 lets the system choose; ask [`TcpListener::local_addr`] which it was.
///
/// # Errors
/// [`Error::AddressInUse`] and [`Error::Bind`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::AddressInUse { address },
        _ => Error::Bind { address, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = first.local_addr().unwrap();
        let error = bind(address).await.unwrap_err();
        assert!(matches!(error, Error::AddressInUse { .. }));
        assert!(error.to_string().contains(&address.to_string()));
    }
}
