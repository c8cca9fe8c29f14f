//! PINs, passcodes and registration codes in the database, and the counting of wrong ones.

use diesel::prelude::*;
use rollcall_card::pin::Hash;
use rollcall_db::Connection;
use rollcall_proto::identity::{Secret, SecretKind, SecretSource};

use super::{
    clock,
    error::Error,
    tables::{guesses, secrets},
    users,
};
use crate::{
    secret::{Change, Changes, Hashed},
    vault::encoded,
};

/// Wrong tries in a row that a person has.
const PERSON_TRIES: i64 = 5;
/// Wrong tries that a station has in [`PAUSE`].
const STATION_TRIES: i64 = 30;
/// How long it takes no more, the first time; then twice as long each time.
const PAUSE: i64 = 5 * 60 * 1000;
const LONGEST_PAUSE: i64 = 60 * 60 * 1000;

/// A row of `secrets`.
#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = secrets)]
pub(crate) struct Row {
    pub(crate) account_id: String,
    pub(crate) user_id: String,
    pub(crate) kind: i64,
    pub(crate) source: i64,
    pub(crate) key_id: String,
    pub(crate) salt: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) tag: Option<String>,
    pub(crate) updated_at: i64,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) failures: i64,
    pub(crate) locked_until: Option<i64>,
}

impl Row {
    pub(crate) fn hash(&self) -> Hash {
        Hash { key: self.key_id.clone(), salt: self.salt.clone(), hash: self.hash.clone() }
    }

    pub(crate) fn is_over(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    pub(crate) fn message(&self, now: i64) -> Secret {
        let number = |column: i64| i32::try_from(column).unwrap_or_default();
        Secret {
            kind: number(self.kind),
            source: number(self.source),
            update_time: Some(clock::timestamp(self.updated_at)),
            last_use_time: self.last_used_at.map(clock::timestamp),
            expire_time: self.expires_at.map(clock::timestamp),
            failures: number(self.failures),
            locked_until: self.locked_until.filter(|until| *until > now).map(clock::timestamp),
        }
    }
}

fn number(kind: SecretKind) -> i64 {
    i64::from(kind as i32)
}

pub(crate) fn find(
    connection: &mut Connection,
    account: &str,
    user: &str,
    kind: SecretKind,
) -> Result<Option<Row>, Error> {
    Ok(secrets::table.find((account, user, number(kind))).first(connection).optional()?)
}

/// The PIN with one of these tags, that is used alone.
pub(crate) fn by_tag(
    connection: &mut Connection,
    account: &str,
    tags: &[String],
) -> Result<Option<Row>, Error> {
    Ok(secrets::table
        .filter(secrets::account_id.eq(account))
        .filter(secrets::tag.eq_any(tags))
        .first(connection)
        .optional()?)
}

/// The secrets of a person that have not ended.
pub(crate) fn of_user(connection: &mut Connection, account: &str, user: &str) -> Result<Vec<Row>, Error> {
    let rows: Vec<Row> = secrets::table
        .filter(secrets::account_id.eq(account))
        .filter(secrets::user_id.eq(user))
        .order(secrets::kind)
        .load(connection)?;
    let now = clock::now();
    Ok(rows.into_iter().filter(|row| !row.is_over(now)).collect())
}

/// Sets a secret; whether it is another one than before.
pub(crate) fn set(
    connection: &mut Connection,
    (account, user): (&str, &str),
    (kind, source): (SecretKind, SecretSource),
    hashed: &Hashed,
    expires_at: Option<i64>,
) -> Result<bool, Error> {
    let current = find(connection, account, user, kind)?;
    if let (Some(row), Some(same)) = (&current, &hashed.same_as)
        && row.hash == *same
    {
        return Ok(false);
    }
    let others: i64 = secrets::table
        .filter(secrets::account_id.eq(account))
        .filter(secrets::tag.eq_any(&hashed.tags))
        .filter(secrets::user_id.ne(user))
        .count()
        .get_result(connection)?;
    if others > 0 {
        return Err(Error::PinTaken);
    }
    clear(connection, account, user, kind)?;
    let Hash { key, salt, hash } = &hashed.hash;
    let row = Row {
        account_id: account.to_owned(),
        user_id: user.to_owned(),
        kind: number(kind),
        source: i64::from(source as i32),
        key_id: key.clone(),
        salt: salt.clone(),
        hash: hash.clone(),
        tag: hashed.tags.first().cloned(),
        updated_at: clock::now(),
        last_used_at: None,
        expires_at,
        failures: 0,
        locked_until: None,
    };
    diesel::insert_into(secrets::table).values(row).execute(connection)?;
    Ok(true)
}

/// Removes a secret; whether there was one.
pub(crate) fn clear(
    connection: &mut Connection,
    account: &str,
    user: &str,
    kind: SecretKind,
) -> Result<bool, Error> {
    Ok(diesel::delete(secrets::table.find((account, user, number(kind)))).execute(connection)? > 0)
}

/// Removes all secrets of a person who goes.
pub(crate) fn erase(connection: &mut Connection, account: &str, user: &str) -> Result<(), Error> {
    let of_user = secrets::table.filter(secrets::account_id.eq(account)).filter(secrets::user_id.eq(user));
    diesel::delete(of_user).execute(connection)?;
    Ok(())
}

/// Carries out what a message about a user says of secrets; whether anything changed.
pub(crate) fn write(
    connection: &mut Connection,
    account: &str,
    user: &str,
    wanted: &Changes,
    source: SecretSource,
) -> Result<bool, Error> {
    let mut changed = false;
    for (kind, change) in &wanted.0 {
        changed |= match change {
            Change::Clear => clear(connection, account, user, *kind)?,
            Change::Set(hashed) => set(connection, (account, user), (*kind, source), hashed, None)?,
        };
    }
    Ok(changed)
}

/// Counts a try before it is made, so that tries at the same time cannot be more. Refused while it is too many.
pub(crate) fn admit(
    connection: &mut Connection,
    account: &str,
    secret: Option<(&str, SecretKind)>,
    station: &str,
) -> Result<(), Error> {
    let now = clock::now();
    if !station.is_empty() {
        admit_station(connection, account, station, now)?;
    }
    let Some((user, kind)) = secret else { return Ok(()) };
    let Some(row) = find(connection, account, user, kind)? else { return Ok(()) };
    if let Some(until) = row.locked_until.filter(|until| *until > now) {
        return Err(Error::Locked { until });
    }
    let failures = row.failures + 1;
    diesel::update(secrets::table.find((account, user, number(kind))))
        .set((secrets::failures.eq(failures), secrets::locked_until.eq(lock(failures, PERSON_TRIES, now))))
        .execute(connection)?;
    Ok(())
}

fn admit_station(connection: &mut Connection, account: &str, station: &str, now: i64) -> Result<(), Error> {
    let found: Option<(i64, i64, Option<i64>)> = guesses::table
        .find((account, station))
        .select((guesses::failures, guesses::since, guesses::locked_until))
        .first(connection)
        .optional()?;
    let Some((failures, since, locked_until)) = found else {
        diesel::insert_into(guesses::table)
            .values((
                guesses::account_id.eq(account),
                guesses::station.eq(station),
                guesses::failures.eq(1),
                guesses::since.eq(now),
            ))
            .execute(connection)?;
        return Ok(());
    };
    if let Some(until) = locked_until.filter(|until| *until > now) {
        return Err(Error::Locked { until });
    }
    // A station that is left alone for a while begins anew; one that goes on is locked for longer each time.
    let quiet = locked_until.unwrap_or(since).max(since) + PAUSE <= now;
    let (failures, since) = if quiet { (1, now) } else { (failures + 1, since) };
    diesel::update(guesses::table.find((account, station)))
        .set((
            guesses::failures.eq(failures),
            guesses::since.eq(since),
            guesses::locked_until.eq(lock(failures, STATION_TRIES, now)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Until when no more tries are taken after so many wrong ones.
fn lock(failures: i64, tries: i64, now: i64) -> Option<i64> {
    let over = u32::try_from(failures - tries).ok()?;
    let pause = PAUSE.saturating_mul(1_i64.checked_shl(over.min(10)).unwrap_or(i64::MAX));
    Some(now + pause.min(LONGEST_PAUSE))
}

/// Notes that a try was right: it does not count, and neither do the person's wrong ones before it. `rehashed` is the secret
/// by the current key, where it was by another.
pub(crate) fn right(
    connection: &mut Connection,
    account: &str,
    row: &Row,
    station: &str,
    rehashed: Option<&Hash>,
) -> Result<(), Error> {
    let secret = || secrets::table.find((account, &row.user_id, row.kind));
    diesel::update(secret())
        .set((
            secrets::failures.eq(0),
            secrets::locked_until.eq(None::<i64>),
            secrets::last_used_at.eq(Some(clock::now())),
        ))
        .execute(connection)?;
    if let Some(Hash { key, salt, hash }) = rehashed {
        diesel::update(secret().filter(secrets::hash.eq(&row.hash)))
            .set((
                secrets::key_id.eq(key),
                secrets::salt.eq(salt),
                secrets::hash.eq(hash),
                secrets::tag.eq(row.tag.as_ref().map(|_| encoded(hash))),
            ))
            .execute(connection)?;
    }
    diesel::update(guesses::table.find((account, station)).filter(guesses::failures.gt(0)))
        .set((guesses::failures.eq(guesses::failures - 1), guesses::locked_until.eq(None::<i64>)))
        .execute(connection)?;
    Ok(())
}

/// Sets a secret by itself, and tells who watches the person.
pub(crate) fn set_and_note(
    connection: &mut Connection,
    (account, user): (&str, &str),
    (kind, source): (SecretKind, SecretSource),
    hashed: &Hashed,
    expires_at: Option<i64>,
) -> Result<Secret, Error> {
    if set(connection, (account, user), (kind, source), hashed, expires_at)? {
        users::note_change(connection, account, user, clock::now())?;
    }
    let row =
        find(connection, account, user, kind)?.ok_or(Error::Defect("a secret was set and is not there"))?;
    Ok(row.message(clock::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_an_hour() {
        let minutes = |failures| lock(failures, PERSON_TRIES, 0).map(|until| until / 60_000);
        let expected = [None, Some(5), Some(10), Some(20), Some(40), Some(60), Some(60)];
        assert_eq!([4, 5, 6, 7, 8, 9, 1000].map(minutes), expected);
    }
}
