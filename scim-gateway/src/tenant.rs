//! For whom a request is done, and under which address.

use std::{net::SocketAddr, sync::Arc};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use crate::{clients::Gateway, error::Error, forwarded, target::Account};

/// The account of a request, the address it was reached by, and the services that can do it. A handler gets it only
/// behind [`auth`](crate::auth).
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) account: Account,
    /// The Tenant URL, which begins every `Location` and `meta.location`; without a slash at its end.
    pub(crate) base: String,
}

impl FromRequestParts<Arc<Gateway>> for Tenant {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        let account = parts.extensions.get::<Account>().cloned().ok_or(Error::Unauthenticated)?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let config = &gateway.config;
        let trusted = peer.is_some_and(|peer| config.trusts(peer));
        let origin = trusted.then(|| forwarded::origin(&parts.headers, config.scheme())).flatten();
        let base = config.base(origin.as_deref(), &account);
        Ok(Self { gateway: Arc::clone(gateway), account, base })
    }
}
