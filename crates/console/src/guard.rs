//! A channel that lets through what a role may call.

use rollcall_proto::token::Role;
use rollcall_serve::Channel;
use tonic::{Status, body::Body};
use tower::{Service as _, ServiceExt as _};

use crate::policy;

/// The channel as somebody with this role may use it: any other call is PERMISSION_DENIED, and does not leave.
pub(crate) fn role(channel: Channel, role: Role) -> Channel {
    Channel::new(tower::service_fn(move |request: http::Request<Body>| {
        let mut channel = channel.clone();
        async move {
            if !policy::allows(role, request.uri().path()) {
                return Ok(Status::permission_denied("your role does not allow this").into_http());
            }
            channel.ready().await?.call(request).await
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use rollcall_proto::token::{
        GenerateTokenRequest, ListTokensRequest, token_service_client::TokenServiceClient,
    };
    use tonic::Code;

    use super::*;

    #[tokio::test]
    async fn what_a_role_may_not_call_does_not_leave() {
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&calls);
        let far = Channel::new(tower::service_fn(move |_: http::Request<Body>| {
            seen.fetch_add(1, Ordering::Relaxed);
            async { Ok(Status::not_found("reached").into_http()) }
        }));
        let mut tokens = TokenServiceClient::new(role(far, Role::ReadOnly));
        let listed = tokens.list_tokens(ListTokensRequest::default()).await.unwrap_err();
        assert_eq!((listed.code(), calls.load(Ordering::Relaxed)), (Code::NotFound, 1));
        let made = tokens.generate_token(GenerateTokenRequest::default()).await.unwrap_err();
        assert_eq!((made.code(), calls.load(Ordering::Relaxed)), (Code::PermissionDenied, 1));
    }
}
