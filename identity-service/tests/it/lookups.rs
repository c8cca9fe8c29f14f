use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchListUserGroupsRequest, BatchLookupUsersRequest, Group, Member,
    MembershipCheck, User, UserKey, UserView, user_key::Key,
};
use tonic::Code;

use crate::service::{ACCOUNT, Service, both, email, group, id, user};

async fn look(service: &Service, keys: Vec<Key>) -> Vec<Vec<User>> {
    let request = BatchLookupUsersRequest {
        min_revision: 0,
        parent: ACCOUNT.to_owned(),
        keys: keys.into_iter().map(|key| UserKey { key: Some(key) }).collect(),
        view: UserView::Full.into(),
    };
    let found = service.lookups.clone().batch_lookup_users(request).await.unwrap().into_inner();
    found.results.into_iter().map(|result| result.users).collect()
}

#[test]
fn users_are_found_by_every_key_in_the_order_of_the_request() {
    both(async |service| {
        let anna = User {
            external_id: Some("E1".to_owned()),
            emails: vec![email("Anna@Example.com"), email("shared@x")],
            ..user("Anna")
        };
        let anna = service.create(anna).await.unwrap();
        let ben = User { active: Some(false), emails: vec![email("shared@x")], ..user("ben") };
        let ben = service.create(ben).await.unwrap();
        let staff = service.create_group(group("Staff", &[&anna])).await.unwrap();
        let keys = vec![
            Key::Email("anna@example.COM".to_owned()),
            Key::UserName("nobody".to_owned()),
            Key::UserName("ANNA".to_owned()),
            Key::ExternalId("E1".to_owned()),
            Key::ExternalId("e1".to_owned()),
            Key::Id(id(&ben.name).to_owned()),
            Key::Email("shared@x".to_owned()),
            Key::UserName("anna".to_owned()),
        ];
        let found = look(&service, keys).await;
        let names: Vec<Vec<&str>> =
            found.iter().map(|users| users.iter().map(|user| user.user_name.as_str()).collect()).collect();
        let expected: [&[&str]; 8] =
            [&["Anna"], &[], &["Anna"], &["Anna"], &[], &["ben"], &["Anna", "ben"], &["Anna"]];
        assert_eq!(names, expected);
        assert_eq!(found[0][0].groups[0].group, staff.name);
        assert_eq!(found[0][0].groups[0].display_name, "Staff");
        assert!(found[2][0].active() && !found[5][0].active());
    });
}

#[test]
fn groups_are_direct_or_effective_and_a_cycle_ends() {
    both(async |mut service| {
        let anna = service.create(user("anna")).await.unwrap();
        let off = service.create(User { active: Some(false), ..user("off") }).await.unwrap();
        let inner = service.create_group(group("Inner", &[&anna, &off])).await.unwrap();
        let nest = |of: &Group| Member { id: id(&of.name).to_owned(), ..Member::default() };
        let outer = Group { members: vec![nest(&inner)], ..group("Outer", &[]) };
        let outer = service.create_group(outer).await.unwrap();
        let cycle = crate::service::op(
            rollcall_proto::identity::PatchOp::Add,
            "members",
            serde_json::json!([{"value": id(&outer.name)}]),
        );
        service.patch_group(&inner.name, vec![cycle]).await.unwrap();

        let mut groups = async |effective| {
            let user_ids = vec![id(&anna.name).to_owned(), "nobody".to_owned(), id(&anna.name).to_owned()];
            let request = BatchListUserGroupsRequest {
                min_revision: 0,
                parent: ACCOUNT.to_owned(),
                user_ids,
                effective,
            };
            let results = service.lookups.batch_list_user_groups(request).await.unwrap().into_inner().results;
            assert_eq!((results[0].found, results[0].active, results[1].found), (true, true, false));
            assert_eq!(results[0].groups, results[2].groups);
            results[0].groups.iter().map(|group| group.display_name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(groups(false).await, ["Inner"]);
        assert_eq!(groups(true).await, ["Inner", "Outer"]);

        let mut check = async |user: &User, group: &Group, effective| {
            let check =
                MembershipCheck { user_id: id(&user.name).to_owned(), group_id: id(&group.name).to_owned() };
            let request = BatchCheckMembershipsRequest {
                min_revision: 0,
                parent: ACCOUNT.to_owned(),
                checks: vec![check],
                effective,
            };
            let result =
                service.lookups.batch_check_memberships(request).await.unwrap().into_inner().results[0];
            (result.member, result.active)
        };
        assert_eq!(check(&anna, &inner, false).await, (true, true));
        assert_eq!(check(&anna, &outer, false).await, (false, true));
        assert_eq!(check(&anna, &outer, true).await, (true, true));
        assert_eq!(check(&off, &inner, true).await, (true, false));
    });
}

#[test]
fn a_batch_has_limits() {
    both(async |mut service| {
        for user_ids in [vec![], vec!["x".to_owned(); 1001], vec![String::new()], vec!["a\0".to_owned()]] {
            let request = BatchListUserGroupsRequest {
                min_revision: 0,
                parent: ACCOUNT.to_owned(),
                user_ids,
                effective: false,
            };
            let refusal = service.lookups.batch_list_user_groups(request).await.unwrap_err();
            assert_eq!(refusal.code(), Code::InvalidArgument);
            assert!(refusal.message().starts_with("user_ids:"), "{}", refusal.message());
        }
    });
}
