//! What the store answers when it cannot do as asked.

use super::clock;

/// A failure of the store. `grpc` turns it into a status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such user or group in the account.
    #[error("{0} was not found")]
    NotFound(String),
    /// The value of an attribute belongs to another user or group of the account.
    #[error("{attribute} {value:?} belongs to another {resource} of the account")]
    Taken {
        /// The kind of resource: `user` or `group`.
        resource: &'static str,
        /// The SCIM attribute.
        attribute: &'static str,
        /// The value, as it came.
        value: String,
    },
    /// The two keys of a person belong to two people.
    #[error(
        "userName {user_name:?} and externalId {external_id:?} belong to two different users of the account"
    )]
    TakenByTwo {
        /// The userName, as it came.
        user_name: String,
        /// The externalId, as it came.
        external_id: String,
    },
    /// A create of a user who was deactivated, in an account that does not want that to reactivate.
    #[error(
        "{attribute} {value:?} belongs to a deactivated user, whom the settings of the account do not let a create reactivate"
    )]
    Deactivated {
        /// The SCIM attribute.
        attribute: &'static str,
        /// The value, as it came.
        value: String,
    },
    /// A create of a user who came another way, in an account that does not want that to adopt.
    #[error(
        "{attribute} {value:?} belongs to a user who was {origin}, whom the settings of the account do not let a create adopt"
    )]
    NotAdopted {
        /// The SCIM attribute.
        attribute: &'static str,
        /// The value, as it came.
        value: String,
        /// How the user came.
        origin: &'static str,
    },
    /// A write by the identity provider of what an administrator keeps by hand.
    #[error(
        "this {resource} is kept by hand: change it in the console, or give it back to the identity provider there"
    )]
    KeptByHand {
        /// The kind of resource: `user` or `group`.
        resource: &'static str,
    },
    /// A write by hand of what comes from the identity provider.
    #[error(
        "this {resource} comes from the identity provider: change it there, or convert it to manual first"
    )]
    KeptByProvider {
        /// The kind of resource: `user` or `group`.
        resource: &'static str,
    },
    /// Members who belong to nobody, in an account that does not want them ignored.
    #[error("members: {count} belong to nobody in the account: {shown}")]
    UnknownMembers {
        /// How many.
        count: usize,
        /// The first of them.
        shown: String,
    },
    /// A card that the person has, or that somebody else holds.
    #[error("{0}")]
    CardHeld(&'static str),
    /// A look-up wants to have seen what has not happened.
    #[error(
        "min_revision {min_revision} is ahead of the account, which is at {head}: was a backup restored?"
    )]
    Ahead {
        /// What was asked for.
        min_revision: i64,
        /// The account's newest revision.
        head: i64,
    },
    /// The service is being stopped in the middle of a stream.
    #[error("the service is stopping; go on {}", where_to_go_on(*after))]
    Stopping {
        /// The revision up to which everything was sent; `None` in the middle of events.
        after: Option<i64>,
    },
    /// A change to a card that the identity provider names.
    #[error("the identity provider names this card: change it there")]
    CardProvisioned,
    /// A card number that is none, or that the account's conversion cannot be applied to.
    #[error("the card number {0}")]
    Number(#[from] rollcall_card::conversion::Error),
    /// A PIN that says by itself whose it is, and is somebody else's.
    #[error("this PIN is taken; choose another")]
    PinTaken,
    /// A secret that is wrong, or of nobody: which is not told.
    #[error("that is not right")]
    WrongSecret,
    /// Too many wrong secrets.
    #[error("too many wrong tries; wait until {}", clock::text(*.until))]
    Locked {
        /// Until when, in Unix milliseconds.
        until: i64,
    },
    /// A conversion by which people would share numbers.
    #[error(
        "{count} numbers would belong to more than one person; look at the preview, and resolve these first"
    )]
    Collisions {
        /// How many numbers.
        count: usize,
    },
    /// A row of an import that cannot be taken.
    #[error("{0}")]
    Row(String),
    /// A row was only tried: an error, so that it is undone.
    #[error("a preview")]
    Preview,
    /// Changes that were forgotten.
    #[error(
        "the changes after revision {after} are not kept any more; begin again with a snapshot, revision 0"
    )]
    Compacted {
        /// The revision that was asked for.
        after: i64,
    },
    /// A watcher that does not read.
    #[error("nothing was read for {seconds} seconds; go on from the last revision that came")]
    Slow {
        /// For how long.
        seconds: u64,
    },
    /// A key or hash failed.
    #[error(transparent)]
    Keyring(#[from] rollcall_card::keyring::Error),
    /// What cannot be.
    #[error("a defect: {0}")]
    Defect(&'static str),
    /// The condition of the request does not hold.
    #[error("the resource is at version {current}, which is not what the request asks for; read it again")]
    Etag {
        /// The etag that the resource has.
        current: String,
    },
    /// The request is wrong in the terms of SCIM.
    #[error(transparent)]
    Scim(#[from] rollcall_scim::Error),
    /// A page token that this service did not make, or made for another request.
    #[error("the page token is not one of this list; begin again without one")]
    PageToken,
    /// A field of the request is wrong.
    #[error("{field}: {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it, and what is right.
        problem: String,
    },
    /// A stored document cannot be read.
    #[error("the stored document of {0} cannot be read")]
    Corrupt(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
}

fn where_to_go_on(after: Option<i64>) -> String {
    after.map_or_else(
        || "after the last revision that you have whole".to_owned(),
        |after| format!("after revision {after}"),
    )
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Error {
    /// A field that is wrong.
    pub(crate) fn field(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Field { field, problem: problem.into() }
    }

    /// Names the attribute, with its value, when it was the unique index of its column that refused a write.
    pub(crate) fn taken(
        self,
        resource: &'static str,
        (column, attribute, value): (&str, &'static str, &str),
    ) -> Self {
        match &self {
            Self::Database(rollcall_db::Error::Unique { constraint }) if constraint.contains(column) => {
                Self::Taken { resource, attribute, value: value.to_owned() }
            }
            _ => self,
        }
    }
}
