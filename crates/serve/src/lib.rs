//! How a Rollcall process meets the network: listeners with limits, gRPC channels, health, shutdown and logs.
//!
//! - [`channel`]: what a generated client speaks through: a service in the same process, or a socket.
//! - [`grpc`]: reflection, health, and the gRPC listener.
//! - [`http`]: the HTTP listener, with the timeouts that keep slow clients from holding it.
//! - [`listener`]: bound sockets, with errors that say what to do.
//! - [`shutdown`]: one token that SIGTERM and SIGINT cancel.
//! - [`log`]: text or JSON lines on standard error.
//!
//! Nothing here knows a user, a group or a token.

pub mod channel;
mod deadline;
mod error;
pub mod grpc;
mod health;
pub mod http;
pub mod listener;
pub mod log;
pub mod shutdown;
mod slow;

pub use crate::channel::Channel;
pub use crate::error::Error;
pub use axum::Router;
pub use tokio_util::sync::CancellationToken;
pub use tonic::service::Routes;
