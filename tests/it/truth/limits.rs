//! Limits hold at their figures and not below.

use futures::{StreamExt as _, stream};
use serde_json::json;

use super::world::{World, items};
use crate::server::both;

#[tokio::test]
async fn a_page_is_as_large_as_advertised_and_no_larger() {
    both(async |server| {
        let idp = server.idp();
        let world = World::discover(idp).await;
        let most = usize::try_from(world.config["filter"]["maxResults"].as_u64().unwrap()).unwrap();
        let kind = &world.types[0];
        stream::iter(0..=most)
            .map(|seed| {
                let body = seeded(&world, seed);
                async move { idp.post(&kind.endpoint, &body).await.is(201) }
            })
            .buffer_unordered(16)
            .collect::<Vec<_>>()
            .await;
        let pagination = &world.config["pagination"];
        if let Some(largest) = pagination["maxPageSize"].as_u64() {
            assert_eq!(usize::try_from(largest).unwrap(), most, "both say how large a page may be");
        }
        let resources = |answer: &crate::client::Answer| {
            assert_eq!(answer["totalResults"], json!(most + 1), "{}", answer.status);
            items(&answer["Resources"]).len()
        };
        for filter in ["", "id pr"] {
            for (count, expected) in [(most - 1, most - 1), (most, most), (most + 1, most)] {
                let count = count.to_string();
                let answer =
                    idp.query(&kind.endpoint, &[("count", &count), ("filter", filter)]).await.is(200);
                assert_eq!(resources(&answer), expected, "count={count}&filter={filter}");
            }
        }
        if let Some(default) = pagination["defaultPageSize"].as_u64() {
            let answer = idp.get(&kind.endpoint).await.is(200);
            assert_eq!(resources(&answer), usize::try_from(default).unwrap().min(most + 1));
        }
        if pagination["cursor"] == true {
            let count = most.to_string();
            let answer = idp.query(&kind.endpoint, &[("cursor", ""), ("count", &count)]).await.is(200);
            assert_eq!(items(&answer["Resources"]).len(), most);
            let count = (most + 1).to_string();
            let answer = idp.query(&kind.endpoint, &[("cursor", ""), ("count", &count)]).await;
            // RFC 9865 section 2.1: a count above the limit may be refused; it is never obeyed.
            assert!(answer.status == 400 || items(&answer["Resources"]).len() == most, "{}", answer.status);
        }
    })
    .await;
}

fn seeded(world: &World, seed: usize) -> serde_json::Value {
    let mut body = world.types[0].bare(world, seed);
    body["externalId"] = json!(seed.to_string());
    body
}
