//! Options out of flags, environment and files: which counts, and what is said of mistakes.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;

use crate::server::Server;

fn run(directory: &std::path::Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(Server::binary())
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(directory)
        .output()
        .unwrap()
}

/// What `rollcall config check` says of each option.
fn check(directory: &std::path::Path, arguments: &[&str], environment: &[(&str, &str)]) -> (Value, bool) {
    let arguments = [&["config", "check", "--json"][..], arguments].concat();
    let output = run(directory, &arguments, environment);
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.success())
}

fn option<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["options"].as_array().unwrap().iter().find(|option| option["name"] == name).unwrap()
}

#[test]
fn each_value_is_explained_and_all_mistakes_are_found_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (at, write) =
        (home.path(), |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap());
    write(
        "c.toml",
        "log-format = \"json\"\n[rollcall]\nscim-listen = \"127.0.0.1:1\"\nconsole-listen = \"127.0.0.1:2\"\n",
    );
    write("url", "postgres://me:hunter2@db/x\n");
    let environment = [
        ("ROLLCALL_IDENTITY_DATABASE_URL_FILE", "url"),
        ("ROLLCALL_SCIM_LISTEN", "127.0.0.1:3"),
        ("ROLLCALL_CONFIG", "c.toml"),
    ];
    let (report, good) = check(at, &[], &environment);
    assert!(good, "{report:#}");
    for (name, value, from) in [
        ("scim-listen", "127.0.0.1:3", "environment ROLLCALL_SCIM_LISTEN"),
        ("console-listen", "127.0.0.1:2", "c.toml, line 4"),
        ("log-format", "json", "c.toml, line 1"),
        ("identity-database-url", "postgres://me:***@db/x", "file url"),
        ("token-listen", "127.0.0.1:7402", "default"),
    ] {
        let option = option(&report, name);
        assert_eq!((&option["value"], &option["from"]), (&value.into(), &from.into()), "{name}");
    }
    assert!(!report.to_string().contains("hunter2"));

    write(
        "bad.toml",
        "public-url = \"nope\"\nscim-max-body-bytes = \"many\"\nkey-file = \"none\"\nidentity-listen = \"127.0.0.1:7402\"\npeer-tls-key = \"bad.toml\"\n",
    );
    let (report, good) = check(at, &["--config", "bad.toml"], &[]);
    assert!(!good);
    for (name, problem) in [
        ("public-url", "relative URL without a base"),
        ("scim-max-body-bytes", "invalid digit"),
        ("key-file", "No such file"),
        ("token-listen", "--identity-listen has this address already"),
    ] {
        let wrong = option(&report, name)["wrong"].as_str().unwrap_or_default().to_owned();
        assert!(wrong.contains(problem), "{name}: {wrong}");
    }
    let (report, good) = check(at, &["token-service"], &[]);
    assert!(!good && report.to_string().contains("--token-database-url"), "{report}");
}

#[test]
fn mistakes_stop_a_program_with_one_sentence() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
    write("typo.toml", "\ntoken-servce = \"http://127.0.0.1:1\"\n");
    write("binary.toml", "\u{1}\u{2}");
    write("url", "http://127.0.0.1:9");
    for (arguments, environment, said) in [
        (
            &["token", "list", "default", "--config", "typo.toml"][..],
            &[][..],
            "typo.toml, line 2: there is no option `token-servce`; did you mean `token-service`?",
        ),
        (&["--config", "binary.toml"], &[], "binary.toml: line 1"),
        (&["--config", "gone.toml"], &[], "cannot read gone.toml"),
        (
            &["token", "list", "default"],
            &[("ROLLCALL_TOKEN_SERVICE_FILE", "url")],
            "no token service answers at http://127.0.0.1:9",
        ),
        (
            &["token", "list", "default"],
            &[("ROLLCALL_TOKEN_SERVICE_FILE", "gone")],
            "cannot read gone (ROLLCALL_TOKEN_SERVICE_FILE)",
        ),
        (
            &["token", "list", "default"],
            &[("ROLLCALL_TOKEN_SERVICE_FILE", "url"), ("ROLLCALL_TOKEN_SERVICE", "x")],
            "ROLLCALL_TOKEN_SERVICE and ROLLCALL_TOKEN_SERVICE_FILE are both set",
        ),
    ] {
        let output = run(home.path(), arguments, environment);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.starts_with("error: ") && error.contains(said), "{error}");
    }
}
