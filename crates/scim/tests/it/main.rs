//! Tests of the crate as its users see it.

// Clippy takes only functions marked `#[test]` for tests, and here the helpers are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod bodies;
mod dialects;
mod generate;
mod patch;
mod print;
mod round_trip;
