//! The store: all SQL of the identity service. A function of the modules below is one step inside a transaction;
//! the services begin and end those.

pub(crate) mod card_changes;
pub(crate) mod card_lookups;
pub(crate) mod cards;
pub(crate) mod changes;
pub(crate) mod clock;
pub(crate) mod conversion_changes;
pub(crate) mod conversions;
pub(crate) mod denied_cards;
pub(crate) mod diagnosis;
pub mod error;
pub(crate) mod etag;
pub(crate) mod filter;
pub(crate) mod gauges;
pub(crate) mod groups;
pub(crate) mod head;
pub(crate) mod import;
pub(crate) mod leaver;
pub(crate) mod life;
pub(crate) mod lookups;
pub(crate) mod members;
pub(crate) mod memberships;
pub(crate) mod merge;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod places;
pub(crate) mod provisioned;
pub(crate) mod registration;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod stations;
pub(crate) mod tables;
pub(crate) mod upkeep;
pub(crate) mod users;
pub(crate) mod value;
pub(crate) mod watch;

/// The tables that have what is kept of an account, cards first: without them nobody is let in. Its head is not among them.
pub(crate) const OF_ACCOUNTS: [&str; 15] = [
    "cards",
    "secrets",
    "denied_cards",
    "members",
    "user_values",
    "resource_schemas",
    "users",
    "groups",
    "changes",
    "removals",
    "confirmations",
    "stations",
    "guesses",
    "conversions",
    "settings",
];
