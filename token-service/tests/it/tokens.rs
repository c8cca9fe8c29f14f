use prost_types::Duration;
use rollcall_proto::token::{
    GenerateTokenRequest, ListAuditEntriesRequest, ListTokensRequest, RetireTokenRequest, TokenState,
};
use rollcall_token_service::clock::DAY;
use tonic::Code;

use crate::server::{days, on_both, reason};

const HOUR: i64 = DAY / 24;

#[tokio::test]
async fn a_token_has_the_life_that_was_asked_for() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (token, secret) = server.generate("acme").await.unwrap();
        assert!(token.name.starts_with("accounts/acme/tokens/"));
        assert_eq!(token.state(), TokenState::Active);
        assert_eq!(token.created_by, "test");
        assert!(secret.starts_with(&token.prefix) && secret.len() == 50 && token.prefix.len() == 18);
        let life = token.expire_time.unwrap().seconds - token.create_time.unwrap().seconds;
        assert_eq!(life, 365 * DAY / 1000);

        let (token, _) = server.generate_with("acme", days(30), None).await.unwrap();
        let life = token.expire_time.unwrap().seconds - token.create_time.unwrap().seconds;
        assert_eq!(life, 30 * DAY / 1000);
    })
    .await;
}

#[tokio::test]
async fn bad_input_names_the_field_and_makes_nothing() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let minus = Some(Duration { seconds: -1, nanos: 0 });
        for (ttl, overlap, field) in [
            (days(29), None, "ttl: "),
            (days(731), None, "ttl: "),
            (minus, None, "ttl: "),
            (None, days(8), "overlap: "),
            (None, minus, "overlap: "),
        ] {
            let status = server.generate_with("acme", ttl, overlap).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().starts_with(field), "{}", status.message());
        }
        let request = GenerateTokenRequest {
            parent: "accounts/acme".to_owned(),
            created_by: "x".repeat(256),
            ..Default::default()
        };
        let status = server.tokens.clone().generate_token(request).await.unwrap_err();
        assert!(status.message().starts_with("created_by: "), "{}", status.message());
        for (account, code) in [("nobody", Code::NotFound), ("NO", Code::InvalidArgument)] {
            assert_eq!(server.generate(account).await.unwrap_err().code(), code);
            assert_eq!(server.list(account).await.unwrap_err().code(), code);
        }
        assert!(server.list("acme").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_replaced_token_works_for_the_overlap() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (old, old_secret) = server.generate("acme").await.unwrap();
        let (new, new_secret) = server.generate("acme").await.unwrap();
        let list = server.list("acme").await.unwrap();
        let states: Vec<_> = list.iter().map(|token| (token.name.as_str(), token.state())).collect();
        assert_eq!(
            states,
            [(new.name.as_str(), TokenState::Active), (old.name.as_str(), TokenState::Retiring)]
        );
        server.pass(24 * HOUR - 1);
        server.verify("acme", &old_secret).await.unwrap();
        server.pass(1);
        assert_eq!(server.verify("acme", &old_secret).await.unwrap_err().code(), Code::Unauthenticated);
        server.verify("acme", &new_secret).await.unwrap();
        assert_eq!(server.list("acme").await.unwrap()[1].state(), TokenState::Retired);
    })
    .await;
}

#[tokio::test]
async fn without_an_overlap_the_old_token_ends_at_once() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (_, old) = server.generate("acme").await.unwrap();
        let (_, new) = server.generate_with("acme", None, days(0)).await.unwrap();
        assert_eq!(server.verify("acme", &old).await.unwrap_err().code(), Code::Unauthenticated);
        server.verify("acme", &new).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_replaced_token_retires_once_the_new_one_has_been_at_work_alone_for_an_hour() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (_, old) = server.generate("acme").await.unwrap();
        let (_, new) = server.generate_with("acme", None, days(7)).await.unwrap();
        // Tried once by an administrator, while the identity provider goes on with the old one.
        server.verify("acme", &new).await.unwrap();
        server.verify("acme", &old).await.unwrap();
        server.flush().await;
        server.pass(HOUR - 1);
        server.verify("acme", &old).await.unwrap();
        server.verify("acme", &new).await.unwrap();
        server.flush().await;
        server.pass(2);
        server.verify("acme", &new).await.unwrap();
        server.flush().await;
        server.verify("acme", &old).await.unwrap();
        server.flush().await;
        // Then the new one alone.
        server.pass(HOUR);
        server.verify("acme", &new).await.unwrap();
        server.flush().await;
        assert_eq!(server.verify("acme", &old).await.unwrap_err().code(), Code::Unauthenticated);
        server.verify("acme", &new).await.unwrap();
        assert_eq!(server.list("acme").await.unwrap()[1].state(), TokenState::Retired);
        let list = ListAuditEntriesRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let audit = server.audit.clone().list_audit_entries(list).await.unwrap().into_inner().entries;
        assert_eq!((audit[0].actor.as_str(), audit[0].action.as_str()), ("rollcall", "token.retire"));
    })
    .await;
}

#[tokio::test]
async fn a_replaced_token_retires_when_it_is_told_to() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (old, old_secret) = server.generate("acme").await.unwrap();
        let retire = |name: &str| RetireTokenRequest { name: name.to_owned(), actor: "ann".to_owned() };
        let mut tokens = server.tokens.clone();
        let status = tokens.retire_token(retire(&old.name)).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::FailedPrecondition, "TOKEN_NOT_REPLACED")
        );
        server.verify("acme", &old_secret).await.unwrap();
        let (new, _) = server.generate("acme").await.unwrap();
        let retired = tokens.retire_token(retire(&old.name)).await.unwrap().into_inner();
        assert_eq!(retired.state(), TokenState::Retired);
        assert_eq!(tokens.retire_token(retire(&old.name)).await.unwrap().into_inner(), retired);
        assert_eq!(server.verify("acme", &old_secret).await.unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(
            tokens.retire_token(retire(&new.name)).await.unwrap_err().code(),
            Code::FailedPrecondition
        );
        let unknown = format!("accounts/other/tokens/{}", uuid(7));
        assert_eq!(tokens.retire_token(retire(&unknown)).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_replaced_on_its_last_day_retires_like_any_other() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (old, secret) = server.generate_with("acme", days(30), None).await.unwrap();
        server.pass(30 * DAY - 12 * HOUR);
        server.generate("acme").await.unwrap();
        let list = server.list("acme").await.unwrap();
        assert_eq!((list[1].state(), list[1].retire_time), (TokenState::Retiring, list[1].expire_time));
        server.verify("acme", &secret).await.unwrap();
        let retire = RetireTokenRequest { name: old.name, actor: String::new() };
        let retired = server.tokens.clone().retire_token(retire).await.unwrap().into_inner();
        assert_eq!(retired.state(), TokenState::Retired);
    })
    .await;
}

#[tokio::test]
async fn the_last_token_that_works_is_not_retired() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (old, old_secret) = server.generate("acme").await.unwrap();
        let (new, new_secret) = server.generate_with("acme", None, days(7)).await.unwrap();
        server.verify("acme", &new_secret).await.unwrap();
        server.flush().await;
        server.pass(2 * HOUR);
        // Used a last time, and revoked before that is written.
        server.verify("acme", &new_secret).await.unwrap();
        server.revoke(&new.name).await.unwrap();
        server.flush().await;
        server.verify("acme", &old_secret).await.unwrap();
        let retire = RetireTokenRequest { name: old.name, actor: String::new() };
        let status = server.tokens.clone().retire_token(retire).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::FailedPrecondition, "TOKEN_NOT_REPLACED")
        );
    })
    .await;
}

#[tokio::test]
async fn uses_that_are_written_together_are_weighed_together() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (_, old) = server.generate("acme").await.unwrap();
        let (_, new) = server.generate_with("acme", None, days(7)).await.unwrap();
        server.verify("acme", &new).await.unwrap();
        server.flush().await;
        for _ in 0..8 {
            server.pass(2 * HOUR);
            server.verify("acme", &new).await.unwrap();
            server.verify("acme", &old).await.unwrap();
            server.flush().await;
            server.verify("acme", &old).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_makes_one_token_however_often_it_arrives() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        server.account("other").await.unwrap();
        let request = |account: &str, id: String| GenerateTokenRequest {
            parent: format!("accounts/{account}"),
            request_id: id,
            ..Default::default()
        };
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (mut tokens, request) = (server.tokens.clone(), request("acme", uuid(1)));
                tokio::spawn(async move { tokens.generate_token(request).await })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => made += 1,
                Err(status) => {
                    assert_eq!(status.code(), Code::AlreadyExists, "{status}");
                    assert_eq!(reason(&status), "TOKEN_ALREADY_GENERATED");
                }
            }
        }
        assert_eq!((made, server.list("acme").await.unwrap().len()), (1, 1));
        // One spelling or another is one id; another account has ids of its own.
        let mut tokens = server.tokens.clone();
        let again = tokens.generate_token(request("acme", uuid(1).to_uppercase())).await.unwrap_err();
        assert_eq!(again.code(), Code::AlreadyExists);
        tokens.generate_token(request("other", uuid(1))).await.unwrap();
        tokens.generate_token(request("acme", uuid(2))).await.unwrap();
        for bad in ["1", "x".repeat(5000).as_str(), "\0"] {
            let status = tokens.generate_token(request("acme", bad.to_owned())).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().starts_with("request_id: "), "{}", status.message());
        }
    })
    .await;
}

fn uuid(n: u128) -> String {
    format!("00000000-0000-7000-8000-{n:012x}")
}

#[tokio::test]
async fn a_third_live_token_is_refused_with_a_way_out() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (first, _) = server.generate("acme").await.unwrap();
        server.generate("acme").await.unwrap();
        let status = server.generate("acme").await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "TWO_TOKENS_LIVE"));
        assert_eq!(
            status.message(),
            "two tokens are live already: revoke one of them, or wait until 2026-01-02 00:00 UTC, when the first of \
             them ends"
        );
        server.revoke(&first.name).await.unwrap();
        server.generate("acme").await.unwrap();
        server.pass(24 * HOUR);
        server.generate("acme").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn sixteen_at_once_make_two_tokens() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let server = server.clone();
                tokio::spawn(async move { server.generate("acme").await })
            })
            .collect();
        let mut made = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok((_, secret)) => made.push(secret),
                Err(status) => assert_eq!(status.code(), Code::FailedPrecondition, "{status}"),
            }
        }
        assert_eq!(made.len(), 2);
        for secret in made {
            server.verify("acme", &secret).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn revoking_ends_a_token_at_once_and_twice_is_a_success() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        server.account("other").await.unwrap();
        let (token, secret) = server.generate("acme").await.unwrap();
        let first = server.revoke(&token.name).await.unwrap();
        assert_eq!(first.state(), TokenState::Revoked);
        assert_eq!(server.verify("acme", &secret).await.unwrap_err().code(), Code::Unauthenticated);
        server.pass(HOUR);
        assert_eq!(server.revoke(&token.name).await.unwrap().revoke_time, first.revoke_time);

        let unknown = token.name.replace("acme", "other");
        for (name, code) in [
            (unknown.as_str(), Code::NotFound),
            (&unknown.replace("other", "nobody"), Code::NotFound),
            ("accounts/acme/tokens/x", Code::InvalidArgument),
            ("", Code::InvalidArgument),
        ] {
            assert_eq!(server.revoke(name).await.unwrap_err().code(), code, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_hold_every_token_once_newest_first() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        server.account("other").await.unwrap();
        server.generate("other").await.unwrap();
        let mut made = Vec::new();
        for _ in 0..5 {
            let (token, _) = server.generate_with("acme", None, days(0)).await.unwrap();
            made.insert(0, token.name);
        }
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListTokensRequest { parent: "accounts/acme".to_owned(), page_size: 2, page_token };
            let page = server.tokens.clone().list_tokens(request).await.unwrap().into_inner();
            seen.extend(page.tokens.into_iter().map(|token| token.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, made);
        let request = ListTokensRequest {
            parent: "accounts/acme".to_owned(),
            page_token: "x\0".to_owned(),
            ..Default::default()
        };
        let status = server.tokens.clone().list_tokens(request).await.unwrap_err();
        assert!(status.message().starts_with("page_token: "), "{}", status.message());
    })
    .await;
}
