//! What every program of Rollcall has: logs, the internal listener, and an end in order.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    Error,
    health::Health,
    internal, listener, log,
    metrics::Metrics,
    shutdown,
    trace::{self, Exporter},
};

/// The options that every server has.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Address for probes and metrics, not encrypted, or `off`: HTTP `/livez`, `/readyz` and `/metrics`, and grpc.health.v1 with the
    /// services `liveness` and `readiness`
    #[arg(long, env = "ROLLCALL_INTERNAL_LISTEN", default_value = "off", value_name = "IP:PORT|off")]
    pub internal_listen: Internal,

    /// After SIGTERM, say at once that it is not ready, but serve on for so many seconds, until load balancers have noticed
    #[arg(
        long,
        env = "ROLLCALL_SHUTDOWN_DELAY_SECONDS",
        default_value_t = 0,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    pub shutdown_delay_seconds: u64,

    /// Then let running requests finish for at most so many seconds
    #[arg(
        long,
        env = "ROLLCALL_SHUTDOWN_DRAIN_SECONDS",
        default_value_t = 10,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    pub shutdown_drain_seconds: u64,

    /// Where spans go.
    #[command(flatten)]
    pub trace: trace::Args,

    /// The shape of log lines, on standard error: `text` or `json`
    #[arg(long, env = "ROLLCALL_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: log::Format,

    /// What to log, in the syntax of RUST_LOG: `info`, `warn,rollcall_db=debug`
    #[arg(long, env = "ROLLCALL_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}

/// Where the internal listener is, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internal {
    /// Nowhere.
    Off,
    /// Here.
    On(SocketAddr),
}

impl FromStr for Internal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let wrong =
            |_| format!("{text:?} must be an IP address with a port, such as 127.0.0.1:7409, or `off`");
        text.parse().map(Self::On).map_err(wrong)
    }
}

/// A program at work.
pub struct Process {
    /// How it is.
    pub health: Health,
    /// Cancelled when it is to accept nothing more.
    pub shutdown: CancellationToken,
    /// How long what runs then may take.
    pub drain: Duration,
    internal: Option<(SocketAddr, JoinHandle<()>)>,
    ended: CancellationToken,
    exporter: Option<Exporter>,
}

impl Process {
    /// Installs logs and signal handlers, and serves the internal listener. `program` is its name in metrics.
    ///
    /// # Errors
    /// [`Error`], a sentence for the operator.
    pub async fn start(args: &Args, program: &'static str) -> Result<Self, Error> {
        let exporter = Exporter::new(&args.trace, program)?;
        log::init_with(args.log_format, &args.log_filter, exporter.as_ref())?;
        let health = Health::default();
        let delay = Duration::from_secs(args.shutdown_delay_seconds);
        let shutdown = shutdown::on_signal_after(delay, health.clone())?;
        let ended = CancellationToken::new();
        let internal = match args.internal_listen {
            Internal::Off => None,
            Internal::On(address) => {
                let listener = listener::bind(address).await?;
                let address = listener.local_addr().unwrap_or(address);
                tracing::info!("{program}: probes and metrics on {address}");
                let metrics = Metrics::install(program)?;
                let serving = internal::serve(listener, health.clone(), metrics, ended.clone());
                Some((address, tokio::spawn(serving)))
            }
        };
        let drain = Duration::from_secs(args.shutdown_drain_seconds);
        Ok(Self { health, shutdown, drain, internal, ended, exporter })
    }

    /// The address of the internal listener.
    pub fn internal(&self) -> Option<SocketAddr> {
        self.internal.as_ref().map(|(address, _)| *address)
    }

    /// The last thing that a program does: ends the internal listener, which answered until now.
    pub async fn end(self) {
        self.ended.cancel();
        if let Some((_, serving)) = self.internal {
            // It ends by itself; a panic in it was reported where it happened.
            let _ = serving.await;
        }
        if let Some(exporter) = self.exporter {
            // It blocks until the collector has answered, or for some seconds where it does not.
            let _ = tokio::task::spawn_blocking(move || exporter.end()).await;
        }
    }
}
