//! The SQL's answer to a filter is the answer of evaluating it in memory, for any filter and any directory.

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use rollcall_proto::identity::{
    Address, EnterpriseUser, Extension, Group, ListGroupsRequest, ListUsersRequest, Manager, Member,
    MultiValue, PersonName, User,
};
use rollcall_scim::{
    convert,
    filter::Filter,
    schema::{Attribute, Kind, ResourceType, Returned},
};

use crate::service::{ACCOUNT, Service, both, id};

/// Few letters, so that filters hit; awkward ones, so that the databases' own notion of them would show.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop::sample::select(vec![
            "a",
            "A",
            "b",
            "ä",
            "Ä",
            "A\u{308}",
            "ß",
            "İ",
            "ı",
            "%",
            "_",
            "'",
            "\\",
            " ",
            "\u{10ffff}",
            "ｂ",
            "é",
        ]),
        0..4,
    )
    .prop_map(|parts| parts.concat())
}

fn some_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

fn elements() -> impl Strategy<Value = Vec<MultiValue>> {
    let element = (some_text(), some_text(), some_text(), prop::option::of(any::<bool>()))
        .prop_filter("an element has a part", |(v, d, t, p)| {
            v.is_some() || d.is_some() || t.is_some() || p.is_some()
        })
        .prop_map(|(value, display, r#type, primary)| MultiValue { value, display, r#type, primary });
    proptest::collection::vec(element, 0..3)
}

fn user() -> impl Strategy<Value = User> {
    let names = (some_text(), some_text()).prop_map(|(family_name, given_name)| {
        let any = family_name.is_some() || given_name.is_some();
        any.then(|| PersonName { family_name, given_name, ..PersonName::default() })
    });
    let addresses = prop::option::of(text()).prop_map(|locality| {
        locality
            .map(|city| Address { locality: Some(city), ..Address::default() })
            .into_iter()
            .collect::<Vec<_>>()
    });
    let enterprise = (some_text(), some_text()).prop_map(|(department, manager)| {
        let manager = manager.map(|value| Manager { value: Some(value), ..Manager::default() });
        let any = department.is_some() || manager.is_some();
        any.then(|| EnterpriseUser { department, manager, ..EnterpriseUser::default() })
    });
    let extension = any::<bool>().prop_map(|has| {
        let extension = Extension { schema: "urn:a:B".to_owned(), json: "{\"x\":1}".to_owned() };
        if has { vec![extension] } else { vec![] }
    });
    (
        text(),
        some_text(),
        prop::option::of(any::<bool>()),
        some_text(),
        some_text(),
        (elements(), elements(), elements(), addresses),
        names,
        enterprise,
        extension,
    )
        .prop_map(
            |(
                user_name,
                external_id,
                active,
                display_name,
                profile_url,
                (emails, roles, photos, addresses),
                person_name,
                enterprise,
                extensions,
            )| User {
                user_name,
                external_id: external_id.filter(|id| !id.is_empty()),
                active,
                display_name,
                profile_url,
                emails,
                roles,
                photos,
                addresses,
                person_name,
                enterprise,
                extensions,
                ..User::default()
            },
        )
}

/// The paths that can be compared, with their kinds, from the schemas themselves.
fn paths(resource: ResourceType) -> Vec<(String, Kind)> {
    let mut paths = vec![];
    let mut push = |prefix: &str, attribute: &Attribute| {
        if attribute.returned == Returned::Never {
            return;
        }
        paths.push((format!("{prefix}{}", attribute.name), attribute.kind));
        for sub in attribute.sub_attributes {
            paths.push((format!("{prefix}{}.{}", attribute.name, sub.name), sub.kind));
        }
    };
    for attribute in rollcall_scim::schema::COMMON {
        push("", attribute);
    }
    for schema in resource.schemas() {
        let prefix = if schema.id == resource.core().id { String::new() } else { format!("{}:", schema.id) };
        for attribute in schema.attributes {
            push(&prefix, attribute);
        }
    }
    // Complex ones mean their `value`; those without cannot be compared, and parsing says so.
    paths
}

fn term(resource: ResourceType, ids: Vec<String>) -> impl Strategy<Value = String> {
    let literal = prop_oneof![8 => text(), 2 => prop::sample::select(ids)];
    let op = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"]);
    (prop::sample::select(paths(resource)), op, literal, any::<bool>()).prop_map(
        |((path, kind), op, literal, flag)| {
            let value = match kind {
                Kind::Boolean => flag.to_string(),
                Kind::DateTime => {
                    format!("\"{}\"", if flag { "2020-01-01T00:00:00Z" } else { "2999-01-01T00:00:00+01:00" })
                }
                _ => serde_json::Value::from(literal).to_string(),
            };
            if op == "pr" { format!("{path} pr") } else { format!("{path} {op} {value}") }
        },
    )
}

fn element_term() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["type", "value", "display"]),
        prop::sample::select(vec!["eq", "ne", "co", "sw", "pr"]),
        text(),
    )
        .prop_map(|(sub, op, text)| {
            if op == "pr" {
                format!("{sub} pr")
            } else {
                format!("{sub} {op} {}", serde_json::Value::from(text))
            }
        })
}

fn filter(resource: ResourceType, ids: Vec<String>) -> impl Strategy<Value = String> {
    let many = match resource {
        ResourceType::User => vec!["emails", "roles", "photos", "groups"],
        ResourceType::Group => vec!["members"],
    };
    let value_path = (
        prop::sample::select(many),
        element_term(),
        element_term(),
        prop::sample::select(vec![" and ", " or ", " and not "]),
    )
        .prop_map(|(attribute, a, b, join)| {
            if join.ends_with("not ") {
                format!("{attribute}[{a}{join}({b})]")
            } else {
                format!("{attribute}[{a}{join}{b}]")
            }
        });
    let leaf = prop_oneof![4 => term(resource, ids), 1 => value_path];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn runner() -> TestRunner {
    // A new seed each time; on failure the filter and the directory themselves are shown.
    TestRunner::new(Config { failure_persistence: None, ..Config::default() })
}

/// Users with groups that hold some of them, and each other.
async fn fill(service: &Service, runner: &mut TestRunner) -> (Vec<User>, Vec<Group>) {
    let (mut users, mut groups): (Vec<User>, Vec<Group>) = (vec![], vec![]);
    for number in 0..12 {
        let mut user = user().new_tree(runner).unwrap().current();
        user.user_name = format!("{}{number}", user.user_name);
        user.external_id = user.external_id.map(|id| format!("{id}{number}"));
        users.push(service.create(user).await.unwrap());
    }
    for number in 0..6_usize {
        let display_name = format!("{}{number}", text().new_tree(runner).unwrap().current());
        let of_user = |user: &User| Member { id: id(&user.name).to_owned(), ..Member::default() };
        let mut members: Vec<_> = users.iter().skip(number * 2).step_by(number + 1).map(of_user).collect();
        members.extend(
            groups.last().map(|group| Member { id: id(&group.name).to_owned(), ..Member::default() }),
        );
        let group = Group { display_name, members, ..Group::default() };
        groups.push(service.create_group(group).await.unwrap());
    }
    let request = ListUsersRequest { parent: ACCOUNT.to_owned(), ..ListUsersRequest::default() };
    let users = service.users.clone().list_users(request).await.unwrap().into_inner().users;
    (users, groups)
}

fn ids(users: &[User], groups: &[Group]) -> Vec<String> {
    let known = users.iter().map(|user| &user.name).chain(groups.iter().map(|group| &group.name));
    let mut ids: Vec<String> = known.map(|name| id(name).to_owned()).collect();
    ids.extend(
        ["User", "Group", "direct", "W/\"1\"", "urn:a:B", "urn:ietf:params:scim:schemas:core:2.0:User"]
            .map(str::to_owned),
    );
    ids
}

#[test]
fn the_database_and_memory_agree_on_every_filter() {
    both(async |mut service| {
        let mut runner = runner();
        let (users, groups) = fill(&service, &mut runner).await;
        let ids = ids(&users, &groups);
        let (mut asked, mut hits) = (0, 0);
        for _ in 0..400 {
            for resource in ResourceType::ALL {
                let text = filter(resource, ids.clone()).new_tree(&mut runner).unwrap().current();
                let Ok(parsed) = Filter::parse(&text, resource) else { continue };
                let (found, expected): (Vec<String>, Vec<String>) = match resource {
                    ResourceType::User => {
                        let request = ListUsersRequest {
                            parent: ACCOUNT.to_owned(),
                            filter: text.clone(),
                            ..ListUsersRequest::default()
                        };
                        let page = service
                            .users
                            .list_users(request)
                            .await
                            .unwrap_or_else(|e| panic!("{text}: {e}"))
                            .into_inner();
                        let matches =
                            users.iter().filter(|user| parsed.matches(&convert::user_to_json(user, "")));
                        (
                            page.users.into_iter().map(|user| user.name).collect(),
                            matches.map(|user| user.name.clone()).collect(),
                        )
                    }
                    ResourceType::Group => {
                        let request = ListGroupsRequest {
                            parent: ACCOUNT.to_owned(),
                            filter: text.clone(),
                            ..ListGroupsRequest::default()
                        };
                        let page = service
                            .groups
                            .list_groups(request)
                            .await
                            .unwrap_or_else(|e| panic!("{text}: {e}"))
                            .into_inner();
                        let matches =
                            groups.iter().filter(|group| parsed.matches(&convert::group_to_json(group, "")));
                        (
                            page.groups.into_iter().map(|group| group.name).collect(),
                            matches.map(|group| group.name.clone()).collect(),
                        )
                    }
                };
                asked += 1;
                hits += usize::from(!found.is_empty());
                if found != expected {
                    let wrong: Vec<String> = match resource {
                        ResourceType::User => users
                            .iter()
                            .filter(|user| found.contains(&user.name) != expected.contains(&user.name))
                            .map(|user| serde_json::Value::from(convert::user_to_json(user, "")).to_string())
                            .collect(),
                        ResourceType::Group => groups
                            .iter()
                            .filter(|group| found.contains(&group.name) != expected.contains(&group.name))
                            .map(|group| {
                                serde_json::Value::from(convert::group_to_json(group, "")).to_string()
                            })
                            .collect(),
                    };
                    panic!(
                        "{text}\nthe database finds {} of {}; they differ on\n{}",
                        found.len(),
                        expected.len(),
                        wrong.join("\n")
                    );
                }
            }
        }
        // A test that asked nothing, or found nothing, would have shown nothing.
        assert!(asked > 300 && hits > 50, "{asked} filters, {hits} of them found something");
    });
}
