//! Whose users and groups are, and who may write them.

use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, DeleteUserRequest, Group, PatchGroupRequest, PatchOp,
    PatchUserRequest, ReplaceGroupRequest, ReplaceUserRequest, SetGroupSourceRequest, SetUserSourceRequest,
    User, UserSource,
};
use serde_json::json;
use tonic::{Code, Status};

use crate::service::{ACCOUNT, Service, both, group, op, reason, user};

const SCIM: i32 = UserSource::Scim as i32;

async fn set_user(service: &Service, name: &str, source: UserSource) -> Result<User, Status> {
    let request = SetUserSourceRequest { name: name.to_owned(), source: source.into() };
    service.users.clone().set_user_source(request).await.map(tonic::Response::into_inner)
}

async fn set_group(service: &Service, name: &str, source: UserSource) -> Result<Group, Status> {
    let request = SetGroupSourceRequest { name: name.to_owned(), source: source.into() };
    service.groups.clone().set_group_source(request).await.map(tonic::Response::into_inner)
}

fn kept_by_hand<T: std::fmt::Debug>(answer: Result<T, Status>) {
    let refusal = answer.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal)),
        (Code::PermissionDenied, "MANUAL".to_owned()),
        "{refusal}"
    );
}

#[test]
fn the_identity_provider_may_not_write_a_user_who_is_kept_by_hand() {
    both(async |mut service| {
        let anna = service.create(user("anna")).await.unwrap();
        let manual = set_user(&service, &anna.name, UserSource::Manual).await.unwrap();
        assert_eq!((manual.source(), manual.etag.as_str()), (UserSource::Manual, "W/\"2\""));
        let again = set_user(&service, &anna.name, UserSource::Manual).await.unwrap();
        assert_eq!(again, manual, "what is so already changes nothing");

        let patch = |writer| PatchUserRequest {
            name: anna.name.clone(),
            operations: vec![op(PatchOp::Replace, "title", json!("Boss"))],
            writer,
            ..PatchUserRequest::default()
        };
        let replace = |writer| ReplaceUserRequest {
            user: Some(User { name: anna.name.clone(), ..user("anna") }),
            writer,
            ..ReplaceUserRequest::default()
        };
        let delete = |writer| DeleteUserRequest { name: anna.name.clone(), etags: vec![], writer };
        kept_by_hand(service.users.patch_user(patch(SCIM)).await);
        kept_by_hand(service.users.replace_user(replace(SCIM)).await);
        kept_by_hand(service.users.delete_user(delete(SCIM)).await);
        let patched = service.users.patch_user(patch(0)).await.unwrap().into_inner();
        assert_eq!((patched.source(), patched.title.as_deref()), (UserSource::Manual, Some("Boss")));

        let back = set_user(&service, &anna.name, UserSource::Scim).await.unwrap();
        assert_eq!(back.source(), UserSource::Scim);
        service.users.replace_user(replace(SCIM)).await.unwrap();
        service.users.delete_user(delete(SCIM)).await.unwrap();
    });
}

#[test]
fn nor_an_administrator_one_who_comes_from_the_identity_provider() {
    both(async |mut service| {
        let anna = service.create(user("anna")).await.unwrap();
        let staff = service.create_group(group("Staff", &[])).await.unwrap();
        let writer = UserSource::Manual.into();
        let refused = |status: Status| {
            assert_eq!(
                (status.code(), reason(&status)),
                (Code::FailedPrecondition, "SCIM".to_owned()),
                "{status}"
            );
        };
        let replace = ReplaceUserRequest {
            user: Some(User { name: anna.name.clone(), ..user("anna") }),
            writer,
            ..ReplaceUserRequest::default()
        };
        refused(service.users.replace_user(replace).await.unwrap_err());
        let delete = DeleteUserRequest { name: anna.name.clone(), etags: vec![], writer };
        refused(service.users.delete_user(delete).await.unwrap_err());
        let delete = DeleteGroupRequest { name: staff.name.clone(), etags: vec![], writer };
        refused(service.groups.delete_group(delete).await.unwrap_err());
        let imported = service.create_from(UserSource::Import, user("ben")).await.unwrap();
        let delete = DeleteUserRequest { name: imported.name, etags: vec![], writer };
        service.users.delete_user(delete).await.unwrap();
    });
}

#[test]
fn nor_a_group() {
    both(async |mut service| {
        let staff = service.create_group(group("Staff", &[])).await.unwrap();
        assert_eq!(staff.source(), UserSource::Scim);
        let manual = set_group(&service, &staff.name, UserSource::Manual).await.unwrap();
        assert_eq!((manual.source(), manual.etag.as_str()), (UserSource::Manual, "W/\"2\""));
        assert_eq!(set_group(&service, &staff.name, UserSource::Manual).await.unwrap(), manual);
        let patch = |writer| PatchGroupRequest {
            name: staff.name.clone(),
            operations: vec![op(PatchOp::Replace, "displayName", json!("Crew"))],
            writer,
            ..PatchGroupRequest::default()
        };
        kept_by_hand(service.groups.patch_group(patch(SCIM)).await);
        kept_by_hand(
            service
                .groups
                .replace_group(ReplaceGroupRequest {
                    group: Some(Group { name: staff.name.clone(), ..group("Crew", &[]) }),
                    writer: SCIM,
                    ..ReplaceGroupRequest::default()
                })
                .await,
        );
        let delete = DeleteGroupRequest { name: staff.name.clone(), etags: vec![], writer: SCIM };
        kept_by_hand(service.groups.delete_group(delete).await);
        let renamed = service.groups.patch_group(patch(0)).await.unwrap().into_inner();
        assert_eq!((renamed.source(), renamed.display_name.as_str()), (UserSource::Manual, "Crew"));
        set_group(&service, &staff.name, UserSource::Scim).await.unwrap();
        service.groups.patch_group(patch(SCIM)).await.unwrap();

        let by_hand = CreateGroupRequest {
            parent: ACCOUNT.to_owned(),
            group: Some(group("Guests", &[])),
            source: UserSource::Manual.into(),
        };
        let made = service.groups.create_group(by_hand).await.unwrap().into_inner();
        assert_eq!(made.source(), UserSource::Manual);
    });
}

#[test]
fn bad_sources_are_refused() {
    both(async |service| {
        let anna = service.create(user("anna")).await.unwrap();
        for source in [UserSource::Unspecified, UserSource::Import] {
            let refusal = set_user(&service, &anna.name, source).await.unwrap_err();
            assert_eq!(refusal.code(), Code::InvalidArgument);
            assert!(refusal.message().starts_with("source:"), "{}", refusal.message());
        }
        let unknown = format!("{ACCOUNT}/users/00000000-0000-7000-8000-000000000000");
        assert_eq!(set_user(&service, &unknown, UserSource::Scim).await.unwrap_err().code(), Code::NotFound);
    });
}
