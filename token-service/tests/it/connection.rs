use rollcall_proto::token::{
    AuditEntry, ConnectionState, ListAuditEntriesRequest, RecordAuditEntryRequest, WarningKind,
};
use rollcall_token_service::clock::DAY;
use tonic::Code;

use crate::server::{on_both, reason};

#[tokio::test]
async fn a_connection_goes_from_no_token_to_silence() {
    on_both(async |server| {
        assert_eq!(server.connection("acme").await.unwrap_err().code(), Code::NotFound);
        server.account("acme").await.unwrap();
        let state = async || server.connection("acme").await.unwrap().state();
        assert_eq!(state().await, ConnectionState::NoToken);
        let (token, secret) = server.generate("acme").await.unwrap();
        let waiting = server.connection("acme").await.unwrap();
        assert_eq!(
            (waiting.state(), waiting.token.unwrap().name),
            (ConnectionState::Waiting, token.name.clone())
        );
        assert_eq!(waiting.name, "accounts/acme/connection");
        server.verify("acme", &secret).await.unwrap();
        server.flush().await;
        assert_eq!(state().await, ConnectionState::Connected);
        server.pass(60 * DAY);
        assert_eq!(state().await, ConnectionState::Connected);
        server.pass(DAY);
        let silent = server.connection("acme").await.unwrap();
        assert_eq!(silent.state(), ConnectionState::Silent);
        assert_eq!((silent.warnings.len(), silent.warnings[0].kind()), (1, WarningKind::Silent));
        assert!(silent.warnings[0].alarm && silent.warnings[0].message.contains("61 days ago"));
    })
    .await;
}

#[tokio::test]
async fn calls_with_a_token_that_has_ended_are_told_and_answered_like_any_other() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (token, secret) = server.generate("acme").await.unwrap();
        server.verify("acme", &secret).await.unwrap();
        server.flush().await;
        server.pass(366 * DAY);
        let expired = server.connection("acme").await.unwrap();
        assert_eq!(expired.state(), ConnectionState::Expired);
        assert_eq!(expired.warnings[0].kind(), WarningKind::TokenExpired);
        let status = server.verify("acme", &secret).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_REFUSED"));
        server.flush().await;
        let refused = server.connection("acme").await.unwrap();
        assert_eq!((refused.state(), &refused.refused_token), (ConnectionState::Refused, &token.name));
        // The new token in the identity provider restores the connection.
        let (_, secret) = server.generate("acme").await.unwrap();
        server.pass(1);
        server.verify("acme", &secret).await.unwrap();
        server.flush().await;
        let restored = server.connection("acme").await.unwrap();
        assert_eq!((restored.state(), restored.warnings.len()), (ConnectionState::Connected, 0));
    })
    .await;
}

#[tokio::test]
async fn every_change_of_a_token_is_in_the_audit_of_its_account() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        server.account("other").await.unwrap();
        let (token, secret) = server.generate("acme").await.unwrap();
        server.pass(1);
        server.revoke(&token.name).await.unwrap();
        server.revoke(&token.name).await.unwrap();
        let mut audit = server.audit.clone();
        let list = |parent: &str, page_size, page_token: &str| ListAuditEntriesRequest {
            parent: parent.to_owned(),
            page_size,
            page_token: page_token.to_owned(),
        };
        let first = audit.list_audit_entries(list("accounts/acme", 2, "")).await.unwrap().into_inner();
        let rest = audit
            .list_audit_entries(list("accounts/acme", 2, &first.next_page_token))
            .await
            .unwrap()
            .into_inner();
        let entries: Vec<_> = first.entries.into_iter().chain(rest.entries).collect();
        let seen: Vec<_> =
            entries.iter().map(|e| (e.actor.as_str(), e.action.as_str(), e.target.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("unknown", "token.revoke", token.name.as_str()),
                ("test", "token.generate", token.name.as_str()),
                ("unknown", "account.create", "accounts/acme"),
            ]
        );
        assert!(entries.iter().all(|entry| !entry.detail.contains(&secret)));
        let other = audit.list_audit_entries(list("accounts/other", 0, "")).await.unwrap().into_inner();
        assert_eq!(other.entries.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn others_record_what_they_change() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let mut audit = server.audit.clone();
        let request = |parent: &str, action: &str, detail: String| RecordAuditEntryRequest {
            parent: parent.to_owned(),
            entry: Some(AuditEntry {
                actor: "ann".to_owned(),
                action: action.to_owned(),
                detail,
                ..Default::default()
            }),
        };
        let made = audit
            .record_audit_entry(request("accounts/acme", "settings.update", "adoption: off".to_owned()))
            .await
            .unwrap()
            .into_inner();
        assert!(made.name.starts_with("accounts/acme/auditEntries/") && made.time.is_some());
        audit.record_audit_entry(request("accounts/-", "session.refuse", String::new())).await.unwrap();
        for (parent, action, detail, code) in [
            ("accounts/nobody", "a", String::new(), Code::NotFound),
            ("accounts/", "a", String::new(), Code::InvalidArgument),
            ("accounts/acme", "", String::new(), Code::InvalidArgument),
            ("accounts/acme", "A B", String::new(), Code::InvalidArgument),
            ("accounts/acme", "a", "x".repeat(1001), Code::InvalidArgument),
            ("accounts/acme", "a", "\u{1b}[2J".to_owned(), Code::InvalidArgument),
        ] {
            let status = audit.record_audit_entry(request(parent, action, detail)).await.unwrap_err();
            assert_eq!(status.code(), code, "{parent} {action}");
        }
    })
    .await;
}
