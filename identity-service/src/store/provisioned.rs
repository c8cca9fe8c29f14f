//! The cards that the identity provider names: the ones that SCIM reads and writes.
//!
//! They are cards like all others, with a place. What SCIM no longer names goes, unless an import, a device or an administrator
//! has given it too: then only its place goes.

use std::collections::HashMap;

use diesel::prelude::*;
use prost_types::Timestamp;
use rollcall_card::mask;
use rollcall_db::{Connection, Sql, sql::Rows};
use rollcall_proto::identity::{CardSource, CardVisibility, PrintCard, PrintUser, User};

use super::{
    cards::{self, About, Give, Given, Row},
    clock,
    error::Error,
    settings,
    tables::cards as table,
    users,
};
use crate::vault::Vault;

/// The places of elements of `cards` begin here; those before are of `cardNumber` and its sisters.
const ELEMENTS: i64 = 10;
/// The most cards in one message.
const MAX: usize = 20;

/// What is stored in the document: that there are cards, not which.
pub(crate) fn stored(print: Option<PrintUser>) -> Option<PrintUser> {
    let PrintUser { local_user_name, cards, pin: _, card_registration_code: _ } = print?;
    let cards = if cards.is_empty() { vec![] } else { vec![PrintCard::default()] };
    let kept = PrintUser { local_user_name, cards, ..PrintUser::default() };
    (kept != PrintUser::default()).then_some(kept)
}

/// Whether the identity provider names cards of a user who was just read.
fn has_cards(user: &User) -> bool {
    user.print.as_ref().is_some_and(|print| !print.cards.is_empty())
}

/// Puts the cards with their numbers into a user who was just read: for a change to them, never for an answer.
pub(crate) fn open(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &mut User,
) -> Result<(), Error> {
    fill(connection, account, std::slice::from_mut(user), |row| row.number(vault))
}

/// Puts the cards as an answer shows them into users who were just read: masked or not at all.
pub(crate) fn show(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    users: &mut [User],
) -> Result<(), Error> {
    if !users.iter().any(has_cards) {
        return Ok(());
    }
    if settings::read(connection, account)?.card_visibility() == CardVisibility::Hidden {
        for user in users {
            user.print = user.print.take().and_then(|print| {
                let local = PrintUser { cards: vec![], ..print };
                (local != PrintUser::default()).then_some(local)
            });
        }
        return Ok(());
    }
    fill(connection, account, users, |row| Ok(mask::mask(&row.number(vault)?)))
}

fn fill(
    connection: &mut Connection,
    account: &str,
    users: &mut [User],
    number: impl Fn(&Row) -> Result<String, Error>,
) -> Result<(), Error> {
    let ids: Vec<String> =
        users.iter().filter(|user| has_cards(user)).map(|user| users::id_of(user).to_owned()).collect();
    let mut found: HashMap<String, Vec<PrintCard>> = HashMap::new();
    for row in named(connection, account, &ids)? {
        let Row { place, kind, label, valid_from, valid_until, .. } = &row;
        let card = PrintCard {
            number: number(&row)?,
            slot: place
                .filter(|place| *place < ELEMENTS)
                .and_then(|place| i32::try_from(place).ok())
                .unwrap_or(0),
            kind: kind.clone(),
            label: label.clone(),
            valid_from: valid_from.map(clock::timestamp),
            valid_until: valid_until.map(clock::timestamp),
        };
        found.entry(row.user_id).or_default().push(card);
    }
    for user in users.iter_mut().filter(|user| has_cards(user)) {
        let cards = found.remove(users::id_of(user)).unwrap_or_default();
        if let Some(print) = &mut user.print {
            print.cards = cards;
        }
        if user.print == Some(PrintUser::default()) {
            user.print = None;
        }
    }
    Ok(())
}

/// The rows of these people that have a place, by place.
fn named(connection: &mut Connection, account: &str, ids: &[String]) -> Result<Vec<Row>, Error> {
    if let [only] = ids {
        return Ok(table::table
            .filter(table::account_id.eq(account))
            .filter(table::user_id.eq(only))
            .filter(table::place.is_not_null())
            .order(table::place)
            .load(connection)?);
    }
    let condition =
        Sql::new("c.account_id = ").text(account).sql(" AND c.user_id = k.value AND c.place IS NOT NULL");
    let query = Sql::new("SELECT c.* FROM ")
        .keyed(connection, ids, Rows { select: "c.*", table: "cards", alias: "c" }, condition)
        .sql(" ORDER BY c.place");
    Ok(query.query::<table::SqlType>().load(connection)?)
}

/// A write where numbers cannot be read cannot leave out what it does not know: with hidden numbers, a message without cards
/// leaves them. A masked number that comes back is the card that it stands for.
pub(crate) fn resolve(
    connection: &mut Connection,
    account: &str,
    before: &User,
    after: &mut User,
    whole: bool,
) -> Result<(), Error> {
    let known: &[PrintCard] = before.print.as_ref().map_or(&[], |print| &print.cards);
    let none_named = after.print.as_ref().is_none_or(|print| print.cards.is_empty());
    if whole
        && none_named
        && !known.is_empty()
        && settings::read(connection, account)?.card_visibility() == CardVisibility::Hidden
    {
        after.print.get_or_insert_default().cards = known.to_vec();
        return Ok(());
    }
    // Two numbers may look the same: each stands for another card.
    let mut left: Vec<&PrintCard> = known.iter().collect();
    for card in after.print.iter_mut().flat_map(|print| &mut print.cards) {
        if mask::is_masked(&card.number) {
            let stands_for = left
                .iter()
                .position(|known| known.slot == card.slot && mask::mask(&known.number) == card.number)
                .map(|at| left.remove(at))
                .ok_or_else(|| {
                    Error::field(
                        "cardNumber",
                        "is a masked number, and not that of the card there: send the whole number, or leave it out",
                    )
                })?;
            card.number.clone_from(&stands_for.number);
        }
    }
    Ok(())
}

/// Makes the cards that the identity provider names those of `after`; whether anything changed. `before` is open, the
/// account is locked.
pub(crate) fn write(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
    (before, after): (Option<&User>, &User),
) -> Result<bool, Error> {
    let cards_of = |user: Option<&User>| -> Vec<PrintCard> {
        user.and_then(|user| user.print.as_ref()).map(|print| print.cards.clone()).unwrap_or_default()
    };
    let wanted = cards_of(Some(after));
    if cards_of(before) == wanted {
        return Ok(false);
    }
    if wanted.len() > MAX {
        return Err(Error::field(
            "cards",
            format!("must not be more than {MAX}, as cardNumbers and elements"),
        ));
    }
    let mut left: Vec<Row> = named(connection, account, &[id.to_owned()])?;
    let mut changed = false;
    let mut elements = ELEMENTS..;
    for card in &wanted {
        let place = match card.slot {
            slot @ 1..=5 => i64::from(slot),
            _ => elements.next().unwrap_or(ELEMENTS),
        };
        let tags = cards::tags(connection, vault, account, &card.number)?;
        if let Some(at) = left.iter().position(|row| tags.has(&row.tag)) {
            changed |= keep(connection, vault, account, &left.swap_remove(at), (place, card))?;
            continue;
        }
        let give = Give {
            user: id,
            number: &card.number,
            source: CardSource::Scim,
            place: Some(place),
            about: about(card),
        };
        match cards::give_tagged(connection, vault, account, give, &tags)? {
            Given::New(_) => changed = true,
            // The same number at a second place is the same card.
            Given::Had(row) if row.place.is_some() => {}
            Given::Had(row) => changed |= keep(connection, vault, account, &row, (place, card))?,
        }
    }
    for row in left {
        changed = true;
        if row.source() == CardSource::Scim {
            cards::release(connection, vault, account, &row)?;
        } else {
            diesel::update(table::table.find((account, &row.id)))
                .set(table::place.eq(None::<i64>))
                .execute(connection)?;
        }
    }
    Ok(changed)
}

/// Writes what is said of a card that is there; whether that is news.
fn keep(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    row: &Row,
    (place, card): (i64, &PrintCard),
) -> Result<bool, Error> {
    let said = about(card);
    // What others gave keeps what they said of it, where the identity provider says nothing.
    let about = if row.source() == CardSource::Scim {
        said
    } else {
        About {
            kind: said.kind.or_else(|| row.kind.clone()),
            label: said.label.or_else(|| row.label.clone()),
            valid_from: said.valid_from.or(row.valid_from),
            valid_until: said.valid_until.or(row.valid_until),
        }
    };
    let same_number = row.number(vault)? == card.number.trim();
    let is = About {
        kind: row.kind.clone(),
        label: row.label.clone(),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
    };
    if same_number && row.place == Some(place) && is == about {
        return Ok(false);
    }
    let (key_id, sealed) = vault.seal(account, &row.id, card.number.trim())?;
    let tags = cards::tags(connection, vault, account, &card.number)?;
    let About { kind, label, valid_from, valid_until } = about;
    diesel::update(table::table.find((account, &row.id)))
        .set((
            table::place.eq(Some(place)),
            table::tag.eq(tags.current()),
            table::key_id.eq(key_id),
            table::sealed.eq(sealed),
            table::kind.eq(kind),
            table::label.eq(label),
            table::valid_from.eq(valid_from),
            table::valid_until.eq(valid_until),
        ))
        .execute(connection)?;
    Ok(true)
}

fn about(card: &PrintCard) -> About {
    let at = |time: &Option<Timestamp>| time.as_ref().and_then(clock::millis);
    About {
        kind: card.kind.clone(),
        label: card.label.clone(),
        valid_from: at(&card.valid_from),
        valid_until: at(&card.valid_until),
    }
}
