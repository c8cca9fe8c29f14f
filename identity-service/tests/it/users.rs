use rollcall_proto::identity::{
    Address, DeleteUserRequest, EnterpriseUser, Extension, GetUserRequest, ListUsersRequest, Manager,
    MultiValue, PatchOp, PatchUserRequest, PersonName, ReplaceUserRequest, User, UserView,
};
use serde_json::json;
use tonic::Code;

use crate::service::{ACCOUNT, Service, both, email, group, op, reason, user};

fn full() -> User {
    User {
        external_id: Some("ext-1".to_owned()),
        person_name: Some(PersonName { family_name: Some("Ångström".to_owned()), ..PersonName::default() }),
        emails: vec![email("a@example.com"), email("b@example.com")],
        photos: vec![MultiValue { value: Some("https://x/Y.png".to_owned()), ..MultiValue::default() }],
        addresses: vec![Address {
            locality: Some("Bern".to_owned()),
            primary: Some(true),
            ..Address::default()
        }],
        enterprise: Some(EnterpriseUser {
            manager: Some(Manager { value: Some("boss".to_owned()), ..Manager::default() }),
            ..EnterpriseUser::default()
        }),
        extensions: vec![Extension {
            schema: "urn:x:y".to_owned(),
            json: r#"{"a":[1,{"b":null}]}"#.to_owned(),
        }],
        ..user("Full")
    }
}

async fn get(service: &Service, name: &str) -> Result<User, tonic::Status> {
    let request = GetUserRequest { name: name.to_owned(), view: UserView::Full.into() };
    service.users.clone().get_user(request).await.map(tonic::Response::into_inner)
}

async fn list(service: &Service, request: ListUsersRequest) -> (Vec<String>, i32, String) {
    let request = ListUsersRequest { parent: ACCOUNT.to_owned(), ..request };
    let page = service.users.clone().list_users(request).await.unwrap().into_inner();
    (page.users.into_iter().map(|user| user.user_name).collect(), page.total_size, page.next_page_token)
}

#[test]
fn a_user_comes_back_as_it_went_in() {
    both(async |service| {
        let created = service.create(full()).await.unwrap();
        assert_eq!(created.etag, "W/\"1\"");
        assert!(created.create_time.is_some() && created.create_time == created.update_time);
        assert_eq!(get(&service, &created.name).await.unwrap(), created);
        let stored = User {
            name: String::new(),
            create_time: None,
            update_time: None,
            etag: String::new(),
            source: 0,
            ..created.clone()
        };
        assert_eq!(stored, full());
    });
}

#[test]
fn names_that_differ_in_case_width_or_composition_collide() {
    both(async |service| {
        for (taken, refused) in [
            ("Anna", "aNNA"),
            ("j\u{e4}ger", "JA\u{308}GER"),
            ("\u{ff21}\u{ff22}", "ab"),
            ("İnci", "i\u{307}nci"),
        ] {
            service.create(user(taken)).await.unwrap();
            let refusal = service.create(user(refused)).await.unwrap_err();
            assert_eq!(
                (refusal.code(), reason(&refusal)),
                (Code::AlreadyExists, "UNIQUENESS".to_owned()),
                "{refused}"
            );
            assert!(refusal.message().contains("userName"), "{}", refusal.message());
        }
        // No more than that: these are other letters.
        for other in ["strasse", "straße", "ınci"] {
            service.create(user(other)).await.unwrap();
        }
    });
}

#[test]
fn a_change_moves_version_and_time_and_no_change_does_not() {
    both(async |mut service| {
        let created = service.create(full()).await.unwrap();
        let patch = |value: &str| PatchUserRequest {
            name: created.name.clone(),
            operations: vec![op(PatchOp::Replace, "title", json!(value))],
            ..PatchUserRequest::default()
        };
        let first = service.users.patch_user(patch("Boss")).await.unwrap().into_inner();
        assert_eq!((first.etag.as_str(), first.title.as_deref()), ("W/\"2\"", Some("Boss")));
        let again = service.users.patch_user(patch("Boss")).await.unwrap().into_inner();
        assert_eq!(again, first);
        let replace = ReplaceUserRequest { user: Some(first.clone()), ..ReplaceUserRequest::default() };
        assert_eq!(service.users.replace_user(replace).await.unwrap().into_inner(), first);
    });
}

#[test]
fn a_condition_that_does_not_hold_changes_nothing() {
    both(async |mut service| {
        let created = service.create(full()).await.unwrap();
        let replace = |etag: &str| ReplaceUserRequest {
            user: Some(User { name: created.name.clone(), ..user("new") }),
            etags: vec![etag.to_owned()],
            ..ReplaceUserRequest::default()
        };
        let refusal = service.users.replace_user(replace("W/\"7\"")).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal)), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
        assert_eq!(get(&service, &created.name).await.unwrap(), created);
        assert_eq!(
            service.users.replace_user(replace("W/\"1\"")).await.unwrap().into_inner().etag,
            "W/\"2\""
        );
        let delete =
            DeleteUserRequest { name: created.name.clone(), etags: vec!["W/\"1\"".to_owned()], writer: 0 };
        assert_eq!(service.users.delete_user(delete).await.unwrap_err().code(), Code::Aborted);
    });
}

#[test]
fn a_deleted_user_is_gone_and_its_names_are_free() {
    both(async |mut service| {
        let created = service.create(full()).await.unwrap();
        let staff = service.create_group(group("Staff", &[&created])).await.unwrap();
        assert_eq!(staff.members.len(), 1);
        let delete = DeleteUserRequest { name: created.name.clone(), etags: vec![], writer: 0 };
        service.users.delete_user(delete.clone()).await.unwrap();
        assert_eq!(service.users.delete_user(delete).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(get(&service, &created.name).await.unwrap_err().code(), Code::NotFound);
        let after = service.group(&staff.name).await.unwrap();
        assert_eq!((after.members.len(), after.etag.as_str()), (0, "W/\"2\""));
        assert_ne!(service.create(full()).await.unwrap().name, created.name);
    });
}

#[test]
fn pages_cover_everyone_once_in_a_stable_order() {
    both(async |service| {
        for number in 0..7 {
            service
                .create(User {
                    title: (number % 2 == 0).then(|| "T".to_owned()),
                    ..user(&format!("u{number}"))
                })
                .await
                .unwrap();
        }
        for order_by in ["", "userName desc", "title", "emails.value"] {
            let ask = |page_token: String| ListUsersRequest {
                page_size: 3,
                page_token,
                order_by: order_by.to_owned(),
                ..ListUsersRequest::default()
            };
            let (mut seen, total, mut token) = list(&service, ask(String::new())).await;
            assert_eq!(total, 7);
            while !token.is_empty() {
                let (more, _, next) = list(&service, ask(token)).await;
                seen.extend(more);
                token = next;
            }
            let mut sorted = seen.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!((seen.len(), sorted.len()), (7, 7), "{order_by}: {seen:?}");
        }
        let skip = |skip, page_size| ListUsersRequest { skip, page_size, ..ListUsersRequest::default() };
        assert_eq!(list(&service, skip(5, 10)).await.0, ["u5", "u6"]);
        assert_eq!(list(&service, skip(99, 10)).await, (vec![], 7, String::new()));
        assert_eq!(list(&service, skip(0, -1)).await, (vec![], 7, String::new()));
    });
}

#[test]
fn pages_by_number_are_those_of_the_whole_list_whatever_was_read_and_changed_before() {
    both(async |service| {
        let mut there = vec![];
        for number in 0..9 {
            let title = Some(if number % 3 == 0 { "a" } else { "b" }.to_owned());
            there.push(service.create(User { title, ..user(&format!("u{number}")) }).await.unwrap());
        }
        let page = |filter: &str, skip, page_size| ListUsersRequest {
            filter: filter.to_owned(),
            skip,
            page_size,
            ..ListUsersRequest::default()
        };
        let all_pages = async |there: &[User]| {
            for (filter, matching) in [("", "ab"), ("title eq \"b\"", "b")] {
                let of =
                    |user: &&User| user.title.as_ref().is_some_and(|title| matching.contains(title.as_str()));
                let names: Vec<_> = there.iter().filter(of).map(|user| user.user_name.clone()).collect();
                // Twice, so that each page is read by a place that is remembered too; and out of order.
                for skip in (0..12).chain((0..12).rev()) {
                    for size in [1, 3, 20] {
                        let expected: Vec<_> = names.iter().skip(skip).take(size).cloned().collect();
                        let asked = page(filter, skip.try_into().unwrap(), size.try_into().unwrap());
                        let (found, total, _) = list(&service, asked).await;
                        assert_eq!(
                            (found, total),
                            (expected, names.len().try_into().unwrap()),
                            "{skip} {size}"
                        );
                    }
                }
            }
        };
        all_pages(&there).await;
        let gone = there.remove(4);
        let delete = DeleteUserRequest { name: gone.name, ..DeleteUserRequest::default() };
        service.users.clone().delete_user(delete).await.unwrap();
        all_pages(&there).await;
        there.push(service.create(User { title: Some("b".to_owned()), ..user("late") }).await.unwrap());
        all_pages(&there).await;
    });
}

#[test]
fn who_is_there_all_along_is_listed_once_whatever_others_do() {
    both(async |mut service| {
        let mut names = vec![];
        for number in 0..30 {
            let title = (number % 3 > 0).then(|| format!("t{}", number % 5));
            names.push(service.create(User { title, ..user(&format!("n{number:02}")) }).await.unwrap().name);
        }
        for order_by in
            ["", "userName", "userName desc", "title", "title desc", "active", "meta.created desc"]
        {
            let (mut seen, mut token, mut page) = (vec![], String::new(), 0);
            loop {
                let request = ListUsersRequest {
                    page_size: 4,
                    page_token: token,
                    order_by: order_by.to_owned(),
                    filter: "userName sw \"n\"".to_owned(),
                    ..ListUsersRequest::default()
                };
                let (found, total, next) = list(&service, request).await;
                assert_eq!(total, 30, "{order_by}");
                seen.extend(found);
                if next.is_empty() {
                    break;
                }
                token = next;
                // One more appears at each end, and one that was listed already goes.
                for name in [format!("a{page}{order_by}"), format!("z{page}{order_by}")] {
                    service.create(user(&name)).await.unwrap();
                }
                page += 1;
            }
            seen.sort();
            assert_eq!(seen, (0..30).map(|number| format!("n{number:02}")).collect::<Vec<_>>(), "{order_by}");
        }
        // A page that began before a delete goes on after it.
        let first = ListUsersRequest { page_size: 10, ..ListUsersRequest::default() };
        let (_, _, token) = list(&service, first).await;
        for name in &names[5..12] {
            service
                .users
                .delete_user(DeleteUserRequest { name: name.clone(), etags: vec![], writer: 0 })
                .await
                .unwrap();
        }
        let second = ListUsersRequest { page_size: 3, page_token: token, ..ListUsersRequest::default() };
        assert_eq!(list(&service, second).await.0, ["n12", "n13", "n14"]);
    });
}

#[test]
fn sorting_puts_missing_values_last_and_takes_the_primary_one() {
    both(async |service| {
        let primary = MultiValue { primary: Some(true), ..email("zz@x") };
        service.create(User { emails: vec![email("aa@x"), primary], ..user("late") }).await.unwrap();
        service.create(User { emails: vec![email("mm@x"), email("zzz@x")], ..user("middle") }).await.unwrap();
        service.create(user("none")).await.unwrap();
        let by = |order_by: &str| ListUsersRequest {
            order_by: order_by.to_owned(),
            ..ListUsersRequest::default()
        };
        assert_eq!(list(&service, by("emails")).await.0, ["middle", "late", "none"]);
        assert_eq!(list(&service, by("emails.value desc")).await.0, ["none", "late", "middle"]);
    });
}

#[test]
fn accounts_do_not_see_each_other() {
    both(async |mut service| {
        let ours = service.create(full()).await.unwrap();
        let theirs = ours.name.replace("acme", "other");
        assert_eq!(get(&service, &theirs).await.unwrap_err().code(), Code::NotFound);
        let request = rollcall_proto::identity::CreateUserRequest {
            parent: "accounts/other".to_owned(),
            user: Some(full()),
            source: 0,
        };
        service.users.create_user(request).await.unwrap();
        assert_eq!(list(&service, ListUsersRequest::default()).await.1, 1);
    });
}

#[test]
fn a_wrong_request_says_which_field() {
    both(async |mut service| {
        let wrong = service.users.list_users(ListUsersRequest::default()).await.unwrap_err();
        assert!(wrong.message().starts_with("parent:"), "{}", wrong.message());
        let get = GetUserRequest { name: "users/1".to_owned(), view: 0 };
        assert_eq!(service.users.get_user(get).await.unwrap_err().code(), Code::InvalidArgument);
        let filter = ListUsersRequest {
            parent: ACCOUNT.to_owned(),
            filter: "userName qq \"x\"".to_owned(),
            ..ListUsersRequest::default()
        };
        assert_eq!(reason(&service.users.list_users(filter).await.unwrap_err()), "INVALID_FILTER");
        let no_name = service.create(user(" ")).await.unwrap_err();
        assert!(no_name.message().contains("user_name"), "{}", no_name.message());
    });
}
