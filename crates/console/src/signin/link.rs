//! Signing in by a link, once.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Path, State},
    response::Response,
};
use http::HeaderMap;
use maud::{Markup, html};
use rollcall_proto::token::RedeemInvitationRequest;
use tonic::Code;

use super::{count, welcome};
use crate::{Console, csrf, error::Error, page};

/// `GET /first-run/{secret}`: asks, and does nothing: programs open links too, to look at what is behind.
pub(crate) async fn ask(Path(secret): Path<String>) -> Markup {
    let body = html! {
        p { "This link lets one person in, once. Go on in the browser that you will work with." }
        form method="post" action={ "/first-run/" (secret) } {
            button.primary type="submit" { "Sign in" }
        }
    };
    page::bare("Sign in", body)
}

/// `POST /first-run/{secret}`.
pub(crate) async fn redeem(
    State(console): State<Arc<Console>>,
    peer: ConnectInfo<SocketAddr>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let address = count(&console, peer)?;
    if !csrf::is_from_here(&headers) {
        return Err(Error::Csrf);
    }
    let request = RedeemInvitationRequest { secret, address };
    match console.services.sessions().redeem_invitation(request).await {
        Ok(made) => Ok(welcome(&made.into_inner().secret, "/")),
        Err(status) if status.code() == Code::Unauthenticated => Err(Error::NotAdmitted(
            "This link was used already, or it has ended. The operator can make another: rollcall console link."
                .to_owned(),
        )),
        Err(status) => Err(status.into()),
    }
}
