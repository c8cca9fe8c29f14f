//! crates/serve
