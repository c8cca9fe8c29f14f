use rollcall_proto::identity::{
    DeleteGroupRequest, Group, GroupView, ListGroupsRequest, ListMembersRequest, Member, MemberType, PatchOp,
    ReplaceGroupRequest,
};
use serde_json::json;
use tonic::Code;

use crate::service::{ACCOUNT, both, group, id, op, reason, user};

fn names(group: &Group) -> Vec<&str> {
    let mut names: Vec<&str> = group.members.iter().map(|member| member.display_name.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_removal_removes_that_member_and_nobody_else() {
    both(async |service| {
        let mut people = vec![];
        for name in ["anna", "ben", "cleo", "dora"] {
            people.push(service.create(user(name)).await.unwrap());
        }
        let all: Vec<_> = people.iter().collect();
        let staff = service.create_group(group("Staff", &all)).await.unwrap();
        assert_eq!(names(&staff), ["anna", "ben", "cleo", "dora"]);
        let of = |at: usize| id(&people[at].name).to_owned();
        let by_filter = op(PatchOp::Remove, &format!("members[value eq \"{}\"]", of(0)), json!(null));
        assert_eq!(
            names(&service.patch_group(&staff.name, vec![by_filter]).await.unwrap()),
            ["ben", "cleo", "dora"]
        );
        let by_value = op(PatchOp::Remove, "members", json!([{"$ref": null, "value": of(1)}]));
        assert_eq!(names(&service.patch_group(&staff.name, vec![by_value]).await.unwrap()), ["cleo", "dora"]);
        let nobody = op(PatchOp::Remove, "members", json!([{"value": of(1)}]));
        let same = service.patch_group(&staff.name, vec![nobody]).await.unwrap();
        assert_eq!((names(&same), same.etag.as_str()), (vec!["cleo", "dora"], "W/\"3\""));
        let by_name = op(PatchOp::Remove, "members[display sw \"CL\"]", json!(null));
        assert_eq!(names(&service.patch_group(&staff.name, vec![by_name]).await.unwrap()), ["dora"]);
    });
}

#[test]
fn adding_who_is_there_changes_nothing_and_strangers_are_left_out() {
    both(async |service| {
        let anna = service.create(user("anna")).await.unwrap();
        let staff = service.create_group(group("Staff", &[&anna])).await.unwrap();
        let add = |value: serde_json::Value| vec![op(PatchOp::Add, "members", value)];
        let again = service.patch_group(&staff.name, add(json!([{"value": id(&anna.name)}]))).await.unwrap();
        assert_eq!(again, staff);
        let stranger = service.patch_group(&staff.name, add(json!([{"value": "nobody"}]))).await.unwrap();
        assert_eq!(stranger, staff);
    });
}

#[test]
fn a_put_sets_the_members_and_the_name() {
    both(async |mut service| {
        let anna = service.create(user("anna")).await.unwrap();
        let ben = service.create(user("ben")).await.unwrap();
        let staff = service.create_group(group("Staff", &[&anna])).await.unwrap();
        let put = |new: Group| ReplaceGroupRequest {
            group: Some(Group { name: staff.name.clone(), ..new }),
            ..ReplaceGroupRequest::default()
        };
        let renamed = service.groups.replace_group(put(group("Crew", &[&ben]))).await.unwrap().into_inner();
        assert_eq!((renamed.display_name.as_str(), names(&renamed)), ("Crew", vec!["ben"]));
        let empty = service.groups.replace_group(put(group("Crew", &[]))).await.unwrap().into_inner();
        assert_eq!((empty.members.len(), empty.etag.as_str()), (0, "W/\"3\""));
        service.create_group(group("Staff", &[])).await.unwrap();
        let refusal = service.groups.replace_group(put(group("sTAFF", &[]))).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal)), (Code::AlreadyExists, "UNIQUENESS".to_owned()));
        assert!(refusal.message().contains("displayName"), "{}", refusal.message());
    });
}

#[test]
fn a_group_in_a_group_is_a_member_of_its_kind() {
    both(async |mut service| {
        let inner = service.create_group(group("Inner", &[])).await.unwrap();
        let member = Member { id: id(&inner.name).to_owned(), ..Member::default() };
        let outer =
            service.create_group(Group { members: vec![member], ..group("Outer", &[]) }).await.unwrap();
        assert_eq!((outer.members[0].r#type(), names(&outer)), (MemberType::Group, vec!["Inner"]));
        let delete = DeleteGroupRequest { name: inner.name, etags: vec![], writer: 0 };
        service.groups.delete_group(delete).await.unwrap();
        assert_eq!(service.group(&outer.name).await.unwrap().members, []);
    });
}

#[test]
fn a_large_group_is_read_page_by_page() {
    both(async |mut service| {
        let mut ids = vec![];
        for number in 0..1203 {
            ids.push(id(&service.create(user(&format!("u{number}"))).await.unwrap().name).to_owned());
        }
        let members = ids.iter().map(|id| Member { id: id.clone(), ..Member::default() }).collect();
        let big = service.create_group(Group { members, ..group("Big", &[]) }).await.unwrap();
        assert_eq!(big.members.len(), 1000);
        let mut seen: Vec<String> = big.members.iter().map(|member| member.id.clone()).collect();
        let mut token = big.members_next_page_token.clone();
        while !token.is_empty() {
            let request = ListMembersRequest { parent: big.name.clone(), page_size: 100, page_token: token };
            let page = service.groups.list_members(request).await.unwrap().into_inner();
            seen.extend(page.members.into_iter().map(|member| member.id));
            token = page.next_page_token;
        }
        ids.sort();
        assert_eq!(seen, ids);
        // In a list, the members of a page are limited together.
        service.create_group(group("Other", &[])).await.unwrap();
        let request = ListGroupsRequest {
            parent: ACCOUNT.to_owned(),
            filter: format!("members.value eq \"{}\" or displayName eq \"other\"", ids[1202]),
            view: GroupView::Full.into(),
            ..ListGroupsRequest::default()
        };
        let page = service.groups.list_groups(request).await.unwrap().into_inner();
        assert_eq!(page.groups.iter().map(|group| group.members.len()).collect::<Vec<_>>(), [1000, 0]);
    });
}
