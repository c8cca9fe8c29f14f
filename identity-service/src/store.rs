//! The store: all SQL of the identity service. A function of the modules below is one step inside a transaction;
//! the services begin and end those.

pub(crate) mod changes;
pub(crate) mod clock;
pub mod error;
pub(crate) mod etag;
pub(crate) mod filter;
pub(crate) mod groups;
pub(crate) mod head;
pub(crate) mod life;
pub(crate) mod lookups;
pub(crate) mod members;
pub(crate) mod memberships;
pub(crate) mod merge;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod settings;
pub(crate) mod sql;
pub(crate) mod tables;
pub(crate) mod users;
pub(crate) mod value;
