//! Secrets that people type: checked and hashed outside of any transaction, because a hash costs some ten milliseconds by
//! intent.

use std::sync::{Arc, LazyLock};

use rollcall_card::pin::{self, Hash, Rules};
use rollcall_proto::identity::{PinUse, PrintUser, SecretKind, User};
use tokio::sync::Semaphore;

use crate::{
    directory::Directory,
    store::{error::Error, secrets, settings},
    vault::{Vault, encoded},
};

/// Hashes at once. Each takes 19 MiB and a core.
const AT_ONCE: usize = 4;
static HASHING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));

/// A secret as it is stored.
pub(crate) struct Hashed {
    pub(crate) hash: Hash,
    /// By which a PIN that is used alone is found, by each key, the current one first; empty for any other secret.
    pub(crate) tags: Vec<String>,
    /// The hash that is stored, if the secret is the one that is set already.
    pub(crate) same_as: Option<Vec<u8>>,
}

/// What to do with a secret of a user who is written.
pub(crate) enum Change {
    Clear,
    Set(Box<Hashed>),
}

/// The secrets in a message about a user, made ready to be stored.
#[derive(Default)]
pub(crate) struct Changes(pub(crate) Vec<(SecretKind, Change)>);

/// The secrets in a message.
fn typed(print: Option<&PrintUser>) -> impl Iterator<Item = (SecretKind, &str)> {
    let pin = print.and_then(|print| print.pin.as_deref()).map(|text| (SecretKind::Pin, text));
    let code = print
        .and_then(|print| print.card_registration_code.as_deref())
        .map(|text| (SecretKind::RegistrationCode, text));
    pin.into_iter().chain(code)
}

impl Directory {
    /// Makes the secrets in a message ready. `id` is the user's, where there is one already.
    pub(crate) async fn prepare(
        &self,
        account: &str,
        id: Option<&str>,
        user: &User,
    ) -> Result<Changes, Error> {
        let mut changes = Vec::new();
        for (kind, text) in typed(user.print.as_ref()) {
            let change = if text.is_empty() {
                Change::Clear
            } else {
                Change::Set(Box::new(self.hash(account, id, kind, text, &names(user)).await?))
            };
            changes.push((kind, change));
        }
        Ok(Changes(changes))
    }

    /// Checks a new secret of a person and hashes it. `names` are what the person is called: not a PIN.
    pub(crate) async fn hash(
        &self,
        account: &str,
        id: Option<&str>,
        kind: SecretKind,
        text: &str,
        names: &[&str],
    ) -> Result<Hashed, Error> {
        let (in_account, user) = (account.to_owned(), id.map(str::to_owned));
        let (settings, current) = self
            .read(move |c| {
                let current = match &user {
                    Some(user) => secrets::find(c, &in_account, user, kind)?,
                    None => None,
                };
                Ok((settings::read(c, &in_account)?, current))
            })
            .await?;
        check(kind, text, settings.pin_min_length, names)?;
        let alone = kind == SecretKind::Pin && settings.pin_use() == PinUse::Alone;
        let (account, text) = (account.to_owned(), text.to_owned());
        self.blocking(move |vault| {
            let ring = vault.ring();
            if alone {
                let hashes = pin::hash_alone(ring, &account, &text)?;
                let tags: Vec<String> = hashes.iter().map(|hash| encoded(&hash.hash)).collect();
                let hash = hashes.into_iter().next().ok_or(Error::Defect("a PIN without a hash"))?;
                let same_as = current.filter(|row| row.tag.as_ref() == tags.first()).map(|row| row.hash);
                return Ok(Hashed { hash, tags, same_as });
            }
            let current = current.filter(|row| row.tag.is_none()).map(|row| row.hash());
            if let Some(hash) = current
                && pin::verify(ring, &hash, &text).unwrap_or_default()
            {
                let same_as = Some(hash.hash.clone());
                return Ok(Hashed { hash, tags: vec![], same_as });
            }
            Ok(Hashed { hash: pin::hash(ring, &text)?, tags: vec![], same_as: None })
        })
        .await
    }

    /// Checks a new secret of a person, without hashing it.
    pub(crate) async fn check(
        &self,
        account: &str,
        kind: SecretKind,
        text: &str,
        names: &[&str],
    ) -> Result<(), Error> {
        let of = account.to_owned();
        let settings = self.read(move |c| settings::read(c, &of)).await?;
        check(kind, text, settings.pin_min_length, names)
    }

    /// Runs what takes a core for a while, a few at once.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Vault) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&HASHING).acquire_owned().await.map_err(|_| rollcall_db::Error::Closed)?;
        let vault = self.vault();
        let run = move || {
            let _turn = turn;
            work(&vault)
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|_| Err(rollcall_db::Error::Panicked.into()))
    }
}

/// What a person is called: no PIN is any of it.
pub(crate) fn names(user: &User) -> Vec<&str> {
    let print = user.print.as_ref();
    let mut names = vec![user.user_name.as_str()];
    names.extend(user.external_id.as_deref());
    names.extend(user.enterprise.as_ref().and_then(|enterprise| enterprise.employee_number.as_deref()));
    names.extend(print.and_then(|print| print.local_user_name.as_deref()));
    names.extend(print.iter().flat_map(|print| &print.cards).map(|card| card.number.as_str()));
    names
}

/// Refuses a secret that is not to be one.
fn check(kind: SecretKind, text: &str, pin_min_length: i32, names: &[&str]) -> Result<(), Error> {
    let length = text.chars().count();
    let within = |field, least: usize, most: usize| {
        if (least..=most).contains(&length) && !text.chars().any(char::is_control) {
            return Ok(());
        }
        Err(Error::field(field, format!("must have {least} to {most} characters, and no control characters")))
    };
    match kind {
        SecretKind::Pin => {
            let min_length = usize::try_from(pin_min_length).unwrap_or_default();
            let rules = Rules { min_length, ..Rules::default() };
            pin::check(text, &rules, names).map_err(|problem| Error::field("pin", problem.to_string()))
        }
        SecretKind::Passcode => {
            within("passcode", 8, 128)?;
            let mut characters = text.chars();
            let first = characters.next();
            if characters.all(|next| Some(next) == first)
                || names.iter().any(|name| name.eq_ignore_ascii_case(text))
            {
                return Err(Error::field(
                    "passcode",
                    "must not be one character again and again, or the person's name",
                ));
            }
            Ok(())
        }
        SecretKind::RegistrationCode => within("cardRegistrationCode", 4, 64),
        SecretKind::Unspecified => Err(Error::field("kind", "must be said")),
    }
}
