//! Bound sockets.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

use crate::Error;

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
