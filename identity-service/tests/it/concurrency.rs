use rollcall_proto::identity::{ListMembersRequest, PatchOp, PatchUserRequest};
use serde_json::json;
use tonic::Code;

use crate::service::{both, group, id, op, user};

#[test]
fn one_of_many_gets_the_name() {
    both(async |service| {
        let tries: Vec<_> = (0..16)
            .map(|_| {
                let service = service.clone();
                tokio::spawn(async move { service.create(user("same")).await })
            })
            .collect();
        let mut codes = vec![];
        for attempt in tries {
            codes.push(attempt.await.unwrap().map_or_else(|refusal| refusal.code(), |_| Code::Ok));
        }
        let of = |code| codes.iter().filter(|&&have| have == code).count();
        assert_eq!((of(Code::Ok), of(Code::AlreadyExists)), (1, 15));
    });
}

#[test]
fn patches_of_different_attributes_are_all_kept() {
    both(async |service| {
        let created = service.create(user("busy")).await.unwrap();
        let paths = [
            "title",
            "nickName",
            "locale",
            "userType",
            "name.familyName",
            "name.givenName",
            "displayName",
            "timezone",
        ];
        let writers: Vec<_> = paths
            .into_iter()
            .map(|path| {
                let (mut users, name) = (service.users.clone(), created.name.clone());
                tokio::spawn(async move {
                    let operations = vec![op(PatchOp::Replace, path, json!(path))];
                    users
                        .patch_user(PatchUserRequest { name, operations, ..PatchUserRequest::default() })
                        .await
                        .unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let request = rollcall_proto::identity::GetUserRequest { name: created.name, view: 0 };
        let after = service.users.clone().get_user(request).await.unwrap().into_inner();
        assert_eq!(after.etag, "W/\"9\"");
        let name = after.person_name.unwrap();
        assert_eq!(
            (name.family_name.as_deref(), name.given_name.as_deref()),
            (Some("name.familyName"), Some("name.givenName"))
        );
        assert_eq!((after.title.as_deref(), after.timezone.as_deref()), (Some("title"), Some("timezone")));
    });
}

#[test]
fn members_added_by_many_at_once_are_all_there() {
    both(async |mut service| {
        let team = service.create_group(group("Team", &[])).await.unwrap();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (service, team) = (service.clone(), team.name.clone());
                tokio::spawn(async move {
                    for number in 0..10 {
                        let user = service.create(user(&format!("w{writer}-{number}"))).await.unwrap();
                        let add = op(PatchOp::Add, "members", json!([{"value": id(&user.name)}]));
                        service.patch_group(&team, vec![add]).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let request = ListMembersRequest { parent: team.name.clone(), ..ListMembersRequest::default() };
        assert_eq!(service.groups.list_members(request).await.unwrap().into_inner().members.len(), 80);
        assert_eq!(service.group(&team.name).await.unwrap().etag, "W/\"81\"");
    });
}
