use rollcall_proto::identity::{
    Adoption, ChangeAction, CreateUserRequest, GetUserRequest, ListChangesRequest, ListUsersRequest,
    MultiValue, PatchOp, PatchUserRequest, Reactivation, ReplaceUserRequest, Settings, User, UserSource,
};
use serde_json::json;
use tonic::{Code, Status};

use crate::service::{ACCOUNT, Service, both, email, group, id, op, reason, user};

fn person(user_name: &str, external_id: &str) -> User {
    User { external_id: Some(external_id.to_owned()), ..user(user_name) }
}

fn with_email(user_name: &str, address: &str) -> User {
    User { emails: vec![email(address)], ..user(user_name) }
}

async fn deactivate(service: &Service, user: &User) -> User {
    let request = PatchUserRequest {
        name: user.name.clone(),
        operations: vec![op(PatchOp::Replace, "active", json!(false))],
        ..PatchUserRequest::default()
    };
    service.users.clone().patch_user(request).await.unwrap().into_inner()
}

async fn get(service: &Service, name: &str) -> User {
    let request = GetUserRequest { name: name.to_owned(), view: 0 };
    service.users.clone().get_user(request).await.unwrap().into_inner()
}

async fn count(service: &Service) -> i32 {
    let request =
        ListUsersRequest { parent: ACCOUNT.to_owned(), page_size: -1, ..ListUsersRequest::default() };
    service.users.clone().list_users(request).await.unwrap().into_inner().total_size
}

async fn adopt(service: &Service, adoption: Adoption) {
    service.set(Settings { adoption: adoption.into(), ..Settings::default() }).await;
}

#[track_caller]
fn taken(answer: Result<User, Status>, says: &[&str]) {
    let refusal = answer.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal)), (Code::AlreadyExists, "UNIQUENESS".to_owned()));
    for part in says {
        assert!(refusal.message().contains(part), "{part}: {}", refusal.message());
    }
}

#[test]
fn who_comes_back_is_the_same_user() {
    both(async |mut service| {
        let whole = User { title: Some("Boss".to_owned()), ..person("Anna", "e1") };
        let anna = service.create(whole).await.unwrap();
        assert_eq!(anna.source(), UserSource::Scim);
        let staff = service.create_group(group("Staff", &[&anna])).await.unwrap();
        for (again, title) in [
            (person("aNNA", "e1"), "by both keys"),
            (person("anna.new", "e1"), "by externalId, under another name"),
            (person("ANNA.new", "e2"), "by userName, with another externalId"),
            (user("anna.new"), "by userName, without an externalId"),
        ] {
            let before = deactivate(&service, &get(&service, &anna.name).await).await;
            let back = service.create(User { title: Some(title.to_owned()), ..again.clone() }).await.unwrap();
            assert_eq!(
                (&back.name, back.active(), back.create_time),
                (&anna.name, true, anna.create_time),
                "{title}"
            );
            assert_eq!(
                (&back.user_name, &back.external_id),
                (&again.user_name, &again.external_id),
                "{title}"
            );
            assert_eq!((back.title.as_deref(), &back.nick_name), (Some(title), &None));
            assert_ne!(back.etag, before.etag, "{title}");
            assert_eq!(back.groups[0].group, staff.name, "{title}");
            assert_eq!(get(&service, &anna.name).await, back, "{title}");
        }
        assert_eq!(count(&service).await, 1);
        let log = ListChangesRequest { parent: ACCOUNT.to_owned(), ..ListChangesRequest::default() };
        let changes = service.changes.list_changes(log).await.unwrap().into_inner().changes;
        assert_eq!(changes.last().unwrap().action(), ChangeAction::Updated);
        assert_eq!(changes.len(), 10);
    });
}

#[test]
fn who_is_created_inactive_again_stays_inactive_and_unchanged() {
    both(async |service| {
        let away = User { active: Some(false), ..person("anna", "e1") };
        let anna = service.create(away.clone()).await.unwrap();
        assert_eq!(service.create(away).await.unwrap(), anna);
    });
}

#[test]
fn an_account_may_refuse_reactivation() {
    both(async |service| {
        let anna = service.create(person("anna", "e1")).await.unwrap();
        let anna = deactivate(&service, &anna).await;
        service.set(Settings { reactivation: Reactivation::Refuse.into(), ..Settings::default() }).await;
        taken(service.create(person("anna", "e2")).await, &["userName", "deactivated"]);
        taken(service.create(person("other", "e1")).await, &["externalId", "deactivated"]);
        assert_eq!((get(&service, &anna.name).await, count(&service).await), (anna, 1));
    });
}

#[test]
fn a_create_repeated_makes_no_second_user() {
    both(async |service| {
        let anna = service.create(person("anna", "e1")).await.unwrap();
        taken(service.create(person("Anna", "e1")).await, &["userName", "\"Anna\""]);
        assert_eq!((get(&service, &anna.name).await, count(&service).await), (anna, 1));
    });
}

#[test]
fn keys_of_two_users_are_neither_of_them() {
    both(async |service| {
        let anna = service.create(person("anna", "e1")).await.unwrap();
        let ben = service.create(person("ben", "e2")).await.unwrap();
        let both_names = ["userName", "\"ben\"", "externalId", "\"e1\""];
        taken(service.create(person("ben", "e1")).await, &both_names);
        let anna = deactivate(&service, &anna).await;
        taken(service.create(person("ben", "e1")).await, &both_names);
        let ben = deactivate(&service, &ben).await;
        taken(service.create(person("ben", "e1")).await, &both_names);
        assert_eq!((get(&service, &anna.name).await, get(&service, &ben.name).await), (anna, ben));
        assert_eq!(count(&service).await, 2);
    });
}

#[test]
fn an_external_id_that_several_have_identifies_none() {
    both(async |service| {
        let anna = service.create(person("anna", "same")).await.unwrap();
        service.create(person("ben", "same")).await.unwrap();
        let anna = deactivate(&service, &anna).await;
        let cleo = service.create(person("cleo", "same")).await.unwrap();
        assert_ne!(cleo.name, anna.name);
        assert_eq!(get(&service, &anna.name).await, anna);
        assert_eq!(service.create(person("anna", "same")).await.unwrap().name, anna.name);
    });
}

#[test]
fn who_came_another_way_is_adopted_by_external_id_or_name() {
    both(async |service| {
        for (source, number) in [(UserSource::Import, 1), (UserSource::Manual, 2)] {
            let imported = User {
                title: Some("Boss".to_owned()),
                display_name: Some("A".to_owned()),
                active: Some(number == 1),
                ..person(&format!("Anna{number}"), &format!("e{number}"))
            };
            let there = service.create_from(source, imported).await.unwrap();
            assert_eq!(there.source(), source);
            let again = match number {
                1 => person("other.name", "e1"),
                _ => user("anna2"),
            };
            let new = User { display_name: Some("B".to_owned()), ..again.clone() };
            adopt(&service, Adoption::Off).await;
            taken(service.create(new.clone()).await, &[if number == 1 { "was imported" } else { "by hand" }]);
            assert_eq!(get(&service, &there.name).await, there);
            adopt(&service, Adoption::ByName).await;
            let adopted = service.create(new).await.unwrap();
            assert_eq!((&adopted.name, adopted.source()), (&there.name, UserSource::Scim));
            assert_eq!((adopted.active(), &adopted.user_name), (true, &again.user_name));
            assert_eq!(adopted.external_id, there.external_id, "not named, or the same");
            assert_eq!(
                (adopted.title.as_deref(), adopted.display_name.as_deref()),
                (Some("Boss"), Some("B"))
            );
            // From here on it is one of the identity provider's.
            taken(service.create(again).await, &["userName"]);
            assert_eq!(get(&service, &there.name).await, adopted);
        }
        assert_eq!(count(&service).await, 2);
    });
}

#[test]
fn adoption_stays_in_the_account() {
    both(async |service| {
        let there = service.create_from(UserSource::Import, person("anna", "e1")).await.unwrap();
        let request = CreateUserRequest {
            parent: "accounts/other".to_owned(),
            user: Some(person("anna", "e1")),
            source: UserSource::Scim.into(),
        };
        let theirs = service.users.clone().create_user(request).await.unwrap().into_inner();
        assert_eq!((theirs.etag.as_str(), theirs.source()), ("W/\"1\"", UserSource::Scim));
        assert_eq!(get(&service, &there.name).await, there);
    });
}

#[test]
fn an_address_adopts_only_where_that_is_asked_for_and_clear() {
    both(async |service| {
        let import = async |user| service.create_from(UserSource::Import, user).await.unwrap();
        let mut numbers = 0..;
        let mut next = |address: &str| with_email(&format!("new{}", numbers.next().unwrap()), address);
        let anna = import(with_email("anna", "Anna@example.com")).await;
        assert_ne!(service.create(next("anna@example.com")).await.unwrap().name, anna.name, "not by default");

        adopt(&service, Adoption::ByNameOrEmail).await;
        assert_ne!(service.create(next("anna@example.com")).await.unwrap().name, anna.name, "two have it");
        let ben = import(with_email("ben", "Ben@Example.com")).await;
        let adopted = service.create(next("bEN@example.com")).await.unwrap();
        assert_eq!((&adopted.name, adopted.source()), (&ben.name, UserSource::Scim));
        assert_ne!(
            service.create(next("ben@example.com")).await.unwrap().name,
            ben.name,
            "it is the provider's"
        );

        let second = |primary| MultiValue { primary, ..email("cleo@example.com") };
        let cleo = import(User { emails: vec![email("x@example.com"), second(None)], ..user("cleo") }).await;
        assert_ne!(
            service.create(next("cleo@example.com")).await.unwrap().name,
            cleo.name,
            "not the main one"
        );
        let dora = import(User {
            emails: vec![
                email("y@example.com"),
                MultiValue { primary: Some(true), ..email("dora@example.com") },
            ],
            ..user("dora")
        })
        .await;
        let several = User { emails: vec![email("z@example.com"), email("dora@example.com")], ..next("") };
        assert_ne!(service.create(several).await.unwrap().name, dora.name, "not the main one of the request");
        assert_eq!(count(&service).await, 9);
    });
}

#[test]
fn a_name_decides_before_an_address() {
    both(async |service| {
        adopt(&service, Adoption::ByNameOrEmail).await;
        let anna =
            service.create_from(UserSource::Import, with_email("anna", "a@example.com")).await.unwrap();
        let ben = service.create_from(UserSource::Manual, with_email("ben", "b@example.com")).await.unwrap();
        let adopted = service.create(with_email("ben", "a@example.com")).await.unwrap();
        assert_eq!(adopted.name, ben.name);
        assert_eq!(get(&service, &anna.name).await, anna);
        // Two have the address now; a name that is in use is refused, whoever has the address.
        taken(service.create(with_email("ben", "a@example.com")).await, &["userName"]);
    });
}

#[test]
fn only_the_identity_provider_reactivates_and_adopts() {
    both(async |service| {
        let anna = service.create(person("anna", "e1")).await.unwrap();
        let anna = deactivate(&service, &anna).await;
        for source in [UserSource::Import, UserSource::Manual, UserSource::Unspecified] {
            taken(service.create_from(source, user("Anna")).await, &["userName"]);
        }
        assert_eq!(get(&service, &anna.name).await, anna);
        let unsaid = service.create_from(UserSource::Unspecified, user("ben")).await.unwrap();
        assert_eq!(unsaid.source(), UserSource::Manual);
        let request = CreateUserRequest { parent: ACCOUNT.to_owned(), user: Some(user("cleo")), source: 9 };
        let refusal = service.users.clone().create_user(request).await.unwrap_err();
        assert!(refusal.message().starts_with("source:"), "{}", refusal.message());
    });
}

#[test]
fn a_change_leaves_the_source_alone() {
    both(async |mut service| {
        let anna = service.create_from(UserSource::Import, user("anna")).await.unwrap();
        let after = deactivate(&service, &anna).await;
        assert_eq!(after.source(), UserSource::Import);
        let replace = ReplaceUserRequest {
            user: Some(User { name: anna.name.clone(), source: UserSource::Scim.into(), ..user("anna") }),
            ..ReplaceUserRequest::default()
        };
        let after = service.users.replace_user(replace).await.unwrap().into_inner();
        assert_eq!((after.source(), after.etag.as_str()), (UserSource::Import, "W/\"3\""));
    });
}

/// What sixteen answer who create the same at once.
async fn sixteen(service: &Service, new: &User) -> Vec<Result<User, Status>> {
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (service, new) = (service.clone(), new.clone());
            tokio::spawn(async move { service.create(new).await })
        })
        .collect();
    let mut answers = vec![];
    for attempt in tries {
        answers.push(attempt.await.unwrap());
    }
    answers
}

#[test]
fn of_sixteen_who_want_one_user_back_one_succeeds() {
    both(async |service| {
        let back = service.create(person("back", "e1")).await.unwrap();
        let imported = service.create_from(UserSource::Import, person("imported", "e2")).await.unwrap();
        for (there, version) in [(deactivate(&service, &back).await, "W/\"3\""), (imported, "W/\"2\"")] {
            let new = person(&there.user_name, there.external_id.as_deref().unwrap());
            let mut had = vec![];
            for answer in sixteen(&service, &new).await {
                match answer {
                    Ok(user) => had.push(user),
                    refused => taken(refused, &["userName"]),
                }
            }
            assert_eq!(had.len(), 1);
            assert_eq!((&had[0].name, had[0].etag.as_str()), (&there.name, version));
            assert_eq!(get(&service, &there.name).await, had[0]);
            assert_eq!(id(&had[0].name), id(&there.name));
        }
        assert_eq!(count(&service).await, 2);
    });
}
