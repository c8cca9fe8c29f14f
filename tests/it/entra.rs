//! A replay of Microsoft Entra ID's provisioning service, from Microsoft's public documentation: *Develop and plan
//! provisioning for a SCIM endpoint*, *Known issues and resolutions with SCIM 2.0 protocol compliance* and *How
//! application provisioning works*.

use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchListUserGroupsRequest, BatchLookupUsersRequest, MembershipCheck,
    UserKey, user_key,
};
use serde_json::{Value, json};

use crate::{
    client::{Client, ENTERPRISE, GROUP, USER},
    server::{Server, both},
};

/// A PATCH operation that takes a member out.
type Removal = fn(&str) -> Value;

/// The URN that Entra lists in the `schemas` of groups, and that nobody else knows.
const ADSCIM: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

fn person(user_name: &str, external_id: &str) -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": external_id,
        "userName": user_name,
        "active": true,
        "addresses": null,
        "displayName": "Babs Jensen",
        "emails": [{ "primary": true, "type": "work", "value": format!("{user_name}.work@example.com") }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Barbara Jensen", "familyName": "Jensen", "givenName": "Barbara" },
        "roles": [],
        "title": null,
    })
}

async fn create(idp: &Client, user_name: &str) -> String {
    idp.post("/Users", &person(user_name, &format!("ext-{user_name}"))).await.created().id()
}

#[tokio::test]
async fn test_connection_asks_for_a_random_user_and_wants_an_empty_list() {
    both(async |server| {
        let random = r#"userName eq "5f9d1cf4-3c0d-4d7a-a3e7-2b0d6a9c1f3e""#;
        server.idp().query("/Users", &[("filter", random)]).await.is_empty_list();
        server.idp().query("/Groups", &[("filter", r#"displayName eq "nobody""#)]).await.is_empty_list();
    })
    .await;
}

#[tokio::test]
async fn a_person_is_created_matched_updated_disabled_and_deleted() {
    both(async |server| {
        let idp = server.idp();
        let created =
            idp.post("/Users", &person("babs", "58342554-38d6-4ec8-948c-50044d0a33fd")).await.created();
        let id = created.id();
        assert_eq!(created["userName"], "babs");
        assert_eq!(created["active"], true);
        assert_eq!(created["meta"]["resourceType"], "User");
        assert_eq!(created.header("location"), format!("{}/Users/{id}", idp.base));
        for unassigned in ["addresses", "title", "roles"] {
            assert!(created[unassigned].is_null(), "{unassigned}: {created}");
        }
        idp.post("/Users", &person("Babs", "another")).await.error(409, Some("uniqueness"));

        for filter in [
            r#"userName eq "babs""#,
            r#"userName eq "BABS""#,
            r#"externalId eq "58342554-38d6-4ec8-948c-50044d0a33fd""#,
            r#"emails[type eq "work"].value eq "babs.work@example.com""#,
            r#"emails[type eq "work"].value eq "Babs.Work@Example.com""#,
        ] {
            assert_eq!(idp.find("/Users", filter).await, [id.clone()], "{filter}");
        }
        for filter in [
            r#"externalId eq "58342554-38D6-4EC8-948C-50044D0A33FD""#,
            r#"emails[type eq "home"].value eq "babs.work@example.com""#,
        ] {
            idp.query("/Users", &[("filter", filter)]).await.is_empty_list();
        }
        assert_eq!(idp.user(&id).await.body, created.body);

        let path = format!("/Users/{id}");
        let disabled =
            idp.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await.ok();
        assert_eq!(disabled["active"], false, "the text False is the boolean");
        assert_eq!(idp.user(&id).await["active"], false, "an inactive user is still read");
        assert_eq!(idp.find("/Users", r#"userName eq "babs""#).await, [id.clone()], "and still found");
        assert_eq!(looked_up(server, "babs").await, Some(false), "and print components see it");
        let enabled =
            idp.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "True" }])).await.ok();
        assert_eq!(enabled["active"], true);
        assert_eq!(looked_up(server, "babs").await, Some(true));

        idp.delete(&path).await.no_content();
        idp.get(&path).await.error(404, None);
        idp.delete(&path).await.error(404, None);
        idp.query("/Users", &[("filter", r#"userName eq "babs""#)]).await.is_empty_list();
        assert_eq!(looked_up(server, "babs").await, None);
        let again = create(idp, "babs").await;
        assert_ne!(again, id, "who comes back is somebody new");
    })
    .await;
}

#[tokio::test]
async fn an_update_without_the_flag_creates_the_elements_that_its_paths_select() {
    both(async |server| {
        let idp = server.idp();
        let id = create(idp, "babs").await;
        let path = format!("/Users/{id}");
        let changed = idp
            .patch(
                &path,
                json!([
                    { "op": "Add", "path": "nickName", "value": "Babs" },
                    { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updated@example.com" },
                    { "op": "Add", "path": "emails[type eq \"other\"].value", "value": "other@example.com" },
                    { "op": "Replace", "path": "emails[type eq \"home\"].value", "value": "home@example.com" },
                    { "op": "Replace", "path": "name.givenName", "value": "Barb" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "100 Main St" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].streetAddress", "value": "Main St 100" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Springfield" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].region", "value": "NT" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].postalCode", "value": "12345" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].country", "value": "US" },
                    { "op": "Add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "555-1" },
                    { "op": "Replace", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "555-2" },
                    { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" },
                    { "op": "Add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "701984" },
                    { "op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "Tour" },
                    { "op": "Replace", "path": "active", "value": "True" },
                ]),
            )
            .await
            .ok();
        let user = idp.user(&id).await;
        assert_eq!(changed.body, user.body, "the answer is what is stored");
        assert_eq!(user["nickName"], "Babs");
        assert_eq!(user["name"]["givenName"], "Barb");
        assert_eq!(user["name"]["familyName"], "Jensen", "the rest of the name stays");
        assert_eq!(
            user["emails"],
            json!([
                { "value": "updated@example.com", "type": "work", "primary": true },
                { "value": "other@example.com", "type": "other" },
                { "value": "home@example.com", "type": "home" },
            ])
        );
        assert_eq!(
            user["addresses"],
            json!([{
                "formatted": "100 Main St", "streetAddress": "Main St 100", "locality": "Springfield", "region": "NT",
                "postalCode": "12345", "country": "US", "type": "work",
            }]),
            "six operations on one element make one element"
        );
        assert_eq!(
            user["phoneNumbers"],
            json!([{ "value": "555-1", "type": "fax" }, { "value": "555-2", "type": "mobile" }])
        );
        assert_eq!(user["roles"], json!([{ "value": "Admin", "primary": true }]), "the text True is the boolean");
        assert_eq!(user[ENTERPRISE], json!({ "employeeNumber": "701984", "department": "Tour" }));
        for (kind, key) in [("home", "home@example.com"), ("work", "updated@example.com")] {
            let filter = format!(r#"emails[type eq "{kind}"].value eq "{key}""#);
            assert_eq!(idp.find("/Users", &filter).await, [id.clone()], "{filter}");
        }

        let again = idp
            .patch(&path, json!([{ "op": "Replace", "path": "roles[primary eq \"True\"].value", "value": "User" }]))
            .await
            .ok();
        assert_eq!(again["roles"], json!([{ "value": "User", "primary": true }]), "the element is found the next time");
        let removed = idp.patch(&path, json!([{ "op": "Remove", "path": "emails[type eq \"other\"]" }])).await.ok();
        assert_eq!(removed["emails"].as_array().map(Vec::len), Some(2), "{removed}");
    })
    .await;
}

#[tokio::test]
async fn an_update_with_the_flag_has_dotted_names_and_no_path() {
    both(async |server| {
        let idp = server.idp();
        let id = create(idp, "babs").await;
        let changed = idp
            .patch(
                &format!("/Users/{id}"),
                json!([
                    { "op": "replace", "path": "active", "value": false },
                    { "op": "replace", "value": {
                        "displayName": "Bjfe",
                        "name.givenName": "Kkom",
                        "name.familyName": "Unua",
                        "emails[type eq \"home\"].value": "home@example.com",
                        format!("{ENTERPRISE}:employeeNumber"): "Aklq",
                        format!("{ENTERPRISE}.department"): "Sales",
                    } },
                ]),
            )
            .await
            .ok();
        assert_eq!(changed["active"], false);
        assert_eq!(changed["displayName"], "Bjfe");
        assert_eq!(
            changed["name"],
            json!({ "formatted": "Barbara Jensen", "familyName": "Unua", "givenName": "Kkom" })
        );
        assert_eq!(changed[ENTERPRISE], json!({ "employeeNumber": "Aklq", "department": "Sales" }));
        assert_eq!(changed["emails"][1], json!({ "value": "home@example.com", "type": "home" }));
        assert_eq!(idp.user(&id).await.body, changed.body);
    })
    .await;
}

#[tokio::test]
async fn a_manager_is_set_and_removed_in_every_form() {
    both(async |server| {
        let idp = server.idp();
        let (id, boss) = (create(idp, "babs").await, create(idp, "boss").await);
        let path = format!("/Users/{id}");
        let manager = format!("{ENTERPRISE}:manager");
        let reference = format!("{}/Users/{boss}", idp.base);
        let set = [
            json!({ "op": "Add", "path": manager, "value": boss }),
            json!({ "op": "Add", "path": manager, "value": { "value": boss } }),
            json!({ "op": "Add", "path": manager, "value": [{ "$ref": reference, "value": boss }] }),
            json!({ "op": "replace", "path": format!("{manager}.value"), "value": boss }),
        ];
        let removal = [
            json!({ "op": "replace", "path": manager, "value": { "value": "" } }),
            json!({ "op": "replace", "path": manager, "value": "" }),
            json!({ "op": "Remove", "path": manager }),
            json!({ "op": "Remove", "path": manager, "value": [{ "value": boss }] }),
        ];
        let check = format!(r#"id eq "{id}" and manager eq "{boss}""#);
        for (set, removal) in set.into_iter().zip(removal) {
            let with = idp.patch(&path, json!([set])).await.ok();
            assert_eq!(with[ENTERPRISE]["manager"]["value"], json!(boss), "{with}");
            let found = idp.query("/Users", &[("filter", &check), ("attributes", "id")]).await.only();
            assert_eq!(found["id"], json!(id));
            assert!(found["userName"].is_null(), "only the id was asked for: {found}");
            let without = idp.patch(&path, json!([removal])).await.ok();
            assert!(without[ENTERPRISE]["manager"].is_null(), "{without}");
            idp.query("/Users", &[("filter", &check), ("attributes", "id")]).await.is_empty_list();
        }
    })
    .await;
}

#[tokio::test]
async fn a_role_that_is_json_in_a_text_is_kept_letter_by_letter() {
    both(async |server| {
        let idp = server.idp();
        let id = create(idp, "babs").await;
        let path = format!("/Users/{id}");
        let role = r#"{"id":"18d14569-c3bd-439b-9a66-3a2aee01d14f","value":"Admin","displayName":"Administrator"}"#;
        let added =
            idp.patch(&path, json!([{ "op": "Add", "path": "roles", "value": [{ "value": role }] }])).await.ok();
        assert_eq!(added["roles"], json!([{ "value": role }]));
        let assertive = json!([{ "op": "replace", "path": "roles", "value": [
            { "primary": "False", "type": "WindowsAzureActiveDirectoryRole", "value": "User", "display": "User" },
            { "primary": "True", "displayName": "not in the schema", "value": role },
        ] }]);
        let replaced = idp.patch(&path, assertive).await.ok();
        assert_eq!(replaced["roles"][1], json!({ "value": role, "primary": true }));
        assert_eq!(replaced["roles"].as_array().map(Vec::len), Some(2));
        assert_eq!(idp.user(&id).await["roles"], replaced["roles"]);
    })
    .await;
}

#[tokio::test]
async fn custom_extension_data_is_kept_although_its_urn_is_not_listed() {
    both(async |server| {
        let idp = server.idp();
        let urn = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User";
        let mut body = person("babs", "e1");
        body[urn] = json!({ "floor": 3, "badge": { "colour": "red" }, "tags": ["a", "b"] });
        let created = idp.post("/Users", &body).await.created();
        assert_eq!(created[urn], body[urn]);
        assert!(created["schemas"].as_array().unwrap().contains(&json!(urn)), "{created}");
        assert_eq!(idp.user(&created.id()).await[urn], body[urn]);
        let changed = idp
            .patch(
                &format!("/Users/{}", created.id()),
                json!([{ "op": "Add", "path": format!("{urn}:desk"), "value": "4.12" }]),
            )
            .await
            .ok();
        assert_eq!(changed[urn]["desk"], "4.12", "{changed}");
        assert_eq!(changed[urn]["floor"], 3, "{changed}");
    })
    .await;
}

#[tokio::test]
async fn a_group_is_created_matched_renamed_and_deleted() {
    both(async |server| {
        let idp = server.idp();
        let body = json!({
            "schemas": [GROUP, ADSCIM],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "Printers North",
            "meta": { "resourceType": "Group" },
        });
        let created = idp.post("/Groups", &body).await.created();
        let id = created.id();
        let path = format!("/Groups/{id}");
        idp.post("/Groups", &json!({ "schemas": [GROUP], "displayName": "printers north" }))
            .await
            .error(409, Some("uniqueness"));
        let found = idp
            .query(
                "/Groups",
                &[("excludedAttributes", "members"), ("filter", r#"displayName eq "PRINTERS north""#)],
            )
            .await
            .only();
        assert_eq!(found["id"], json!(id));
        assert!(found["members"].is_null(), "{found}");
        assert_eq!(idp.find("/Groups", r#"externalId eq "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159""#).await, [id.clone()]);

        let rename = json!([{ "op": "Replace", "path": "displayName", "value": "Printers East" }]);
        idp.patch(&path, rename).await.no_content();
        assert_eq!(idp.get(&path).await.ok()["displayName"], "Printers East");
        let pathless = json!([{ "op": "replace", "value": { "externalId": "x1", "displayName": "Printers West" } }]);
        idp.patch(&path, pathless).await.no_content();
        let ann = create(idp, "ann").await;
        let renamed = idp
            .put(&path, &json!({ "schemas": [GROUP], "displayName": "Printers South", "externalId": "x1", "members": [{ "value": ann }] }))
            .await
            .ok();
        assert_eq!(renamed["displayName"], "Printers South");
        assert_eq!(renamed.id(), id, "a renamed group is the same group");
        assert_eq!(idp.members(&id).await, [ann]);
        assert!(idp.find("/Groups", r#"displayName eq "Printers West""#).await.is_empty());

        idp.delete(&path).await.no_content();
        idp.get(&path).await.error(404, None);
        idp.delete(&path).await.error(404, None);
    })
    .await;
}

#[tokio::test]
async fn a_removal_removes_that_member_and_nobody_else() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben, cid) = (create(idp, "ann").await, create(idp, "ben").await, create(idp, "cid").await);
        let removals: [(&str, Removal); 5] = [
            (
                "by value array",
                |id| json!({ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": id }] }),
            ),
            ("by filter", |id| json!({ "op": "Remove", "path": format!("members[value eq \"{id}\"]") })),
            ("by one object", |id| json!({ "op": "remove", "path": "members", "value": { "value": id } })),
            ("by bare id", |id| json!({ "op": "remove", "path": "members", "value": [id] })),
            (
                "by filter in capitals",
                |id| json!({ "op": "REMOVE", "path": format!("Members[Value EQ \"{id}\"]") }),
            ),
        ];
        for (form, removal) in removals {
            let group = idp.new_group(form, &[]).await;
            let path = format!("/Groups/{group}");
            idp.patch(
                &path,
                json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ann }] }]),
            )
            .await
            .no_content();
            idp.patch(
                &path,
                json!([{ "op": "Add", "path": "members", "value": [{ "value": ben }, { "value": cid }] }]),
            )
            .await
            .no_content();
            assert_eq!(idp.members(&group).await, sorted([&ann, &ben, &cid]), "{form}");
            idp.patch(&path, json!([removal(&ben)])).await.no_content();
            assert_eq!(idp.members(&group).await, sorted([&ann, &cid]), "{form}");
            assert_eq!(who_is_in(server, &group, [&ann, &ben, &cid]).await, [true, false, true], "{form}");
            idp.patch(&path, json!([removal(&ben)])).await.no_content();
            assert_eq!(
                idp.members(&group).await,
                sorted([&ann, &cid]),
                "{form}: removing twice is a success"
            );
            let check = format!(r#"id eq "{group}" and members eq "{ann}""#);
            assert_eq!(idp.find("/Groups", &check).await, [group.clone()], "{form}");
            let check = format!(r#"id eq "{group}" and members eq "{ben}""#);
            assert!(idp.find("/Groups", &check).await.is_empty(), "{form}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_removal_does_not_empty_the_group() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (create(idp, "ann").await, create(idp, "ben").await);
        let group = idp.new_group("g", &[&ann, &ben]).await;
        let path = format!("/Groups/{group}");
        idp.patch(&path, json!([{ "op": "Remove", "path": "members", "value": [] }])).await;
        assert_eq!(idp.members(&group).await, sorted([&ann, &ben]), "nobody was named, nobody goes");
        idp.patch(&path, json!([{ "op": "Remove", "path": "members" }])).await.no_content();
        assert!(
            idp.members(&group).await.is_empty(),
            "without a value, all of them go (RFC 7644 section 3.5.2.2)"
        );
    })
    .await;
}

#[tokio::test]
async fn members_are_replaced_by_a_whole_list() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben, cid) = (create(idp, "ann").await, create(idp, "ben").await, create(idp, "cid").await);
        let group = idp.new_group("g", &[&ann, &ben]).await;
        let path = format!("/Groups/{group}");
        let replacement =
            json!([{ "op": "Replace", "path": "members", "value": [{ "value": ben }, { "value": cid }] }]);
        idp.patch(&path, replacement).await.no_content();
        assert_eq!(idp.members(&group).await, sorted([&ben, &cid]));
        assert_eq!(who_is_in(server, &group, [&ann, &ben, &cid]).await, [false, true, true]);
        let shown = idp.query(&path, &[("excludedAttributes", "members")]).await.ok();
        assert!(shown["members"].is_null(), "{shown}");
    })
    .await;
}

#[tokio::test]
async fn membership_outlives_a_soft_delete_and_not_a_hard_one() {
    both(async |server| {
        let idp = server.idp();
        let ann = create(idp, "ann").await;
        let group = idp.new_group("g", &[&ann]).await;
        idp.patch(&format!("/Users/{ann}"), json!([{ "op": "Replace", "path": "active", "value": "False" }]))
            .await
            .ok();
        assert_eq!(idp.members(&group).await, [ann.clone()]);
        assert_eq!(who_is_in(server, &group, [&ann]).await, [true]);
        let groups = groups_of(server, &ann).await;
        assert_eq!(groups, [format!("accounts/default/groups/{group}")]);
        idp.delete(&format!("/Users/{ann}")).await.no_content();
        assert!(idp.members(&group).await.is_empty());
        assert_eq!(who_is_in(server, &group, [&ann]).await, [false]);
    })
    .await;
}

fn sorted<const N: usize>(ids: [&String; N]) -> Vec<String> {
    let mut ids: Vec<String> = ids.into_iter().cloned().collect();
    ids.sort();
    ids
}

/// Whether the user whom a print component finds by userName is active; `None` when it finds nobody.
async fn looked_up(server: &Server, user_name: &str) -> Option<bool> {
    let request = BatchLookupUsersRequest {
        min_revision: 0,
        parent: "accounts/default".to_owned(),
        keys: vec![UserKey { key: Some(user_key::Key::UserName(user_name.to_owned())) }],
        view: 0,
    };
    let answer = server.lookups().await.batch_lookup_users(request).await.unwrap().into_inner();
    answer.results[0].users.first().map(rollcall_proto::identity::User::active)
}

/// Whether each user is in the group, by what a print component is told.
async fn who_is_in<const N: usize>(server: &Server, group: &str, users: [&String; N]) -> [bool; N] {
    let check = |user: &String| MembershipCheck { user_id: user.clone(), group_id: group.to_owned() };
    let request = BatchCheckMembershipsRequest {
        min_revision: 0,
        parent: "accounts/default".to_owned(),
        checks: users.into_iter().map(check).collect(),
        effective: false,
    };
    let answer = server.lookups().await.batch_check_memberships(request).await.unwrap().into_inner();
    let members: Vec<bool> = answer.results.iter().map(|result| result.member).collect();
    members.try_into().unwrap()
}

async fn groups_of(server: &Server, user: &str) -> Vec<String> {
    let request = BatchListUserGroupsRequest {
        min_revision: 0,
        parent: "accounts/default".to_owned(),
        user_ids: vec![user.to_owned()],
        effective: false,
    };
    let answer = server.lookups().await.batch_list_user_groups(request).await.unwrap().into_inner();
    answer.results[0].groups.iter().map(|group| group.group.clone()).collect()
}
