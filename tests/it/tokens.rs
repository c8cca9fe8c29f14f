//! Every token but a live one of the account gets the same answer, byte by byte.

use std::time::Duration;

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection};
use rollcall_db::Address;
use rollcall_proto::token::{ListTokensRequest, RevokeTokenRequest};

use crate::{
    client::{Answer, Client},
    server::{Server, both},
};

/// What a client can see of an answer, without the time.
fn visible(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!("{}\n{}\n{}", answer.status, headers.join("\n"), answer.text)
}

async fn refused(client: &Client) -> String {
    let answer = client.get("/Users").await;
    answer.error(401, None);
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer}");
    visible(&answer)
}

#[tokio::test]
async fn all_401_look_alike() {
    both(async |server| {
        let idp = server.idp();
        let other = server.new_account("acme").await;
        let secret = server.new_token("acme").await;
        let acme = other.with_token(&secret);
        acme.get("/Users").await.ok();

        let flipped: String = {
            let at = secret.len() - 10;
            let character = secret.as_bytes()[at] as char;
            let changed = if character.is_ascii_lowercase() {
                character.to_ascii_uppercase()
            } else if character.is_ascii_uppercase() {
                character.to_ascii_lowercase()
            } else {
                'x'
            };
            format!("{}{changed}{}", &secret[..at], &secret[at + 1..])
        };
        let middle = secret.len() / 2;
        let mut answers = vec![("no token", refused(&acme.signed_out()).await)];
        for (says, token) in [
            ("a character missing at the end", secret[..secret.len() - 1].to_owned()),
            ("a character missing at the start", secret[1..].to_owned()),
            ("a character missing within", format!("{}{}", &secret[..middle], &secret[middle + 1..])),
            ("doubled", format!("{secret}{secret}")),
            ("a doubled last character", format!("{secret}{}", &secret[secret.len() - 1..])),
            ("truncated to half", secret[..middle].to_owned()),
            ("the prefix alone", "rollcall_scim_".to_owned()),
            ("a case flipped", flipped),
            ("upper case", secret.to_uppercase()),
            ("nonsense", "nonsense".to_owned()),
            ("empty", String::new()),
            ("not ASCII", "\u{e4}\u{f6}\u{fc}".to_owned()),
            ("very long", "x".repeat(20_000)),
            ("a space within", format!("{} {}", &secret[..middle], &secret[middle..])),
        ] {
            answers.push((says, refused(&acme.with_token(&token)).await));
        }
        for header in [
            secret.clone(),
            format!("Basic {secret}"),
            format!("Token {secret}"),
            "Bearer".to_owned(),
            "non-token".to_owned(),
        ] {
            answers.push(("another scheme", refused(&acme.header("authorization", &header)).await));
        }
        answers.push(("a token of another account", refused(&idp.at(&acme)).await));
        answers.push(("at an account of another token", refused(&acme.at(idp)).await));
        let nobody = Client::new(format!("{}/nobody/scim/v2", server.scim), &secret);
        answers.push(("an account that there is not", refused(&nobody).await));
        for path in ["/Nothing", "/ServiceProviderConfig", "/Users/x"] {
            let answer = acme.signed_out().get(path).await;
            answers.push(("another address", visible(&answer)));
        }
        let (_, first) = answers[0].clone();
        for (says, answer) in answers {
            assert_eq!(answer, first, "{says}");
        }
        acme.get("/Users").await.ok();
        let lower = acme.header("authorization", &format!("bearer {secret}"));
        lower.get("/Users").await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_is_dead_within_a_second_and_an_expired_one_at_once() {
    both(async |server| {
        let acme = server.new_account("acme").await;
        acme.get("/Users").await.ok();
        let mut tokens = server.tokens().await;
        let list = ListTokensRequest { parent: "accounts/acme".to_owned(), ..ListTokensRequest::default() };
        let name = tokens.list_tokens(list).await.unwrap().into_inner().tokens[0].name.clone();
        tokens.revoke_token(RevokeTokenRequest { name: name.clone(), actor: String::new() }).await.unwrap();
        tokens.revoke_token(RevokeTokenRequest { name, actor: String::new() }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let revoked = refused(&acme).await;

        let expired = acme.with_token(&server.new_token("acme").await);
        expire_all(server);
        assert_eq!(refused(&expired).await, revoked);
        acme.with_token(&server.new_token("acme").await).get("/Users").await.ok();
    })
    .await;
}

/// Moves the end of every token into the past, as no rpc can.
fn expire_all(server: &Server) {
    let statement = diesel::sql_query("UPDATE tokens SET expires_at = 1000");
    match &server.store.tokens().address {
        Address::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            statement.execute(&mut connection).unwrap();
        }
        Address::Postgres(url) => {
            let mut connection = PgConnection::establish(url.as_str()).unwrap();
            statement.execute(&mut connection).unwrap();
        }
    }
}

#[tokio::test]
async fn the_use_of_a_token_is_noted() {
    both(async |server| {
        let acme = server.new_account("acme").await;
        acme.get("/Users").await.ok();
        let mut tokens = server.tokens().await;
        let list = ListTokensRequest { parent: "accounts/acme".to_owned(), ..ListTokensRequest::default() };
        for _ in 0..100 {
            let token = tokens.list_tokens(list.clone()).await.unwrap().into_inner().tokens.remove(0);
            if token.last_use_time.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the use of the token was not noted within 20 seconds");
    })
    .await;
}
