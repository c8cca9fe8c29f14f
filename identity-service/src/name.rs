//! Resource names (AIP-122): `accounts/{account}/users/{user}`.

use crate::store::error::Error;

/// The longest account id.
const ACCOUNT: usize = 63;
/// The longest id that is looked for; ids are 36 characters.
const ID: usize = 255;

/// The account id in `accounts/{account}`.
pub(crate) fn account(field: &'static str, name: &str) -> Result<String, Error> {
    name.strip_prefix("accounts/")
        .filter(|id| is_account(id))
        .map(str::to_owned)
        .ok_or_else(|| Error::field(field, "must be `accounts/{account}`"))
}

/// Account and id in `accounts/{account}/{collection}/{id}`.
pub(crate) fn resource(field: &'static str, collection: &str, name: &str) -> Result<(String, String), Error> {
    let wrong = || Error::field(field, format!("must be `accounts/{{account}}/{collection}/{{id}}`"));
    let (account, rest) =
        name.strip_prefix("accounts/").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    let id = rest.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).ok_or_else(wrong)?;
    if !is_account(account) || id.is_empty() || id.len() > ID || id.contains(['/', '\0']) {
        return Err(wrong());
    }
    Ok((account.to_owned(), id.to_owned()))
}

fn is_account(id: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    id.len() <= ACCOUNT
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && id.chars().all(good)
}

/// The most characters of the name of a station.
const STATION: usize = 128;

/// Refuses what is no name of a station.
pub(crate) fn station(field: &'static str, name: &str) -> Result<(), Error> {
    let fits = (1..=STATION).contains(&name.chars().count());
    if fits && !name.contains('/') && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::field(
        field,
        format!("must have 1 to {STATION} characters, without `/` and control characters"),
    ))
}

/// The same where there may be none.
pub(crate) fn optional_station(name: &str) -> Result<(), Error> {
    if name.is_empty() { Ok(()) } else { station("station", name) }
}

/// The account id in `accounts/{account}/settings`.
pub(crate) fn account_of_settings(field: &'static str, name: &str) -> Result<String, Error> {
    name.strip_suffix("/settings")
        .and_then(|parent| account(field, parent).ok())
        .ok_or_else(|| Error::field(field, "must be `accounts/{account}/settings`"))
}

/// The name of an account's settings.
pub(crate) fn settings(account: &str) -> String {
    format!("accounts/{account}/settings")
}

/// The name of a user.
pub(crate) fn user(account: &str, id: &str) -> String {
    format!("accounts/{account}/users/{id}")
}

/// The name of a station.
pub(crate) fn station_name(account: &str, station: &str) -> String {
    format!("accounts/{account}/stations/{station}")
}

/// The name of a card.
pub(crate) fn card(account: &str, id: &str) -> String {
    format!("accounts/{account}/cards/{id}")
}

/// The name of a card that was refused.
pub(crate) fn denied_card(account: &str, id: &str) -> String {
    format!("accounts/{account}/deniedCards/{id}")
}

/// The name of a group.
pub(crate) fn group(account: &str, id: &str) -> String {
    format!("accounts/{account}/groups/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_apart() {
        assert_eq!(account("parent", "accounts/acme-2").unwrap(), "acme-2");
        for wrong in [
            "",
            "accounts/",
            "acme",
            "accounts/Acme",
            "accounts/a_b",
            "accounts/-a",
            "accounts/a-",
            "accounts/a/b",
            "accounts/2a",
        ] {
            assert!(account("parent", wrong).is_err(), "{wrong}");
        }
        assert_eq!(resource("name", "users", "accounts/a/users/x").unwrap(), ("a".into(), "x".into()));
        for wrong in [
            "accounts/a/users/",
            "accounts/a/groups/x",
            "accounts/a/users/x/y",
            "users/x",
            "accounts//users/x",
            "accounts/a/users/\0",
        ] {
            assert!(resource("name", "users", wrong).is_err(), "{wrong}");
        }
    }
}
