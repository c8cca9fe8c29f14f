use rollcall_proto::token::{GetAccountRequest, TokenState};
use rollcall_token_service::{clock::DAY, secret::PlainSecret};
use tonic::Code;

use crate::server::{days, on_both};

#[tokio::test]
async fn a_live_token_is_known_to_its_account_only() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        server.account("other").await.unwrap();
        let (made, secret) = server.generate("acme").await.unwrap();
        let token = server.verify("acme", &secret).await.unwrap();
        assert_eq!(token.state(), TokenState::Active);
        assert_eq!(token.name, made.name);
        assert_eq!(server.verify("other", &secret).await.unwrap_err().code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn every_refusal_looks_the_same() {
    on_both(async |server| {
        for account in ["acme", "other"] {
            server.account(account).await.unwrap();
        }
        let (_, expired) = server.generate_with("acme", days(30), None).await.unwrap();
        server.pass(30 * DAY);
        let (revoked, revoked_secret) = server.generate("acme").await.unwrap();
        server.revoke(&revoked.name).await.unwrap();
        let (_, retired) = server.generate("acme").await.unwrap();
        let (_, live) = server.generate_with("acme", None, days(0)).await.unwrap();
        let unknown = PlainSecret::generate().unwrap().into_exposed();
        server.verify("acme", &live).await.unwrap();

        let missing = &live[..live.len() - 1];
        let doubled = format!("{live}{live}");
        let refusals = [
            ("acme", expired.as_str()),
            ("acme", &revoked_secret),
            ("acme", &retired),
            ("acme", &unknown),
            ("acme", missing),
            ("acme", &live[1..]),
            ("acme", &doubled),
            ("acme", ""),
            ("acme", "\0"),
            ("other", &live),
            ("nobody", &live),
            ("NOT AN ID", &live),
            ("", &live),
        ];
        let mut answers = Vec::new();
        for (account, secret) in refusals {
            let status = server.verify(account, secret).await.unwrap_err();
            answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
        }
        assert_eq!(answers[0].0, Code::Unauthenticated);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn the_last_use_is_written_later_and_never_goes_back() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (_, secret) = server.generate("acme").await.unwrap();
        for _ in 0..3 {
            server.pass(1_000);
            server.verify("acme", &secret).await.unwrap();
        }
        assert!(server.list("acme").await.unwrap()[0].last_use_time.is_none());
        server.flush().await;
        let token = server.list("acme").await.unwrap().remove(0);
        let used = token.last_use_time.unwrap();
        assert_eq!(used.seconds - token.create_time.unwrap().seconds, 3);
        let request = GetAccountRequest { name: "accounts/acme".to_owned() };
        let account = server.accounts.clone().get_account(request).await.unwrap().into_inner();
        assert_eq!(account.last_access_time, Some(used));

        server.pass(-2_000);
        server.verify("acme", &secret).await.unwrap();
        server.flush().await;
        assert_eq!(server.list("acme").await.unwrap()[0].last_use_time, Some(used));
    })
    .await;
}

#[tokio::test]
async fn nothing_of_the_secret_is_in_a_message_but_its_prefix() {
    on_both(async |server| {
        server.account("acme").await.unwrap();
        let (token, secret) = server.generate("acme").await.unwrap();
        let listed = format!("{token:?} {:?}", server.list("acme").await.unwrap());
        assert!(!listed.contains(&secret[..20]));
    })
    .await;
}
