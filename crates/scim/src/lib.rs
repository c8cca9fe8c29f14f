//! crates/scim
