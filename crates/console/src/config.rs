//! What an operator may set.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

use rollcall_serve::tls;
use url::{Host, Url};

use crate::signin::Rule;

/// Where the console is served, and who may sign in.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Config {
    /// Address of the web console: `IP:PORT`, or `off` for none. The SCIM port faces the Internet; this one need not
    #[arg(long, env = "ROLLCALL_CONSOLE_LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:7403")]
    pub console_listen: Listen,

    /// Certificate of the console's address, PEM, for TLS 1.2 and 1.3 without a proxy; it is read again when it changes
    #[arg(long, env = "ROLLCALL_CONSOLE_TLS_CERT", value_name = "FILE", requires = "console_tls_key")]
    pub console_tls_cert: Option<PathBuf>,

    /// Private key of that certificate, PEM
    #[arg(long, env = "ROLLCALL_CONSOLE_TLS_KEY", value_name = "FILE", requires = "console_tls_cert")]
    pub console_tls_key: Option<PathBuf>,

    /// Address by which browsers reach the console, such as `https://rollcall.example.com`. By default `http://`, or
    /// `https://` with a certificate, and the listening address. Where it is not this machine it must be https: browsers keep the session's cookie for no other
    #[arg(long, env = "ROLLCALL_CONSOLE_URL", value_name = "URL", value_parser = origin)]
    pub console_url: Option<Url>,

    /// OpenID provider that administrators sign in with: its issuer, such as `https://login.example.com/tenant/v2.0`.
    /// Without it, only links of `rollcall console link` let anybody in
    #[arg(long, env = "ROLLCALL_CONSOLE_OIDC_ISSUER", value_name = "URL", value_parser = issuer)]
    pub console_oidc_issuer: Option<Url>,

    /// Client id of the console at the OpenID provider. Its redirect address is `CONSOLE-URL/sign-in/oidc/callback`
    #[arg(
        long,
        env = "ROLLCALL_CONSOLE_OIDC_CLIENT_ID",
        value_name = "ID",
        default_value = "rollcall",
        requires = "console_oidc_issuer"
    )]
    pub console_oidc_client_id: String,

    /// File with the client secret; without it the console is a public client, by PKCE alone
    #[arg(
        long,
        env = "ROLLCALL_CONSOLE_OIDC_CLIENT_SECRET_FILE",
        value_name = "PATH",
        requires = "console_oidc_issuer"
    )]
    pub console_oidc_client_secret_file: Option<PathBuf>,

    /// Scopes to ask for beside `openid`, separated by commas
    #[arg(
        long,
        env = "ROLLCALL_CONSOLE_OIDC_SCOPES",
        value_name = "SCOPE,...",
        value_delimiter = ',',
        default_value = "profile,email"
    )]
    pub console_oidc_scopes: Vec<String>,

    /// What the button says after *Sign in with*
    #[arg(long, env = "ROLLCALL_CONSOLE_OIDC_NAME", value_name = "NAME", default_value = "single sign-on")]
    pub console_oidc_name: String,

    /// Who may do what: `CLAIM=VALUE:ROLE[@ACCOUNT]`, separated by commas; the first that fits counts, and who fits none
    /// is refused. Roles: operator, account-administrator, card-desk, read-only. All but operator need an account.
    /// For example `groups=print-ops:operator,groups=acme-it:account-administrator@acme`
    #[arg(
        long,
        env = "ROLLCALL_CONSOLE_ROLES",
        value_name = "RULE,...",
        value_delimiter = ',',
        requires = "console_oidc_issuer"
    )]
    pub console_roles: Vec<Rule>,
}

impl Config {
    /// The address by which browsers reach the console, without a slash at its end.
    pub fn url(&self) -> String {
        match (&self.console_url, self.console_listen) {
            (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
            (None, Listen::On(address)) if self.console_tls_cert.is_some() => format!("https://{address}"),
            (None, Listen::On(address)) => format!("http://{address}"),
            (None, Listen::Off) => String::new(),
        }
    }

    /// TLS of the console's address, where there is a certificate. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`tls::TlsError`].
    pub fn tls(&self) -> Result<Option<tls::Server>, tls::TlsError> {
        tls::Server::public(self.console_tls_cert.as_ref(), self.console_tls_key.as_ref(), "console")
    }
}

/// Where to listen, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere: there is no console.
    Off,
    /// Here.
    On(SocketAddr),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let wrong =
            |_| format!("{text:?} must be an IP address with a port, such as 127.0.0.1:7403, or `off`");
        text.parse().map(Self::On).map_err(wrong)
    }
}

/// An address that a browser takes for secure: https, or this machine.
fn is_secure(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; give a URL such as https://example.com"))?;
    if !is_secure(&url) {
        return Err("it must be https, or http on this machine".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("it must have no query, no fragment and no user".to_owned());
    }
    Ok(url)
}

fn origin(text: &str) -> Result<Url, String> {
    let url = parse(text)?;
    if url.path() == "/" {
        Ok(url)
    } else {
        Err("it must have no path: give the console a host of its own".to_owned())
    }
}

fn issuer(text: &str) -> Result<Url, String> {
    parse(text)
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
    fn addresses() {
        let url = |flags: &[&str]| Flags::try_parse_from(flags).map(|flags| flags.config.url());
        assert_eq!(url(&["x"]).unwrap(), "http://127.0.0.1:7403");
        assert_eq!(url(&["x", "--console-listen", "off"]).unwrap(), "");
        assert_eq!(url(&["x", "--console-url", "https://r.example/"]).unwrap(), "https://r.example");
        assert_eq!(url(&["x", "--console-url", "http://localhost:1"]).unwrap(), "http://localhost:1");
        for bad in
            ["http://r.example", "ftp://localhost", "https://r.example/in", "https://r.example/?a", "r"]
        {
            assert!(url(&["x", "--console-url", bad]).is_err(), "{bad}");
        }
        assert!(url(&["x", "--console-listen", "7403"]).is_err());
    }

    #[test]
    fn rules_need_a_provider() {
        let rules = ["x", "--console-roles", "groups=a:operator,sub=b:read-only@acme"];
        assert!(Flags::try_parse_from(rules).is_err());
        let with = [&rules[..], &["--console-oidc-issuer", "https://login.example/v2.0"]].concat();
        assert_eq!(Flags::try_parse_from(with).unwrap().config.console_roles.len(), 2);
    }
}
