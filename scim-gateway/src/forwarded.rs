//! The address by which a client reached the proxy before this gateway, from what the proxy says about it: `Forwarded`
//! (RFC 7239), or `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Prefix`.
//!
//! Anybody can send these headers, so they count only in requests of a peer that the operator named. Even then a proxy may
//! pass on what it does not know: whatever is not plainly an address is ignored, all of it.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{HeaderMap, HeaderName, header, uri::Authority};
use url::Url;

/// The longest host with port, and the longest prefix.
const MAX_HOST: usize = 260;
const MAX_PREFIX: usize = 256;

const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Addresses: one, or all that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether the address is in it. IPv4 in IPv6 counts as IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, width: u32| {
            let rest = width.saturating_sub(self.bits);
            ours.checked_shr(rest).unwrap_or(0) == theirs.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(u32::from(ours).into(), u32::from(theirs).into(), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.into(), theirs.into(), 128),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} must be an IP address, or a network such as 10.0.0.0/8");
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(wrong)?,
            None => width,
        };
        Ok(Self { address, bits })
    }
}

/// The address that a trusted proxy says it was reached by, without a slash at its end; none where it says none, or
/// one that cannot be. `scheme` is taken where it names only the host.
pub(crate) fn origin(headers: &HeaderMap, scheme: &str) -> Option<String> {
    let standard = Said::standard(headers).ok()?;
    let customary = Said::customary(headers).ok()?;
    // A proxy that writes one kind passes the other on as it came from the client: then neither can be believed.
    let said = match (standard.is_nothing(), customary.is_nothing()) {
        (false, true) => Said { prefix: customary.prefix, ..standard },
        (true, false) => customary,
        (false, false) if standard.proto == customary.proto && standard.host == customary.host => customary,
        _ => return None,
    };
    let proto = said.proto.unwrap_or_else(|| scheme.to_owned());
    let host = match said.host {
        Some(host) => host,
        None => one(headers, &header::HOST).ok()??,
    };
    let prefix = said.prefix.unwrap_or_default();
    let plain = is_scheme(&proto) && is_host(&host) && is_prefix(&prefix);
    let origin = format!("{}://{host}{}", proto.to_ascii_lowercase(), prefix.trim_end_matches('/'));
    (plain && Url::parse(&origin).is_ok()).then_some(origin)
}

/// The address of the client that the proxies say they speak for: the last in the chain that is none of the proxies that
/// `trusts` knows. None where there is no such chain, or an element of it is no address.
pub(crate) fn client(headers: &HeaderMap, trusts: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let customary = chain(headers, &FOR);
    let standard = chain(headers, &header::FORWARDED);
    let client = |chain: Vec<&str>, address: fn(&str) -> Option<IpAddr>| {
        let mut last = None;
        for element in chain.into_iter().rev() {
            last = Some(address(element)?);
            if last.is_some_and(|address| !trusts(address)) {
                break;
            }
        }
        last
    };
    match (client(standard?, forwarded_for), client(customary?, address)) {
        // As with the origin: what a proxy does not know it passes on, and the client may have written it.
        (Some(standard), Some(customary)) => (standard == customary).then_some(standard),
        (standard, customary) => standard.or(customary),
    }
}

/// The elements of a list in the order in which they were added; none where a line is no text.
fn chain<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Vec<&'a str>> {
    let lines: Option<Vec<&str>> = headers.get_all(name).iter().map(|line| line.to_str().ok()).collect();
    Some(lines?.into_iter().flat_map(|line| line.split(',')).map(str::trim).collect())
}

/// The address in an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

/// An address with or without a port; IPv6 may be in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

/// What a proxy said.
#[derive(Debug, Default)]
struct Said {
    proto: Option<String>,
    host: Option<String>,
    prefix: Option<String>,
}

impl Said {
    fn is_nothing(&self) -> bool {
        self.proto.is_none() && self.host.is_none()
    }

    /// The three headers.
    fn customary(headers: &HeaderMap) -> Result<Self, Malformed> {
        let proto = one(headers, &PROTO)?;
        Ok(Self { proto, host: one(headers, &HOST)?, prefix: one(headers, &PREFIX)? })
    }

    /// The last element of `Forwarded`, which the nearest proxy added.
    fn standard(headers: &HeaderMap) -> Result<Self, Malformed> {
        let mut said = Self::default();
        let Some(element) = one(headers, &header::FORWARDED)? else { return Ok(said) };
        for pair in element.split(';') {
            if pair.trim().is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').ok_or(Malformed)?;
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            let slot = match name.trim().to_ascii_lowercase().as_str() {
                "proto" => &mut said.proto,
                "host" => &mut said.host,
                _ => continue,
            };
            if slot.replace(unquoted.to_owned()).is_some() {
                return Err(Malformed);
            }
        }
        Ok(said)
    }
}

struct Malformed;

/// The last value of a header, which the nearest proxy wrote. Commas inside of quotes do not occur in what is read here.
fn one(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Malformed> {
    let Some(line) = headers.get_all(name).iter().next_back() else { return Ok(None) };
    let line = line.to_str().map_err(|_| Malformed)?;
    Ok(line.rsplit(',').next().map(str::trim).filter(|last| !last.is_empty()).map(str::to_owned))
}

fn is_scheme(proto: &str) -> bool {
    ["http", "https"].iter().any(|known| proto.eq_ignore_ascii_case(known))
}

/// A name or address with or without a port, and nothing else that an authority may hold.
fn is_host(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let whole = |authority: Authority| {
        let colon = authority.as_str().ends_with(':');
        !authority.host().is_empty() && !colon
    };
    host.len() <= MAX_HOST && host.bytes().all(allowed) && host.parse().is_ok_and(whole)
}

/// A path of plain segments. Dots alone and empty segments would lead elsewhere.
fn is_prefix(prefix: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let Some(rest) = prefix.trim_end_matches('/').strip_prefix('/') else {
        return prefix.is_empty() || prefix == "/";
    };
    prefix.len() <= MAX_PREFIX
        && prefix.bytes().all(allowed)
        && rest.split('/').all(|segment| !["", ".", ".."].contains(&segment))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(lines: &[(&str, &str)]) -> Option<String> {
        let line = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        origin(&lines.iter().map(line).collect(), "http")
    }

    #[test]
    fn the_origin_is_what_the_nearest_proxy_says() {
        let (proto, host, prefix) = ("x-forwarded-proto", "x-forwarded-host", "x-forwarded-prefix");
        for (lines, expected) in [
            (&[][..], None),
            (&[("host", "a.example")], None),
            (&[(prefix, "/in")], None),
            (&[(proto, "https"), (host, "a.example")], Some("https://a.example")),
            (&[(host, "a.example:8443")], Some("http://a.example:8443")),
            (&[(proto, "HTTPS"), ("host", "b.example")], Some("https://b.example")),
            (&[(proto, "https")], None),
            (&[(proto, "https"), (host, "[2001:db8::1]:443")], Some("https://[2001:db8::1]:443")),
            (&[(host, "evil.example, a.example")], Some("http://a.example")),
            (&[(host, "evil.example"), (host, "a.example")], Some("http://a.example")),
            (&[(host, "a.example"), (prefix, "/in/side/")], Some("http://a.example/in/side")),
            (&[(host, "a.example"), (prefix, "/")], Some("http://a.example")),
            (&[("forwarded", "for=1.2.3.4;proto=https;host=a.example")], Some("https://a.example")),
            (&[("forwarded", "host=evil, Host=\"a.example:1\";by=_x")], Some("http://a.example:1")),
            (&[("forwarded", "proto=https;host=a"), (prefix, "/p")], Some("https://a/p")),
            (&[("forwarded", "proto=https;host=a"), (proto, "https"), (host, "a")], Some("https://a")),
        ] {
            assert_eq!(told(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_hostile_is_ignored_whole() {
        let (proto, host, prefix) = ("x-forwarded-proto", "x-forwarded-host", "x-forwarded-prefix");
        for (name, value) in [
            (host, "user@a.example"),
            (host, "a.example/path"),
            (host, "a.example?x"),
            (host, "a.example#x"),
            (host, "a b"),
            (host, "a.example:port"),
            (host, "a.example:99999"),
            (host, "a.example:"),
            (host, "[::1"),
            (host, ":80"),
            (host, "a\"b"),
            (host, "%61.example"),
            (host, &"a".repeat(300)),
            (proto, "javascript"),
            (proto, "https://"),
            (prefix, "in"),
            (prefix, "//evil.example"),
            (prefix, "/a/../b"),
            (prefix, "/a//b"),
            (prefix, "/."),
            (prefix, "/a?b"),
            (prefix, "/a%2fb"),
            (prefix, "/a\\b"),
            (prefix, &format!("/{}", "a".repeat(300))),
            ("forwarded", "host=evil.example"),
            ("forwarded", "host"),
        ] {
            let mut lines = vec![(host, "a.example"), (proto, "https"), (prefix, "/in")];
            lines.retain(|(known, _)| *known != name);
            lines.push((name, value));
            assert_eq!(told(&lines), None, "{name}: {value}");
        }
        assert_eq!(told(&[("forwarded", "host=a;host=b")]), None);
        let bytes = HeaderMap::from_iter([(HOST, HeaderValue::from_bytes(b"a\xff").unwrap())]);
        assert_eq!(origin(&bytes, "http"), None);
    }

    #[test]
    fn the_client_is_the_last_that_is_no_proxy() {
        let (xff, forwarded) = ("x-forwarded-for", "forwarded");
        let proxies: Network = "10.0.0.0/8".parse().unwrap();
        for (lines, expected) in [
            (&[][..], None),
            (&[(xff, "192.0.2.1")], Some("192.0.2.1")),
            (&[(xff, "1.1.1.1, 192.0.2.1")], Some("192.0.2.1")),
            (&[(xff, "1.1.1.1, 192.0.2.1, 10.0.0.2"), (xff, "10.0.0.1")], Some("192.0.2.1")),
            (&[(xff, "10.0.0.3, 10.0.0.2")], Some("10.0.0.3")),
            (&[(xff, "192.0.2.1:4711")], Some("192.0.2.1")),
            (&[(xff, "[2001:db8::1]:4711")], Some("2001:db8::1")),
            (&[(xff, "2001:db8::1")], Some("2001:db8::1")),
            (&[(forwarded, "for=1.1.1.1, For=\"[2001:db8::1]:1\";proto=https")], Some("2001:db8::1")),
            (&[(forwarded, "for=192.0.2.1"), (xff, "192.0.2.1")], Some("192.0.2.1")),
            // One of them came from the client.
            (&[(forwarded, "for=192.0.2.1"), (xff, "192.0.2.2")], None),
            (&[(forwarded, "for=unknown")], None),
            (&[(forwarded, "for=_hidden, for=10.0.0.1")], None),
            (&[(forwarded, "proto=https")], None),
            (&[(xff, "evil")], None),
            (&[(xff, "1.1.1.1, 999.1.1.1")], None),
            (&[(xff, "")], None),
        ] {
            let line = |(name, value): &(&str, &str)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
            };
            let headers = lines.iter().map(line).collect();
            let found = client(&headers, |address| proxies.contains(address));
            assert_eq!(found, expected.map(|text| text.parse().unwrap()), "{lines:?}");
        }
    }

    #[test]
    fn a_network_holds_the_addresses_that_begin_alike() {
        for (network, address, inside) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "fe80::1", true),
            ("::1", "::2", false),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{network} {address}");
        }
        for wrong in ["", "proxy", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "1.2.3.4/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
