//! `/Me` (RFC 7644 section 3.11): a bearer token belongs to a connection, not to a person.

use reqwest::Method;

use crate::server::both;

#[tokio::test]
async fn nobody_is_me_and_the_answer_says_why() {
    both(async |server| {
        let idp = server.idp();
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = idp.send(method, "/Me", Some(b"{}".to_vec())).await;
            let detail = answer.error(501, None);
            assert!(detail.contains("a token belongs to an account, not to a user"), "{detail}");
        }
        idp.signed_out().get("/Me").await.error(401, None);
    })
    .await;
}
