//! Answers from the copy.

use std::time::Duration;

use rollcall_card::keyring::station_tag;
use rollcall_proto::identity::{GroupMembership, WatchedUser};

use crate::{
    clock,
    edge::{Edge, Error},
    store,
};

/// Who was found, and how old that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T = WatchedUser> {
    /// What was found.
    pub user: T,
    /// Since when the copy may have missed something.
    pub age: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody, or nobody who may be told: an unknown card, one that is not valid, or one of somebody who is not active.
    #[error("nobody is found")]
    NotFound,
    /// There has been no whole snapshot yet.
    #[error("the copy is empty: the centre was never reached for long enough")]
    Empty,
    /// The copy is older than it may be.
    #[error("the copy is too old{}", .age.map(|age| format!(": {} s", age.as_secs())).unwrap_or_default())]
    Stale {
        /// How old; none when the clock was set back.
        age: Option<Duration>,
    },
    /// The copy cannot be read.
    #[error(transparent)]
    Copy(#[from] Error),
}

/// What an alias may be: userName, e-mail address, local user name.
pub(crate) const ALIAS: [i64; 3] = [1, 2, 3];

impl Edge {
    /// The active person who holds a card that is valid now, by its number as a reader gives it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn lookup_card(&self, number: &str) -> Result<Answer, Refusal> {
        let age = self.age().await?;
        let (number, now) = (number.to_owned(), clock::now());
        let found = self
            .db()
            .read(move |c| {
                let tags: Vec<String> = store::keys(c)?
                    .iter()
                    .filter_map(|(key, conversion)| {
                        let converted = conversion.apply_reader(&number).ok()?;
                        Some(store::encoded(&station_tag(key, &converted)))
                    })
                    .collect();
                store::card(c, &tags, now)
            })
            .await?;
        found.map(|user| Answer { user, age }).ok_or(Refusal::NotFound)
    }

    /// People by any alias: userName, else e-mail address, else local user name, each with or without a domain in front;
    /// active or not.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn lookup_user(&self, alias: &str) -> Result<Answer<Vec<WatchedUser>>, Refusal> {
        self.people(alias, &ALIAS).await
    }

    pub(crate) async fn people(
        &self,
        name: &str,
        kinds: &'static [i64],
    ) -> Result<Answer<Vec<WatchedUser>>, Refusal> {
        let age = self.age().await?;
        let name = name.to_owned();
        let found = self.db().read(move |c| store::by_name(c, &name, kinds)).await?;
        if found.is_empty() { Err(Refusal::NotFound) } else { Ok(Answer { user: found, age }) }
    }

    /// The person with this id, active or not.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn user(&self, id: &str) -> Result<Answer, Refusal> {
        let age = self.age().await?;
        let id = id.to_owned();
        let found = self.db().read(move |c| store::user(c, &id)).await?;
        found.map(|user| Answer { user, age }).ok_or(Refusal::NotFound)
    }

    /// The groups of a person, direct or effective, in the order of their ids.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn groups_of(
        &self,
        id: &str,
        effective: bool,
    ) -> Result<Answer<Vec<GroupMembership>>, Refusal> {
        let age = self.age().await?;
        let member = id.to_owned();
        let read = move |c: &mut rollcall_db::Connection| {
            if effective { store::effective_groups(c, &member) } else { store::groups_of(c, &member) }
        };
        let account = &self.options().account;
        let membership = |(id, display_name): (String, String)| GroupMembership {
            group: format!("accounts/{account}/groups/{id}"),
            display_name,
        };
        let found = self.db().read(read).await?;
        Ok(Answer { user: found.into_iter().map(membership).collect(), age })
    }

    /// How old the copy is, if it may answer.
    async fn age(&self) -> Result<Duration, Refusal> {
        if !self.db().read(store::head).await?.complete {
            return Err(Refusal::Empty);
        }
        let age = self.contact().age();
        age.filter(|age| *age <= self.options().max_age).ok_or(Refusal::Stale { age })
    }
}
