//! People who leave and come back, who were there before the identity provider, and who are not there at all.

use futures::future::join_all;
use rollcall_proto::identity::{
    CreateUserRequest, MultiValue, User, UserSource, user_service_client::UserServiceClient,
};
use serde_json::{Value, json};

use crate::{
    client::{Client, ENTERPRISE, USER},
    command_line::{rollcall, succeeds},
    server::{Server, both},
};

fn person(user_name: &str, external_id: &str) -> Value {
    json!({ "schemas": [USER], "userName": user_name, "externalId": external_id })
}

async fn deactivate(idp: &Client, id: &str) {
    let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    idp.patch(&format!("/Users/{id}"), operations).await.ok();
}

fn set(server: &Server, account: &str, options: &[&str]) -> Value {
    let arguments = [&["account", "settings", "set", account, "--json"], options].concat();
    serde_json::from_str(&succeeds(&rollcall(server, &arguments))).unwrap()
}

/// Why a POST of a user was answered 409.
async fn taken(idp: &Client, body: &Value) -> String {
    idp.post("/Users", body).await.error(409, Some("uniqueness")).to_owned()
}

/// A user as an import makes it.
async fn import(server: &Server, user: User) -> String {
    let mut users = UserServiceClient::connect(server.identity.clone()).await.unwrap();
    let request = CreateUserRequest {
        parent: "accounts/default".to_owned(),
        user: Some(User { active: Some(true), ..user }),
        source: UserSource::Import.into(),
    };
    let made = users.create_user(request).await.unwrap().into_inner();
    made.name.rsplit_once('/').unwrap().1.to_owned()
}

#[tokio::test]
async fn who_was_deactivated_and_is_created_again_is_the_same_person() {
    both(async |server| {
        let idp = server.idp();
        let mut first = person("Ann@example.com", "e1");
        first["title"] = json!("Boss");
        let ann = idp.post("/Users", &first).await.created().id();
        let team = idp.new_group("Team", &[&ann]).await;
        taken(idp, &person("ann@example.com", "e1")).await;
        deactivate(idp, &ann).await;

        // Married meanwhile: the externalId says who it is.
        let mut again = person("ann.new@example.com", "e1");
        again["schemas"] = json!([USER, ENTERPRISE]);
        again[ENTERPRISE] = json!({ "department": "Print" });
        let back = idp.post("/Users", &again).await.created();
        assert_eq!(
            (back.id(), &back["active"], &back["title"], &back[ENTERPRISE]["department"]),
            (ann.clone(), &json!(true), &Value::Null, &json!("Print"))
        );
        assert_eq!(back["groups"][0]["value"], json!(team));
        assert_eq!(back["meta"]["version"], "W/\"3\"");
        assert_eq!(idp.find("/Users", r#"userName eq "ann@example.com""#).await, Vec::<String>::new());

        // A new directory object for the same name.
        deactivate(idp, &ann).await;
        let back = idp.post("/Users", &person("ANN.new@example.com", "e2")).await.created();
        assert_eq!((back.id(), &back["externalId"]), (ann.clone(), &json!("e2")));

        deactivate(idp, &ann).await;
        set(server, "default", &["--reactivation", "refuse"]);
        let detail = taken(idp, &person("other@example.com", "e2")).await;
        assert!(detail.contains("externalId") && detail.contains("deactivated"), "{detail}");
        assert_eq!(idp.get("/Users?count=0").await["totalResults"], 1);
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_who_create_a_deactivated_person_one_succeeds() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.post("/Users", &person("ann", "e1")).await.created().id();
        for round in 1..=5 {
            deactivate(idp, &ann).await;
            let bodies: Vec<Value> = (0..16).map(|_| person("Ann", "e1")).collect();
            let answers = join_all(bodies.iter().map(|body| idp.post("/Users", body))).await;
            let (made, refused): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 201);
            assert_eq!((made.len(), refused.len()), (1, 15));
            for answer in made {
                assert_eq!(answer.created().id(), ann);
            }
            for answer in refused {
                answer.error(409, Some("uniqueness"));
            }
            assert_eq!(idp.user(&ann).await["meta"]["version"], format!("W/\"{}\"", 2 * round + 1));
        }
        assert_eq!(idp.get("/Users?count=0").await["totalResults"], 1);
    })
    .await;
}

#[tokio::test]
async fn who_was_imported_is_adopted_as_the_account_says() {
    both(async |server| {
        let idp = server.idp();
        let imported = |name: &str| User {
            user_name: name.to_owned(),
            title: Some("Boss".to_owned()),
            emails: vec![MultiValue {
                value: Some(format!("{name}@example.com")),
                r#type: Some("work".to_owned()),
                ..MultiValue::default()
            }],
            ..User::default()
        };
        let ann = import(server, imported("ann")).await;
        let mut body = person("ANN", "e1");
        body["displayName"] = json!("Ann");
        set(server, "default", &["--adoption", "off"]);
        let detail = taken(idp, &body).await;
        assert!(detail.contains("userName") && detail.contains("imported"), "{detail}");

        set(server, "default", &["--adoption", "by-name"]);
        let adopted = idp.post("/Users", &body).await.created();
        assert_eq!(
            (adopted.id(), &adopted["userName"], &adopted["title"], &adopted["displayName"]),
            (ann, &json!("ANN"), &json!("Boss"), &json!("Ann"))
        );
        assert_eq!(adopted["emails"][0]["value"], "ann@example.com");
        taken(idp, &body).await;

        let ben = import(server, imported("ben")).await;
        let mut body = person("b.ott", "e2");
        body["emails"] = json!([{ "value": "Ben@Example.com", "type": "work", "primary": true }]);
        set(server, "default", &["--adoption", "by-name-or-email"]);
        assert_eq!(idp.post("/Users", &body).await.created().id(), ben);

        // Another account's people are nobody's to adopt.
        let other = server.new_account("other").await;
        set(server, "other", &["--adoption", "by-name-or-email"]);
        assert_ne!(other.post("/Users", &body).await.created().id(), ben);
    })
    .await;
}

#[tokio::test]
async fn members_who_are_nobody_are_left_out_or_refused_as_the_account_says() {
    both(async |server| {
        let idp = server.idp();
        let ann = idp.new_user("ann").await;
        let team = idp.new_group("Team", &[&ann, "nobody"]).await;
        let path = format!("/Groups/{team}");
        let add =
            json!([{ "op": "Add", "path": "members", "value": [{ "value": "x1" }, { "value": "x2" }] }]);
        assert!(idp.patch(&path, add.clone()).await.status < 300);
        assert_eq!(idp.members(&team).await, [ann.clone()]);

        set(server, "default", &["--unknown-members", "refuse"]);
        let refusal = idp.patch(&path, add).await;
        let detail = refusal.error(400, Some("invalidValue"));
        assert!(detail.contains("x1, x2"), "{detail}");
        assert_eq!(idp.members(&team).await, [ann]);
    })
    .await;
}

#[tokio::test]
async fn settings_are_shown_and_changed_by_the_command_line() {
    both(async |server| {
        let shown = succeeds(&rollcall(server, &["account", "settings", "show", "default"]));
        for value in ["reactivate", "ignore", "by-name"] {
            assert!(shown.contains(value), "{shown}");
        }
        set(server, "default", &["--adoption", "off", "--unknown-members", "refuse"]);
        let changed = set(server, "default", &["--unknown-members", "ignore"]);
        let expected = json!({
            "name": "accounts/default/settings",
            "reactivation": "reactivate", "unknownMembers": "ignore", "adoption": "off",
            "cardVisibility": "masked", "leaverCards": "keep", "pinUse": "with-name", "pinMinLength": 4,
        });
        assert_eq!(changed, expected);
        for arguments in [
            &["account", "settings", "set", "default"][..],
            &["account", "settings", "set", "default", "--adoption", "always"],
            &["account", "settings", "set", "nobody", "--adoption", "off"],
            &["account", "settings", "show", "default", "--identity-service", "http://127.0.0.1:1"],
        ] {
            let output = rollcall(server, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.len() > 20 && !said.contains("panicked"), "{said}");
        }
    })
    .await;
}
