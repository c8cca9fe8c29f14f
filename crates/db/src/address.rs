//! Where a database is.

use std::{fmt, path::PathBuf, str::FromStr};

use url::Url;

/// The address of a database: `sqlite:PATH`, or a PostgreSQL URL such as `postgres://user:secret@host:5432/name`.
///
/// Several hosts are tried in turn (`postgres://user@one:5432,two:5432/name?target_session_attrs=read-write`, libpq's form): so a failover
/// is followed.
///
/// `Display` and `Debug` leave a password out.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A SQLite file, made when it is not there.
    Sqlite(PathBuf),
    /// A PostgreSQL server and database.
    Postgres(Box<Url>),
}

/// Why a text is not the address of a database.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// The scheme is neither of the two.
    #[error("a database address begins with `sqlite:` or `postgres://`")]
    Scheme,
    /// `sqlite:` with nothing behind it.
    #[error("`sqlite:` needs the path of a file behind it")]
    NoPath,
    /// Not a URL.
    #[error("not a PostgreSQL URL ({0}): write `postgres://user@host:5432/database`")]
    Url(url::ParseError),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(AddressError::NoPath) } else { Ok(Self::Sqlite(path.into())) };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(AddressError::Scheme);
        }
        Url::parse(&one_host(text)).map(|url| Self::Postgres(Box::new(url))).map_err(AddressError::Url)
    }
}

/// The URL with its first host, and all of them as libpq's parameters `host` and `port`, which count for it: a URL has one host elsewhere.
fn one_host(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) =
        authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
    if !hosts.contains(',') {
        return text.to_owned();
    }
    let parts: Vec<(&str, &str)> =
        hosts.split(',').map(|host| host.rsplit_once(':').unwrap_or((host, "5432"))).collect();
    let list = |of: fn(&(&str, &str)) -> String| parts.iter().map(of).collect::<Vec<_>>().join(",");
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let first = hosts.split(',').next().unwrap_or_default();
    let joint = if path.contains('?') { '&' } else { '?' };
    format!(
        "{scheme}://{user}{first}{path}{joint}host={}&port={}",
        list(|(host, _)| (*host).to_owned()),
        list(|(_, port)| (*port).to_owned())
    )
}

impl Address {
    /// What it is, in the words of OpenTelemetry.
    pub(crate) fn system(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }

    /// The connection string for libpq: what the operator wrote, with time limits added where it names none, because
    /// a silent packet drop must cost seconds and not the quarter of an hour that TCP would wait.
    pub(crate) fn libpq(url: &Url) -> String {
        const LIMITS: [(&str, &str); 6] = [
            ("connect_timeout", "5"),
            ("tcp_user_timeout", "10000"),
            ("keepalives", "1"),
            ("keepalives_idle", "10"),
            ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
        ];
        let mut url = url.clone();
        for (key, value) in LIMITS {
            if !url.query_pairs().any(|(have, _)| have == key) {
                url.query_pairs_mut().append_pair(key, value);
            }
        }
        url.into()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let mut shown = url.as_ref().clone();
                if shown.password().is_some() {
                    // Fails only for URLs that cannot hold a password, and this one does.
                    let _ = shown.set_password(Some("***"));
                }
                shown.set_query(None);
                let others = url.query_pairs().find(|(key, _)| key == "host").map(|(_, hosts)| hosts);
                match others {
                    Some(hosts) => write!(f, "{shown} (one of {hosts})"),
                    None => write!(f, "{shown}"),
                }
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(Address::Sqlite("a/b.db".into())));
        assert_eq!("sqlite:///var/x.db".parse(), Ok(Address::Sqlite("/var/x.db".into())));
        assert!(matches!("postgres://h/d".parse(), Ok(Address::Postgres(_))));
        assert_eq!("sqlite:".parse::<Address>(), Err(AddressError::NoPath));
        assert_eq!("mysql://h/d".parse::<Address>(), Err(AddressError::Scheme));
        assert!(matches!("postgres://h:port/d".parse::<Address>(), Err(AddressError::Url(_))));
    }

    #[test]
    fn several_hosts_are_handed_to_libpq() {
        let address: Address =
            "postgres://me:hunter2@one:5433,two/d?target_session_attrs=read-write".parse().unwrap();
        assert_eq!(address.to_string(), "postgres://me:***@one:5433/d (one of one,two)");
        let Address::Postgres(url) = address else { panic!("not postgres") };
        let text = Address::libpq(&url);
        assert!(
            text.starts_with("postgres://me:hunter2@one:5433/d?target_session_attrs=read-write&host=one,two&port=5433,5432&"),
            "{text}"
        );
        assert!("postgres://a:x,b/d".parse::<Address>().is_err());
    }

    #[test]
    fn never_shows_a_password() {
        let address: Address = "postgres://me:hunter2@h/d?password=hunter2".parse().unwrap();
        assert_eq!(address.to_string(), "postgres://me:***@h/d");
        assert!(!format!("{address:?}").contains("hunter2"));
    }

    #[test]
    fn adds_time_limits_unless_told() {
        let Address::Postgres(url) = "postgres://h/d?connect_timeout=1".parse().unwrap() else {
            panic!("not postgres")
        };
        let text = Address::libpq(&url);
        assert!(text.contains("connect_timeout=1&") && text.contains("tcp_user_timeout=10000"), "{text}");
    }
}
