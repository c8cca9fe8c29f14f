//! Stations that keep a copy, and what they have confirmed.

use std::collections::{HashMap, HashSet};

use diesel::{dsl::max, prelude::*};
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{Removal, Station};

use super::{
    clock,
    error::Error,
    head,
    tables::{confirmations, removals, stations},
};
use crate::name;

/// The most stations of an account.
const MAX: i64 = 10_000;
/// The most stations that a removal names as waiting.
const MAX_WAITING: usize = 100;

/// Takes note of a station that follows the changes.
pub(crate) fn note(connection: &mut Connection, account: &str, station: &str) -> Result<(), Error> {
    head::lock(connection, account)?;
    let known: i64 =
        stations::table.filter(stations::account_id.eq(account)).count().get_result(connection)?;
    if known >= MAX && find(connection, account, station)?.is_none() {
        return Err(Error::field(
            "station",
            format!("an account has at most {MAX}; delete those that are gone"),
        ));
    }
    Sql::new("INSERT INTO stations (account_id, station, revision, created_at) VALUES (")
        .text(account)
        .sql(", ")
        .text(station)
        .sql(", 0, ")
        .number(clock::now())
        .sql(") ON CONFLICT DO NOTHING")
        .execute(connection)?;
    Ok(())
}

type Row = (String, i64, Option<i64>, i64);

const ROW: (stations::station, stations::revision, stations::acknowledged_at, stations::created_at) =
    (stations::station, stations::revision, stations::acknowledged_at, stations::created_at);

fn find(connection: &mut Connection, account: &str, station: &str) -> Result<Option<Row>, Error> {
    Ok(stations::table.find((account, station)).select(ROW).first(connection).optional()?)
}

/// Takes note of what a station has applied, and confirms the removals among it.
pub(crate) fn acknowledge(
    connection: &mut Connection,
    account: &str,
    station: &str,
    revision: i64,
) -> Result<(), Error> {
    head::lock(connection, account)?;
    let (newest, ..) = head::read(connection, account)?;
    if !(0..=newest).contains(&revision) {
        return Err(Error::field("revision", format!("must be 0 to {newest}, the newest of the account")));
    }
    if find(connection, account, station)?.is_none() {
        note(connection, account, station)?;
    }
    let Some((_, before, _, created_at)) = find(connection, account, station)? else { return Ok(()) };
    let now = clock::now();
    // A copy that was made anew may be at an older revision than the one before it; what it confirmed stays confirmed.
    Sql::new("INSERT INTO confirmations (account_id, revision, station, confirmed_at) SELECT r.account_id, r.revision, ")
        .text(station)
        .sql(", ")
        .number(now)
        .sql(" FROM removals r WHERE r.account_id = ")
        .text(account)
        .sql(" AND r.revision > ")
        .number(before.min(revision))
        .sql(" AND r.revision <= ")
        .number(revision)
        .sql(" AND r.removed_at >= ")
        .number(created_at)
        .sql(" ON CONFLICT DO NOTHING")
        .execute(connection)?;
    diesel::update(stations::table.find((account, station)))
        .set((stations::revision.eq(revision), stations::acknowledged_at.eq(Some(now))))
        .execute(connection)?;
    Ok(())
}

/// The stations by name. Whether one is connected the caller knows.
pub(crate) fn list(connection: &mut Connection, account: &str) -> Result<Vec<Station>, Error> {
    let rows: Vec<Row> = stations::table
        .filter(stations::account_id.eq(account))
        .order(stations::station)
        .limit(MAX)
        .select(ROW)
        .load(connection)?;
    let station = |(station, revision, acknowledged_at, created_at): Row| Station {
        name: name::station_name(account, &station),
        station,
        revision,
        acknowledge_time: acknowledged_at.map(clock::timestamp),
        create_time: Some(clock::timestamp(created_at)),
        connected: false,
    };
    Ok(rows.into_iter().map(station).collect())
}

/// Forgets a station.
pub(crate) fn delete(connection: &mut Connection, account: &str, station: &str) -> Result<(), Error> {
    let gone = diesel::delete(stations::table.find((account, station))).execute(connection)?;
    if gone == 0 {
        return Err(Error::NotFound(format!("station {station}")));
    }
    Ok(())
}

/// The latest removals, of all or of one person.
pub(crate) fn removals(
    connection: &mut Connection,
    account: &str,
    user: &str,
    limit: i64,
) -> Result<Vec<Removal>, Error> {
    let mut query = removals::table.filter(removals::account_id.eq(account.to_owned())).into_boxed();
    if !user.is_empty() {
        query = query.filter(removals::user_id.eq(user.to_owned()));
    }
    let found: Vec<(i64, String, i64, bool)> = query
        .order(removals::revision.desc())
        .limit(limit)
        .select((removals::revision, removals::user_id, removals::removed_at, removals::deleted))
        .load(connection)?;
    let revisions: Vec<i64> = found.iter().map(|(revision, ..)| *revision).collect();
    let mut confirmed: HashMap<i64, HashSet<String>> = HashMap::new();
    let rows: Vec<(i64, String)> = confirmations::table
        .filter(confirmations::account_id.eq(account))
        .filter(confirmations::revision.eq_any(&revisions))
        .select((confirmations::revision, confirmations::station))
        .load(connection)?;
    for (revision, station) in rows {
        confirmed.entry(revision).or_default().insert(station);
    }
    let last: HashMap<i64, Option<i64>> = confirmations::table
        .filter(confirmations::account_id.eq(account))
        .filter(confirmations::revision.eq_any(&revisions))
        .group_by(confirmations::revision)
        .select((confirmations::revision, max(confirmations::confirmed_at)))
        .load::<(i64, Option<i64>)>(connection)?
        .into_iter()
        .collect();
    let known: Vec<(String, i64)> = stations::table
        .filter(stations::account_id.eq(account))
        .order(stations::station)
        .select((stations::station, stations::created_at))
        .load(connection)?;
    let removal = |(revision, user, at, deleted): (i64, String, i64, bool)| {
        let by = confirmed.remove(&revision).unwrap_or_default();
        let waiting: Vec<&String> = known
            .iter()
            .filter(|(station, created_at)| *created_at <= at && !by.contains(station))
            .map(|(station, _)| station)
            .collect();
        let after = last.get(&revision).copied().flatten().map(|confirmed_at| (confirmed_at - at).max(0));
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Removal {
            user: name::user(account, &user),
            time: Some(clock::timestamp(at)),
            revision,
            deleted,
            stations: count(by.len() + waiting.len()),
            confirmed: count(by.len()),
            confirmed_after: after.map(clock::duration),
            waiting: waiting.into_iter().take(MAX_WAITING).cloned().collect(),
        }
    };
    Ok(found.into_iter().map(removal).collect())
}
