use rollcall_proto::token::{
    CreateInvitationRequest, CreateSessionRequest, EndSessionRequest, ListAuditEntriesRequest,
    RedeemInvitationRequest, Role, Session, VerifySessionRequest,
};
use rollcall_token_service::clock::DAY;
use tonic::{Code, Status};

use crate::server::{Server, on_both, reason};

const HOUR: i64 = DAY / 24;

fn invitation(role: Role, account: &str, first: bool) -> CreateInvitationRequest {
    CreateInvitationRequest {
        role: role.into(),
        account: account.to_owned(),
        display_name: "Ann".to_owned(),
        first,
        ..Default::default()
    }
}

async fn invite(server: &Server, request: CreateInvitationRequest) -> Result<String, Status> {
    Ok(server.sessions.clone().create_invitation(request).await?.into_inner().secret)
}

async fn redeem(server: &Server, secret: &str) -> Result<(Session, String), Status> {
    let request = RedeemInvitationRequest { secret: secret.to_owned(), address: "192.0.2.1".to_owned() };
    let made = server.sessions.clone().redeem_invitation(request).await?.into_inner();
    Ok((made.session.unwrap(), made.secret))
}

async fn verify(server: &Server, secret: &str) -> Result<Session, Status> {
    let request = VerifySessionRequest { secret: secret.to_owned() };
    Ok(server.sessions.clone().verify_session(request).await?.into_inner())
}

#[tokio::test]
async fn the_first_invitation_is_made_until_somebody_has_signed_in() {
    on_both(async |server| {
        let first = invite(&server, invitation(Role::Operator, "", true)).await.unwrap();
        let again = invite(&server, invitation(Role::Operator, "", true)).await.unwrap();
        assert_ne!(first, again);
        let (session, secret) = redeem(&server, &first).await.unwrap();
        assert_eq!(
            (session.role(), session.display_name.as_str(), session.account.as_str()),
            (Role::Operator, "Ann", "")
        );
        assert_eq!(verify(&server, &secret).await.unwrap(), session);
        let status = invite(&server, invitation(Role::Operator, "", true)).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NOT_THE_FIRST"));
        // Long after, when nothing is left of that session.
        server.pass(60 * DAY);
        invite(&server, invitation(Role::Operator, "", false)).await.unwrap();
        assert!(invite(&server, invitation(Role::Operator, "", true)).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn an_invitation_lets_one_in_once_and_ends() {
    on_both(async |server| {
        let secret = invite(&server, invitation(Role::Operator, "", false)).await.unwrap();
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (server, secret) = (server.clone(), secret.clone());
                tokio::spawn(async move { redeem(&server, &secret).await })
            })
            .collect();
        let mut let_in = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => let_in += 1,
                Err(status) => assert_eq!(status.code(), Code::Unauthenticated, "{status}"),
            }
        }
        assert_eq!(let_in, 1);
        let late = invite(&server, invitation(Role::Operator, "", false)).await.unwrap();
        server.pass(HOUR);
        for secret in [late.as_str(), "", "x", &"x".repeat(100_000)] {
            let status = redeem(&server, secret).await.unwrap_err();
            assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "SIGN_IN_REFUSED"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_an_idle_hour_after_twelve_and_by_signing_out() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let begin = async || {
            let session = Session {
                subject: "https://idp.example#17".to_owned(),
                display_name: "Ben".to_owned(),
                role: Role::CardDesk.into(),
                account: "accounts/acme".to_owned(),
                ..Default::default()
            };
            let request = CreateSessionRequest { session: Some(session), address: String::new() };
            server.sessions.clone().create_session(request).await.unwrap().into_inner().secret
        };
        let idle = begin().await;
        server.pass(HOUR - 1);
        verify(&server, &idle).await.unwrap();
        server.pass(HOUR);
        assert_eq!(verify(&server, &idle).await.unwrap_err().code(), Code::Unauthenticated);

        let busy = begin().await;
        for _ in 0..23 {
            server.pass(HOUR / 2);
            verify(&server, &busy).await.unwrap();
        }
        server.pass(HOUR / 2);
        assert_eq!(verify(&server, &busy).await.unwrap_err().code(), Code::Unauthenticated);

        let done = begin().await;
        let end = |secret: &str| EndSessionRequest { secret: secret.to_owned() };
        let mut sessions = server.sessions.clone();
        for secret in [done.as_str(), done.as_str(), "", "x"] {
            sessions.end_session(end(secret)).await.unwrap();
        }
        assert_eq!(verify(&server, &done).await.unwrap_err().code(), Code::Unauthenticated);
        let list = ListAuditEntriesRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let entries = server.audit.clone().list_audit_entries(list).await.unwrap().into_inner().entries;
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(
            actions,
            ["session.end", "session.begin", "session.begin", "session.begin", "account.create"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_role_has_the_account_that_it_needs() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        for (role, account, code) in [
            (Role::Unspecified, "", Code::InvalidArgument),
            (Role::Operator, "accounts/acme", Code::InvalidArgument),
            (Role::ReadOnly, "", Code::InvalidArgument),
            (Role::ReadOnly, "acme", Code::InvalidArgument),
            (Role::AccountAdministrator, "accounts/nobody", Code::NotFound),
        ] {
            let status = invite(&server, invitation(role, account, false)).await.unwrap_err();
            assert_eq!(status.code(), code, "{role:?} {account}");
        }
        invite(&server, invitation(Role::ReadOnly, "accounts/acme", false)).await.unwrap();
    })
    .await;
}
