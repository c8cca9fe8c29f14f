//! Many writers at once: no acknowledged write is lost, and no unique name is given twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    client::{Client, ENTERPRISE, GROUP, USER},
    server::both,
};

const WRITERS: usize = 16;

/// Runs `work` for each writer on a task of its own, all at once, and answers with what each made.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    work: impl Fn(usize) -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(work(writer))).collect();
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

async fn many_users(idp: &Client, each: usize) -> Vec<Vec<String>> {
    let idp = idp.clone();
    at_once(move |writer| {
        let idp = idp.clone();
        async move {
            let mut ids = Vec::new();
            for number in 0..each {
                ids.push(idp.new_user(&format!("user-{writer}-{number}")).await);
            }
            ids
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_add_2000_members_one_by_one_and_none_is_lost() {
    both(async |server| {
        let idp = server.idp();
        let users = many_users(idp, 125).await;
        let group = idp.new_group("everybody", &[]).await;
        let path = format!("/Groups/{group}");
        let (client, shared) = (idp.clone(), users.clone());
        at_once(move |writer| {
            let (idp, path, ids) = (client.clone(), path.clone(), shared[writer].clone());
            async move {
                for id in ids {
                    let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": id }] }]);
                    idp.patch(&path, add).await.no_content();
                }
            }
        })
        .await;
        let expected: BTreeSet<String> = users.into_iter().flatten().collect();
        assert_eq!(expected.len(), 2000);
        let members: BTreeSet<String> = idp.members(&group).await.into_iter().collect();
        assert_eq!(members.len(), 2000);
        assert_eq!(members, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_remove_each_their_own_members_and_nobody_elses() {
    both(async |server| {
        let idp = server.idp();
        let users = many_users(idp, 10).await;
        let all: Vec<&str> = users.iter().flatten().map(String::as_str).collect();
        let group = idp.new_group("everybody", &all).await;
        let path = format!("/Groups/{group}");
        let (client, shared) = (idp.clone(), users.clone());
        at_once(move |writer| {
            let (idp, path, ids) = (client.clone(), path.clone(), shared[writer].clone());
            async move {
                for (index, id) in ids.iter().take(5).enumerate() {
                    let removal = if index % 2 == 0 {
                        json!({ "op": "Remove", "path": "members", "value": [{ "value": id }] })
                    } else {
                        json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") })
                    };
                    idp.patch(&path, json!([removal])).await.no_content();
                }
            }
        })
        .await;
        let mut expected: Vec<String> = users.iter().flat_map(|ids| ids[5..].to_vec()).collect();
        expected.sort();
        assert_eq!(idp.members(&group).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_who_create_one_name_one_succeeds() {
    both(async |server| {
        let idp = server.idp();
        for round in 0..10 {
            let cases = [
                ("/Users", json!({ "schemas": [USER], "userName": format!("one-{round}") })),
                ("/Groups", json!({ "schemas": [GROUP], "displayName": format!("g-{round}") })),
            ];
            for (path, body) in cases {
                let idp = idp.clone();
                let answers = at_once(move |_| {
                    let (idp, body) = (idp.clone(), body.clone());
                    async move { idp.post(path, &body).await }
                })
                .await;
                let created: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
                assert_eq!(created.len(), 1, "{answers:?}");
                for refused in answers.iter().filter(|answer| answer.status != 201) {
                    refused.error(409, Some("uniqueness"));
                }
            }
        }
        assert_eq!(idp.get("/Users?count=0").await["totalResults"], 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_patched_on_sixteen_attributes_at_once_keeps_them_all() {
    both(async |server| {
        let idp = server.idp();
        let id = idp.new_user("ann").await;
        let path = format!("/Users/{id}");
        let department = format!("{ENTERPRISE}:department");
        let number = format!("{ENTERPRISE}:employeeNumber");
        let attributes: [String; WRITERS] = [
            "displayName",
            "nickName",
            "title",
            "userType",
            "locale",
            "timezone",
            "preferredLanguage",
            "profileUrl",
            "name.givenName",
            "name.familyName",
            "name.middleName",
            "emails[type eq \"work\"].value",
            "emails[type eq \"home\"].value",
            "externalId",
            &department,
            &number,
        ]
        .map(str::to_owned);
        for round in 0..10 {
            let (idp, path, attributes) = (idp.clone(), path.clone(), attributes.clone());
            let statuses = at_once(move |writer| {
                let (idp, path, attribute) = (idp.clone(), path.clone(), attributes[writer].clone());
                async move {
                    let write =
                        json!([{ "op": "Replace", "path": attribute, "value": format!("{round}-{writer}") }]);
                    idp.patch(&path, write).await.ok().status
                }
            })
            .await;
            assert_eq!(statuses, [200; WRITERS]);
            let user = server.idp().user(&id).await;
            let email = |kind: &str| {
                let emails = user["emails"].as_array().unwrap();
                emails.iter().find(|email| email["type"] == kind).unwrap()["value"].clone()
            };
            let kept = [
                user["displayName"].clone(),
                user["nickName"].clone(),
                user["title"].clone(),
                user["userType"].clone(),
                user["locale"].clone(),
                user["timezone"].clone(),
                user["preferredLanguage"].clone(),
                user["profileUrl"].clone(),
                user["name"]["givenName"].clone(),
                user["name"]["familyName"].clone(),
                user["name"]["middleName"].clone(),
                email("work"),
                email("home"),
                user["externalId"].clone(),
                user[ENTERPRISE]["department"].clone(),
                user[ENTERPRISE]["employeeNumber"].clone(),
            ];
            let expected: Vec<Value> =
                (0..WRITERS).map(|writer| json!(format!("{round}-{writer}"))).collect();
            assert_eq!(kept.to_vec(), expected, "{user}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_written_crosswise_do_not_block_each_other_for_good() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (idp.new_user("ann").await, idp.new_user("ben").await);
        let (one, two) =
            (idp.new_group("one", &[&ann, &ben]).await, idp.new_group("two", &[&ann, &ben]).await);
        let client = idp.clone();
        let done = at_once(move |writer| {
            let idp = client.clone();
            let (group, user) =
                if writer % 2 == 0 { (one.clone(), ann.clone()) } else { (two.clone(), ben.clone()) };
            async move {
                for round in 0..10 {
                    let title =
                        json!([{ "op": "replace", "path": "title", "value": format!("{writer}-{round}") }]);
                    idp.patch(&format!("/Users/{user}"), title).await.ok();
                    let exchange = json!([
                        { "op": "remove", "path": format!("members[value eq \"{user}\"]") },
                        { "op": "add", "path": "members", "value": [{ "value": user }] },
                    ]);
                    idp.patch(&format!("/Groups/{group}"), exchange).await.no_content();
                }
            }
        });
        tokio::time::timeout(std::time::Duration::from_mins(1), done).await.expect("all writers finish");
    })
    .await;
}
