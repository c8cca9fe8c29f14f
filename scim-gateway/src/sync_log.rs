//! The sync log: what identity providers asked, and what they were told.
//!
//! [`requests`] is a layer inside of [`auth`](crate::auth), so it knows account and token, and 401s are none of its
//! business. On the way of a request it waits for nothing and looks into no body of one that succeeds: an entry is put
//! into a bounded [`queue`], from which a task ([`SyncLog`]) sends it to token-service.

mod capture;
mod entry;
mod queue;
mod redact;
mod writer;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Instant, SystemTime},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, header};
use rollcall_proto::token::SyncEntry;
use rollcall_serve::trace;

pub(crate) use queue::Queue;
pub use writer::SyncLog;

use crate::{
    auth::Token,
    clients::Gateway,
    forwarded,
    target::{Account, Id},
};
use capture::Captured;
use redact::Removed;

/// The user or group that an answer is about. A handler that has one at hand puts it into the extensions of its answer.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    id: String,
    name: String,
}

impl Subject {
    /// The subject with this resource name, and the `userName` or `displayName`.
    pub(crate) fn new(resource: &str, name: &str) -> Self {
        Self { id: resource.rsplit('/').next().unwrap_or_default().to_owned(), name: entry::short(name) }
    }

    /// Puts it on an answer.
    pub(crate) fn on(self, mut answer: Response) -> Response {
        answer.extensions_mut().insert(self);
        answer
    }
}

/// What was wrong, in the extensions of an answer that is a failure, or that has one in it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) scim_type: &'static str,
    pub(crate) detail: String,
}

/// Records a request once it is answered.
pub(crate) async fn requests(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let (time, start) = (SystemTime::now(), Instant::now());
    let extensions = request.extensions();
    let (Some(account), Some(token)) =
        (extensions.get::<Account>().cloned(), extensions.get::<Token>().cloned())
    else {
        return next.run(request).await;
    };
    let route = extensions.get::<MatchedPath>().cloned();
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let address = peer.map(|peer| client(&gateway, request.headers(), peer));
    let agent = request.headers().get(header::USER_AGENT).cloned();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (request, body) = Captured::watch(request);

    let response = next.run(request).await;

    let (kind, action) = entry::classify(&method, route.as_ref().map_or("", MatchedPath::as_str));
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let account = account.name();
    let mut entry = SyncEntry {
        name: format!("{account}/syncEntries/-"),
        time: Some(time.into()),
        token: token.0.to_string(),
        method: entry::short(method.as_str()),
        kind: kind.into(),
        action: action.into(),
        resource_id: Id::parse(last).map(|id| id.to_string()).unwrap_or_default(),
        status: response.status().as_u16().into(),
        duration: start.elapsed().try_into().ok(),
        agent: agent
            .map(|agent| entry::short(&String::from_utf8_lossy(agent.as_bytes())))
            .unwrap_or_default(),
        trace: trace::current().map(|id| id.to_string()).unwrap_or_default(),
        address: address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
        ..SyncEntry::default()
    };
    if let Some(Subject { id, name }) = response.extensions().get() {
        entry.resource_id.clone_from(id);
        entry.subject.clone_from(name);
    }
    let mut removed = Removed::default();
    entry::set_filter(&mut entry, uri.query(), &mut removed);
    if response.status().as_u16() >= 400 {
        let (size, bytes) = body.take();
        entry::set_body(&mut entry, size, bytes, &mut removed);
    }
    if let Some(Failure { scim_type, detail }) = response.extensions().get() {
        (*scim_type).clone_into(&mut entry.scim_type);
        entry.detail = entry::detail(&removed.scrub(detail));
    }
    gateway.sync_log.push(&account, entry);
    response
}

/// The address of the client: the peer, or who the peer says it is, where it is a proxy that the operator named.
fn client(gateway: &Gateway, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let trusts = |address| gateway.config.trusts(address);
    if trusts(peer) { forwarded::client(headers, trusts).unwrap_or(peer) } else { peer }
}

#[cfg(test)]
mod tests;
