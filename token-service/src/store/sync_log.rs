//! The sync log. Ids are UUIDs of version 7 made of the time of the request, so the primary key is the order of time.

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Bool, Text},
};
use rollcall_db::{Backend, Connection, Sql, sql::Value};

use super::schema::{sync_entries as t, sync_log_settings as settings};
use crate::{clock::Millis, error::Error};

/// The most entries that a list looks at in one call.
pub(crate) const MAX_LOOKED_AT: i64 = 10_000;
/// How many rows one statement inserts: 19 parameters each, of the 65,535 that PostgreSQL takes.
const ROWS: usize = 500;
/// The highest character: what begins with a text sorts before the text and this.
const LAST: char = '\u{10FFFF}';
/// The columns in the order of [`Entry::values`].
const INSERT: &str = "INSERT INTO sync_entries (account_id, id, at, token_id, method, kind, action, resource_id, subject, \
                      subject_key, filter, status, duration_us, scim_type, detail, body, agent, address, trace) VALUES (";
/// Sorts after every id, which are of hexadecimal digits.
const AFTER_ALL: &str = "g";
/// The condition and the expression of the index of failures.
const FAILED: &str = "status >= 400 AND (case when status >= 400 then 1 else 0 end) = 1";

/// An entry as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Insertable)]
#[diesel(table_name = t)]
pub(crate) struct Entry {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) at: Millis,
    pub(crate) token_id: String,
    pub(crate) method: String,
    pub(crate) kind: i32,
    pub(crate) action: i32,
    pub(crate) resource_id: String,
    pub(crate) subject: String,
    pub(crate) subject_key: String,
    pub(crate) filter: String,
    pub(crate) status: i32,
    pub(crate) duration_us: i64,
    pub(crate) scim_type: String,
    pub(crate) detail: String,
    pub(crate) body: String,
    pub(crate) agent: String,
    pub(crate) address: String,
    pub(crate) trace: String,
}

impl Entry {
    /// What is bound to the columns of [`INSERT`].
    fn values(&self) -> [Value; 19] {
        let Self {
            account_id,
            id,
            at,
            token_id,
            method,
            kind,
            action,
            resource_id,
            subject,
            subject_key,
            filter,
            status,
            duration_us,
            scim_type,
            detail,
            body,
            agent,
            address,
            trace,
        } = self;
        let text = |text: &String| Value::from(text.as_str());
        let number = |number: &i32| Value::from(i64::from(*number));
        [
            text(account_id),
            text(id),
            (*at).into(),
            text(token_id),
            text(method),
            number(kind),
            number(action),
            text(resource_id),
            text(subject),
            text(subject_key),
            text(filter),
            number(status),
            (*duration_us).into(),
            text(scim_type),
            text(detail),
            text(body),
            text(agent),
            text(address),
            text(trace),
        ]
    }
}

/// An entry without its body.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Line {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) at: Millis,
    pub(crate) token_id: String,
    pub(crate) method: String,
    pub(crate) kind: i32,
    pub(crate) action: i32,
    pub(crate) resource_id: String,
    pub(crate) subject: String,
    pub(crate) filter: String,
    pub(crate) status: i32,
    pub(crate) duration_us: i64,
    pub(crate) scim_type: String,
    pub(crate) detail: String,
    pub(crate) agent: String,
    pub(crate) address: String,
    pub(crate) trace: String,
}

type Columns = (
    t::account_id,
    t::id,
    t::at,
    t::token_id,
    t::method,
    t::kind,
    t::action,
    t::resource_id,
    t::subject,
    t::filter,
    t::status,
    t::duration_us,
    t::scim_type,
    t::detail,
    t::agent,
    t::address,
    t::trace,
);
const COLUMNS: Columns = (
    t::account_id,
    t::id,
    t::at,
    t::token_id,
    t::method,
    t::kind,
    t::action,
    t::resource_id,
    t::subject,
    t::filter,
    t::status,
    t::duration_us,
    t::scim_type,
    t::detail,
    t::agent,
    t::address,
    t::trace,
);

/// Which entries to list. Empty texts and `None` choose nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) account: String,
    /// Only those with a lower id.
    pub(crate) before: Option<String>,
    /// Only those with this id or a higher one.
    pub(crate) from: Option<String>,
    pub(crate) resource_id: String,
    /// In lower case.
    pub(crate) subject: String,
    pub(crate) kind: Option<i32>,
    pub(crate) failed: Option<bool>,
    pub(crate) writes: Option<Writes>,
}

/// What changes something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writes {
    pub(crate) actions: [i32; 4],
    /// Whatever the action.
    pub(crate) kind: i32,
}

/// A page of a list.
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    /// Where looking ended before the end of the log and of the page.
    pub(crate) looked_to: Option<String>,
}

/// Those of `ids` that the log has.
pub(crate) fn known(c: &mut Connection, account: &str, ids: &[String]) -> Result<Vec<String>, Error> {
    let rows = t::table.filter(t::account_id.eq(account)).filter(t::id.eq_any(ids)).select(t::id);
    Ok(match c {
        Connection::Sqlite(c) => rows.load(c)?,
        Connection::Postgres(c) => rows.load(c)?,
    })
}

/// Adds entries.
pub(crate) fn insert(c: &mut Connection, entries: &[Entry]) -> Result<(), Error> {
    match c {
        Connection::Sqlite(_) => {
            // A row at a time: the statement is there already, and nothing is far away.
            for entry in entries {
                Sql::new(INSERT).list(entry.values()).sql(")").prepared().execute(c)?;
            }
        }
        Connection::Postgres(c) => {
            for rows in entries.chunks(ROWS) {
                diesel::insert_into(t::table).values(rows).execute(c)?;
            }
        }
    }
    Ok(())
}

/// Reads an entry and its body.
pub(crate) fn find(c: &mut Connection, account: &str, id: &str) -> Result<Option<(Line, String)>, Error> {
    Ok(t::table.find((account, id)).select((COLUMNS, t::body)).first(c).optional()?)
}

/// Reads up to `limit` entries, newest first, having looked at [`MAX_LOOKED_AT`] at most.
pub(crate) fn list(c: &mut Connection, query: &Query, limit: i64) -> Result<Page, Error> {
    if query.is_rare_subject(c)? {
        // An expression is no key: a planner that could walk the log in the order of ids might read all of it.
        let rows = query.matching().order(sql::<Text>("id || '' DESC")).select(COLUMNS).limit(limit);
        return Ok(Page { lines: rows.load(c)?, looked_to: None });
    }
    let mut looked_to = None;
    if query.leaves_out() {
        let last = query.walked().order(t::id.desc()).select(t::id).offset(MAX_LOOKED_AT - 1).limit(1);
        looked_to = last.first::<String>(c).optional()?;
    }
    let mut rows = query.matching().order(t::id.desc()).select(COLUMNS).limit(limit);
    if let Some(last) = &looked_to {
        rows = rows.filter(t::id.ge(last));
    }
    Ok(Page { lines: rows.load(c)?, looked_to })
}

type Rows<'a> = t::BoxedQuery<'a, Backend>;

impl Query {
    /// Whether entries that are walked over may be left out.
    fn leaves_out(&self) -> bool {
        let by_index = !self.resource_id.is_empty() || self.failed == Some(true);
        let conditions = [self.failed.is_some(), !self.resource_id.is_empty()];
        let conditions = conditions.into_iter().filter(|set| *set).count();
        !self.subject.is_empty()
            || self.kind.is_some()
            || self.writes.is_some()
            || conditions > usize::from(by_index)
    }

    /// The entries of an index in the order of ids, between the ids. The conditions of partial indexes are written out:
    /// a parameter would hide them. There is always an upper end: without one SQLite takes the primary key instead.
    fn walked(&self) -> Rows<'_> {
        let before = self.before.as_deref().unwrap_or(AFTER_ALL);
        let rows = t::table.filter(t::account_id.eq(&self.account)).filter(t::id.lt(before));
        let mut rows = rows.into_boxed::<Backend>();
        if let Some(from) = &self.from {
            rows = rows.filter(t::id.ge(from));
        }
        if !self.resource_id.is_empty() {
            rows = rows.filter(sql::<Bool>("resource_id <> ''")).filter(t::resource_id.eq(&self.resource_id));
        } else if self.failed == Some(true) {
            rows = rows.filter(sql::<Bool>(FAILED));
        }
        rows
    }

    /// The entries that meet every condition.
    fn matching(&self) -> Rows<'_> {
        let mut rows = self.walked();
        match self.failed {
            Some(true) => rows = rows.filter(sql::<Bool>("status >= 400")),
            Some(false) => rows = rows.filter(sql::<Bool>("status < 400")),
            None => {}
        }
        if let Some(kind) = self.kind {
            rows = rows.filter(t::kind.eq(kind));
        }
        if let Some(Writes { actions: [a, b, c, d], kind }) = self.writes {
            let action = t::action.eq(a).or(t::action.eq(b)).or(t::action.eq(c)).or(t::action.eq(d));
            rows = rows.filter(action.or(t::kind.eq(kind)));
        }
        if self.subject.is_empty() { rows } else { self.with_subject(rows) }
    }

    fn with_subject<'a>(&'a self, rows: Rows<'a>) -> Rows<'a> {
        rows.filter(sql::<Bool>("subject_key <> ''"))
            .filter(t::subject_key.ge(&self.subject))
            .filter(t::subject_key.lt(format!("{}{LAST}", self.subject)))
    }

    /// Whether so few have the subject that they can be put in order; otherwise a walk in order meets them often.
    fn is_rare_subject(&self, c: &mut Connection) -> Result<bool, Error> {
        if self.subject.is_empty() || !self.resource_id.is_empty() {
            return Ok(false);
        }
        let all = t::table.filter(t::account_id.eq(&self.account)).into_boxed::<Backend>();
        let further = self.with_subject(all).select(t::id).offset(MAX_LOOKED_AT).limit(1);
        Ok(further.first::<String>(c).optional()?.is_none())
    }
}

/// Reads for how many days an account keeps entries; `None` where it was not set.
pub(crate) fn keep_days(c: &mut Connection, account: &str) -> Result<Option<i32>, Error> {
    Ok(settings::table.find(account).select(settings::keep_days).first(c).optional()?)
}

/// Sets for how many days an account, whose row the caller has locked, keeps entries.
pub(crate) fn set_keep_days(c: &mut Connection, account: &str, days: i32) -> Result<(), Error> {
    if diesel::update(settings::table.find(account)).set(settings::keep_days.eq(days)).execute(c)? == 0 {
        let row = (settings::account_id.eq(account), settings::keep_days.eq(days));
        diesel::insert_into(settings::table).values(row).execute(c)?;
    }
    Ok(())
}

/// Reads the id of the oldest entry that is kept where `max` are; `None` where there are fewer.
pub(crate) fn oldest_kept(c: &mut Connection, account: &str, max: i64) -> Result<Option<String>, Error> {
    let rows = t::table.filter(t::account_id.eq(account)).order(t::id.desc());
    Ok(rows.select(t::id).offset(max - 1).limit(1).first(c).optional()?)
}

/// Deletes the oldest `slice` of the entries whose ids are below `end`; whether there may be more.
pub(crate) fn delete_oldest(c: &mut Connection, account: &str, end: &str, slice: i64) -> Result<bool, Error> {
    let old = t::table.filter(t::account_id.eq(account)).filter(t::id.lt(end));
    let last = old.order(t::id.asc()).select(t::id).offset(slice).limit(1);
    let last: Option<String> = last.first(c).optional()?;
    let until = last.as_deref().unwrap_or(end);
    let gone = t::table.filter(t::account_id.eq(account)).filter(t::id.lt(until));
    diesel::delete(gone).execute(c)?;
    Ok(last.is_some())
}
