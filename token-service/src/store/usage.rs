//! What the requests of a sync log say of tokens and of the connection, written once for a batch.

use std::collections::BTreeMap;

use diesel::prelude::*;
use rollcall_db::Connection as Database;

use super::{accounts, connections, schema::tokens as t, sync_log::Entry, tokens};
use crate::{
    clock::{DAY, Millis},
    error::Error,
};

/// The most characters that are kept of what a failure said.
const MAX_FAILURE: usize = 255;
/// What says that something is not there, or is there already, or has changed: answers, and not failures.
const ANSWERS: [i32; 3] = [404, 409, 412];

/// The uses of a token.
#[derive(Debug, PartialEq, Eq)]
struct Use<'a> {
    last: &'a Entry,
    /// How many on the day of the last.
    uses: i64,
}

/// Notes `entries` of an account, whose row the caller has locked; `is_write` says which change something.
pub(crate) fn note(
    c: &mut Database,
    account: &str,
    entries: &[Entry],
    is_write: impl Fn(&Entry) -> bool,
) -> Result<(), Error> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.at);
    let Some(last) = entries.last() else { return Ok(()) };
    let uses = by_token(&entries);
    for (token, Use { last, uses }) in &uses {
        note_token(c, account, token, last, *uses)?;
        tokens::note_use(c, account, token, last.at)?;
    }
    for (token, Use { last, .. }) in uses {
        tokens::settle(c, account, token, last.at)?;
    }
    accounts::note_access(c, account, last.at)?;
    let mut connection = connections::find(c, account)?.unwrap_or_default();
    for entry in entries {
        apply(&mut connection, entry, is_write(entry));
    }
    connections::put(c, account, &connection)
}

/// Notes that the sync log of an account, whose row the caller has locked, lacks `count` entries more.
pub(crate) fn note_lost(c: &mut Database, account: &str, count: i64) -> Result<(), Error> {
    let mut connection = connections::find(c, account)?.unwrap_or_default();
    connection.lost = connection.lost.saturating_add(count);
    connections::put(c, account, &connection)
}

/// Gathers the uses by token, of entries in the order of time.
fn by_token<'a>(entries: &[&'a Entry]) -> BTreeMap<&'a str, Use<'a>> {
    let mut tokens = BTreeMap::new();
    for entry in entries {
        let token = tokens.entry(entry.token_id.as_str()).or_insert(Use { last: entry, uses: 0 });
        let same_day = day(token.last.at) == day(entry.at);
        token.uses = if same_day { token.uses + 1 } else { 1 };
        token.last = entry;
    }
    tokens
}

fn note_token(c: &mut Database, account: &str, id: &str, last: &Entry, uses: i64) -> Result<(), Error> {
    let token = t::table.find((account, id));
    let today = day(last.at);
    let shown = (t::last_address.eq(&last.address), t::last_agent.eq(&last.agent));
    diesel::update(token.filter(t::uses_day.le(today))).set(shown).execute(c)?;
    let again = token.filter(t::uses_day.eq(today));
    diesel::update(again).set(t::uses.eq(t::uses + uses)).execute(c)?;
    let first = token.filter(t::uses_day.lt(today));
    diesel::update(first).set((t::uses_day.eq(today), t::uses.eq(uses))).execute(c)?;
    Ok(())
}

fn day(at: Millis) -> i64 {
    at.div_euclid(DAY)
}

/// What a request says of the connection.
fn apply(connection: &mut connections::Connection, entry: &Entry, is_write: bool) {
    let at = Some(entry.at);
    if entry.status < 400 {
        connection.last_success_at = connection.last_success_at.max(at);
        connection.first_success_at = connection.first_success_at.min(at).or(at);
        connection.failures = 0;
        if is_write {
            connection.last_write_at = connection.last_write_at.max(at);
        }
    } else if !ANSWERS.contains(&entry.status) {
        connection.last_failure_at = connection.last_failure_at.max(at);
        connection.failures = connection.failures.saturating_add(1);
        let said = format!("{} {} {}", entry.status, entry.scim_type, entry.detail);
        let words: Vec<&str> = said.split_whitespace().collect();
        connection.last_failure = words.join(" ").chars().take(MAX_FAILURE).collect();
    }
    entry.address.clone_into(&mut connection.last_address);
    entry.agent.clone_into(&mut connection.last_agent);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: Millis, token: &str, status: i32) -> Entry {
        Entry { at, token_id: token.to_owned(), status, detail: "said  so".to_owned(), ..Entry::default() }
    }

    #[test]
    fn uses_are_counted_by_token_on_the_last_day() {
        let entries =
            [entry(1, "a", 200), entry(2, "b", 200), entry(DAY, "a", 200), entry(DAY + 1, "a", 200)];
        let entries: Vec<_> = entries.iter().collect();
        let uses: Vec<_> =
            by_token(&entries).into_iter().map(|(token, u)| (token, u.last.at, u.uses)).collect();
        assert_eq!(uses, [("a", DAY + 1, 2), ("b", 2, 1)]);
    }

    #[test]
    fn an_answer_is_neither_success_nor_failure() {
        let mut connection = connections::Connection::default();
        for (at, status, is_write, expected) in [
            (1, 500, true, (None, None, None, 1)),
            (2, 404, true, (None, None, None, 1)),
            (3, 200, false, (Some(3), Some(3), None, 0)),
            (4, 400, false, (Some(3), Some(3), None, 1)),
            (5, 409, true, (Some(3), Some(3), None, 1)),
            (6, 201, true, (Some(3), Some(6), Some(6), 0)),
            (2, 204, true, (Some(2), Some(6), Some(6), 0)),
        ] {
            apply(&mut connection, &entry(at, "a", status), is_write);
            let connections::Connection {
                first_success_at, last_success_at, last_write_at, failures, ..
            } = connection;
            assert_eq!(
                (first_success_at, last_success_at, last_write_at, failures),
                expected,
                "{at} {status}"
            );
        }
        assert_eq!((connection.last_failure_at, connection.last_failure.as_str()), (Some(4), "400 said so"));
    }
}
