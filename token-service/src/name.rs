//! Resource names, checked.

use uuid::Uuid;

use crate::error::Error;

/// The most characters of an account id: it is a label of host names and paths.
const MAX_ACCOUNT_ID: usize = 63;

/// Whether the text is an account id: `[a-z]([a-z0-9-]{0,61}[a-z0-9])?`.
fn is_account_id(text: &str) -> bool {
    text.len() <= MAX_ACCOUNT_ID
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Checks an account id in the named field.
pub(crate) fn account_id(text: &str, field: &'static str) -> Result<String, Error> {
    if is_account_id(text) {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid(
            field,
            "an account id has 1 to 63 of `a-z`, `0-9` and `-`, begins with a letter and does not end with a hyphen",
        ))
    }
}

/// The account id in `accounts/{account}`.
pub(crate) fn account(name: &str, field: &'static str) -> Result<String, Error> {
    let id = name
        .strip_prefix("accounts/")
        .ok_or_else(|| Error::invalid(field, "it must be `accounts/{account}`"))?;
    account_id(id, field)
}

/// The account and token ids in `accounts/{account}/tokens/{token}`.
pub(crate) fn token(name: &str, field: &'static str) -> Result<(String, String), Error> {
    let shape = || Error::invalid(field, "it must be `accounts/{account}/tokens/{token}`");
    let (parent, id) = name.split_once("/tokens/").ok_or_else(shape)?;
    Ok((account(parent, field)?, uuid(id, field)?))
}

/// The account and entry ids in `accounts/{account}/syncEntries/{entry}`.
pub(crate) fn sync_entry(name: &str, field: &'static str) -> Result<(String, String), Error> {
    let shape = || Error::invalid(field, "it must be `accounts/{account}/syncEntries/{entry}`");
    let (parent, id) = name.split_once("/syncEntries/").ok_or_else(shape)?;
    Ok((account(parent, field)?, uuid(id, field)?))
}

/// Ids are compared as text: only the one spelling that the service gives out is one.
fn uuid(id: &str, field: &'static str) -> Result<String, Error> {
    match Uuid::try_parse(id) {
        Ok(uuid) if uuid.hyphenated().to_string() == id => Ok(id.to_owned()),
        _ => Err(Error::invalid(field, "its last part is not an id: ids are UUIDs in lower case")),
    }
}

/// The name of an account.
pub(crate) fn of_account(id: &str) -> String {
    format!("accounts/{id}")
}

/// The name of a token.
pub(crate) fn of_token(account: &str, id: &str) -> String {
    format!("accounts/{account}/tokens/{id}")
}

/// The account id in `accounts/{account}/{what}`, the name of a thing of which an account has one.
pub(crate) fn singleton(name: &str, what: &'static str, field: &'static str) -> Result<String, Error> {
    let account = name.strip_suffix(what).and_then(|rest| rest.strip_suffix('/'));
    let account = account.and_then(|account| account.strip_prefix("accounts/"));
    let account =
        account.ok_or_else(|| Error::invalid(field, format!("it must be `accounts/{{account}}/{what}`")))?;
    account_id(account, field)
}

/// The name of a thing of which an account has one.
pub(crate) fn of_singleton(account: &str, what: &str) -> String {
    format!("accounts/{account}/{what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids() {
        let longest = "a".repeat(63);
        for good in ["a", "default", "a-b", "a0", longest.as_str()] {
            assert_eq!(account(&of_account(good), "parent").unwrap(), good);
        }
        let too_long = "a".repeat(64);
        for bad in ["", "-a", "a-", "A", "0a", "a_b", "ä", "a b", "a/b", "a\0", too_long.as_str()] {
            assert!(account_id(bad, "account_id").is_err(), "{bad}");
            assert!(account(&of_account(bad), "parent").is_err(), "{bad}");
        }
        assert!(account("default", "parent").is_err());
    }

    #[test]
    fn singletons() {
        assert_eq!(singleton("accounts/a/connection", "connection", "name").unwrap(), "a");
        for bad in ["accounts/a/settings", "accounts/connection", "accounts/A/connection", "a/connection", ""]
        {
            assert!(singleton(bad, "connection", "name").is_err(), "{bad}");
        }
    }

    #[test]
    fn token_names() {
        let id = Uuid::now_v7().to_string();
        assert_eq!(token(&of_token("a", &id), "name").unwrap(), ("a".to_owned(), id.clone()));
        for bad in [
            of_token("a", "x"),
            of_token("a", &id.to_uppercase()),
            format!("accounts/a/{id}"),
            of_account("a"),
        ] {
            assert!(token(&bad, "name").is_err(), "{bad}");
        }
    }
}
