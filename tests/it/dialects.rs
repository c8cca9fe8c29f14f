//! What each identity provider sends, request by request: `dialects/*.json`, with the source of each. The page
//! `docs/idp-dialects.md` is about the same files.
//!
//! A fixture is a list of steps, replayed in an account of its own. A step is a `request` (method and path as on the
//! wire), a `body`, the `status` wanted (one or several), and `expect`: JSON pointers into the answer with their values,
//! where `null` is nothing, and `#` behind the pointer asks for the number of elements. `save` keeps values of the
//! answer as variables, which `{name}` stands for later on; `without` is a text that must not be in the answer.

use std::{collections::BTreeMap, path::Path};

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{client::Client, server::both};

/// The identity providers there must be a fixture of.
const PROVIDERS: [&str; 15] = [
    "Microsoft Entra ID",
    "Microsoft Entra ID with aadOptscim062020",
    "Okta",
    "OneLogin",
    "JumpCloud",
    "PingOne",
    "PingFederate",
    "Google Workspace",
    "SailPoint",
    "CyberArk",
    "Keycloak",
    "authentik",
    "rauthy",
    "IBM Verify",
    "ServiceNow",
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Every fixture by its file name without the ending, which is an account id too.
fn fixtures() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(root().join("tests/it/dialects")).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let fixture =
                serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
            (path.file_stem().unwrap().to_string_lossy().into_owned(), fixture)
        })
        .collect()
}

#[tokio::test]
async fn every_identity_provider_gets_what_it_expects() {
    let fixtures = fixtures();
    both(async |server| {
        let mut failures = Vec::new();
        for (name, fixture) in &fixtures {
            let idp = server.new_account(name).await;
            failures
                .extend(replay(&idp, fixture).await.into_iter().map(|failure| format!("{name}: {failure}")));
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    })
    .await;
}

#[test]
fn every_fixture_names_its_source_and_is_on_the_page() {
    let page = std::fs::read_to_string(root().join("docs/idp-dialects.md")).unwrap();
    let fixtures = fixtures();
    for (name, fixture) in &fixtures {
        let idp = fixture["idp"].as_str().unwrap();
        assert!(fixture["source"].as_str().is_some_and(|source| !source.is_empty()), "{name} has no source");
        assert!(PROVIDERS.contains(&idp), "{name}: {idp} is not in the list");
        assert!(page.contains(&format!("tests/it/dialects/{name}.json")), "{name} is not on the page");
    }
    for provider in PROVIDERS {
        assert!(fixtures.values().any(|fixture| fixture["idp"] == provider), "no fixture of {provider}");
    }
    assert_eq!(page.matches(".json)").count(), fixtures.len(), "the page links what is not there");
}

async fn replay(idp: &Client, fixture: &Value) -> Vec<String> {
    let headers = fixture["headers"].as_object().cloned().unwrap_or_default();
    let client = headers
        .iter()
        .fold(idp.clone(), |client, (name, value)| client.header(name, value.as_str().unwrap()));
    let mut variables = Map::new();
    let mut failures = Vec::new();
    for step in fixture["steps"].as_array().unwrap() {
        if let Err(failure) = take(&client, step, &mut variables).await {
            failures.push(format!("{}: {failure}", step["what"]));
        }
    }
    failures
}

async fn take(idp: &Client, step: &Value, variables: &mut Map<String, Value>) -> Result<(), String> {
    let request = fill(step["request"].as_str().unwrap(), variables);
    let (method, path) = request.split_once(' ').unwrap();
    let body = step.get("body").map(|body| fill(&body.to_string(), variables).into_bytes());
    let answer = idp.send(method.parse::<Method>().unwrap(), path, body).await;
    let allowed = match &step["status"] {
        Value::Array(statuses) => statuses.clone(),
        status => vec![status.clone()],
    };
    let mut wrong = Vec::new();
    if !allowed.contains(&json!(answer.status)) {
        wrong.push(format!("should be {}", step["status"]));
    }
    if answer.status >= 400 {
        answer.error(answer.status, answer["scimType"].as_str());
    }
    for (pointer, value) in step["expect"].as_object().into_iter().flatten() {
        let wanted: Value = serde_json::from_str(&fill(&value.to_string(), variables)).unwrap();
        let found = match pointer.strip_suffix('#') {
            Some(list) => json!(answer.body.pointer(list).and_then(Value::as_array).map_or(0, Vec::len)),
            None => answer.body.pointer(pointer).cloned().unwrap_or_default(),
        };
        if found != wanted {
            wrong.push(format!("{pointer} is {found}, should be {wanted}"));
        }
    }
    if let Some(secret) = step["without"].as_str()
        && answer.text.contains(secret)
    {
        wrong.push(format!("it tells {secret}"));
    }
    for (name, pointer) in step["save"].as_object().into_iter().flatten() {
        match answer.body.pointer(pointer.as_str().unwrap()) {
            Some(value) => drop(variables.insert(name.clone(), value.clone())),
            None => wrong.push(format!("there is no {pointer}")),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}{answer}", wrong.join("; "))) }
}

/// The text with `{name}` replaced by the variable of that name.
fn fill(text: &str, variables: &Map<String, Value>) -> String {
    variables.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
    })
}
