//! What to look for in the sync log: from the fields of the form to a request. Pure.

use chrono::{NaiveDate, NaiveTime};
use prost_types::Timestamp;
use rollcall_proto::token::{ListSyncEntriesRequest, SyncKind, SyncResult};
use serde::Deserialize;

use crate::{error::Error, query};

/// The choices of each list, with the words for them.
pub(super) const KINDS: [(&str, &str); 5] = [
    ("", "everything"),
    ("users", "users"),
    ("groups", "groups"),
    ("bulk", "many at once"),
    ("other", "other"),
];
pub(super) const RESULTS: [(&str, &str); 3] = [("", "all"), ("ok", "succeeded"), ("failed", "failed")];
pub(super) const WRITES: [(&str, &str); 2] = [("", "all"), ("yes", "changes only")];

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    pub(super) q: String,
    pub(super) resource: String,
    pub(super) kind: String,
    pub(super) result: String,
    pub(super) writes: String,
    pub(super) from: String,
    pub(super) to: String,
    page: String,
}

impl Search {
    /// Whether everything is asked for.
    pub(super) fn is_empty(&self) -> bool {
        let Self { q, resource, kind, result, writes, from, to, page: _ } = self;
        [q, resource, kind, result, writes, from, to].into_iter().all(|field| field.trim().is_empty())
    }

    /// The address of a page of this search.
    pub(super) fn address(&self, path: &str, page: &str) -> String {
        let Self { q, resource, kind, result, writes, from, to, page: _ } = self;
        query::address(
            path,
            &[
                ("q", q),
                ("resource", resource),
                ("kind", kind),
                ("result", result),
                ("writes", writes),
                ("from", from),
                ("to", to),
                ("page", page),
            ],
        )
    }

    /// The request for a page. Days are whole days in UTC, the last one included.
    pub(super) fn request(&self, parent: &str, page_size: i32) -> Result<ListSyncEntriesRequest, Error> {
        let kind = match self.kind.as_str() {
            "users" => SyncKind::User,
            "groups" => SyncKind::Group,
            "bulk" => SyncKind::Bulk,
            "other" => SyncKind::Other,
            _ => SyncKind::Unspecified,
        };
        let result = match self.result.as_str() {
            "ok" => SyncResult::Succeeded,
            "failed" => SyncResult::Failed,
            _ => SyncResult::Unspecified,
        };
        let end = day(&self.to)?.map(|day| {
            day.succ_opt().ok_or_else(|| Error::BadInput("The last day is too far away.".to_owned()))
        });
        Ok(ListSyncEntriesRequest {
            parent: parent.to_owned(),
            page_size,
            page_token: self.page.clone(),
            resource_id: self.resource.trim().to_owned(),
            subject: self.q.trim().to_owned(),
            kind: kind.into(),
            result: result.into(),
            writes_only: self.writes == "yes",
            start_time: day(&self.from)?.map(begin),
            end_time: end.transpose()?.map(begin),
        })
    }
}

fn day(text: &str) -> Result<Option<NaiveDate>, Error> {
    match text.trim() {
        "" => Ok(None),
        text => NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Some).map_err(|_| {
            Error::BadInput("A day must be written as year, month and day, such as 2026-11-25.".to_owned())
        }),
    }
}

fn begin(day: NaiveDate) -> Timestamp {
    Timestamp { seconds: day.and_time(NaiveTime::MIN).and_utc().timestamp(), nanos: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_a_request() {
        let search = Search {
            q: " ann ".to_owned(),
            kind: "users".to_owned(),
            result: "failed".to_owned(),
            writes: "yes".to_owned(),
            from: "2026-11-24".to_owned(),
            to: "2026-11-24".to_owned(),
            ..Search::default()
        };
        let request = search.request("accounts/a", 50).unwrap();
        assert_eq!(
            (request.subject.as_str(), request.kind(), request.result()),
            ("ann", SyncKind::User, SyncResult::Failed)
        );
        assert_eq!(request.end_time.unwrap().seconds - request.start_time.unwrap().seconds, 86_400);
        assert!(request.writes_only && !search.is_empty() && Search::default().is_empty());
        assert_eq!(
            search.address("/l", "p"),
            "/l?q=%20ann%20&kind=users&result=failed&writes=yes&from=2026-11-24&to=2026-11-24&page=p"
        );
    }

    #[test]
    fn a_day_that_is_none_is_refused_in_words() {
        for bad in ["yesterday", "2026-13-01", "2026-02-30", "99999999-01-01", "\u{0}"] {
            let search = Search { from: bad.to_owned(), ..Search::default() };
            assert!(matches!(search.request("accounts/a", 1), Err(Error::BadInput(_))), "{bad:?}");
        }
    }
}
