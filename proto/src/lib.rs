//! The gRPC interfaces of Rollcall, generated from the `.proto` files beside this crate, which hold the documentation
//! of every message and rpc.

/// `rollcall.identity.v1`: users, groups, look-ups and changes.
#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
pub mod identity {
    tonic::include_proto!("rollcall.identity.v1");
}

/// `rollcall.token.v1`: accounts and tokens.
#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
pub mod token {
    tonic::include_proto!("rollcall.token.v1");
}

/// The encoded `FileDescriptorSet` of both packages, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rollcall.bin"));
