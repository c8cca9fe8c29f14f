//! What was acknowledged is what a station is told: no look-up after an answer is stale.

use futures::future::join_all;
use rollcall_proto::identity::BatchLookupCardsRequest;
use serde_json::json;

use crate::{
    client::{PRINT, USER},
    server::both,
};

/// Writes and look-ups, each write with one after it.
const PAIRS: usize = 10_000;
/// People who are changed at the same time.
const PEOPLE: usize = 20;

#[tokio::test]
async fn ten_thousand_writes_each_seen_by_the_look_up_after_it() {
    both(async |server| {
        let idp = server.idp();
        let people = join_all((0..PEOPLE).map(|at| async move {
            let name = format!("p{at}");
            let body = json!({ "schemas": [USER, PRINT], "userName": name, (PRINT): { "cardNumber": format!("{name}-0") } });
            let id = idp.post("/Users", &body).await.created()["id"].as_str().unwrap().to_owned();
            (name, format!("/Users/{id}"))
        }))
        .await;
        let stale = join_all(people.iter().map(|(name, path)| async move {
            let mut lookups = server.lookups().await;
            let mut stale = Vec::new();
            for round in 1..=PAIRS / PEOPLE {
                // Another card each time; and every third time the person leaves, to come back with the next.
                let (old, new) = (format!("{name}-{}", round - 1), format!("{name}-{round}"));
                let works = round % 3 != 0;
                let operation = json!({ "op": "replace", "path": "active", "value": works });
                let card = json!({ "op": "replace", "path": format!("{PRINT}:cardNumber"), "value": new });
                let answer = idp.patch(path, json!([card, operation])).await;
                assert!(answer.status < 300, "{answer}");
                let request = BatchLookupCardsRequest {
                    parent: "accounts/default".to_owned(),
                    numbers: vec![new.clone(), old],
                    ..BatchLookupCardsRequest::default()
                };
                let found = lookups.batch_lookup_cards(request).await.unwrap().into_inner().results;
                let (now, before) = (found[0].user.as_ref(), found[1].user.as_ref());
                if now.is_some() != works || before.is_some() || now.is_some_and(|user| user.user_name != *name) {
                    stale.push(new);
                }
            }
            stale
        }))
        .await;
        let stale: Vec<String> = stale.into_iter().flatten().collect();
        assert!(stale.is_empty(), "{} stale answers: {:?}", stale.len(), &stale[..stale.len().min(10)]);
    })
    .await;
}
