//! How a Rollcall process meets the network: listeners with limits, gRPC channels, health, shutdown and logs.
//!
//! - [`channel`]: what a generated client speaks through: a service in the same process, or a socket.
//! - [`grpc`]: reflection, health, and the gRPC listener.
//! - [`http`]: the HTTP listener, with the timeouts that keep slow clients from holding it.
//! - [`listener`]: bound sockets, with errors that say what to do.
//! - [`tls`], [`peer`]: certificates and secrets, on both ends; [`reload`] follows their files.
//! - [`process`]: what every program has: logs, the internal listener of probes and metrics, and an end in order.
//! - [`health`]: alive and ready; [`metrics`]: what Prometheus reads; [`trace`]: one id from edge to disk.
//! - [`config`]: options out of flags, environment and files, with one source of truth.
//! - [`shutdown`]: one token that SIGTERM and SIGINT cancel.
//! - [`log`]: text or JSON lines on standard error.
//!
//! Nothing here knows a user, a group or a token.

pub mod channel;
pub mod config;
mod deadline;
mod error;
pub mod grpc;
pub mod health;
pub mod http;
mod internal;
pub mod listener;
pub mod log;
pub mod metrics;
pub mod peer;
pub mod process;
pub mod reload;
pub mod shutdown;
mod slow;
mod socket;
pub mod tls;
pub mod trace;

pub use crate::channel::Channel;
pub use crate::error::Error;
pub use crate::health::Health;
pub use axum::Router;
pub use tokio_util::sync::CancellationToken;
pub use tonic::service::Routes;
