//! When to stop.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{Error, health::Health};

/// A token that is cancelled at the first SIGTERM or SIGINT. A second one ends the process at once, with status 130.
///
/// # Errors
/// [`Error::Signal`] when the system refuses the handlers.
pub fn on_signal() -> Result<CancellationToken, Error> {
    on_signal_after(Duration::ZERO, Health::default())
}

/// The same, but at the signal `health` says that the process is leaving, and the token is cancelled only after `delay`: until load
/// balancers have noticed, they send requests, and these are answered.
///
/// # Errors
/// [`Error::Signal`] when the system refuses the handlers.
pub fn on_signal_after(delay: Duration, health: Health) -> Result<CancellationToken, Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signal)?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        for attempt in 0.. {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if attempt > 0 {
                std::process::exit(130);
            }
            tracing::info!("{name}: stopping; a second signal stops at once");
            health.leave();
            let cancelled = cancelled.clone();
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                cancelled.cancel();
            });
        }
    });
    Ok(token)
}
