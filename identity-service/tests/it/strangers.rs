use rollcall_proto::identity::{
    Group, GroupView, ListGroupsRequest, Member, PatchOp, ReplaceGroupRequest, Settings, UnknownMembers,
};
use serde_json::json;
use tonic::{Code, Status};

use crate::service::{ACCOUNT, Service, both, group, id, op, reason, user};

fn with_members(display_name: &str, ids: &[&str]) -> Group {
    let members = ids.iter().map(|&id| Member { id: id.to_owned(), ..Member::default() }).collect();
    Group { members, ..group(display_name, &[]) }
}

async fn put(service: &Service, name: &str, new: Group) -> Result<Group, Status> {
    let request = ReplaceGroupRequest {
        group: Some(Group { name: name.to_owned(), ..new }),
        view: GroupView::Full.into(),
        ..ReplaceGroupRequest::default()
    };
    service.groups.clone().replace_group(request).await.map(tonic::Response::into_inner)
}

fn add(ids: &[&str]) -> Vec<rollcall_proto::identity::PatchOperation> {
    let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
    vec![op(PatchOp::Add, "members", json!(members))]
}

#[test]
fn members_who_are_nobody_are_left_out() {
    both(async |service| {
        let anna = service.create(user("anna")).await.unwrap();
        let anna = id(&anna.name);
        let staff = service.create_group(with_members("Staff", &["x", anna, "y"])).await.unwrap();
        assert_eq!(staff.members.len(), 1);
        assert_eq!(service.patch_group(&staff.name, add(&["z", anna])).await.unwrap(), staff);
        assert_eq!(put(&service, &staff.name, with_members("Staff", &[anna, "x"])).await.unwrap(), staff);
    });
}

#[test]
fn an_account_may_refuse_them_and_then_nothing_is_changed() {
    both(async |service| {
        let anna = service.create(user("anna")).await.unwrap();
        let ben = service.create(user("ben")).await.unwrap();
        let inner = service.create_group(group("Inner", &[])).await.unwrap();
        let (anna, ben, inner) = (id(&anna.name), id(&ben.name), id(&inner.name));
        let staff = service.create_group(with_members("Staff", &[anna])).await.unwrap();
        service.set(Settings { unknown_members: UnknownMembers::Refuse.into(), ..Settings::default() }).await;
        let long = "l".repeat(1000);
        let two_operations = [add(&[ben]), add(&["n1"])].concat();
        for (answer, says) in [
            (service.create_group(with_members("New", &[anna, "n1", ben])).await, "1 belong"),
            (put(&service, &staff.name, with_members("Renamed", &["n1", "n1", ben])).await, "1 belong"),
            (
                service.patch_group(&staff.name, add(&["n4", "n3", "n2", "n1", ben, anna])).await,
                ": n1, n2, n3",
            ),
            (service.patch_group(&staff.name, two_operations).await, ": n1"),
            (service.patch_group(&staff.name, add(&[&long])).await, &long[..64]),
        ] {
            let refusal = answer.unwrap_err();
            assert_eq!(
                (refusal.code(), reason(&refusal)),
                (Code::InvalidArgument, "INVALID_VALUE".to_owned())
            );
            assert!(
                refusal.message().ends_with(says) || refusal.message().contains(says),
                "{}",
                refusal.message()
            );
            assert!(
                !refusal.message().contains("n4") && refusal.message().len() < 200,
                "{}",
                refusal.message()
            );
        }
        assert_eq!(service.group(&staff.name).await.unwrap(), staff);
        let list = ListGroupsRequest { parent: ACCOUNT.to_owned(), ..ListGroupsRequest::default() };
        let groups = service.groups.clone().list_groups(list).await.unwrap().into_inner();
        assert_eq!(groups.total_size, 2);
        // Who is known is no stranger: there already, named twice, or a group. Nor is it wrong to remove one.
        let known = service.patch_group(&staff.name, add(&[anna, ben, ben, inner])).await.unwrap();
        assert_eq!(known.members.len(), 3);
        let remove = op(PatchOp::Remove, "members", json!([{ "value": "n1" }]));
        assert_eq!(service.patch_group(&staff.name, vec![remove]).await.unwrap(), known);
    });
}
