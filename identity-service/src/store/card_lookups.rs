//! Who holds a card, asked at a device. One statement finds cards and holders, however many.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Bool, Nullable, Text},
};
use rollcall_db::{Connection, Sql, sql::Rows};
use rollcall_proto::identity::{DenialReason, User, UserView};

use super::{clock, error::Error, page::Row, users};
use crate::vault::{Tags, Vault};

/// What one card found.
pub(crate) enum Outcome {
    /// It works.
    Works {
        /// The card's id.
        card: String,
        /// The holder.
        user: Box<User>,
    },
    /// It does not.
    Denied(Denial),
}

/// Why a card does not work.
#[derive(Clone)]
pub(crate) struct Denial {
    pub(crate) reason: DenialReason,
    /// The holder's id, where there is one.
    pub(crate) user: Option<String>,
}

/// Of a card found: its id, from and until when it is valid, whether its holder is active, the holder.
type Found = (String, Option<i64>, Option<i64>, Option<bool>, Row);

/// Finds the holders of the cards with these numbers, as a reader gives them. The result for each has the number as the
/// directory would have it; none where it is no number.
pub(crate) fn cards(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    numbers: &[String],
    view: UserView,
) -> Result<Vec<(Option<String>, Outcome)>, Error> {
    let conversion = vault.conversion(connection, account)?;
    let asked: Vec<Option<(String, Tags)>> = numbers
        .iter()
        .map(|number| {
            let stored = conversion.from_reader(number).ok()?;
            let tags = vault.tags(account, &conversion.apply(&stored).ok()?);
            Some((stored, tags))
        })
        .collect();
    let tags: Vec<String> = asked.iter().flatten().flat_map(|(_, tags)| tags.0.iter().cloned()).collect();
    let mut found = by_tags(connection, account, &tags)?;
    let now = clock::now();
    let mut results = Vec::with_capacity(asked.len());
    for asked in asked {
        let Some((stored, tags)) = asked else {
            results.push((None, unknown()));
            continue;
        };
        let outcome = match tags.0.iter().find_map(|tag| found.get(tag)) {
            None => unknown(),
            Some((card, from, until, active, row)) => {
                let reason = if active.unwrap_or_default() || rollcall_defect::is("leaver-card-works") {
                    let valid = from.is_none_or(|from| from <= now) && until.is_none_or(|until| now < until);
                    (!valid).then_some(DenialReason::NotValid)
                } else {
                    Some(DenialReason::HolderInactive)
                };
                if let Some(reason) = reason {
                    Outcome::Denied(Denial { reason, user: Some(row.0.clone()) })
                } else {
                    let user = Box::new(users::user(account, row.clone())?);
                    Outcome::Works { card: card.clone(), user }
                }
            }
        };
        results.push((Some(stored), outcome));
    }
    found.clear();
    fill(connection, vault, account, &mut results, view)?;
    Ok(results)
}

fn unknown() -> Outcome {
    Outcome::Denied(Denial { reason: DenialReason::Unknown, user: None })
}

fn by_tags(
    connection: &mut Connection,
    account: &str,
    tags: &[String],
) -> Result<HashMap<String, Found>, Error> {
    type Columns = (
        Text,
        Text,
        Nullable<BigInt>,
        Nullable<BigInt>,
        Nullable<Bool>,
        Text,
        BigInt,
        BigInt,
        BigInt,
        Binary,
    );
    type Read = (String, String, Option<i64>, Option<i64>, Option<bool>, String, i64, i64, i64, Vec<u8>);
    const SELECT: &str = "SELECT c.tag, c.id, c.valid_from, c.valid_until, users.active, users.id, users.version, \
         users.created_at, users.updated_at, users.document FROM ";
    const HOLDER: &str = " JOIN users ON users.account_id = c.account_id AND users.id = c.user_id";
    let query = match tags {
        [] => return Ok(HashMap::new()),
        // What a reader asks: no list to take apart, and a statement that stays prepared.
        [only] => Sql::new(SELECT)
            .sql("cards c")
            .sql(HOLDER)
            .sql(" WHERE c.account_id = ")
            .text(account)
            .sql(" AND c.tag = ")
            .text(only)
            .sql(" AND NOT c.claim"),
        several => {
            let condition =
                Sql::new("c.account_id = ").text(account).sql(" AND c.tag = k.value AND NOT c.claim");
            let cards = Rows { select: "c.*", table: "cards", alias: "c" };
            Sql::new(SELECT).keyed(connection, several, cards, condition).sql(HOLDER)
        }
    };
    let rows: Vec<Read> = query.query::<Columns>().load(connection)?;
    let found = |(tag, card, from, until, active, id, version, created, updated, document): Read| {
        (tag, (card, from, until, active, (id, version, created, updated, document)))
    };
    Ok(rows.into_iter().map(found).collect())
}

/// Fills in what an answer shows of the holders, with one query for all.
fn fill(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    results: &mut [(Option<String>, Outcome)],
    view: UserView,
) -> Result<(), Error> {
    let mut holders: Vec<User> = results
        .iter_mut()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Works { user, .. } => Some(std::mem::take(&mut **user)),
            Outcome::Denied(_) => None,
        })
        .collect();
    users::fill(connection, vault, account, &mut holders, view)?;
    let mut filled = holders.into_iter();
    for (_, outcome) in results {
        if let Outcome::Works { user, .. } = outcome
            && let Some(holder) = filled.next()
        {
            **user = holder;
        }
    }
    Ok(())
}
