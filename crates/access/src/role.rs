//! Who a caller is.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// What a part of Rollcall is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The SCIM side of the gateway.
    Gateway,
    /// The web console.
    Console,
    /// A print component that looks people up.
    Print,
    /// A station, or the copy on it: it follows the changes of one account.
    Station,
    /// The command line of whoever operates Rollcall. It may call everything.
    Operator,
    /// identity-service and token-service. They call nobody.
    Service,
}

/// One role that a certificate or a secret gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A role in all accounts.
    Role(Role),
    /// [`Role::Station`], by its account and its name.
    Station {
        /// The account's id.
        account: String,
        /// What the station calls itself.
        name: String,
    },
}

impl Grant {
    /// The role.
    pub fn role(&self) -> Role {
        match self {
            Self::Role(role) => *role,
            Self::Station { .. } => Role::Station,
        }
    }

    /// The role that a URI of a certificate gives: `spiffe://TRUST-DOMAIN/rollcall/ROLE` or `.../rollcall/station/ACCOUNT/NAME`, whatever
    /// the trust domain (the CA is Rollcall's own, and is what is trusted). `None` for URIs about something else.
    pub fn of_uri(uri: &str) -> Option<Self> {
        let (domain, path) = uri.strip_prefix("spiffe://")?.split_once('/')?;
        if domain.is_empty() {
            return None;
        }
        path.strip_prefix("rollcall/")?.parse().ok()
    }
}

/// The text is no role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of gateway, console, print, operator, service, station/ACCOUNT/NAME")]
pub struct NoRole;

impl FromStr for Grant {
    type Err = NoRole;

    /// Reads `ROLE` or `station/ACCOUNT/NAME`, the name percent-encoded where it must be.
    fn from_str(text: &str) -> Result<Self, NoRole> {
        if let Some(station) = text.strip_prefix("station/") {
            let (account, name) = station.split_once('/').ok_or(NoRole)?;
            let name = percent_decode_str(name).decode_utf8().map_err(|_| NoRole)?;
            if account.is_empty() || name.is_empty() || name.contains('/') {
                return Err(NoRole);
            }
            return Ok(Self::Station { account: account.to_owned(), name: name.into_owned() });
        }
        Ok(Self::Role(match text {
            "gateway" => Role::Gateway,
            "console" => Role::Console,
            "print" => Role::Print,
            "operator" => Role::Operator,
            "service" => Role::Service,
            _ => return Err(NoRole),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        let station = |account: &str, name: &str| {
            Some(Grant::Station { account: account.to_owned(), name: name.to_owned() })
        };
        for (uri, expected) in [
            ("spiffe://rollcall/rollcall/gateway", Some(Grant::Role(Role::Gateway))),
            ("spiffe://example.org/rollcall/operator", Some(Grant::Role(Role::Operator))),
            ("spiffe://x/rollcall/station/acme/lobby", station("acme", "lobby")),
            ("spiffe://x/rollcall/station/acme/floor%202", station("acme", "floor 2")),
            ("spiffe://x/rollcall/station/acme/a/b", None),
            ("spiffe://x/rollcall/station/acme/a%2Fb", None),
            ("spiffe://x/rollcall/station/acme/", None),
            ("spiffe://x/rollcall/station//a", None),
            ("spiffe://x/rollcall/station", None),
            ("spiffe:///rollcall/gateway", None),
            ("spiffe://x/rollcall/Gateway", None),
            ("spiffe://x/rollcall/gateway/", None),
            ("spiffe://x/other/gateway", None),
            ("https://x/rollcall/gateway", None),
            ("", None),
        ] {
            assert_eq!(Grant::of_uri(uri), expected, "{uri}");
        }
    }
}
