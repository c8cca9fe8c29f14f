//! A connection of gRPC, with or without TLS, and who is at its other end.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::{peer::Peer, slow::FirstBytes, tls};

/// Bytes that go both ways.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection.
pub(crate) struct Socket {
    stream: Box<dyn Stream>,
    peer: Peer,
    /// Of how many connections there may be, this is one.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Socket {
    /// Without TLS: nobody knows who it is.
    pub(crate) fn plain(
        stream: TcpStream,
        first_bytes: Duration,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let peer = Peer { address: address(&stream), names: None };
        Self { stream: Box::new(FirstBytes::new(stream, first_bytes)), peer, _permit: permit }
    }

    /// After the handshake, by which its certificate names it.
    pub(crate) fn encrypted(
        stream: TlsStream<TcpStream>,
        first_bytes: Duration,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let names = tls::names(&stream).into();
        let peer = Peer { address: address(stream.get_ref().0), names: Some(names) };
        Self { stream: Box::new(FirstBytes::new(stream, first_bytes)), peer, _permit: permit }
    }

    /// What a client holds.
    pub(crate) fn to_server(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), peer: Peer { address: None, names: None }, _permit: None }
    }
}

fn address(stream: &TcpStream) -> Option<SocketAddr> {
    stream.peer_addr().ok()
}

impl Connected for Socket {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
