//! What becomes of a create when the person is there already: reactivated, adopted, or refused.
//!
//! All of it happens under the account's lock, so whom it finds stays as found until the commit. That a userName is taken is
//! nevertheless the unique index's to say; externalId has no such index, because one is not bound to be unique.

use std::borrow::Cow;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{Adoption, MultiValue, Reactivation, Settings, User, UserSource, UserView};
use rollcall_scim::fold;

use super::{
    error::Error,
    head,
    merge::merge,
    settings,
    tables::users,
    users::{self as store, source_of},
    value::Attribute,
};
use crate::{secret::Changes, vault::Vault};

/// A user who has a key that a create asks for.
struct Holder {
    id: String,
    active: bool,
    source: UserSource,
}

/// Columns of [`Holder`].
const HOLDER: (users::id, users::active, users::source) = (users::id, users::active, users::source);

impl From<(String, Option<bool>, i64)> for Holder {
    fn from((id, active, source): (String, Option<bool>, i64)) -> Self {
        Self { id, active: active.unwrap_or_default(), source: source_of(source) }
    }
}

/// Creates a user; or, where it is the identity provider that creates, has the one who is there already.
pub(crate) fn create(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (new, secrets): (User, &Changes),
    source: UserSource,
) -> Result<User, Error> {
    head::lock(connection, account)?;
    let new = User { source: source.into(), ..new };
    if source == UserSource::Scim {
        provision(connection, vault, account, (new, secrets))
    } else {
        insert(connection, vault, account, (new, secrets))
    }
}

fn insert(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (new, secrets): (User, &Changes),
) -> Result<User, Error> {
    match store::insert(connection, vault, account, (&new, secrets))? {
        Some(created) => Ok(created),
        None => Err(name_taken(new.user_name)),
    }
}

fn name_taken(value: String) -> Error {
    Error::Taken { resource: "user", attribute: "userName", value }
}

/// externalId before userName before e-mail address.
fn provision(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (new, secrets): (User, &Changes),
) -> Result<User, Error> {
    let by_id = match new.external_id.as_deref() {
        Some(external_id) => by_external_id(connection, account, external_id)?,
        None => None,
    };
    if let (Some(holder), Some(external_id)) = (&by_id, new.external_id.clone())
        && may_have(connection, account, holder, ("externalId", &external_id))?
    {
        let user_name = new.user_name.clone();
        return have(connection, vault, account, holder, (new, secrets)).map_err(|error| match error {
            Error::Taken { .. } => Error::TakenByTwo { user_name, external_id },
            other => other,
        });
    }
    if by_id.is_none()
        && let Some(holder) = by_email(connection, account, &new.emails)?
        && by_user_name(connection, account, &new.user_name)?.is_none()
    {
        return have(connection, vault, account, &holder, (new, secrets));
    }
    if let Some(created) = store::insert(connection, vault, account, (&new, secrets))? {
        return Ok(created);
    }
    let Some(holder) = by_user_name(connection, account, &new.user_name)? else {
        return Err(name_taken(new.user_name));
    };
    match (by_id, new.external_id.clone()) {
        (Some(other), Some(external_id)) if other.id != holder.id => {
            Err(Error::TakenByTwo { user_name: new.user_name, external_id })
        }
        _ if may_have(connection, account, &holder, ("userName", &new.user_name))? => {
            have(connection, vault, account, &holder, (new, secrets))
        }
        _ => Err(name_taken(new.user_name)),
    }
}

/// Whether the account's settings let the identity provider have a user by creating; false for one that it has already,
/// and uses.
fn may_have(
    connection: &mut Connection,
    account: &str,
    holder: &Holder,
    (attribute, value): (&'static str, &str),
) -> Result<bool, Error> {
    let origin = match holder.source {
        UserSource::Scim | UserSource::Unspecified if holder.active => return Ok(false),
        UserSource::Scim | UserSource::Unspecified => None,
        UserSource::Import => Some("imported"),
        UserSource::Manual => Some("made by hand"),
    };
    let settings: Settings = settings::read(connection, account)?;
    let value = value.to_owned();
    match origin {
        None if settings.reactivation() == Reactivation::Refuse => {
            Err(Error::Deactivated { attribute, value })
        }
        Some(origin) if settings.adoption() == Adoption::Off => {
            Err(Error::NotAdopted { attribute, value, origin })
        }
        _ => Ok(true),
    }
}

/// Reactivates or adopts a user: a deactivated one gets the attributes of the request and no others, one who came another
/// way keeps what the request does not name.
fn have(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    holder: &Holder,
    (new, secrets): (User, &Changes),
) -> Result<User, Error> {
    let before = store::open(connection, vault, account, &holder.id)?;
    let after = match holder.source {
        UserSource::Scim | UserSource::Unspecified => new,
        UserSource::Import | UserSource::Manual => merge(before.clone(), new),
    };
    store::replace(connection, vault, (account, &holder.id), (&before, &after), (secrets, UserSource::Scim))?;
    store::get(connection, vault, account, &holder.id, UserView::Full)
}

/// The user with this externalId. One that several have says of none who that is.
fn by_external_id(
    connection: &mut Connection,
    account: &str,
    external_id: &str,
) -> Result<Option<Holder>, Error> {
    let found: Vec<(String, Option<bool>, i64)> = users::table
        .filter(users::account_id.eq(account))
        .filter(users::external_id.eq(external_id))
        .select(HOLDER)
        .limit(2)
        .load(connection)?;
    Ok(only(found).map(Holder::from))
}

fn by_user_name(
    connection: &mut Connection,
    account: &str,
    user_name: &str,
) -> Result<Option<Holder>, Error> {
    let found: Option<(String, Option<bool>, i64)> = users::table
        .filter(users::account_id.eq(account))
        .filter(users::user_name.eq(fold(user_name)))
        .select(HOLDER)
        .first(connection)
        .optional()?;
    Ok(found.map(Holder::from))
}

/// The user to adopt for the primary or only address of a request: not one of the identity provider, the only one who
/// has it, and who has it for the primary or only one too. None in an account that does not want that.
fn by_email(
    connection: &mut Connection,
    account: &str,
    emails: &[MultiValue],
) -> Result<Option<Holder>, Error> {
    let Some(address) = main_address(emails) else { return Ok(None) };
    let query = Sql::new("SELECT DISTINCT u.id, u.active, u.source FROM settings s")
        .sql(" JOIN user_values v ON v.account_id = s.account_id AND v.attribute = ")
        .literal(Attribute::Emails.number())
        .sql(" AND v.value = ")
        .text(&*address)
        .sql(" JOIN users u ON u.account_id = v.account_id AND u.id = v.user_id WHERE s.account_id = ")
        .text(account)
        .sql(" AND s.adoption = ")
        .literal(i64::from(Adoption::ByNameOrEmail as i32))
        .sql(" LIMIT 2");
    let found: Vec<(String, Option<bool>, i64)> =
        query.query::<(Text, Nullable<Bool>, BigInt)>().load(connection)?;
    let Some(holder) = only(found).map(Holder::from).filter(|holder| holder.source != UserSource::Scim)
    else {
        return Ok(None);
    };
    let user = store::read(connection, account, &holder.id)?;
    Ok((main_address(&user.emails) == Some(address)).then_some(holder))
}

/// The key of the primary address, or else of the only one.
fn main_address(emails: &[MultiValue]) -> Option<Cow<'_, str>> {
    let primary = emails.iter().find(|email| email.primary == Some(true));
    primary.or_else(|| only(emails)).and_then(|email| email.value.as_deref()).map(fold)
}

/// The one item, where there is exactly one.
fn only<T>(items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut items = items.into_iter();
    items.next().filter(|_| items.next().is_none())
}
