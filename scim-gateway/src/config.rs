//! What can be set about the gateway, by flag or environment.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use rollcall_serve::{peer, process, tls};
use url::Url;

use crate::{forwarded::Network, target::Account};

/// The SCIM 2.0 gateway of Rollcall: what identity providers talk to, over HTTP, and the web console of administrators.
///
/// It keeps no data of its own; identity-service and token-service must be reachable for it to answer.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "scim-gateway", version)]
pub struct Options {
    /// How it listens and answers.
    #[command(flatten)]
    pub config: Config,

    /// The web console beside it, on a listener of its own.
    #[command(flatten)]
    pub console: rollcall_console::Config,

    /// Where the services behind it are.
    #[command(flatten)]
    pub upstreams: Upstreams,

    /// How the services know it.
    #[command(flatten)]
    pub peers: peer::ClientArgs,

    /// What every server has.
    #[command(flatten)]
    pub process: process::Args,
}

/// How the gateway listens and answers.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Address on which identity providers are served over HTTP.
    #[arg(long, env = "ROLLCALL_SCIM_LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:7400")]
    pub scim_listen: SocketAddr,

    /// Certificate of the SCIM address, PEM, for TLS 1.2 and 1.3 without a proxy; it is read again when it changes.
    #[arg(long, env = "ROLLCALL_SCIM_TLS_CERT", value_name = "FILE", requires = "scim_tls_key")]
    pub scim_tls_cert: Option<PathBuf>,

    /// Private key of that certificate, PEM.
    #[arg(long, env = "ROLLCALL_SCIM_TLS_KEY", value_name = "FILE", requires = "scim_tls_cert")]
    pub scim_tls_key: Option<PathBuf>,

    /// Address by which identity providers reach this service, such as `https://scim.example.com`; it begins every
    /// `Location` and `meta.location`. By default `http://`, or `https://` with a certificate, and the listening address.
    #[arg(long, env = "ROLLCALL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<Url>,

    /// Proxies whose `Forwarded` or `X-Forwarded-Proto`, `-Host` and `-Prefix` headers say by which address identity
    /// providers reach this service: IP addresses or networks, separated by commas. The public URL counts where they
    /// say nothing that can be believed. By default no header is believed.
    #[arg(long, env = "ROLLCALL_SCIM_TRUST_FORWARDED", value_name = "IP[/BITS],...", value_delimiter = ',')]
    pub scim_trust_forwarded: Vec<Network>,

    /// The largest request body, in bytes; a larger one is answered 413. Bulk requests have the same limit.
    #[arg(long, env = "ROLLCALL_SCIM_MAX_BODY_BYTES", value_name = "BYTES", default_value_t = 1024 * 1024)]
    pub scim_max_body_bytes: usize,

    /// How long a verified token is trusted before it is verified again, in milliseconds. A revoked token goes on
    /// working for at most this long.
    #[arg(long, env = "ROLLCALL_SCIM_TOKEN_CACHE_MS", value_name = "MS", default_value_t = 1000)]
    pub scim_token_cache_ms: u64,

    /// How long a verified token goes on working while token-service cannot be asked, in seconds: a restart of
    /// token-service stops no identity provider. A token revoked meanwhile works for at most this long; 0 trusts none.
    #[arg(long, env = "ROLLCALL_SCIM_TOKEN_GRACE_SECONDS", value_name = "SECONDS", default_value_t = 60)]
    pub scim_token_grace_seconds: u32,

    /// The most requests of one account that are under way at once; what comes above that waits for half a second, and is
    /// then answered 429. An account that floods leaves room for the others.
    #[arg(
        long,
        env = "ROLLCALL_SCIM_REQUESTS_PER_ACCOUNT",
        value_name = "COUNT",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub scim_requests_per_account: u16,
}

/// Where the services behind the gateway are, for a gateway in a process of its own.
#[derive(Clone, Debug, clap::Args)]
pub struct Upstreams {
    /// Address of identity-service.
    #[arg(
        long,
        env = "ROLLCALL_IDENTITY_SERVICE",
        value_name = "URL",
        default_value = "http://127.0.0.1:7401"
    )]
    pub identity_service: String,

    /// Address of token-service.
    #[arg(long, env = "ROLLCALL_TOKEN_SERVICE", value_name = "URL", default_value = "http://127.0.0.1:7402")]
    pub token_service: String,
}

impl Config {
    /// The Tenant URL of an account, without a slash at its end; below `origin` where a proxy named one.
    pub(crate) fn base(&self, origin: Option<&str>, account: &Account) -> String {
        match origin {
            Some(origin) => format!("{origin}/{account}/scim/v2"),
            None => format!("{}/{account}/scim/v2", self.url()),
        }
    }

    /// The address by which identity providers reach the gateway.
    pub fn url(&self) -> String {
        let set = self.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        set.unwrap_or_else(|| format!("{}://{}", self.scheme(), self.scim_listen))
    }

    /// TLS of the SCIM address, where there is a certificate. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`tls::TlsError`].
    pub fn tls(&self) -> Result<Option<tls::Server>, tls::TlsError> {
        tls::Server::public(self.scim_tls_cert.as_ref(), self.scim_tls_key.as_ref(), "scim")
    }

    /// The scheme of the public URL.
    pub(crate) fn scheme(&self) -> &str {
        let own = if self.scim_tls_cert.is_some() { "https" } else { "http" };
        self.public_url.as_ref().map_or(own, Url::scheme)
    }

    /// Whether what a peer says of the address it was reached by is to be believed.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.scim_trust_forwarded.iter().any(|network| network.contains(peer))
    }

    pub(crate) fn token_cache(&self) -> Duration {
        Duration::from_millis(self.scim_token_cache_ms)
    }

    pub(crate) fn token_grace(&self) -> Duration {
        Duration::from_secs(self.scim_token_grace_seconds.into())
    }
}

fn public_url(text: &str) -> Result<Url, String> {
    let url =
        Url::parse(text).map_err(|error| format!("{error}; give a URL such as https://scim.example.com"))?;
    match url.scheme() {
        "http" | "https" if url.query().is_none() && url.fragment().is_none() => Ok(url),
        "http" | "https" => Err("it must have no query and no fragment".to_owned()),
        other => Err(format!("its scheme must be http or https, not {other}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn the_base_is_the_public_url_without_doubled_slashes() {
        for (flags, base) in [
            (&["x"][..], "http://127.0.0.1:7400/acme/scim/v2"),
            (&["x", "--public-url", "https://scim.example.com"], "https://scim.example.com/acme/scim/v2"),
            (
                &["x", "--public-url", "https://example.com:8443/in/"],
                "https://example.com:8443/in/acme/scim/v2",
            ),
        ] {
            let config = Flags::try_parse_from(flags).unwrap().config;
            assert_eq!(config.base(None, &Account::parse("acme").unwrap()), base);
        }
    }

    #[test]
    fn only_the_proxies_that_were_named_are_trusted() {
        let config = |flags: &[&str]| Flags::try_parse_from(flags).unwrap().config;
        let proxies = config(&["x", "--scim-trust-forwarded", "10.0.0.0/8,::1"]);
        let trusts = |config: &Config, peer: &str| config.trusts(peer.parse().unwrap());
        assert!(trusts(&proxies, "10.1.2.3") && trusts(&proxies, "::1") && !trusts(&proxies, "11.0.0.1"));
        assert!(!trusts(&config(&["x"]), "127.0.0.1"));
        assert!(Flags::try_parse_from(["x", "--scim-trust-forwarded", "all"]).is_err());
        let acme = Account::parse("acme").unwrap();
        assert_eq!(proxies.base(Some("https://a.example"), &acme), "https://a.example/acme/scim/v2");
    }

    #[test]
    fn a_public_url_that_cannot_be_one_is_refused() {
        for url in ["scim.example.com", "ftp://example.com", "https://example.com/?a=b"] {
            assert!(Flags::try_parse_from(["x", "--public-url", url]).is_err(), "{url}");
        }
    }
}
