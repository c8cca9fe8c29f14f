//! When to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// A token that is cancelled at the first SIGTERM or SIGINT. A second one ends the process at once, with status 130.
///
/// # Errors
/// [`Error::Signal`] when the system refuses the handlers.
pub fn on_signal() -> Result<CancellationToken, Error> {
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
            cancelled.cancel();
        }
    });
    Ok(token)
}
