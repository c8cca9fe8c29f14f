//! Backups of SQLite: taken while a server writes, restored whole, refused when they are not.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    client::Client,
    server::{Process, Server, generate_token},
};

fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(Server::binary()).args(arguments).current_dir(directory).output().unwrap()
}

fn refused(directory: &Path, arguments: &[&str], because: &str) {
    let output = run(directory, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains(because), "{arguments:?}: {said}");
}

/// A server on the data directory `data`, and the identity provider of its account.
async fn serve(directory: &Path) -> (Process, Client) {
    let settings = ["SCIM", "IDENTITY", "TOKEN"].map(|name| match name {
        "SCIM" => ("ROLLCALL_SCIM_LISTEN", "127.0.0.1:0".to_owned()),
        "IDENTITY" => ("ROLLCALL_IDENTITY_LISTEN", "127.0.0.1:0".to_owned()),
        _ => ("ROLLCALL_TOKEN_LISTEN", "127.0.0.1:0".to_owned()),
    });
    let arguments = ["serve", "--data-dir", "data", "--console-listen", "off"];
    let (process, urls) =
        Process::start(Server::binary(), &arguments, &settings, directory, &["scim", "token"]);
    let token = generate_token(&urls[1], "default").await;
    (process, Client::new(format!("{}/default/scim/v2", urls[0]), &token))
}

#[tokio::test]
async fn a_backup_is_taken_while_it_is_written_to_and_restored() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    let (server, idp) = serve(at).await;
    for number in 0..20 {
        idp.new_user(&format!("before-{number}")).await;
    }
    let writer = idp.clone();
    let writing = tokio::spawn(async move {
        for number in 0..200 {
            writer.new_user(&format!("during-{number}")).await;
        }
    });
    let output = tokio::task::spawn_blocking({
        let at = at.to_owned();
        move || run(&at, &["backup", "--data-dir", "data", "--to", "kept/today", "--with-key"])
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    writing.await.unwrap();
    idp.new_user("after").await;
    refused(at, &["backup", "--data-dir", "data", "--to", "kept/today"], "is there already");
    refused(
        at,
        &["restore", "--data-dir", "data", "--from", "kept/today", "--replace"],
        "is in use by another",
    );
    server.stop().await;

    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(at.join("kept/today/manifest.json")).unwrap()).unwrap();
    assert_eq!((&manifest["withKey"], &manifest["format"]), (&true.into(), &1.into()));
    for file in fs::read_dir(at.join("kept/today")).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
    assert_eq!(fs::read_dir(at.join("kept")).unwrap().count(), 1, "nothing unfinished is left");

    refused(at, &["restore", "--data-dir", "data", "--from", "kept/today"], "is there already: move it away");
    let output = run(at, &["restore", "--data-dir", "data", "--from", "kept/today", "--replace"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (server, idp) = serve(at).await;
    let names = |list: &Value| -> Vec<String> {
        let all = list["Resources"].as_array().unwrap().iter();
        all.map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
    };
    let list = idp.get("/Users?count=1000&attributes=userName").await.ok().body;
    let restored = names(&list);
    assert!((0..20).all(|number| restored.contains(&format!("before-{number}"))));
    // What was written meanwhile is there up to a moment, and not beyond.
    let during = restored.iter().filter(|name| name.starts_with("during")).count();
    assert!((0..during).all(|number| restored.contains(&format!("during-{number}"))), "it has holes");
    assert!(!restored.contains(&"after".to_owned()));
    server.stop().await;
    // Into an empty place, with the key.
    let output = run(at, &["restore", "--data-dir", "elsewhere", "--from", "kept/today"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("with its key file"), "{said}");
    assert!(at.join("elsewhere/key").exists());
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    refused(at, &["backup", "--data-dir", "none", "--to", "b"], "there is no database none/identity.db");
    assert!(!at.join("none").exists() && !at.join("b").exists());
    let url = "postgres://me:hunter2@db/x";
    let output =
        run(at, &["backup", "--to", "b", "--identity-database-url", url, "--token-database-url", url]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("back it up by pg_dump") && !said.contains("hunter2"), "{said}");

    let (server, _) = serve(at).await;
    server.stop().await;
    assert!(run(at, &["backup", "--data-dir", "data", "--to", "b"]).status.success());
    refused(at, &["restore", "--data-dir", "new", "--from", "nowhere"], "nowhere/manifest.json");
    let restore = ["restore", "--data-dir", "new", "--from", "b"];
    let identity = at.join("b/identity.db");
    let whole = fs::read(&identity).unwrap();
    let mut broken = whole.clone();
    broken[5000] ^= 1;
    fs::write(&identity, &broken).unwrap();
    refused(at, &restore, "identity.db is not as it was written");
    fs::write(&identity, &whole).unwrap();
    let manifest = at.join("b/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    refused(at, &restore, "is of another format");
    fs::write(&manifest, "{").unwrap();
    refused(at, &restore, "is no manifest");
    assert!(!at.join("new").exists(), "nothing was made of it");
    fs::write(&manifest, text).unwrap();
    let output = run(at, &restore);
    assert!(
        output.status.success() && String::from_utf8_lossy(&output.stdout).contains("put the key file back")
    );
}
