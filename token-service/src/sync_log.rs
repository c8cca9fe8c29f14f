//! Entries of the sync log between messages and rows. Pure.
//!
//! What a gateway records is cut to its limits and never refused: an odd entry must not take others with it.

use prost_types::{Duration, Timestamp};
use rollcall_proto::token::{SyncAction, SyncEntry, SyncKind};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

use crate::{
    clock::{DAY, Millis},
    name,
    store::sync_log::{Entry, Line, Writes},
    timestamp,
};

/// For how many days entries are kept where nothing was set.
pub(crate) const KEEP_DAYS: i32 = 30;
/// The most characters of a filter.
const MAX_FILTER: usize = 1024;
/// The most characters of what a failure said.
const MAX_DETAIL: usize = 1024;
/// The most characters of other texts.
const MAX_TEXT: usize = 255;
/// The most bytes of a body.
const MAX_BODY: usize = 8 * 1024;
/// How far a gateway's clock may be ahead.
const AHEAD: Millis = DAY / 24;

/// What changes something.
pub(crate) const WRITES: Writes = Writes {
    actions: [
        SyncAction::Create as i32,
        SyncAction::Replace as i32,
        SyncAction::Patch as i32,
        SyncAction::Delete as i32,
    ],
    kind: SyncKind::Bulk as i32,
};

/// Whether an entry is about a change.
pub(crate) fn is_write(entry: &Entry) -> bool {
    WRITES.actions.contains(&entry.action) || entry.kind == WRITES.kind
}

/// The row of an entry; `None` where its account or token cannot be one.
pub(crate) fn row(entry: SyncEntry, now: Millis) -> Option<Entry> {
    let account_id = name::account(entry.name.strip_suffix("/syncEntries/-")?, "name").ok()?;
    let (owner, token_id) = name::token(&entry.token, "token").ok()?;
    if owner != account_id {
        return None;
    }
    let (at, nanos) =
        entry.time.as_ref().and_then(time).filter(|(at, _)| *at <= now + AHEAD).unwrap_or((now, 0));
    let subject = cut(&entry.subject, MAX_TEXT);
    let mut row = Entry {
        account_id,
        id: String::new(),
        at,
        token_id,
        method: cut(&entry.method, MAX_TEXT),
        kind: entry.kind().into(),
        action: entry.action().into(),
        resource_id: cut(&entry.resource_id, MAX_TEXT),
        subject_key: subject.to_lowercase(),
        subject,
        filter: cut(&entry.filter, MAX_FILTER),
        status: entry.status.clamp(0, 999),
        duration_us: entry.duration.as_ref().map(micros).unwrap_or_default(),
        scim_type: cut(&entry.scim_type, MAX_TEXT),
        detail: cut(&entry.detail, MAX_DETAIL),
        body: cut_bytes(&entry.body, MAX_BODY),
        agent: cut(&entry.agent, MAX_TEXT),
        address: cut(&entry.address, MAX_TEXT),
        trace: cut(&entry.trace, MAX_TEXT),
    };
    row.id = id(&row, nanos);
    Some(row)
}

/// The message of an entry, without a body.
pub(crate) fn message(line: Line) -> SyncEntry {
    let micros = line.duration_us;
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    SyncEntry {
        name: format!("accounts/{}/syncEntries/{}", line.account_id, line.id),
        time: Some(timestamp::of(line.at)),
        token: name::of_token(&line.account_id, &line.token_id),
        method: line.method,
        kind: line.kind,
        action: line.action,
        resource_id: line.resource_id,
        subject: line.subject,
        filter: line.filter,
        status: line.status,
        duration: Some(Duration { seconds: micros.div_euclid(1_000_000), nanos }),
        scim_type: line.scim_type,
        detail: line.detail,
        body: String::new(),
        agent: line.agent,
        address: line.address,
        trace: line.trace,
    }
}

/// The lowest id of a time: what is older has a lower one.
pub(crate) fn first_id(at: Millis) -> String {
    // A UUID of version 7 begins with 48 bits of milliseconds.
    let at = u64::try_from(at).unwrap_or_default().min((1 << 48) - 1);
    format!("{:08x}-{:04x}-0000-0000-000000000000", at >> 16, at & 0xffff)
}

/// The id of an entry: the same again when it is recorded again, so that a batch may be sent twice.
fn id(row: &Entry, nanos: u32) -> String {
    let mut hash = Sha256::new_with_prefix(nanos.to_be_bytes());
    for text in
        [&row.token_id, &row.method, &row.resource_id, &row.subject, &row.filter, &row.detail, &row.body]
    {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    for number in [row.kind.into(), row.action.into(), row.status.into(), row.duration_us] {
        hash.update(number.to_be_bytes());
    }
    let hash: [u8; 32] = hash.finalize().into();
    // The fraction of the millisecond in 12 bits goes first (RFC 9562 section 6.2, method 3).
    let fraction = u16::try_from(u64::from(nanos % 1_000_000) * 4096 / 1_000_000).unwrap_or_default();
    let mut tail = [0; 10];
    let (order, rest) = tail.split_at_mut(2);
    order.copy_from_slice(&fraction.to_be_bytes());
    rest.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let at = u64::try_from(row.at).unwrap_or_default();
    Builder::from_unix_timestamp_millis(at, &tail).into_uuid().to_string()
}

/// The milliseconds and nanoseconds of a time that is after 1970.
fn time(time: &Timestamp) -> Option<(Millis, u32)> {
    let nanos = u32::try_from(time.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let millis = time.seconds.checked_mul(1000)?.checked_add(i64::from(nanos / 1_000_000))?;
    (millis >= 0).then_some((millis, nanos))
}

/// The first millisecond at a time or later; before 1970 it is zero, and far away the end of time.
pub(crate) fn ceiling(time: &Timestamp) -> Millis {
    let millis =
        time.seconds.saturating_mul(1000).saturating_add((i64::from(time.nanos) + 999_999) / 1_000_000);
    millis.max(0)
}

fn micros(duration: &Duration) -> i64 {
    let micros = duration.seconds.saturating_mul(1_000_000).saturating_add(i64::from(duration.nanos) / 1000);
    micros.max(0)
}

/// Cuts a text to `max` characters. Control characters, which terminals obey and PostgreSQL refuses, become spaces.
fn cut(text: &str, max: usize) -> String {
    if text.len() <= max && !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Cuts a text to `max` bytes.
fn cut_bytes(text: &str, max: usize) -> String {
    let text = text.get(..text.floor_char_boundary(max)).unwrap_or_default();
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    const NOW: Millis = 1_767_225_600_000;

    fn entry() -> SyncEntry {
        SyncEntry {
            name: "accounts/acme/syncEntries/-".to_owned(),
            token: format!("accounts/acme/tokens/{TOKEN}"),
            time: Some(Timestamp { seconds: NOW / 1000, nanos: 500_000 }),
            subject: "Ann".to_owned(),
            ..SyncEntry::default()
        }
    }

    #[test]
    fn the_id_has_the_order_of_time_and_is_the_same_again() {
        let at = |seconds, nanos| {
            row(SyncEntry { time: Some(Timestamp { seconds, nanos }), ..entry() }, NOW).unwrap()
        };
        assert_eq!(at(100, 5).id, at(100, 5).id);
        let ids =
            [at(0, 0), at(99, 999_999_999), at(100, 0), at(100, 1_000), at(100, 1_000_000)].map(|row| row.id);
        assert!(ids.is_sorted(), "{ids:?}");
        let made = at(100, 1_000_000);
        assert!(first_id(100_001) <= made.id && made.id < first_id(100_002));
        let other = row(SyncEntry { subject: "Bob".to_owned(), ..entry() }, NOW).unwrap();
        assert_ne!(other.id, row(entry(), NOW).unwrap().id);
    }

    #[test]
    fn what_is_too_long_is_cut_and_what_is_odd_is_mended() {
        let odd = SyncEntry {
            method: "M\0\n".repeat(200),
            kind: 99,
            action: -1,
            status: i32::MAX,
            filter: "ä".repeat(2000),
            body: "ä".repeat(5000),
            detail: "x".repeat(5000),
            duration: Some(Duration { seconds: i64::MAX, nanos: i32::MIN }),
            ..entry()
        };
        let row = row(odd, NOW).unwrap();
        assert_eq!((row.method.chars().count(), row.method.contains(char::is_control)), (255, false));
        assert_eq!((row.kind, row.action, row.status), (0, 0, 999));
        assert_eq!((row.filter.chars().count(), row.detail.len(), row.body.len()), (1024, 1024, 8192));
        assert_eq!(row.subject_key, "ann");
    }

    #[test]
    fn a_time_that_cannot_be_is_now() {
        for (time, at) in [
            (None, NOW),
            (Some((-1, 0)), NOW),
            (Some((5, -1)), NOW),
            (Some((i64::MAX, 0)), NOW),
            (Some((NOW / 1000 + 3601, 0)), NOW),
            (Some((5, 999_999_999)), 5_999),
        ] {
            let time = time.map(|(seconds, nanos)| Timestamp { seconds, nanos });
            assert_eq!(row(SyncEntry { time, ..entry() }, NOW).unwrap().at, at, "{time:?}");
        }
    }

    #[test]
    fn what_belongs_to_nobody_is_none() {
        for (name, token) in [
            ("", format!("accounts/acme/tokens/{TOKEN}")),
            ("accounts/acme", format!("accounts/acme/tokens/{TOKEN}")),
            ("accounts/acme/syncEntries/x", format!("accounts/acme/tokens/{TOKEN}")),
            ("accounts/ACME/syncEntries/-", format!("accounts/acme/tokens/{TOKEN}")),
            ("accounts/other/syncEntries/-", format!("accounts/acme/tokens/{TOKEN}")),
            ("accounts/acme/syncEntries/-", String::new()),
        ] {
            assert!(row(SyncEntry { name: name.to_owned(), token, ..entry() }, NOW).is_none(), "{name}");
        }
    }

    #[test]
    fn ceilings() {
        for (seconds, nanos, expected) in [
            (1, 0, 1000),
            (1, 1, 1001),
            (1, 1_000_000, 1001),
            (-5, 0, 0),
            (i64::MAX, i32::MAX, i64::MAX),
            (i64::MIN, i32::MIN, 0),
        ] {
            assert_eq!(ceiling(&Timestamp { seconds, nanos }), expected, "{seconds} {nanos}");
        }
        assert!(first_id(i64::MAX).starts_with("ffffffff-ffff-"));
    }
}
