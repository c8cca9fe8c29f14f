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

#[tokio::test]
async fn help_and_mistakes_are_worth_reading() {
    both(async |server| {
        let help = succeeds(&rollcall(server, &["--help"]));
        for verb in ["serve", "token", "account", "migrate"] {
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
