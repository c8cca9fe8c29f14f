//! Another conversion for the cards that there are. All of them are read: it is the one thing here whose cost grows with the
//! directory.

use std::collections::HashMap;

use diesel::prelude::*;
use rollcall_card::conversion::Conversion;
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{
    CardConversion, ChangeAction, ConversionCollision, ConversionFailure, PreviewConversionResponse,
};

use super::{
    cards::{self, Row},
    clock, conversions,
    error::Error,
    head::{self, Delta, Entry},
    tables::{cards as table, denied_cards},
};
use crate::{name, vault::Vault};

/// Cards of one statement.
const PAGE: i64 = 500;
/// The most collisions and failures that are shown.
const MAX_SHOWN: usize = 100;

/// What a conversion makes of the cards of an account.
struct Outcome {
    cards: usize,
    changed: usize,
    /// The places in `all` of cards with the same new tag, of several people.
    collisions: Vec<Vec<usize>>,
    /// Failures: the place in `all`, and why.
    failures: Vec<(usize, String)>,
    all: Vec<Converted>,
}

/// A card with its new tag. Of a row only what is needed later is kept: an account may have a million.
struct Converted {
    id: uuid::Uuid,
    user: uuid::Uuid,
    tag: Option<String>,
    claim: bool,
}

fn convert(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    conversion: &Conversion,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome { cards: 0, changed: 0, collisions: vec![], failures: vec![], all: vec![] };
    let mut after = String::new();
    loop {
        let page: Vec<Row> = table::table
            .filter(table::account_id.eq(account))
            .filter(table::id.gt(&after))
            .order(table::id)
            .limit(PAGE)
            .load(connection)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for row in &page {
            let tag = match conversion.apply(&row.number(vault)?) {
                Ok(converted) => {
                    let tags = vault.tags(account, &converted);
                    outcome.changed += usize::from(!tags.has(&row.tag));
                    Some(tags.current().to_owned())
                }
                Err(problem) => {
                    outcome.failures.push((outcome.all.len(), problem.to_string()));
                    None
                }
            };
            let parse =
                |id: &str| uuid::Uuid::parse_str(id).map_err(|_| Error::Corrupt(format!("card {}", row.id)));
            let (id, user) = (parse(&row.id)?, parse(&row.user_id)?);
            outcome.all.push(Converted { id, user, tag, claim: row.claim });
            outcome.cards += 1;
        }
    }
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, card) in outcome.all.iter().enumerate().filter(|(_, card)| !card.claim) {
        if let Some(tag) = &card.tag {
            holders.entry(tag).or_default().push(at);
        }
    }
    let several = |places: &Vec<usize>| {
        let mut users = places.iter().filter_map(|at| outcome.all.get(*at)).map(|card| card.user);
        let first = users.next();
        users.any(|user| Some(user) != first)
    };
    let mut collisions: Vec<Vec<usize>> = holders.into_values().filter(several).collect();
    collisions.sort();
    outcome.collisions = collisions;
    Ok(outcome)
}

/// What a conversion would do to the cards that there are.
pub(crate) fn preview(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    conversion: &Conversion,
) -> Result<PreviewConversionResponse, Error> {
    let outcome = convert(connection, vault, account, conversion)?;
    let shown_collisions: Vec<&Vec<usize>> = outcome.collisions.iter().take(MAX_SHOWN).collect();
    let shown_failures: Vec<&(usize, String)> = outcome.failures.iter().take(MAX_SHOWN).collect();
    let card = |at: usize| outcome.all.get(at);
    let ids: Vec<String> = shown_collisions
        .iter()
        .flat_map(|places| places.iter().copied())
        .chain(shown_failures.iter().map(|(at, _)| *at))
        .filter_map(|at| card(at).map(|card| card.user.to_string()))
        .collect();
    let people = cards::holders(connection, account, &ids)?;
    let user_name = |at: usize| {
        let person = card(at).and_then(|card| people.get(&card.user.to_string()));
        person.map(|person| person.user_name.clone()).unwrap_or_default()
    };
    let card_name =
        |at: usize| card(at).map(|card| name::card(account, &card.id.to_string())).unwrap_or_default();
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    Ok(PreviewConversionResponse {
        cards: count(outcome.cards),
        changed: count(outcome.changed),
        collisions: shown_collisions
            .into_iter()
            .map(|places| ConversionCollision {
                cards: places.iter().map(|at| card_name(*at)).collect(),
                user_names: places.iter().map(|at| user_name(*at)).collect(),
            })
            .collect(),
        collision_count: count(outcome.collisions.len()),
        failures: shown_failures
            .into_iter()
            .map(|(at, problem)| ConversionFailure {
                card: card_name(*at),
                user_name: user_name(*at),
                problem: problem.clone(),
            })
            .collect(),
        failure_count: count(outcome.failures.len()),
    })
}

/// Switches a conversion on. A card that it cannot be applied to keeps no number that anything could find.
pub(crate) fn update(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (steps, conversion): (&CardConversion, &Conversion),
) -> Result<(), Error> {
    head::lock(connection, account)?;
    if conversions::read(connection, account)? == *steps {
        return Ok(());
    }
    let outcome = convert(connection, vault, account, conversion)?;
    if !outcome.collisions.is_empty() {
        return Err(Error::Collisions { count: outcome.collisions.len() });
    }
    if let Some((at, problem)) = outcome.failures.first() {
        let card = outcome.all.get(*at).map(|card| card.id.to_string()).unwrap_or_default();
        let count = outcome.failures.len();
        let problem = format!("cannot be applied to {count} cards; the first is {card}: {problem}");
        return Err(Error::field("conversion", problem));
    }
    // A card's new number may be another's old one: all old ones go first.
    Sql::new("UPDATE cards SET tag = id WHERE account_id = ").text(account).execute(connection)?;
    let mut held: HashMap<&str, uuid::Uuid> = HashMap::new();
    let by_holding = |claims: bool| outcome.all.iter().filter(move |card| card.claim == claims);
    for card in by_holding(false).chain(by_holding(true)) {
        let Some(tag) = &card.tag else { continue };
        let id = card.id.to_string();
        match held.get(tag.as_str()) {
            // Two numbers of one person have become one card.
            Some(holder) if *holder == card.user => {
                diesel::delete(table::table.find((account, id))).execute(connection)?;
            }
            Some(_) => set_tag(connection, account, &id, (tag, true))?,
            None => {
                held.insert(tag, card.user);
                set_tag(connection, account, &id, (tag, false))?;
            }
        }
    }
    // What was refused was refused under the old one.
    diesel::delete(denied_cards::table.filter(denied_cards::account_id.eq(account))).execute(connection)?;
    conversions::write(connection, account, steps)?;
    let settings = name::settings(account);
    let entry = Entry {
        account,
        at: clock::now(),
        action: ChangeAction::Updated,
        resource: &settings,
        added: vec![],
        removed: vec![],
    };
    head::log(connection, entry, Delta::default())?;
    Ok(head::begin_anew(connection, account)?)
}

fn set_tag(
    connection: &mut Connection,
    account: &str,
    id: &str,
    (tag, claim): (&str, bool),
) -> Result<(), Error> {
    diesel::update(table::table.find((account, id)))
        .set((table::tag.eq(tag), table::claim.eq(claim)))
        .execute(connection)?;
    Ok(())
}
