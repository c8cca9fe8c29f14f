//! Cards that were refused at stations: the inbox of unknown cards, and what is known of others.

use diesel::prelude::*;
use rollcall_card::mask;
use rollcall_db::Connection;
use rollcall_proto::identity::DeniedCard;

use super::{
    cards, clock,
    error::Error,
    tables::{cards as cards_table, denied_cards},
};
use crate::{
    desk::{Denied, Seen},
    name,
    vault::Vault,
};

/// The most that are kept of a station.
const MAX: i64 = 100;
/// How long one is kept.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1000;

/// A row of `denied_cards`.
#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = denied_cards)]
pub(crate) struct Row {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) station: String,
    pub(crate) tag: String,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) denied_at: i64,
    pub(crate) times: i64,
    pub(crate) reason: i64,
    pub(crate) user_id: Option<String>,
}

impl Row {
    pub(crate) fn number(&self, vault: &Vault) -> Result<String, Error> {
        vault.open(&self.account_id, &self.id, &self.key_id, &self.sealed)
    }

    pub(crate) fn message(&self, vault: &Vault) -> Result<DeniedCard, Error> {
        let number = |column: i64| i32::try_from(column).unwrap_or(i32::MAX);
        Ok(DeniedCard {
            name: name::denied_card(&self.account_id, &self.id),
            station: self.station.clone(),
            number: mask::mask(&self.number(vault)?),
            time: Some(clock::timestamp(self.denied_at)),
            count: number(self.times),
            reason: number(self.reason),
            user: self.user_id.as_ref().map(|id| name::user(&self.account_id, id)).unwrap_or_default(),
        })
    }
}

/// Writes what stations saw.
pub(crate) fn write(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    seen: Seen,
) -> Result<(), Error> {
    for (card, at) in seen.used {
        diesel::update(cards_table::table.find((account, card)))
            .set(cards_table::last_used_at.eq(Some(at)))
            .execute(connection)?;
    }
    for ((station, number), Denied { denial, at, times }) in seen.denied {
        let Ok(tags) = cards::tags(connection, vault, account, &number) else { continue };
        let known: Option<String> = denied_cards::table
            .filter(denied_cards::account_id.eq(account))
            .filter(denied_cards::station.eq(&station))
            .filter(denied_cards::tag.eq_any(&tags.0))
            .select(denied_cards::id)
            .first(connection)
            .optional()?;
        let reason = i64::from(denial.reason as i32);
        if let Some(id) = known {
            diesel::update(denied_cards::table.find((account, id)))
                .set((
                    denied_cards::denied_at.eq(at),
                    denied_cards::times.eq(denied_cards::times + times),
                    denied_cards::reason.eq(reason),
                    denied_cards::user_id.eq(denial.user),
                ))
                .execute(connection)?;
            continue;
        }
        let id = uuid::Uuid::now_v7().to_string();
        let (key_id, sealed) = vault.seal(account, &id, &number)?;
        let row = Row {
            account_id: account.to_owned(),
            id,
            station: station.clone(),
            tag: tags.current().to_owned(),
            key_id,
            sealed,
            denied_at: at,
            times,
            reason,
            user_id: denial.user,
        };
        diesel::insert_into(denied_cards::table).values(row).execute(connection)?;
        forget(connection, account, &station, at - KEPT)?;
    }
    Ok(())
}

/// Forgets what is old or too much of a station.
fn forget(connection: &mut Connection, account: &str, station: &str, before: i64) -> Result<(), Error> {
    let of_account = || denied_cards::table.filter(denied_cards::account_id.eq(account));
    let old: Vec<String> = of_account()
        .filter(denied_cards::denied_at.lt(before))
        .select(denied_cards::id)
        .limit(MAX)
        .load(connection)?;
    let surplus: Vec<String> = of_account()
        .filter(denied_cards::station.eq(station))
        .order(denied_cards::denied_at.desc())
        .select(denied_cards::id)
        .offset(MAX)
        .limit(MAX)
        .load(connection)?;
    let ids: Vec<String> = old.into_iter().chain(surplus).collect();
    if !ids.is_empty() {
        diesel::delete(of_account().filter(denied_cards::id.eq_any(ids))).execute(connection)?;
    }
    Ok(())
}

pub(crate) fn get(connection: &mut Connection, account: &str, id: &str) -> Result<Row, Error> {
    let row = denied_cards::table.find((account, id)).first(connection).optional()?;
    row.ok_or_else(|| Error::NotFound(format!("denied card {id}")))
}

/// A page, the latest first. `before` is the time and id of the last one of the page before.
pub(crate) fn list(
    connection: &mut Connection,
    account: &str,
    (station, reason): (&str, Option<i64>),
    before: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let mut query = denied_cards::table.filter(denied_cards::account_id.eq(account.to_owned())).into_boxed();
    if !station.is_empty() {
        query = query.filter(denied_cards::station.eq(station.to_owned()));
    }
    if let Some(reason) = reason {
        query = query.filter(denied_cards::reason.eq(reason));
    }
    if let Some((at, id)) = before {
        query = query.filter(
            denied_cards::denied_at.le(at).and(denied_cards::denied_at.lt(at).or(denied_cards::id.lt(id))),
        );
    }
    Ok(query
        .order((denied_cards::denied_at.desc(), denied_cards::id.desc()))
        .limit(limit)
        .load(connection)?)
}

/// The last times that a card of a person was refused.
pub(crate) fn of_user(connection: &mut Connection, account: &str, user: &str) -> Result<Vec<Row>, Error> {
    Ok(denied_cards::table
        .filter(denied_cards::account_id.eq(account))
        .filter(denied_cards::user_id.eq(user))
        .order(denied_cards::denied_at.desc())
        .limit(10)
        .load(connection)?)
}

/// Takes one out of the inbox; whether it was there.
pub(crate) fn dismiss(connection: &mut Connection, account: &str, id: &str) -> Result<bool, Error> {
    Ok(diesel::delete(denied_cards::table.find((account, id))).execute(connection)? > 0)
}

/// Takes a number out of the inbox of every station: it is a card now.
pub(crate) fn dismiss_number(
    connection: &mut Connection,
    account: &str,
    tags: &[String],
) -> Result<(), Error> {
    diesel::delete(
        denied_cards::table
            .filter(denied_cards::account_id.eq(account))
            .filter(denied_cards::tag.eq_any(tags)),
    )
    .execute(connection)?;
    Ok(())
}

/// Forgets the refusals of a person who is deleted.
pub(crate) fn erase(connection: &mut Connection, account: &str, user: &str) -> Result<(), Error> {
    diesel::delete(
        denied_cards::table
            .filter(denied_cards::account_id.eq(account))
            .filter(denied_cards::user_id.eq(user)),
    )
    .execute(connection)?;
    Ok(())
}
