//! A file that comes in pieces by one way and is read by another: from a stream of requests to a thread that reads.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rollcall_proto::identity::{ImportUsersRequest, import_users_request::Part};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tonic::Streaming;

/// Pieces that wait to be read.
const WAITING: usize = 4;
/// The most bytes of a piece.
const MAX_PIECE: usize = 1024 * 1024;

type Piece = Result<Vec<u8>, String>;

/// The end that is read, by a thread that may wait.
pub(super) struct Pipe {
    pieces: Receiver<Piece>,
    piece: Vec<u8>,
    at: usize,
    bytes: Arc<AtomicU64>,
}

/// The end that is fed.
pub(super) struct Feed(Sender<Piece>);

/// Both ends.
pub(super) fn pair() -> (Pipe, Feed) {
    let (sender, pieces) = channel(WAITING);
    (Pipe { pieces, piece: vec![], at: 0, bytes: Arc::default() }, Feed(sender))
}

impl Pipe {
    /// How many bytes were read, as it goes.
    pub(super) fn count(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.pieces.blocking_recv() {
                // The feed says when the file is complete; without that it is not.
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(Ok(piece)) if piece.is_empty() => return Ok(0),
                Some(Ok(piece)) => (self.piece, self.at) = (piece, 0),
                Some(Err(problem)) => return Err(io::Error::other(problem)),
            }
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        let (into, from) = (buffer.get_mut(..count), rest.get(..count));
        if let (Some(into), Some(from)) = (into, from) {
            into.copy_from_slice(from);
        }
        self.at += count;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Feed {
    /// Passes on the pieces of the file, and at its end an empty one.
    pub(super) async fn run(self, mut requests: Streaming<ImportUsersRequest>) {
        loop {
            let piece = match requests.message().await {
                Ok(None) => Ok(vec![]),
                Ok(Some(ImportUsersRequest { part: Some(Part::Data(data)), .. }))
                    if data.len() <= MAX_PIECE =>
                {
                    if data.is_empty() {
                        continue;
                    }
                    Ok(data)
                }
                Ok(Some(_)) => {
                    Err(format!("a request after the first must be a piece of at most {MAX_PIECE} bytes"))
                }
                Err(status) => Err(format!("the file was not sent to its end: {}", status.message())),
            };
            let ends = !matches!(&piece, Ok(data) if !data.is_empty());
            if self.0.send(piece).await.is_err() || ends {
                return;
            }
        }
    }
}
