//! Who may come in: the bearer token (RFC 6750), verified by token-service for the account in the address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header};
use rollcall_proto::token::{self, VerifyTokenRequest};
use sha2::{Digest as _, Sha256};
use tonic::Code;

use crate::{
    body,
    clients::{Gateway, answer, request_within},
    error::Error,
    target::Account,
};

/// How long token-service may take: shorter than for other calls, because a stale verification may help.
const DEADLINE: Duration = Duration::from_secs(3);
/// The most tokens remembered.
const CAPACITY: usize = 10_000;
/// No token is this long; what is longer is not worth hashing.
const MAX_SECRET: usize = 1024;

/// The resource name of the token that a request was let in with.
#[derive(Clone, Debug)]
pub(crate) struct Token(pub(crate) Arc<str>);

/// Lets a request pass that carries a live token of the account in its address, of which not too many are under way, and hands the [`Account`] and the [`Token`] on. An
/// address outside of `/{account}/scim/v2` is a 404 here, so that no handler is reached without a token.
pub(crate) async fn require_token(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let account = Account::of_path(request.uri().path()).ok_or(Error::NotFound)?;
    let verified = match secret(request.headers()) {
        Some(secret) => verify(&gateway, &account, secret).await,
        None => Err(Error::Unauthenticated),
    };
    let admitted = match verified {
        Ok(token) => gateway.admission.turn(&account).await.map(|turn| (token, turn)),
        Err(error) => Err(error),
    };
    let (token, _turn) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => {
            body::drain(request).await;
            return Err(error);
        }
    };
    request.extensions_mut().insert(account);
    request.extensions_mut().insert(token);
    Ok(next.run(request).await)
}

/// The secret of the one `Authorization: Bearer` header.
fn secret(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (scheme, secret) = line.to_str().ok()?.trim().split_once(' ')?;
    let secret = secret.trim();
    let well_formed =
        !secret.is_empty() && secret.len() <= MAX_SECRET && !secret.contains(char::is_whitespace);
    (scheme.eq_ignore_ascii_case("Bearer") && well_formed).then_some(secret)
}

async fn verify(gateway: &Gateway, account: &Account, secret: &str) -> Result<Token, Error> {
    let key = key(account, secret);
    if let Some(token) = gateway.tokens.fresh(&key) {
        return Ok(token);
    }
    // A token revoked while the answer is under way must not live longer than the cache's time.
    let asked = Instant::now();
    let message = VerifyTokenRequest { parent: account.name(), secret: secret.to_owned() };
    let mut client = gateway.token_service();
    let call = client.verify_token(request_within(message, DEADLINE));
    let status = match tokio::time::timeout(DEADLINE, answer(call)).await {
        Ok(Ok(response)) => {
            let verified = response.token.unwrap_or_default();
            let token = Token(verified.name.as_str().into());
            gateway
                .tokens
                .remember(key, Entry { verified: asked, end: end(&verified), token: token.clone() });
            return Ok(token);
        }
        Ok(Err(Error::Service(status))) => Some(status),
        Ok(Err(error)) => return Err(error),
        Err(_) => None,
    };
    match status.as_ref().map(|status| status.code()) {
        Some(Code::Unauthenticated | Code::InvalidArgument | Code::NotFound | Code::PermissionDenied) => {
            gateway.tokens.forget(&key);
            Err(Error::Unauthenticated)
        }
        _ if rollcall_defect::is("refused-when-unverified") => Err(Error::Unauthenticated),
        // Whatever else happened says nothing about the token, and a 401 would make an identity provider stop.
        code => {
            let said = status.as_ref().map(|status| status.message());
            let token = gateway.tokens.in_grace(&key);
            tracing::warn!(?code, said, in_grace = token.is_some(), "token-service cannot verify a token");
            token.ok_or(Error::CannotVerify)
        }
    }
}

/// When the token ends by itself.
fn end(token: &token::Token) -> Option<SystemTime> {
    let times = [token.expire_time, token.retire_time];
    times.into_iter().flatten().filter_map(|time| SystemTime::try_from(time).ok()).min()
}

type Key = [u8; 32];

/// An account id holds no NUL, so the pair is unambiguous.
fn key(account: &Account, secret: &str) -> Key {
    Sha256::new().chain_update(account.to_string()).chain_update([0]).chain_update(secret).finalize().into()
}

/// The tokens verified of late, by their hash. Only live tokens get in, so strangers cannot fill it.
#[derive(Debug)]
pub(crate) struct TokenCache {
    ttl: Duration,
    /// How old a verification may be while token-service cannot be asked.
    grace: Duration,
    entries: Mutex<HashMap<Key, Entry>>,
}

#[derive(Clone, Debug)]
struct Entry {
    verified: Instant,
    end: Option<SystemTime>,
    token: Token,
}

impl Entry {
    fn is_within(&self, age: Duration) -> bool {
        let age = if rollcall_defect::is("cache-without-expiry") { Duration::MAX } else { age };
        self.verified.elapsed() < age && self.end.is_none_or(|end| SystemTime::now() < end)
    }
}

impl TokenCache {
    pub(crate) fn new(ttl: Duration, grace: Duration) -> Self {
        Self { ttl, grace, entries: Mutex::default() }
    }

    fn fresh(&self, key: &Key) -> Option<Token> {
        self.within(key, self.ttl)
    }

    fn in_grace(&self, key: &Key) -> Option<Token> {
        self.within(key, self.grace)
    }

    fn within(&self, key: &Key, age: Duration) -> Option<Token> {
        self.entries().get(key).filter(|entry| entry.is_within(age)).map(|entry| entry.token.clone())
    }

    fn remember(&self, key: Key, entry: Entry) {
        let mut entries = self.entries();
        if entries.len() >= CAPACITY && !entries.contains_key(&key) {
            let age = self.grace.max(self.ttl);
            entries.retain(|_, entry| entry.is_within(age));
            // Any will do: it is verified again when it comes.
            if entries.len() >= CAPACITY
                && let Some(any) = entries.keys().next().copied()
            {
                entries.remove(&any);
            }
        }
        entries.insert(key, entry);
    }

    fn forget(&self, key: &Key) {
        self.entries().remove(key);
    }

    /// The map is whole after every statement above, so a panic elsewhere does not spoil it.
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As if token-service had said yes that long ago.
    #[cfg(test)]
    pub(crate) fn trust(&self, account: &str, secret: &str, age: Duration) {
        if let (Some(account), Some(verified)) = (Account::parse(account), Instant::now().checked_sub(age)) {
            let token = Token(format!("{}/tokens/{secret}", account.name()).into());
            self.remember(key(&account, secret), Entry { verified, end: None, token });
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_bearer_header_carries_a_secret() {
        for (lines, expected) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer abc"], Some("abc")),
            (&["BEARER   abc "], Some("abc")),
            (&[][..], None),
            (&[""], None),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Bearer a b"], None),
            (&["Basic abc"], None),
            (&["abc"], None),
            (&["Bearer:abc"], None),
            (&["Bearer abc", "Bearer abc"], None),
        ] {
            let line = |line: &&str| (header::AUTHORIZATION, HeaderValue::from_str(line).unwrap());
            assert_eq!(secret(&lines.iter().map(line).collect()), expected, "{lines:?}");
        }
        let long = HeaderValue::from_str(&format!("Bearer {}", "x".repeat(MAX_SECRET + 1))).unwrap();
        assert_eq!(secret(&HeaderMap::from_iter([(header::AUTHORIZATION, long)])), None);
        let bytes = HeaderValue::from_bytes(b"Bearer \xff").unwrap();
        assert_eq!(secret(&HeaderMap::from_iter([(header::AUTHORIZATION, bytes)])), None);
    }

    #[test]
    fn the_key_tells_account_and_secret_apart() {
        let key = |account: &str, secret| key(&Account::parse(account).unwrap(), secret);
        assert_eq!(key("a", "bc"), key("a", "bc"));
        assert_ne!(key("a", "bc"), key("ab", "c"));
        assert_ne!(key("a", "s"), key("b", "s"));
    }

    #[test]
    fn an_entry_counts_for_its_time_and_not_past_the_tokens_end() {
        let cache = TokenCache::new(Duration::from_secs(1), Duration::from_mins(1));
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let later = Some(SystemTime::now() + Duration::from_secs(100));
        let past = Some(SystemTime::now() - Duration::from_secs(1));
        for (verified, end, fresh, grace) in [
            (ago(0), None, true, true),
            (ago(0), later, true, true),
            (ago(2), later, false, true),
            (ago(61), later, false, false),
            (ago(0), past, false, false),
        ] {
            cache.remember([1; 32], Entry { verified, end, token: Token("t".into()) });
            let found = (cache.fresh(&[1; 32]).is_some(), cache.in_grace(&[1; 32]).is_some());
            assert_eq!(found, (fresh, grace));
        }
        assert!(cache.in_grace(&[2; 32]).is_none());
        cache.forget(&[1; 32]);
        assert!(cache.entries().is_empty());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = TokenCache::new(Duration::from_secs(1), Duration::from_mins(1));
        for number in 0..CAPACITY + 100 {
            let entry = Entry { verified: Instant::now(), end: None, token: Token("t".into()) };
            cache.remember(Sha256::digest(number.to_be_bytes()).into(), entry);
        }
        assert_eq!(cache.entries().len(), CAPACITY);
    }
}
