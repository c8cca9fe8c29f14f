//! Why somebody cannot print: what is known of a person, and the first thing of it that is in the way.
//!
//! [`of`] gathers in one snapshot, [`conclude`] judges, without a database.

use diesel::prelude::*;
use rollcall_db::Connection;
use rollcall_proto::identity::{
    Card, CardState, Check, DenialReason, DiagnoseUserResponse, Secret, SecretKind, User, UserKey, UserView,
    user_key::Key,
};
use rollcall_scim::fold;

use super::{
    cards, changes, clock, denied_cards,
    error::Error,
    head, lookups, secrets, stations,
    tables::{changes as change_table, users as user_table},
    users,
};
use crate::{name, vault::Vault};

/// The most others whom a query may mean.
const MAX_OTHERS: usize = 10;
/// The most changes and removals of a person.
const MAX_CHANGES: i64 = 10;
/// How many of the newest changes of the account are looked through for those of the person.
const LOOKED_THROUGH: i64 = 20_000;

/// Gathers what is known of whom the query means. Nothing is judged yet.
pub(crate) fn of(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    query: &str,
) -> Result<DiagnoseUserResponse, Error> {
    let mut people = whom(connection, vault, account, query)?;
    let (head_revision, ..) = head::read(connection, account)?;
    let mut found = DiagnoseUserResponse {
        stations: stations::list(connection, account)?,
        head_revision,
        time: Some(clock::timestamp(clock::now())),
        ..DiagnoseUserResponse::default()
    };
    if people.is_empty() {
        return Ok(found);
    }
    let person = people.remove(0);
    people.truncate(MAX_OTHERS);
    let id = users::id_of(&person).to_owned();
    let rows = cards::of_user(connection, account, &id)?;
    found.cards = cards::messages(connection, vault, account, &rows)?;
    let now = clock::now();
    found.secrets = secrets::of_user(connection, account, &id)?.iter().map(|row| row.message(now)).collect();
    let resource = name::user(account, &id);
    let revisions: Vec<i64> = change_table::table
        .filter(change_table::account_id.eq(account))
        .filter(change_table::revision.gt(head_revision - LOOKED_THROUGH))
        .filter(change_table::resource.eq(&resource))
        .order(change_table::revision.desc())
        .limit(MAX_CHANGES)
        .select(change_table::revision)
        .load(connection)?;
    found.user_revision = revisions.first().copied().unwrap_or_default();
    for revision in revisions {
        found.changes.extend(changes::kept(connection, account, revision - 1, 1)?);
    }
    found.denied_cards = denied_cards::of_user(connection, account, &id)?
        .iter()
        .map(|row| row.message(vault))
        .collect::<Result<_, _>>()?;
    found.removals = stations::removals(connection, account, &id, MAX_CHANGES)?;
    found.user = Some(person);
    found.others = people;
    Ok(found)
}

/// Whom a query means: an id, externalId or alias, a card, or the beginning of a name.
fn whom(connection: &mut Connection, vault: &Vault, account: &str, query: &str) -> Result<Vec<User>, Error> {
    let key = |key: Key| UserKey { key: Some(key) };
    let keys = [
        key(Key::Alias(query.to_owned())),
        key(Key::ExternalId(query.to_owned())),
        key(Key::Id(query.to_owned())),
    ];
    let found = lookups::users(connection, vault, account, &keys, UserView::Full)?;
    let mut people: Vec<User> = found.into_iter().flat_map(|found| found.users).collect();
    let conversion = vault.conversion(connection, account)?;
    let forms = [conversion.apply(query), conversion.apply_reader(query)];
    for converted in forms.into_iter().flatten() {
        let tags = vault.tags(account, &converted);
        for row in cards::with_number(connection, account, &tags)? {
            people.push(users::get(connection, vault, account, &row.user_id, UserView::Full)?);
        }
    }
    if people.is_empty() {
        people = by_beginning(connection, vault, account, &fold(query))?;
    }
    let mut seen = std::collections::HashSet::new();
    people.retain(|user| seen.insert(user.name.clone()));
    Ok(people)
}

/// People whose user name begins so, found by its index.
fn by_beginning(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    beginning: &str,
) -> Result<Vec<User>, Error> {
    let ids: Vec<String> = user_table::table
        .filter(user_table::account_id.eq(account))
        .filter(user_table::user_name.ge(beginning))
        .filter(user_table::user_name.lt(format!("{beginning}\u{10ffff}")))
        .order(user_table::user_name)
        .limit(i64::try_from(MAX_OTHERS).unwrap_or_default() + 1)
        .select(user_table::id)
        .load(connection)?;
    ids.iter().map(|id| users::get(connection, vault, account, id, UserView::Full)).collect()
}

/// What is wrong first, in a sentence, and all that was checked.
pub(crate) fn conclude(mut found: DiagnoseUserResponse) -> DiagnoseUserResponse {
    found.checks = match &found.user {
        None => vec![wrong(
            "Record",
            "Nobody is called that, and nobody has such a card. Look at the identity provider: is the \
             person assigned to the application?",
        )],
        Some(person) => {
            let mut checks = vec![record(person)];
            checks.push(card_check(&found.cards));
            checks.push(secret_check(&found.secrets, !found.cards.is_empty()));
            checks.push(group_check(person));
            checks.push(station_check(&found));
            checks.extend(denial_check(&found));
            checks
        }
    };
    let first = found.checks.iter().find(|check| check.wrong);
    found.wrong = first.is_some();
    found.finding = first.map_or_else(
        || {
            let name = found.user.as_ref().map_or("", |user| user.user_name.as_str());
            format!("Nothing here keeps {name} from printing: look at the queue and the printer.")
        },
        |check| check.finding.clone(),
    );
    found
}

fn right(name: &str, finding: impl Into<String>) -> Check {
    Check { name: name.to_owned(), finding: finding.into(), wrong: false }
}

fn wrong(name: &str, finding: impl Into<String>) -> Check {
    Check { name: name.to_owned(), finding: finding.into(), wrong: true }
}

fn record(person: &User) -> Check {
    let name = &person.user_name;
    if person.active() {
        return right("Record", format!("{name} is active."));
    }
    wrong(
        "Record",
        format!("{name} is deactivated: no card, PIN or passcode works until the person is active again."),
    )
}

fn card_check(cards: &[Card]) -> Check {
    let in_state = |state: CardState| cards.iter().filter(|card| card.state() == state).count();
    let (working, all) = (in_state(CardState::Working), cards.len());
    if all == 0 {
        return right("Cards", "The person has no card.");
    }
    match (working, all) {
        (0, _) => {}
        (1, 1) => return right("Cards", "The card works."),
        _ => return right("Cards", format!("{working} of {all} cards work.")),
    }
    let why = |state: CardState, text: &str| (in_state(state) > 0).then(|| text.to_owned());
    let reasons: Vec<String> = [
        why(CardState::Claimed, "somebody else holds the number; resolve the conflict"),
        why(CardState::Expired, "it is no longer valid"),
        why(CardState::NotYetValid, "it is not valid yet"),
        why(CardState::HolderInactive, "the person is deactivated"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let which =
        if all == 1 { "The card does not work".to_owned() } else { format!("None of {all} cards works") };
    wrong("Cards", format!("{which}: {}.", reasons.join(", ")))
}

fn secret_check(secrets: &[Secret], has_cards: bool) -> Check {
    let typed: Vec<&Secret> =
        secrets.iter().filter(|secret| secret.kind() != SecretKind::RegistrationCode).collect();
    let locked = typed.iter().find(|secret| secret.locked_until.is_some());
    if let Some(secret) = locked {
        let failures = secret.failures;
        return wrong(
            "PIN",
            format!("The PIN or passcode is locked after {failures} wrong tries; wait, or set another."),
        );
    }
    match (typed.is_empty(), has_cards) {
        (true, false) => wrong(
            "PIN",
            "The person has neither a card nor a PIN nor a passcode, and cannot sign in at a device.",
        ),
        (true, true) => right("PIN", "The person has no PIN and no passcode."),
        (false, _) => right("PIN", "A PIN or passcode is set."),
    }
}

fn group_check(person: &User) -> Check {
    match person.groups.len() {
        0 => right("Groups", "The person is in no group: queues that are shared with groups are not seen."),
        1 => right("Groups", "The person is in one group."),
        many => right("Groups", format!("The person is in {many} groups.")),
    }
}

fn station_check(found: &DiagnoseUserResponse) -> Check {
    if found.stations.is_empty() {
        return right("Stations", "No station keeps a copy: all of them ask here.");
    }
    let behind: Vec<&str> = found
        .stations
        .iter()
        .filter(|station| station.revision < found.user_revision)
        .map(|station| station.station.as_str())
        .collect();
    match behind.as_slice() {
        [] => right("Stations", format!("All {} stations know the person as of now.", found.stations.len())),
        [first, rest @ ..] => {
            let others = match rest.len() {
                0 => String::new(),
                1 => " and one other".to_owned(),
                many => format!(" and {many} others"),
            };
            wrong(
                "Stations",
                format!("The station {first}{others} does not have the last change of the person yet."),
            )
        }
    }
}

fn denial_check(found: &DiagnoseUserResponse) -> Option<Check> {
    let last = found.denied_cards.first()?;
    let why = match last.reason() {
        DenialReason::NotValid => "it was not valid then",
        DenialReason::HolderInactive => "the person was deactivated then",
        DenialReason::Unknown | DenialReason::Unspecified => "it was nobody's then",
    };
    let at = last.time.as_ref().and_then(clock::millis).map(clock::text).unwrap_or_default();
    Some(right("Refused", format!("A card was last refused at {} at {at}: {why}.", last.station)))
}

#[cfg(test)]
mod tests;
