//! A row of an import, each one transaction.

use diesel::{prelude::*, sql_types::Text};
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{CardSource, ImportMode, MultiValue, PrintUser, User, UserSource};
use rollcall_roster::{Cell, Field, Row};
use rollcall_scim::fold;

use super::{
    cards::{self, About, Give, Given},
    clock,
    error::Error,
    head, life,
    tables::{cards as card_table, users as table},
    users,
    value::Attribute,
};
use crate::{secret::Changes, vault::Vault};

/// How rows are to be taken.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) mode: ImportMode,
    pub(crate) cards_only: bool,
}

/// What a row came to.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    /// The person's id.
    pub(crate) user: String,
    /// Cards that were given.
    pub(crate) cards: i64,
    /// What to know, although the row was taken.
    pub(crate) warnings: Vec<String>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    Updated,
    #[default]
    Unchanged,
}

/// The id of the person whom a row is about: by userName, else externalId, else e-mail address. Where more than cards is
/// imported, an address says who it is only in a file that has no user names.
pub(crate) fn person(
    connection: &mut Connection,
    account: &str,
    row: &Row,
    cards_only: bool,
) -> Result<Option<String>, Error> {
    if let Some(user_name) = row.cell(Field::UserName).text() {
        let found = table::table
            .filter(table::account_id.eq(account))
            .filter(table::user_name.eq(fold(user_name)))
            .select(table::id)
            .first(connection)
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Some(external_id) = row.cell(Field::ExternalId).text() {
        let found: Vec<String> = table::table
            .filter(table::account_id.eq(account))
            .filter(table::external_id.eq(external_id))
            .select(table::id)
            .limit(2)
            .load(connection)?;
        if !found.is_empty() {
            return only(found, "externalId").map(Some);
        }
    }
    let by_email = cards_only || row.cell(Field::UserName).text().is_none();
    if let Some(email) = row.cell(Field::Email).text().filter(|_| by_email) {
        let query = Sql::new("SELECT DISTINCT v.user_id FROM user_values v WHERE v.account_id = ")
            .text(account)
            .sql(" AND v.attribute = ")
            .literal(Attribute::Emails.number())
            .sql(" AND v.value = ")
            .text(fold(email))
            .sql(" LIMIT 2");
        let found: Vec<String> = query.query::<Text>().load(connection)?;
        if !found.is_empty() {
            return only(found, "e-mail address").map(Some);
        }
    }
    Ok(None)
}

fn only(mut found: Vec<String>, by: &str) -> Result<String, Error> {
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        _ => Err(Error::Row(format!("is about several people who have this {by}"))),
    }
}

/// Takes a row.
pub(crate) fn take(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (row, secrets): (&Row, &Changes),
    plan: Plan,
) -> Result<Done, Error> {
    head::lock(connection, account)?;
    let found = person(connection, account, row, plan.cards_only)?;
    let mut done = match found {
        None if plan.cards_only => {
            return Err(Error::Row(
                "is about nobody in the account: cards are imported for people who are there".to_owned(),
            ));
        }
        None if plan.mode == ImportMode::Update => {
            return Err(Error::Row(
                "is about nobody in the account, and this import creates nobody".to_owned(),
            ));
        }
        None => create(connection, vault, account, (row, secrets))?,
        Some(user) if plan.mode == ImportMode::Add && !plan.cards_only => {
            return Ok(Done { user, ..Done::default() });
        }
        Some(user) => update(connection, vault, account, &user, (row, secrets), plan)?,
    };
    give_cards(connection, vault, account, row, plan, &mut done)?;
    Ok(done)
}

fn create(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (row, secrets): (&Row, &Changes),
) -> Result<Done, Error> {
    let user_name = row.cell(Field::UserName).text().or_else(|| row.cell(Field::Email).text());
    let Some(user_name) = user_name else {
        return Err(Error::Row("creates nobody without a userName or an e-mail address".to_owned()));
    };
    let nobody = User { user_name: user_name.to_owned(), active: Some(true), ..User::default() };
    let new = laid_over(nobody, row);
    let created = life::create(connection, vault, account, (new, secrets), UserSource::Import)?;
    let user = users::id_of(&created).to_owned();
    Ok(Done { outcome: Outcome::Created, user, ..Done::default() })
}

fn update(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &str,
    (row, secrets): (&Row, &Changes),
    plan: Plan,
) -> Result<Done, Error> {
    let before = users::open(connection, vault, account, user)?;
    let after = if plan.cards_only {
        before.clone()
    } else {
        if before.source() == UserSource::Scim {
            let problem = "is about a person who comes from the identity provider: change the person there, or import cards only";
            return Err(Error::Row(problem.to_owned()));
        }
        laid_over(before.clone(), row)
    };
    let change = (secrets, UserSource::Import);
    let changed = users::replace(connection, vault, (account, user), (&before, &after), change)?;
    let outcome = if changed { Outcome::Updated } else { Outcome::Unchanged };
    Ok(Done { outcome, user: user.to_owned(), ..Done::default() })
}

/// Gives the person the cards of the row. In a synchronising import the file has all of those that came by import.
fn give_cards(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    row: &Row,
    plan: Plan,
    done: &mut Done,
) -> Result<(), Error> {
    let Some(numbers) = &row.cards else { return Ok(()) };
    let about = About {
        kind: row.cell(Field::CardKind).text().map(str::to_owned),
        label: row.cell(Field::CardLabel).text().map(str::to_owned),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
    };
    let mut kept: Vec<String> = Vec::new();
    let mut changed = false;
    for number in numbers {
        let give =
            Give { user: &done.user, number, source: CardSource::Import, place: None, about: about.clone() };
        match cards::give(connection, vault, account, give)? {
            Given::New(card) => {
                if card.claim {
                    done.warnings.push(
                        "has a card that somebody else holds: it works for the other person until the conflict is resolved"
                            .to_owned(),
                    );
                }
                (changed, done.cards) = (true, done.cards + 1);
                kept.push(card.id);
            }
            Given::Had(card) => {
                changed |= say_again(connection, account, &card, &about)?;
                kept.push(card.id);
            }
        }
    }
    if plan.mode == ImportMode::Synchronise && !plan.cards_only {
        for card in cards::of_user(connection, account, &done.user)? {
            let is_imported = card.source() == CardSource::Import && card.place.is_none();
            if is_imported && !kept.contains(&card.id) {
                cards::release(connection, vault, account, &card)?;
                changed = true;
            }
        }
    }
    if changed {
        if done.outcome == Outcome::Unchanged {
            done.outcome = Outcome::Updated;
        }
        users::note_change(connection, account, &done.user, clock::now())?;
    }
    Ok(())
}

/// Writes what a file says of a card that the person has; whether that is news. From then on it is there by the import too.
fn say_again(
    connection: &mut Connection,
    account: &str,
    card: &cards::Row,
    about: &About,
) -> Result<bool, Error> {
    let imported = i64::from(CardSource::Import as i32);
    let after = cards::Row {
        source: if card.source() == CardSource::Scim { imported } else { card.source },
        kind: about.kind.clone().or_else(|| card.kind.clone()),
        label: about.label.clone().or_else(|| card.label.clone()),
        valid_from: about.valid_from.or(card.valid_from),
        valid_until: about.valid_until.or(card.valid_until),
        ..card.clone()
    };
    let said =
        |row: &cards::Row| (row.source, row.kind.clone(), row.label.clone(), row.valid_from, row.valid_until);
    if said(&after) == said(card) {
        return Ok(false);
    }
    let cards::Row { source, kind, label, valid_from, valid_until, .. } = after;
    diesel::update(card_table::table.find((account, &card.id)))
        .set((
            card_table::source.eq(source),
            card_table::kind.eq(kind),
            card_table::label.eq(label),
            card_table::valid_from.eq(valid_from),
            card_table::valid_until.eq(valid_until),
        ))
        .execute(connection)?;
    Ok(true)
}

/// A user with what a row says laid over it: an absent column leaves, an empty cell removes.
fn laid_over(mut user: User, row: &Row) -> User {
    let text = |field: Field, into: &mut Option<String>| match row.cell(field) {
        Cell::Absent => {}
        Cell::Empty => *into = None,
        Cell::Text(text) => *into = Some(text.clone()),
    };
    if let Cell::Text(user_name) = row.cell(Field::UserName) {
        user.user_name.clone_from(user_name);
    }
    text(Field::ExternalId, &mut user.external_id);
    text(Field::DisplayName, &mut user.display_name);
    text(Field::Title, &mut user.title);
    let mut name = user.person_name.take().unwrap_or_default();
    text(Field::GivenName, &mut name.given_name);
    text(Field::FamilyName, &mut name.family_name);
    user.person_name = (name != rollcall_proto::identity::PersonName::default()).then_some(name);
    let mut enterprise = user.enterprise.take().unwrap_or_default();
    text(Field::Department, &mut enterprise.department);
    text(Field::EmployeeNumber, &mut enterprise.employee_number);
    text(Field::CostCenter, &mut enterprise.cost_center);
    user.enterprise =
        (enterprise != rollcall_proto::identity::EnterpriseUser::default()).then_some(enterprise);
    let mut print = user.print.take().unwrap_or_default();
    text(Field::LocalUserName, &mut print.local_user_name);
    user.print = (print != PrintUser::default()).then_some(print);
    email(&mut user.emails, row.cell(Field::Email));
    if let Some(active) = row.active {
        user.active = Some(active);
    }
    user
}

/// The address of a file is the primary one, or the only one.
fn email(emails: &mut Vec<MultiValue>, cell: &Cell) {
    let place = emails.iter().position(|email| email.primary == Some(true));
    let place = place.or((emails.len() == 1).then_some(0));
    match (cell, place.and_then(|at| emails.get_mut(at))) {
        (Cell::Absent, _) | (Cell::Empty, None) => {}
        (Cell::Empty, Some(_)) => _ = place.map(|at| emails.remove(at)),
        (Cell::Text(address), Some(email)) => email.value = Some(address.clone()),
        (Cell::Text(address), None) => emails.push(MultiValue {
            value: Some(address.clone()),
            r#type: Some("work".to_owned()),
            primary: Some(true),
            ..MultiValue::default()
        }),
    }
}

/// People who came by import, after an id: some of their ids. Those who are deactivated are left out where that is all
/// that could be done to them.
pub(crate) fn imported(
    connection: &mut Connection,
    account: &str,
    after: &str,
    active_only: bool,
    limit: i64,
) -> Result<Vec<String>, Error> {
    let mut query = table::table
        .filter(table::account_id.eq(account.to_owned()))
        .filter(table::source.eq(i64::from(UserSource::Import as i32)))
        .filter(table::id.gt(after.to_owned()))
        .into_boxed();
    if active_only {
        query = query.filter(table::active.eq(true));
    }
    Ok(query.order(table::id).limit(limit).select(table::id).load(connection)?)
}

/// Deactivates or deletes somebody who is not in the file.
pub(crate) fn remove(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &str,
    delete: bool,
) -> Result<(), Error> {
    if delete {
        return users::delete(connection, vault, account, user, (&[], UserSource::Import));
    }
    head::lock(connection, account)?;
    let before = users::open(connection, vault, account, user)?;
    let after = User { active: Some(false), ..before.clone() };
    let change = (&Changes::default(), UserSource::Import);
    users::replace(connection, vault, (account, user), (&before, &after), change).map(drop)
}
