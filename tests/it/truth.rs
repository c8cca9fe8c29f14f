//! Discovery is true: every claim of `/ServiceProviderConfig`, `/Schemas` and `/ResourceTypes` is tried.
//!
//! Nothing here names an attribute of a user or a group. The tests read the documents ([`world`]), make up values for
//! what they find, and hold the server against an evaluation of their own. A claim that nobody tries is a failure.
//! Failures are collected, so that one run shows all that is untrue.

mod attributes;
mod features;
mod limits;
mod queries;
mod world;
mod writes;

use std::fmt::Write as _;

/// What was found untrue.
#[derive(Default)]
struct Untrue(Vec<String>);

impl Untrue {
    fn unless(&mut self, holds: bool, claim: impl FnOnce() -> String) {
        if !holds {
            self.0.push(claim());
        }
    }

    #[track_caller]
    fn report(self) {
        let mut text = String::new();
        for claim in &self.0 {
            writeln!(text, "- {claim}").unwrap();
        }
        assert!(self.0.is_empty(), "{} claims are untrue:\n{text}", self.0.len());
    }
}
