//! Who is looking: the session behind the cookie.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use rollcall_proto::token::{Session, VerifySessionRequest};
use tonic::Code;

use crate::{Console, clients::Clients, cookie_jar, csrf::Csrf, error::Error, policy};

/// Somebody who is signed in. A handler that takes one is not reached by anybody else.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    pub(crate) session: Session,
    pub(crate) csrf: Csrf,
    /// The services, as far as the role and the account go.
    pub(crate) clients: Clients,
    pub(crate) console: Arc<Console>,
}

impl Viewer {
    /// Whether the role allows an rpc, such as `TokenService/GenerateToken`: what is not allowed is not offered either.
    pub(crate) fn may(&self, rpc: &str) -> bool {
        policy::allows_short(self.session.role(), rpc)
    }

    /// The name for the record.
    pub(crate) fn actor(&self) -> String {
        self.session.display_name.clone()
    }

    /// The id of the one account that the viewer may see; `None` for operators, who may see all.
    pub(crate) fn account(&self) -> Option<&str> {
        self.session.account.strip_prefix("accounts/")
    }
}

impl FromRequestParts<Arc<Console>> for Viewer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Error> {
        let next = || Error::SignIn { next: parts.uri.path_and_query().map(ToString::to_string) };
        let secret = cookie_jar::get(&parts.headers, cookie_jar::SESSION).ok_or_else(next)?;
        let request = VerifySessionRequest { secret: secret.clone() };
        match console.services.sessions().verify_session(request).await {
            Ok(session) => {
                let session = session.into_inner();
                let clients = console.services.of(&session);
                Ok(Self { session, csrf: Csrf::of(&secret), clients, console: Arc::clone(console) })
            }
            Err(status) if status.code() == Code::Unauthenticated => Err(next()),
            Err(status) => Err(status.into()),
        }
    }
}

impl OptionalFromRequestParts<Arc<Console>> for Viewer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Option<Self>, Error> {
        match <Self as FromRequestParts<Arc<Console>>>::from_request_parts(parts, console).await {
            Ok(viewer) => Ok(Some(viewer)),
            Err(Error::SignIn { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
