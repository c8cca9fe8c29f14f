//! A channel that lets through what somebody may call, about the account that is theirs.

use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use rollcall_proto::token::{Role, Session};
use rollcall_serve::Channel;
use tonic::{Status, body::Body};
use tower::{Service as _, ServiceExt as _};

use crate::policy;

/// The flag and the length in front of a message (gRPC over HTTP/2, Length-Prefixed-Message).
const FRAME: usize = 5;

/// The channel as the holder of a session may use it: any other call is PERMISSION_DENIED, and does not leave.
///
/// Pages look at the account in the address before they call. This is the second door, for the page that forgets.
pub(crate) fn of(channel: Channel, session: &Session) -> Channel {
    let role = session.role();
    // Operators have all accounts; everybody else has one.
    let own = (role != Role::Operator).then(|| session.account.clone());
    Channel::new(tower::service_fn(move |request: http::Request<Body>| {
        let (mut channel, own) = (channel.clone(), own.clone());
        async move {
            if !policy::allows(role, request.uri().path()) {
                return Ok(Status::permission_denied("your role does not allow this").into_http());
            }
            let Some(own) = own else { return channel.ready().await?.call(request).await };
            let (head, mut body) = request.into_parts();
            let Some(first) = first_message(&mut body).await else {
                return Ok(Status::internal("the request cannot be read").into_http());
            };
            if !is_about(&first, &own) {
                return Ok(Status::permission_denied("this is not your account").into_http());
            }
            // What follows in a stream belongs to its first message, and is not held here.
            let rest = stream::unfold(body, async |mut body| Some((body.frame().await?, body)));
            let whole = stream::iter([Ok(Frame::data(first))]).chain(rest);
            let request = http::Request::from_parts(head, Body::new(StreamBody::new(whole)));
            channel.ready().await?.call(request).await
        }
    }))
}

/// The bytes of a request up to the end of its first message, and what came with them.
async fn first_message(body: &mut Body) -> Option<Bytes> {
    let mut bytes = BytesMut::new();
    loop {
        let length = bytes.get(1..FRAME).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
        let whole = length.and_then(|length| usize::try_from(length).ok()).map(|length| FRAME + length);
        if whole.is_some_and(|whole| bytes.len() >= whole) {
            return Some(bytes.freeze());
        }
        match body.frame().await {
            Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
            Some(Err(_)) => return None,
            None => return Some(bytes.freeze()),
        }
    }
}

/// Whether a call is about an account or something in it. By convention the first field of each request says so: as
/// `name` or `parent`, or as the resource that is changed, whose own first field is its `name`. A request that says
/// nothing is about no account. What is read here was written by our own clients, in the order of the fields.
fn is_about(body: &[u8], account: &str) -> bool {
    let first = body.get(FRAME..).and_then(first_field);
    let name = first.and_then(|it| if it.starts_with(b"accounts/") { Some(it) } else { first_field(it) });
    let within = name.and_then(|name| name.strip_prefix(account.as_bytes()));
    !account.is_empty() && within.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The content of field 1, a string or message, where a message begins with it (Protocol Buffers, Message Structure).
fn first_field(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message.strip_prefix(&[0x0a])?;
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let (byte, behind) = rest.split_first()?;
        length |= usize::from(byte & 0x7f) << shift;
        rest = behind;
        if byte & 0x80 == 0 {
            return rest.get(..length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use http_body_util::Full;
    use prost::Message;
    use rollcall_proto::{
        identity::{ReplaceUserRequest, User},
        token::{GenerateTokenRequest, ListAccountsRequest, token_service_client::TokenServiceClient},
    };
    use tonic::Code;

    use super::*;

    fn session(role: Role) -> Session {
        let account = if role == Role::Operator { "" } else { "accounts/acme" };
        Session { role: role.into(), account: account.to_owned(), ..Session::default() }
    }

    /// A channel that counts what reaches it.
    fn far() -> (Channel, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&calls);
        let far = Channel::new(tower::service_fn(move |_: http::Request<Body>| {
            seen.fetch_add(1, Ordering::Relaxed);
            async { Ok(Status::not_found("reached").into_http()) }
        }));
        (far, calls)
    }

    fn framed(message: &impl Message) -> Vec<u8> {
        let message = message.encode_to_vec();
        [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat()
    }

    #[tokio::test]
    async fn each_rpc_as_each_role_in_its_own_account_and_in_another() {
        // The first field of any request, for want of a request of each.
        let about = |account: &str| {
            framed(&GenerateTokenRequest { parent: account.to_owned(), ..GenerateTokenRequest::default() })
        };
        for (rpc, who) in policy::RULES {
            for role in [Role::Operator, Role::AccountAdministrator, Role::CardDesk, Role::ReadOnly] {
                for (account, own) in [
                    ("accounts/acme", true),
                    ("accounts/acme/users/1", true),
                    ("accounts/acme2", false),
                    ("accounts/other/users/acme", false),
                    ("accounts/acm", false),
                    ("acme", false),
                    ("", false),
                ] {
                    let (far, calls) = far();
                    let body = Body::new(Full::<Bytes>::new(about(account).into()));
                    let request = http::Request::post(format!("http://far/{rpc}")).body(body).unwrap();
                    of(far, &session(role)).call(request).await.unwrap();
                    let reached = calls.load(Ordering::Relaxed) == 1;
                    let may = who.contains(&role) && (own || role == Role::Operator);
                    assert_eq!(reached, may, "{rpc} as {role:?} about {account:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_client_is_told_so() {
        let (far, calls) = far();
        let mut tokens = TokenServiceClient::new(of(far, &session(Role::AccountAdministrator)));
        for (account, code, reached) in [
            ("accounts/acme", Code::NotFound, 1),
            ("accounts/other", Code::PermissionDenied, 1),
            ("accounts/acme", Code::NotFound, 2),
        ] {
            let request =
                GenerateTokenRequest { parent: account.to_owned(), ..GenerateTokenRequest::default() };
            let refused = tokens.generate_token(request).await.unwrap_err();
            assert_eq!((refused.code(), calls.load(Ordering::Relaxed)), (code, reached), "{account}");
        }
    }

    #[test]
    fn whom_a_request_is_about() {
        let replace = |name: &str| {
            let user = User { name: name.to_owned(), user_name: "ann".to_owned(), ..User::default() };
            framed(&ReplaceUserRequest { user: Some(user), ..ReplaceUserRequest::default() })
        };
        let long = format!("accounts/acme/users/{}", "x".repeat(300));
        assert!(is_about(&replace("accounts/acme/users/1"), "accounts/acme"));
        assert!(is_about(&replace(&long), "accounts/acme"));
        assert!(!is_about(&replace("accounts/other/users/1"), "accounts/acme"));
        assert!(!is_about(&replace(""), "accounts/acme"));
        assert!(!is_about(&replace("accounts/acme/users/1"), ""));
        assert!(!is_about(&framed(&ListAccountsRequest::default()), "accounts/acme"));
        let whole = replace(&long);
        for end in 0..whole.len().min(40) {
            assert!(!is_about(&whole[..end], "accounts/acme"), "cut after {end}");
        }
        assert!(!is_about(&[0, 0, 0, 0, 9, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff], "accounts/acme"));
    }
}
