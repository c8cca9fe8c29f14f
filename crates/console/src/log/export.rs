//! The sync log as a CSV file (RFC 4180), read page by page while it is sent.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use http::header;
use rollcall_proto::token::ListSyncEntriesRequest;

use super::search::Search;
use crate::{csv, error::Error, place::Place, query::Asked, text};

/// Entries of one call.
const PAGE: i32 = 1000;

/// `GET /accounts/{account}/log.csv`.
pub(crate) async fn csv(place: Place, Asked(search): Asked<Search>) -> Result<Response, Error> {
    let request = search.request(&place.name(), PAGE)?;
    let today = text::iso(&text::now());
    let name = format!("{}-sync-log-{}.csv", place.account, today.split('T').next().unwrap_or_default());
    // The first page before the answer begins, so that a failure is still a page.
    let first = page(&place, request.clone()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        // An account id has no character that would need quoting.
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, Body::from_stream(pages(place, request, first))).into_response())
}

/// The text of a page, and the token of the next.
type Page = (String, String);

fn pages(
    place: Place,
    request: ListSyncEntriesRequest,
    (first, next): Page,
) -> impl Stream<Item = Result<Bytes, Error>> {
    let begin = (Some(csv::header() + &first), next);
    stream::try_unfold(begin, move |(ready, next)| {
        let (place, request) = (place.clone(), request.clone());
        async move {
            if let Some(ready) = ready {
                return Ok(Some((Bytes::from(ready), (None, next))));
            }
            if next.is_empty() {
                return Ok(None);
            }
            let request = ListSyncEntriesRequest { page_token: next, ..request };
            let (text, next) = page(&place, request).await?;
            Ok(Some((Bytes::from(text), (None, next))))
        }
    })
}

async fn page(place: &Place, request: ListSyncEntriesRequest) -> Result<Page, Error> {
    let found = place.viewer.clients.sync_log.clone().list_sync_entries(request).await?.into_inner();
    Ok((found.entries.iter().map(csv::row).collect(), found.next_page_token))
}
