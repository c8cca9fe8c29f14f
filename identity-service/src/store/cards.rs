//! Cards in the database: who holds which number, and who else claims it.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    sql_types::{Binary, Bool, Nullable, Text},
};
use prost::Message as _;
use rollcall_card::mask;
use rollcall_db::{Connection, Sql, sql::Rows};
use rollcall_proto::identity::{Card, CardSource, CardState, User};

use super::{clock, error::Error, tables::cards, users};
use crate::{
    name,
    vault::{Tags, Vault},
};

/// The most cards of one person.
pub(crate) const MAX_CARDS: usize = 50;

/// A row of `cards`.
#[derive(Clone, Insertable, Queryable)]
#[diesel(table_name = cards)]
pub(crate) struct Row {
    pub(crate) account_id: String,
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) tag: String,
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) kind: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) source: i64,
    pub(crate) place: Option<i64>,
    pub(crate) claim: bool,
    pub(crate) valid_from: Option<i64>,
    pub(crate) valid_until: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
}

impl Row {
    /// The number as it was given.
    pub(crate) fn number(&self, vault: &Vault) -> Result<String, Error> {
        vault.open(&self.account_id, &self.id, &self.key_id, &self.sealed)
    }

    pub(crate) fn source(&self) -> CardSource {
        i32::try_from(self.source)
            .ok()
            .and_then(|number| CardSource::try_from(number).ok())
            .unwrap_or_default()
    }

    /// Whether it works at a moment, given whether its holder is active.
    pub(crate) fn state(&self, active: bool, now: i64) -> CardState {
        if self.claim {
            CardState::Claimed
        } else if !active {
            CardState::HolderInactive
        } else if self.valid_until.is_some_and(|until| until <= now) {
            CardState::Expired
        } else if self.valid_from.is_some_and(|from| from > now) {
            CardState::NotYetValid
        } else {
            CardState::Working
        }
    }
}

/// What is said of a card besides its number.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) kind: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) valid_from: Option<i64>,
    pub(crate) valid_until: Option<i64>,
}

/// A card to give.
pub(crate) struct Give<'a> {
    pub(crate) user: &'a str,
    pub(crate) number: &'a str,
    pub(crate) source: CardSource,
    pub(crate) place: Option<i64>,
    pub(crate) about: About,
}

/// What became of a card that was to be given.
pub(crate) enum Given {
    /// The person has it now; as a claim where somebody else holds it.
    New(Row),
    /// The person had it already.
    Had(Row),
}

pub(crate) fn get(connection: &mut Connection, account: &str, id: &str) -> Result<Row, Error> {
    let row = cards::table.find((account, id)).first(connection).optional()?;
    row.ok_or_else(|| Error::NotFound(format!("card {id}")))
}

/// The cards of a person and claims, in the order in which they were given.
pub(crate) fn of_user(connection: &mut Connection, account: &str, user: &str) -> Result<Vec<Row>, Error> {
    // Sorted here: asked for an order, SQLite would read all cards of the account in it.
    let mut rows: Vec<Row> = cards::table
        .filter(cards::account_id.eq(account))
        .filter(cards::user_id.eq(user))
        .load(connection)?;
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(rows)
}

/// All cards with a number: the holder's first, then the claims, the oldest first.
pub(crate) fn with_number(
    connection: &mut Connection,
    account: &str,
    tags: &Tags,
) -> Result<Vec<Row>, Error> {
    let held = cards::table
        .filter(cards::account_id.eq(account))
        .filter(cards::tag.eq_any(&tags.0))
        .filter(diesel::dsl::not(cards::claim));
    let mut found: Vec<Row> = held.load(connection)?;
    let mut claims: Vec<Row> = cards::table
        .filter(cards::account_id.eq(account))
        .filter(cards::tag.eq_any(&tags.0))
        .filter(cards::claim)
        .load(connection)?;
    claims.sort_by(|a, b| a.id.cmp(&b.id));
    found.extend(claims);
    Ok(found)
}

/// The tags of a number as it is given by hand, by a file or by the identity provider.
pub(crate) fn tags(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    number: &str,
) -> Result<Tags, Error> {
    if mask::is_masked(number) {
        return Err(Error::field("number", "is a masked number: send the whole number"));
    }
    let converted = vault.conversion(connection, account)?.apply(number)?;
    Ok(vault.tags(account, &converted))
}

/// Gives a person a card. The account must be locked.
pub(crate) fn give(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    give: Give<'_>,
) -> Result<Given, Error> {
    let tags = tags(connection, vault, account, give.number)?;
    give_tagged(connection, vault, account, give, &tags)
}

/// The same for a number whose tags are known: a reader's is converted in another way.
pub(crate) fn give_tagged(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    give: Give<'_>,
    tags: &Tags,
) -> Result<Given, Error> {
    let known = with_number(connection, account, tags)?;
    let held = known.first().is_some_and(|row| !row.claim);
    if let Some(row) = known.into_iter().find(|row| row.user_id == give.user) {
        return Ok(Given::Had(row));
    }
    let count: i64 = cards::table
        .filter(cards::account_id.eq(account))
        .filter(cards::user_id.eq(give.user))
        .count()
        .get_result(connection)?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= MAX_CARDS {
        return Err(Error::field("number", format!("a person has at most {MAX_CARDS} cards")));
    }
    let id = uuid::Uuid::now_v7().to_string();
    let (key_id, sealed) = vault.seal(account, &id, give.number.trim())?;
    let About { kind, label, valid_from, valid_until } = give.about;
    let row = Row {
        account_id: account.to_owned(),
        id,
        user_id: give.user.to_owned(),
        tag: tags.current().to_owned(),
        key_id,
        sealed,
        kind,
        label,
        source: i64::from(give.source as i32),
        place: give.place,
        claim: held,
        valid_from,
        valid_until,
        created_at: clock::now(),
        last_used_at: None,
    };
    diesel::insert_into(cards::table).values(&row).execute(connection)?;
    Ok(Given::New(row))
}

/// Takes a card away. The oldest claim to a number that is free now becomes a card, which is a change of its person.
pub(crate) fn release(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    row: &Row,
) -> Result<(), Error> {
    diesel::delete(cards::table.find((account, &row.id))).execute(connection)?;
    if row.claim {
        return Ok(());
    }
    let tags = tags(connection, vault, account, &row.number(vault)?)?;
    if let Some(next) = with_number(connection, account, &tags)?.into_iter().next() {
        hold(connection, account, &next)?;
    }
    Ok(())
}

/// Makes a card of a claim to a number that nobody holds.
pub(crate) fn hold(connection: &mut Connection, account: &str, claim: &Row) -> Result<(), Error> {
    diesel::update(cards::table.find((account, &claim.id)))
        .set(cards::claim.eq(false))
        .execute(connection)?;
    users::note_change(connection, account, &claim.user_id, clock::now())
}

/// Erases all cards of a person who goes.
pub(crate) fn erase(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &str,
) -> Result<(), Error> {
    for row in of_user(connection, account, user)? {
        release(connection, vault, account, &row)?;
    }
    Ok(())
}

/// What a person is called, and whether the person is active.
pub(crate) struct Holder {
    pub(crate) user_name: String,
    pub(crate) active: bool,
}

/// The people with these ids.
pub(crate) fn holders(
    connection: &mut Connection,
    account: &str,
    ids: &[String],
) -> Result<HashMap<String, Holder>, Error> {
    let condition = Sql::new("users.account_id = ").text(account).sql(" AND users.id = k.value");
    let rows = Rows { select: "users.*", table: "users", alias: "users" };
    let query = Sql::new("SELECT users.id, users.active, users.document FROM ")
        .keyed(connection, ids, rows, condition);
    let found: Vec<(String, Option<bool>, Vec<u8>)> =
        query.query::<(Text, Nullable<Bool>, Binary)>().load(connection)?;
    let holder = |(id, active, document): (String, Option<bool>, Vec<u8>)| {
        let user = User::decode(document.as_slice()).map_err(|_| Error::Corrupt(name::user(account, &id)))?;
        Ok((id, Holder { user_name: user.user_name, active: active.unwrap_or_default() }))
    };
    found.into_iter().map(holder).collect()
}

/// Cards as messages: masked, with their people and whether they work now.
pub(crate) fn messages(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    rows: &[Row],
) -> Result<Vec<Card>, Error> {
    let ids: Vec<String> = rows.iter().map(|row| row.user_id.clone()).collect();
    let people = holders(connection, account, &ids)?;
    let claimed: Vec<String> = rows.iter().filter(|row| row.claim).map(|row| row.tag.clone()).collect();
    let held: HashMap<String, String> = if claimed.is_empty() {
        HashMap::new()
    } else {
        let query = cards::table
            .filter(cards::account_id.eq(account))
            .filter(cards::tag.eq_any(&claimed))
            .filter(diesel::dsl::not(cards::claim))
            .select((cards::tag, cards::user_id));
        query.load::<(String, String)>(connection)?.into_iter().collect()
    };
    let now = clock::now();
    rows.iter()
        .map(|row| {
            let person = people.get(&row.user_id);
            let holder = if row.claim { held.get(&row.tag) } else { None };
            Ok(Card {
                name: name::card(account, &row.id),
                user: name::user(account, &row.user_id),
                number: mask::mask(&row.number(vault)?),
                kind: row.kind.clone().unwrap_or_default(),
                label: row.label.clone().unwrap_or_default(),
                source: row.source().into(),
                provisioned: row.place.is_some(),
                valid_from: row.valid_from.map(clock::timestamp),
                valid_until: row.valid_until.map(clock::timestamp),
                last_use_time: row.last_used_at.map(clock::timestamp),
                create_time: Some(clock::timestamp(row.created_at)),
                state: row.state(person.is_some_and(|person| person.active), now).into(),
                holder: holder.map(|id| name::user(account, id)).unwrap_or_default(),
                user_name: person.map(|person| person.user_name.clone()).unwrap_or_default(),
            })
        })
        .collect()
}
