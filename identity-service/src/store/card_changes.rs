//! What administrators, imports and devices do with cards, each a whole transaction or a step of one.

use diesel::prelude::*;
use rollcall_db::Connection;
use rollcall_proto::identity::{Card, CardSource, CardState, ExplainCardResponse};

use super::{
    cards::{self, About, Give, Given, Row},
    clock,
    error::Error,
    head,
    tables::cards as table,
    users,
};
use crate::vault::Vault;

/// Gives a person a card; a claim where somebody else holds it.
pub(crate) fn create(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &str,
    (number, source): (&str, CardSource),
    about: About,
) -> Result<Card, Error> {
    head::lock(connection, account)?;
    users::read(connection, account, user)?;
    let give = Give { user, number, source, place: None, about: about.clone() };
    let row = match cards::give(connection, vault, account, give)? {
        Given::New(row) => row,
        Given::Had(row) if row.source() == CardSource::Scim && row.place.is_some() => {
            // From now on it is there whatever the identity provider says.
            diesel::update(table::table.find((account, &row.id)))
                .set((
                    table::source.eq(i64::from(source as i32)),
                    table::kind.eq(about.kind.or(row.kind)),
                    table::label.eq(about.label.or(row.label)),
                ))
                .execute(connection)?;
            cards::get(connection, account, &row.id)?
        }
        Given::Had(_) => return Err(Error::CardHeld("the person has this card already")),
    };
    users::note_change(connection, account, user, clock::now())?;
    one(connection, vault, account, &row)
}

pub(crate) fn get(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
) -> Result<Card, Error> {
    let row = cards::get(connection, account, id)?;
    one(connection, vault, account, &row)
}

fn one(connection: &mut Connection, vault: &Vault, account: &str, row: &Row) -> Result<Card, Error> {
    let mut found = cards::messages(connection, vault, account, std::slice::from_ref(row))?;
    found.pop().ok_or_else(|| Error::NotFound(format!("card {}", row.id)))
}

/// A page of cards, and the token of the next.
pub(crate) fn list(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (user, claims): (&str, bool),
    after: &str,
    limit: i64,
) -> Result<(Vec<Card>, String), Error> {
    if after.len() > 64 || after.contains('\0') {
        return Err(Error::PageToken);
    }
    let mut rows: Vec<Row> = if user.is_empty() {
        let mut query = table::table.filter(table::account_id.eq(account.to_owned())).into_boxed();
        if claims {
            query = query.filter(table::claim);
        }
        if !after.is_empty() {
            query = query.filter(table::id.gt(after.to_owned()));
        }
        query.order(table::id).limit(limit + 1).load(connection)?
    } else {
        // One person's are few.
        let mut rows = cards::of_user(connection, account, user)?;
        rows.retain(|row| row.id.as_str() > after && (row.claim || !claims));
        rows
    };
    let size = usize::try_from(limit).unwrap_or_default();
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|row| row.id.clone()).unwrap_or_default();
    Ok((cards::messages(connection, vault, account, &rows)?, next))
}

/// The fields of a card that can be set.
const FIELDS: [&str; 4] = ["kind", "label", "valid_from", "valid_until"];

/// Which fields of a card to set.
pub(crate) struct Fields(Vec<String>);

impl Fields {
    /// The fields that a mask names; without one, all that can be set.
    pub(crate) fn of(paths: Vec<String>) -> Result<Self, Error> {
        if let Some(other) = paths.iter().find(|path| *path != "*" && !FIELDS.contains(&path.as_str())) {
            let other: String = other.chars().take(64).collect();
            let problem = format!("`{other}` cannot be set: {} can", FIELDS.join(", "));
            return Err(Error::field("update_mask", problem));
        }
        Ok(Self(paths))
    }

    fn has(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|path| path == "*" || path == name)
    }
}

/// Changes what is said of a card.
pub(crate) fn update(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
    fields: &Fields,
    about: About,
) -> Result<Card, Error> {
    head::lock(connection, account)?;
    let row = cards::get(connection, account, id)?;
    if row.source() == CardSource::Scim && row.place.is_some() {
        return Err(Error::CardProvisioned);
    }
    let pick = |set: bool, new: Option<String>, old: &Option<String>| if set { new } else { old.clone() };
    let at = |set: bool, new: Option<i64>, old: Option<i64>| if set { new } else { old };
    let after = Row {
        kind: pick(fields.has("kind"), about.kind, &row.kind),
        label: pick(fields.has("label"), about.label, &row.label),
        valid_from: at(fields.has("valid_from"), about.valid_from, row.valid_from),
        valid_until: at(fields.has("valid_until"), about.valid_until, row.valid_until),
        ..row.clone()
    };
    if let (Some(from), Some(until)) = (after.valid_from, after.valid_until)
        && until <= from
    {
        return Err(Error::field("card.valid_until", "must be after valid_from"));
    }
    let Row { kind, label, valid_from, valid_until, .. } = &after;
    diesel::update(table::table.find((account, id)))
        .set((
            table::kind.eq(kind),
            table::label.eq(label),
            table::valid_from.eq(valid_from),
            table::valid_until.eq(valid_until),
        ))
        .execute(connection)?;
    users::note_change(connection, account, &row.user_id, clock::now())?;
    one(connection, vault, account, &after)
}

/// Takes a card away.
pub(crate) fn delete(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
) -> Result<(), Error> {
    head::lock(connection, account)?;
    let row = cards::get(connection, account, id)?;
    if row.source() == CardSource::Scim && row.place.is_some() && !row.claim {
        return Err(Error::CardProvisioned);
    }
    cards::release(connection, vault, account, &row)?;
    users::note_change(connection, account, &row.user_id, clock::now())
}

/// Makes the person of a claim the holder of its number.
pub(crate) fn resolve(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
) -> Result<Card, Error> {
    head::lock(connection, account)?;
    let claim = cards::get(connection, account, id)?;
    if !claim.claim {
        return Err(Error::field("name", "is no claim: its person holds the number"));
    }
    let tags = cards::tags(connection, vault, account, &claim.number(vault)?)?;
    let holder = cards::with_number(connection, account, &tags)?.into_iter().find(|row| !row.claim);
    if let Some(holder) = holder {
        diesel::delete(table::table.find((account, &holder.id))).execute(connection)?;
        users::note_change(connection, account, &holder.user_id, clock::now())?;
    }
    cards::hold(connection, account, &claim)?;
    get(connection, vault, account, id)
}

/// Says of a number what it is.
pub(crate) fn explain(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    number: &str,
    from_reader: bool,
) -> Result<ExplainCardResponse, Error> {
    let conversion = vault.conversion(connection, account)?;
    let number = if from_reader { conversion.from_reader(number)? } else { number.to_owned() };
    let tags = cards::tags(connection, vault, account, &number)?;
    let rows = cards::with_number(connection, account, &tags)?;
    let mut found = cards::messages(connection, vault, account, &rows)?;
    let held = found.first().is_some_and(|card| card.state() != CardState::Claimed);
    let card = held.then(|| found.remove(0));
    let explanation = explanation(card.as_ref(), found.len());
    Ok(ExplainCardResponse { card, claims: found, explanation })
}

/// What is the matter with a card, in a sentence.
fn explanation(card: Option<&Card>, claims: usize) -> String {
    let Some(card) = card else { return "Nobody in the account has this card.".to_owned() };
    let user = &card.user_name;
    let text = match card.state() {
        CardState::Working | CardState::Unspecified => format!("It is {user}'s, and works."),
        CardState::NotYetValid => format!("It is {user}'s, and is not valid yet."),
        CardState::Expired => format!("It is {user}'s, and is no longer valid."),
        CardState::HolderInactive => format!("It is {user}'s, who is deactivated: it does not work."),
        CardState::Claimed => format!("{user} claims it, and does not hold it."),
    };
    match claims {
        0 => text,
        1 => text + " Somebody else claims it.",
        several => format!("{text} {several} others claim it."),
    }
}
