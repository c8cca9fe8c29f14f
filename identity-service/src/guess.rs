//! A secret that somebody typed: counted before it is tried, tried outside of a transaction, as slow for nobody as for a person.

use std::sync::LazyLock;

use rollcall_card::pin::{self, Hash};
use rollcall_db::Connection;
use rollcall_proto::identity::SecretKind;

use crate::{
    directory::Directory,
    store::{cards, clock, error::Error, head, secrets},
    vault::encoded,
};

/// What a secret of nobody is tried against.
static NOBODY: LazyLock<[u8; 16]> = LazyLock::new(|| {
    let mut salt = [0; 16];
    // Without random numbers nothing else here would work either; any salt is as slow.
    let _ = getrandom::fill(&mut salt);
    salt
});

impl Directory {
    /// Tries a secret of a person, or of nobody. The row of the secret if it is right, none if it is wrong.
    pub(crate) async fn try_secret(
        &self,
        account: &str,
        user: Option<&str>,
        kind: SecretKind,
        text: &str,
        station: &str,
    ) -> Result<Option<secrets::Row>, Error> {
        let (in_account, at) = (account.to_owned(), station.to_owned());
        let person = user.map(str::to_owned);
        let admit = move |c: &mut Connection| {
            head::lock(c, &in_account)?;
            secrets::admit(c, &in_account, person.as_deref().map(|user| (user, kind)), &at)?;
            match &person {
                Some(user) => secrets::find(c, &in_account, user, kind),
                None => Ok(None),
            }
        };
        let row = self.write_quietly(account, admit).await?.filter(|row| !row.is_over(clock::now()));
        let hash = row.as_ref().map(secrets::Row::hash);
        let text = text.to_owned();
        let (right, rehashed) = self
            .blocking(move |vault| {
                let ring = vault.ring();
                let real = hash.is_some();
                let hash = hash.unwrap_or_else(|| Hash {
                    key: ring.current().to_owned(),
                    salt: NOBODY.to_vec(),
                    hash: vec![],
                });
                let right = pin::verify(ring, &hash, &text)? && real;
                let old = right && hash.key != ring.current();
                Ok((right, if old { Some(pin::hash(ring, &text)?) } else { None }))
            })
            .await?;
        let Some(row) = row.filter(|_| right) else { return Ok(None) };
        // A secret that is used alone is found by its hash: it stays.
        let rehashed = rehashed.filter(|_| row.tag.is_none());
        let known_hash = rehashed.as_ref().map_or_else(|| row.hash.clone(), |hash| hash.hash.clone());
        let (in_account, at, known) = (account.to_owned(), station.to_owned(), row.clone());
        let note = move |c: &mut Connection| {
            head::lock(c, &in_account)?;
            secrets::right(c, &in_account, &known, &at, rehashed.as_ref())
        };
        self.write_quietly(account, note).await?;
        Ok(Some(secrets::Row { hash: known_hash, ..row }))
    }

    /// Tries a PIN that says by itself whose it is. The active person's id, if it is anybody's.
    pub(crate) async fn try_alone(
        &self,
        account: &str,
        text: &str,
        station: &str,
    ) -> Result<Option<String>, Error> {
        let (in_account, at) = (account.to_owned(), station.to_owned());
        let admit = move |c: &mut Connection| {
            head::lock(c, &in_account)?;
            secrets::admit(c, &in_account, None, &at)
        };
        self.write_quietly(account, admit).await?;
        let (of, text) = (account.to_owned(), text.to_owned());
        let hashes = self.blocking(move |vault| Ok(pin::hash_alone(vault.ring(), &of, &text)?)).await?;
        let tags: Vec<String> = hashes.iter().map(|hash| encoded(&hash.hash)).collect();
        let (in_account, at) = (account.to_owned(), station.to_owned());
        let find = move |c: &mut Connection| {
            head::lock(c, &in_account)?;
            let now = clock::now();
            let row = secrets::by_tag(c, &in_account, &tags)?;
            let Some(row) =
                row.filter(|row| !row.is_over(now) && row.locked_until.is_none_or(|until| until <= now))
            else {
                return Ok(None);
            };
            let people = cards::holders(c, &in_account, std::slice::from_ref(&row.user_id))?;
            if !people.get(&row.user_id).is_some_and(|person| person.active) {
                return Ok(None);
            }
            let current = hashes.first().filter(|hash| hash.key != row.key_id);
            secrets::right(c, &in_account, &row, &at, current)?;
            Ok(Some(row.user_id))
        };
        self.write_quietly(account, find).await
    }
}
