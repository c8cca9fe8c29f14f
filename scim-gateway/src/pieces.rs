//! The JSON text of an answer, of which some is not there yet: the members of a large group are read while the answer is
//! on its way, a page at a time, so that memory does not grow with the group.

use std::{collections::VecDeque, io};

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{error::Error, members::Members};

/// A text in order.
#[derive(Debug, Default)]
pub(crate) struct Pieces(VecDeque<Piece>);

#[derive(Debug)]
enum Piece {
    Ready(Vec<u8>),
    Members(Box<Members>),
}

impl Pieces {
    /// A value that is there already.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Error> {
        let mut pieces = Self::default();
        pieces.push_value(value)?;
        Ok(pieces)
    }

    /// Appends a value.
    pub(crate) fn push_value(&mut self, value: &impl Serialize) -> Result<(), Error> {
        // Maps with text for keys always serialise.
        self.push(&serde_json::to_vec(value).map_err(|_| Error::Internal)?);
        Ok(())
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &[u8]) {
        match self.0.back_mut() {
            Some(Piece::Ready(last)) => last.extend_from_slice(text),
            _ => self.0.push_back(Piece::Ready(text.to_vec())),
        }
    }

    /// Appends the members of a group.
    pub(crate) fn push_members(&mut self, members: Members) {
        self.0.push_back(Piece::Members(Box::new(members)));
    }

    /// Appends another text.
    pub(crate) fn extend(&mut self, other: Self) {
        for piece in other.0 {
            match piece {
                Piece::Ready(text) => self.push(&text),
                members @ Piece::Members(_) => self.0.push_back(members),
            }
        }
    }

    /// The answer with this body. What is all there has a length. A failure on the way breaks the connection, so that the
    /// client cannot take what it has for the whole.
    pub(crate) fn into_response(self, status: StatusCode) -> Response {
        let mut pieces = self.0;
        let body = match pieces.pop_front() {
            Some(Piece::Ready(text)) if pieces.is_empty() => Body::from(text),
            first => {
                if let Some(first) = first {
                    pieces.push_front(first);
                }
                Body::from_stream(stream::try_unfold(pieces, next))
            }
        };
        let content_type = HeaderValue::from_static("application/scim+json");
        (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
    }
}

/// The next bytes, and what comes after them.
async fn next(mut pieces: VecDeque<Piece>) -> Result<Option<(Bytes, VecDeque<Piece>)>, io::Error> {
    match pieces.pop_front() {
        None => Ok(None),
        Some(Piece::Ready(text)) => Ok(Some((text.into(), pieces))),
        Some(Piece::Members(mut members)) => {
            let text = members.next().await.map_err(|error| {
                tracing::warn!(%error, "an answer was broken off, because the members of a group cannot be read");
                io::Error::other(error)
            })?;
            if !members.is_done() {
                pieces.push_front(Piece::Members(members));
            }
            Ok(Some((text.into(), pieces)))
        }
    }
}
