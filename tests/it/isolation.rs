//! One account sees nothing of another, even when it knows the ids.

use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchLookupUsersRequest, MembershipCheck, UserKey, user_key,
};
use serde_json::json;

use crate::{
    client::{ENTERPRISE, GROUP, USER},
    server::both,
};

#[tokio::test]
async fn ids_of_another_account_are_ids_of_nobody() {
    both(async |server| {
        let (acme, mallory) = (server.new_account("acme").await, server.new_account("mallory").await);
        let ann = acme.new_user("ann").await;
        let group = acme.new_group("staff", &[&ann]).await;
        let before = acme.listing().await;

        for path in [format!("/Users/{ann}"), format!("/Groups/{group}")] {
            let body = json!({ "schemas": [USER, GROUP], "userName": "x", "displayName": "x" });
            mallory.get(&path).await.error(404, None);
            mallory.put(&path, &body).await.error(404, None);
            mallory
                .patch(&path, json!([{ "op": "replace", "path": "displayName", "value": "x" }]))
                .await
                .error(404, None);
            mallory.header("if-match", "*").delete(&path).await;
            mallory.delete(&path).await.error(404, None);
        }
        for filter in
            [format!("id eq \"{ann}\""), r#"userName eq "ann""#.to_owned(), "userName pr".to_owned()]
        {
            mallory.query("/Users", &[("filter", &filter)]).await.is_empty_list();
        }
        mallory.query("/Groups", &[("filter", &format!("members eq \"{ann}\""))]).await.is_empty_list();
        mallory.get("/Users").await.is_empty_list();
        assert_eq!(acme.listing().await, before);
    })
    .await;
}

#[tokio::test]
async fn nobody_becomes_a_member_or_manager_across_accounts() {
    both(async |server| {
        let (acme, mallory) = (server.new_account("acme").await, server.new_account("mallory").await);
        let ann = acme.new_user("ann").await;
        let staff = acme.new_group("staff", &[&ann]).await;
        let mal = mallory.new_user("mal").await;
        let body = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": ann }, { "value": staff }, { "value": mal }] });
        let group = mallory.post("/Groups", &body).await.created().id();
        assert_eq!(mallory.members(&group).await, [mal.clone()], "ids of another account are left out");
        mallory
            .patch(&format!("/Groups/{group}"), json!([{ "op": "add", "path": "members", "value": [{ "value": ann }] }]))
            .await
            .no_content();
        assert_eq!(mallory.members(&group).await, [mal.clone()]);
        let managed = mallory
            .patch(&format!("/Users/{mal}"), json!([{ "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": ann }]))
            .await
            .ok();
        assert!(!managed.text.contains("\"ann\""), "nothing of the other account's user is told: {managed}");
        assert_eq!(acme.user(&ann).await["groups"].as_array().map(Vec::len), Some(1));

        let mut lookups = server.lookups().await;
        let keys = [
            user_key::Key::Id(ann.clone()),
            user_key::Key::UserName("ann".to_owned()),
        ];
        let request = BatchLookupUsersRequest {
 min_revision: 0,
            parent: "accounts/mallory".to_owned(),
            keys: keys.into_iter().map(|key| UserKey { key: Some(key) }).collect(),
            view: 0,
        };
        let found = lookups.batch_lookup_users(request).await.unwrap().into_inner();
        assert!(found.results.iter().all(|result| result.users.is_empty()));
        let request = BatchCheckMembershipsRequest {
 min_revision: 0,
            parent: "accounts/mallory".to_owned(),
            checks: vec![MembershipCheck { user_id: ann, group_id: staff }],
            effective: false,
        };
        let answer = lookups.batch_check_memberships(request).await.unwrap().into_inner();
        assert!(!answer.results[0].member && !answer.results[0].active);
    })
    .await;
}

#[tokio::test]
async fn the_same_names_may_be_in_two_accounts() {
    both(async |server| {
        let (acme, mallory) = (server.new_account("acme").await, server.new_account("mallory").await);
        for idp in [&acme, &mallory] {
            let body = json!({ "schemas": [USER], "userName": "ann", "externalId": "e1" });
            let ann = idp.post("/Users", &body).await.created().id();
            idp.new_group("staff", &[&ann]).await;
        }
        let ann = acme.find("/Users", r#"userName eq "ann""#).await.remove(0);
        acme.delete(&format!("/Users/{ann}")).await.no_content();
        mallory.query("/Users", &[("filter", r#"userName eq "ann""#)]).await.only();
    })
    .await;
}
