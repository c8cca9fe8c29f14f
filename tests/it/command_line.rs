//! The command `rollcall` as an administrator types it.

use std::process::{Command, Output};

use serde_json::Value;

use crate::{
    client::Client,
    server::{Server, both},
};

pub(crate) fn rollcall(server: &Server, arguments: &[&str]) -> Output {
    Command::new(Server::binary())
        .args(arguments)
        .envs(server.store.settings())
        .env("ROLLCALL_TOKEN_SERVICE", &server.token)
        .env("ROLLCALL_IDENTITY_SERVICE", &server.identity)
        .current_dir(server.directory.path())
        .output()
        .unwrap()
}

pub(crate) fn succeeds(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

#[tokio::test]
async fn a_token_is_generated_while_the_server_runs() {
    both(async |server| {
        let out = succeeds(&rollcall(server, &["token", "generate", "default", "--json"]));
        let json: Value =
            serde_json::from_str(&out).unwrap_or_else(|cause| panic!("not JSON: {cause}: {out}"));
        let secret =
            json["secret"].as_str().or(json["token"].as_str()).unwrap_or_else(|| panic!("no secret: {out}"));
        assert!(secret.starts_with("rollcall_scim_"), "{out}");
        Client::new(format!("{}/default/scim/v2", server.scim), secret).get("/Users").await.ok();
        let listed = succeeds(&rollcall(server, &["token", "list", "default"]));
        assert!(!listed.contains(secret), "a list does not show secrets: {listed}");
    })
    .await;
}

fn json(server: &Server, arguments: &[&str]) -> Value {
    let out = succeeds(&rollcall(server, &[arguments, &["--json"]].concat()));
    serde_json::from_str(&out).unwrap_or_else(|cause| panic!("not JSON: {cause}: {out}"))
}

fn refused(server: &Server, arguments: &[&str]) -> String {
    let output = rollcall(server, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn id(resource: &Value) -> String {
    resource["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_the_console_does_has_its_command() {
    both(async |server| {
        // A token that is made once, replaced and retired.
        let request = "00000000-0000-7000-8000-000000000001";
        let generate = ["token", "generate", "default", "--request-id", request];
        json(server, &generate);
        assert!(refused(server, &generate).contains("has made the token"));
        let tokens = json(server, &["token", "list", "default"]);
        let (new, old) = (id(&tokens[0]), id(&tokens[1]));
        assert!(refused(server, &["token", "retire", "default", &new]).contains("no newer token"));
        assert_eq!(json(server, &["token", "retire", "default", &old])["state"], "retired");

        // People and groups kept by hand, and given back.
        let ann = id(&json(server, &["user", "create", "default", "ann", "--email", "a@example.com"]));
        let set = json(server, &["user", "set", "default", &ann, "--title", "Clerk", "--active", "false"]);
        assert_eq!((&set["active"], &set["source"]), (&Value::Bool(false), &"manual".into()));
        let staff = id(&json(server, &["group", "create", "default", "Staff"]));
        let with = json(server, &["group", "add-member", "default", &staff, &ann]);
        assert_eq!(with["members"], serde_json::json!([ann]));
        assert_eq!(json(server, &["group", "rename", "default", &staff, "Crew"])["displayName"], "Crew");
        let without = json(server, &["group", "remove-member", "default", &staff, &ann]);
        assert_eq!(without["members"], serde_json::json!([]));
        assert_eq!(json(server, &["user", "list", "default", "--search", "A@EX"])[0]["userName"], "ann");
        json(server, &["user", "set-source", "default", &ann, "scim"]);
        let said = refused(server, &["user", "delete", "default", &ann]);
        assert!(said.contains("comes from the identity provider"), "{said}");
        json(server, &["user", "set-source", "default", &ann, "manual"]);
        succeeds(&rollcall(server, &["user", "delete", "default", &ann]));
        succeeds(&rollcall(server, &["group", "delete", "default", &staff]));

        // How it is doing, and who changed what.
        assert_eq!(json(server, &["account", "status", "default"])["state"], "waiting");
        succeeds(&rollcall(server, &["account", "settings", "set", "default", "--adoption", "off"]));
        let audit = json(server, &["account", "audit", "default"]);
        let actions: Vec<&str> =
            audit.as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
        let expected =
            ["settings.update", "token.retire", "token.generate", "token.generate", "account.create"];
        assert_eq!(actions, expected);
        assert_eq!(audit[0]["detail"], "adoption: off");
    })
    .await;
}

#[tokio::test]
async fn help_and_mistakes_are_worth_reading() {
    both(async |server| {
        let help = succeeds(&rollcall(server, &["--help"]));
        for verb in ["serve", "token", "account", "user", "group", "notice", "console", "log", "migrate"] {
            assert!(help.contains(verb), "{verb}: {help}");
        }
        for arguments in [&["token", "generate", "nobody"][..], &["nope"], &["token", "generate"]] {
            let output = rollcall(server, arguments);
            assert!(!output.status.success(), "{arguments:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.is_empty() && !said.contains("panicked"), "{arguments:?}: {said}");
        }
    })
    .await;
}
