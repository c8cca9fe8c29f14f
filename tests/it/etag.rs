//! Versions (RFC 7644 section 3.14): If-None-Match on reads, If-Match on writes.

use futures::future::join_all;
use serde_json::json;

use crate::{
    client::{GROUP, USER},
    server::both,
};

#[tokio::test]
async fn a_read_of_what_is_known_is_304() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let group = idp.new_group("g", &[&ann]).await;
        for path in [format!("/Users/{ann}"), format!("/Groups/{group}")] {
            let version = idp.get(&path).await.ok().version();
            assert!(version.starts_with("W/\""), "{version}");
            for known in [version.clone(), "*".to_owned(), format!("W/\"x\", {version}")] {
                let answer = idp.header("if-none-match", &known).get(&path).await.is(304);
                assert_eq!(answer.text, "");
                assert_eq!(answer.header("etag"), version);
            }
            idp.header("if-none-match", "W/\"x\"").get(&path).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_write_upon_an_old_version_is_412_and_changes_nothing() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let group = idp.new_group("g", &[&ann]).await;
        for (path, body) in [
            (format!("/Users/{ann}"), json!({ "schemas": [USER], "userName": "ann", "displayName": "put" })),
            (format!("/Groups/{group}"), json!({ "schemas": [GROUP], "displayName": "put" })),
        ] {
            let first = idp.get(&path).await.ok().version();
            let change = |name: &str| json!([{ "op": "replace", "path": "displayName", "value": name }]);
            let answer = idp.header("if-match", &first).patch(&path, change("one")).await;
            assert!([200, 204].contains(&answer.status), "{answer}");
            let second = idp.get(&path).await.ok().version();
            assert_ne!(first, second);
            let before = idp.listing().await;
            let late = idp.header("if-match", &first);
            late.patch(&path, change("two")).await.error(412, None);
            late.put(&path, &body).await.error(412, None);
            late.delete(&path).await.error(412, None);
            assert_eq!(idp.listing().await, before);
            let any = idp.header("if-match", "*");
            any.put(&path, &body).await.ok();
            let listed = format!("W/\"x\", {}", idp.get(&path).await.ok().version());
            idp.header("if-match", &listed).delete(&path).await.no_content();
            any.delete(&path).await;
            idp.get(&path).await.error(404, None);
        }
    })
    .await;
}

#[tokio::test]
async fn what_changes_nothing_leaves_version_and_time_alone() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let group = idp.new_group("g", &[&ann]).await;
        let (user, team) = (format!("/Users/{ann}"), format!("/Groups/{group}"));
        let before = idp.listing().await;
        for (path, operation) in [
            (&user, json!({ "op": "replace", "path": "userName", "value": "ann" })),
            (&user, json!({ "op": "add", "path": "active", "value": true })),
            (&user, json!({ "op": "remove", "path": "title" })),
            (&team, json!({ "op": "add", "path": "members", "value": [{ "value": ann }] })),
            (&team, json!({ "op": "remove", "path": "members[value eq \"0190b9a5-0000-7000-8000-000000000000\"]" })),
            (&team, json!({ "op": "replace", "path": "members", "value": [{ "value": ann }] })),
            (&team, json!({ "op": "replace", "path": "displayName", "value": "g" })),
        ] {
            let answer = idp.patch(path, json!([operation])).await;
            assert!([200, 204].contains(&answer.status), "{answer}");
            assert_eq!(idp.listing().await, before, "{answer}");
        }
        idp.put(&user, &idp.get(&user).await.body).await.ok();
        idp.put(&team, &idp.get(&team).await.body).await.ok();
        assert_eq!(idp.listing().await, before, "putting back what was read changes nothing");
    })
    .await;
}

#[tokio::test]
async fn of_16_writes_upon_one_version_one_wins() {
    both(async |server| {
        let idp = server.idp();
        let path = format!("/Users/{}", idp.new_user("ann").await);
        for round in 0..5 {
            let client = idp.header("if-match", &idp.get(&path).await.ok().version());
            let writes = (0..16).map(|writer| {
                let (client, path) = (client.clone(), path.clone());
                async move {
                    let title = format!("{round}/{writer}");
                    let write = json!([{ "op": "replace", "path": "title", "value": title }]);
                    (client.patch(&path, write).await.status, title)
                }
            });
            let answers = join_all(writes).await;
            let won: Vec<&String> =
                answers.iter().filter(|(status, _)| *status == 200).map(|(_, title)| title).collect();
            assert_eq!(won.len(), 1, "{answers:?}");
            assert!(answers.iter().all(|(status, _)| [200, 412].contains(status)), "{answers:?}");
            assert_eq!(idp.get(&path).await["title"], json!(won[0]));
        }
    })
    .await;
}
