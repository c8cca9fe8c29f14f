//! Which part of Rollcall may call which rpc, and how a part is known.
//!
//! A part is known by the URI in its certificate, `spiffe://TRUST-DOMAIN/rollcall/ROLE`, or by a secret. [`rules`] is one table of all
//! rpcs and the roles that may call them; [`guard`] stands in front of a service's socket and holds callers to it, and a station to its
//! own account and name. Calls within a process do not pass here.

pub mod guard;
pub mod role;
pub mod rules;
mod secrets;
mod station;

pub use guard::{Guard, GuardError};
pub use role::{Grant, Role};
