//! Guards against clients that send slowly, where hyper's header timeout does not reach: the bytes by which HTTP/1
//! and HTTP/2 are told apart, and request bodies.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// The HTTP/2 preface: until a connection differs from it or has sent all of it, no version is chosen.
const PREFACE_BYTES: usize = 24;

/// A socket that must send its first 24 bytes in time. No request is shorter, and later bytes are under the timers of
/// the chosen version.
pub(crate) struct FirstBytes<IO> {
    stream: IO,
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<IO> FirstBytes<IO> {
    pub(crate) fn new(stream: IO, limit: Duration) -> Self {
        Self { stream, missing: PREFACE_BYTES, deadline: Box::pin(sleep(limit)) }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for FirstBytes<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if this.missing > 0 {
            if read.is_pending() {
                ready!(this.deadline.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            this.missing = this.missing.saturating_sub(buf.filled().len() - before);
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for FirstBytes<IO> {
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

/// Why a request body ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the request body stopped arriving")]
    Stalled,
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

/// So many bytes of a body earn a second of waiting for more.
const BYTES_PER_SECOND: u32 = 1024;

/// A request body that must not keep its reader waiting for longer than `limit`, and gets back a second of that with each KiB that arrives: a
/// client that stops is sent away, and so is one that sends a byte now and then. What the reader itself takes its time for does not count.
pub(crate) struct TimedBody {
    body: Incoming,
    limit: Duration,
    left: Duration,
    /// Since when the reader waits.
    waiting: Option<Instant>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    pub(crate) fn new(body: Incoming, limit: Duration) -> Self {
        Self { body, limit, left: limit, waiting: None, deadline: None }
    }

    /// Takes note that so many bytes have arrived.
    fn arrived(&mut self, bytes: usize) {
        let waited = self.waiting.take().map(|since| since.elapsed()).unwrap_or_default();
        let earned = Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / BYTES_PER_SECOND;
        self.left = self.left.saturating_sub(waited).saturating_add(earned).min(self.limit);
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                this.arrived(frame.data_ref().map_or(0, Bytes::len));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        // Only a body that does not arrive at once costs a timer.
        if this.waiting.is_none() {
            let now = Instant::now();
            this.waiting = Some(now);
            match &mut this.deadline {
                Some(deadline) => deadline.as_mut().reset(now + this.left),
                none => *none = Some(Box::pin(sleep(this.left))),
            }
        }
        let Some(deadline) = &mut this.deadline else { return Poll::Pending };
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyError::Stalled)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
