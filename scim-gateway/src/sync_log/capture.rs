//! Keeps a hand on a request's body while a handler reads it: parts of it are counted references, and nothing is copied.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http_body_util::BodyExt as _;

/// The most bytes that are held of a body.
pub(super) const LIMIT: usize = 64 * 1024;

/// What has been read of a body so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Captured(Arc<Mutex<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    parts: Vec<Bytes>,
    size: usize,
}

impl Captured {
    /// Watches the body of a request.
    pub(super) fn watch(request: Request) -> (Request, Self) {
        let captured = Self::default();
        let watching = captured.clone();
        let request = request.map(|body| {
            Body::new(body.map_frame(move |frame| {
                if let Some(part) = frame.data_ref() {
                    watching.add(part);
                }
                frame
            }))
        });
        (request, captured)
    }

    fn add(&self, part: &Bytes) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.size = parts.size.saturating_add(part.len());
        if parts.size <= LIMIT {
            parts.parts.push(part.clone());
        } else {
            parts.parts.clear();
        }
    }

    /// The size that was read, and the whole of it where that is within the limit.
    pub(super) fn take(&self) -> (usize, Option<Vec<u8>>) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = (parts.size <= LIMIT).then(|| parts.parts.concat());
        parts.parts.clear();
        (parts.size, whole)
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_is_held_up_to_the_limit_and_passed_on_whole() {
        for (parts, part, whole) in
            [(0, 0, true), (1, 10, true), (4, 16 * 1024, true), (5, 16 * 1024, false), (1, LIMIT + 1, false)]
        {
            let sent = (0..parts).map(move |_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; part])));
            let body = Body::from_stream(stream::iter(sent));
            let (request, captured) = Captured::watch(Request::new(body));
            let read = request.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(read.len(), parts * part);
            let (size, held) = captured.take();
            assert_eq!((size, held.map(|held| held.len())), (read.len(), whole.then_some(read.len())));
        }
    }
}
