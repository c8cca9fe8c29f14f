//! What print components read over gRPC: every acknowledged write, batched, with whether the user is active.

use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchListUserGroupsRequest, BatchLookupUsersRequest, ChangeAction,
    ListChangesRequest, MembershipCheck, UserKey, user_key::Key,
};
use serde_json::json;
use tonic::Code;

use crate::{client::USER, server::both};

const ACCOUNT: &str = "accounts/default";

fn keys(keys: &[Key]) -> BatchLookupUsersRequest {
    let keys = keys.iter().map(|key| UserKey { key: Some(key.clone()) }).collect();
    BatchLookupUsersRequest { min_revision: 0, parent: ACCOUNT.to_owned(), keys, view: 0 }
}

#[tokio::test]
async fn users_are_found_by_every_key_in_one_call() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({
            "schemas": [USER], "userName": "Ann@Example.com", "externalId": "E1", "active": true,
            "emails": [{ "value": "ann.work@example.com", "type": "work" }, { "value": "shared@example.com" }],
        });
        let ann = idp.post("/Users", &body).await.created().id();
        let body = json!({
            "schemas": [USER], "userName": "ben", "active": false, "emails": [{ "value": "Shared@Example.com" }],
        });
        let ben = idp.post("/Users", &body).await.created().id();
        let request = keys(&[
            Key::UserName("ann@example.COM".to_owned()),
            Key::Email("ANN.work@example.com".to_owned()),
            Key::ExternalId("E1".to_owned()),
            Key::ExternalId("e1".to_owned()),
            Key::Id(ann.clone()),
            Key::Email("shared@example.com".to_owned()),
            Key::UserName("nobody".to_owned()),
            Key::Id("not an id".to_owned()),
            Key::UserName("BEN".to_owned()),
        ]);
        let results = server.lookups().await.batch_lookup_users(request).await.unwrap().into_inner().results;
        let found: Vec<Vec<&str>> = results
            .iter()
            .map(|result| {
                let mut ids: Vec<&str> = result.users.iter().map(|user| user.name.rsplit('/').next().unwrap()).collect();
                ids.sort_unstable();
                ids
            })
            .collect();
        let mut shared = vec![ann.as_str(), &ben];
        shared.sort_unstable();
        let (ann, ben) = (vec![ann.as_str()], vec![ben.as_str()]);
        assert_eq!(found, [ann.clone(), ann.clone(), ann.clone(), vec![], ann, shared, vec![], vec![], ben]);
        assert!(results[0].users[0].active());
        assert!(!results[8].users[0].active(), "an inactive user is found, and said to be inactive");
    })
    .await;
}

#[tokio::test]
async fn groups_and_memberships_are_answered_in_one_call() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (idp.new_user("ann").await, idp.new_user("ben").await);
        let inner = idp.new_group("inner", &[&ann]).await;
        let outer = idp.new_group("outer", &[&inner]).await;
        idp.patch(&format!("/Users/{ann}"), json!([{ "op": "replace", "path": "active", "value": false }]))
            .await
            .ok();
        let mut lookups = server.lookups().await;
        let name = |id: &str| format!("accounts/default/groups/{id}");
        for (effective, groups) in [(false, vec![name(&inner)]), (true, vec![name(&inner), name(&outer)])] {
            let request = BatchListUserGroupsRequest {
                min_revision: 0,
                parent: ACCOUNT.to_owned(),
                user_ids: vec![ann.clone(), ben.clone(), "nobody".to_owned()],
                effective,
            };
            let results = lookups.batch_list_user_groups(request).await.unwrap().into_inner().results;
            let found: Vec<String> = results[0].groups.iter().map(|group| group.group.clone()).collect();
            assert_eq!(found, groups);
            assert_eq!((results[0].found, results[0].active), (true, false));
            assert!(results[1].found && results[1].active && results[1].groups.is_empty());
            assert!(!results[2].found && !results[2].active);

            let check = |user: &str, group: &str| MembershipCheck {
                user_id: user.to_owned(),
                group_id: group.to_owned(),
            };
            let request = BatchCheckMembershipsRequest {
                min_revision: 0,
                parent: ACCOUNT.to_owned(),
                checks: vec![
                    check(&ann, &inner),
                    check(&ann, &outer),
                    check(&ben, &outer),
                    check(&ben, "none"),
                ],
                effective,
            };
            let results = lookups.batch_check_memberships(request).await.unwrap().into_inner().results;
            let answers: Vec<(bool, bool)> =
                results.iter().map(|result| (result.member, result.active)).collect();
            assert_eq!(answers, [(true, false), (effective, false), (false, true), (false, true)]);
        }
    })
    .await;
}

#[tokio::test]
async fn groups_in_a_circle_are_walked_once() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let one = idp.new_group("one", &[&ann]).await;
        let two = idp.new_group("two", &[&one]).await;
        let circle = idp
            .patch(
                &format!("/Groups/{one}"),
                json!([{ "op": "add", "path": "members", "value": [{ "value": two }] }]),
            )
            .await;
        assert!(circle.status < 500, "{circle}");
        let request = BatchListUserGroupsRequest {
            min_revision: 0,
            parent: ACCOUNT.to_owned(),
            user_ids: vec![ann],
            effective: true,
        };
        let results =
            server.lookups().await.batch_list_user_groups(request).await.unwrap().into_inner().results;
        assert_eq!(results[0].groups.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_keys_are_answered_and_more_are_refused() {
    both(async |server| {
        let ann = server.idp().new_user("ann").await;
        let mut lookups = server.lookups().await;
        let mut request = keys(&vec![Key::UserName("nobody".to_owned()); 999]);
        request.keys.push(UserKey { key: Some(Key::UserName("ann".to_owned())) });
        let results = lookups.batch_lookup_users(request.clone()).await.unwrap().into_inner().results;
        assert_eq!(results.len(), 1000);
        assert!(results[999].users[0].name.ends_with(&ann));
        request.keys.push(UserKey { key: Some(Key::UserName("ann".to_owned())) });
        for (bad, code) in [
            (request, Code::InvalidArgument),
            (keys(&[]), Code::InvalidArgument),
            (
                BatchLookupUsersRequest { keys: vec![UserKey { key: None }], ..keys(&[]) },
                Code::InvalidArgument,
            ),
            (
                BatchLookupUsersRequest { parent: "accounts/".to_owned(), ..keys(&[Key::Id(ann.clone())]) },
                Code::InvalidArgument,
            ),
            (
                BatchLookupUsersRequest { parent: String::new(), ..keys(&[Key::Id(ann.clone())]) },
                Code::InvalidArgument,
            ),
        ] {
            let status = lookups.batch_lookup_users(bad).await.unwrap_err();
            assert_eq!(status.code(), code, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_change_log_has_every_write_once_and_no_gap() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let group = idp.new_group("g", &[]).await;
        let path = format!("/Groups/{group}");
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }]);
        idp.patch(&path, add.clone()).await.no_content();
        idp.patch(&path, add).await.no_content();
        idp.post("/Users", &json!({ "schemas": [USER], "userName": "ANN" }))
            .await
            .error(409, Some("uniqueness"));
        idp.delete(&format!("/Users/{ann}")).await.no_content();
        let request = ListChangesRequest { parent: ACCOUNT.to_owned(), after_revision: 0, page_size: 0 };
        let answer = server.changes().await.list_changes(request).await.unwrap().into_inner();
        let revisions: Vec<i64> = answer.changes.iter().map(|change| change.revision).collect();
        let expected: Vec<i64> = (1..=i64::try_from(revisions.len()).unwrap()).collect();
        assert_eq!(revisions, expected, "{answer:?}");
        assert_eq!(answer.head_revision, *revisions.last().unwrap());
        let (user, team) = (format!("{ACCOUNT}/users/{ann}"), format!("{ACCOUNT}/groups/{group}"));
        let first: Vec<(ChangeAction, &str)> =
            answer.changes.iter().map(|change| (change.action(), change.resource.as_str())).take(3).collect();
        assert_eq!(
            first,
            [
                (ChangeAction::Created, user.as_str()),
                (ChangeAction::Created, team.as_str()),
                (ChangeAction::Updated, team.as_str()),
            ]
        );
        assert_eq!(answer.changes[2].members_added, [ann]);
        assert!(
            answer.changes[3..]
                .iter()
                .any(|change| change.action() == ChangeAction::Deleted && change.resource == user)
        );
    })
    .await;
}
