//! crates/db
