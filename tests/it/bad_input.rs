//! Bad input gets a SCIM error that says what was wrong, and changes nothing.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, ENTERPRISE, GROUP, PATCH, USER},
    server::both,
};

/// The largest body that is taken, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A bad request and the error that it must get.
struct Bad {
    says: &'static str,
    method: Method,
    path: String,
    content_type: &'static str,
    body: Option<Vec<u8>>,
    status: u16,
    scim_type: Option<&'static str>,
    /// A part of the detail.
    detail: &'static str,
}

impl Bad {
    fn new(
        says: &'static str,
        method: Method,
        path: &str,
        body: impl Into<Vec<u8>>,
        scim_type: &'static str,
    ) -> Self {
        Self {
            says,
            method,
            path: path.to_owned(),
            content_type: "application/scim+json",
            body: Some(body.into()),
            status: 400,
            scim_type: Some(scim_type),
            detail: "",
        }
    }

    fn get(says: &'static str, path: &str, scim_type: &'static str) -> Self {
        Self { body: None, ..Self::new(says, Method::GET, path, "", scim_type) }
    }

    fn status(self, status: u16) -> Self {
        Self { status, scim_type: None, ..self }
    }

    fn detail(self, detail: &'static str) -> Self {
        Self { detail, ..self }
    }

    async fn send(&self, idp: &Client) -> Answer {
        idp.header("content-type", self.content_type)
            .send(self.method.clone(), &self.path, self.body.clone())
            .await
    }
}

/// Sends each, checks its error, and that all of the account is as before.
async fn each_is_refused(idp: &Client, requests: Vec<Bad>) {
    let before = idp.listing().await;
    for bad in requests {
        let answer = bad.send(idp).await;
        eprintln!("{}: {} {}", bad.says, answer.status, answer.text);
        let detail = answer.error(bad.status, bad.scim_type);
        assert!(detail.contains(bad.detail), "{}: the detail says {:?}: {answer}", bad.says, bad.detail);
        assert!(detail.len() < 1000, "{}: an error does not repeat the request: {answer}", bad.says);
        assert_eq!(idp.listing().await, before, "{} changed something: {answer}", bad.says);
    }
}

/// A user and a group that bad requests aim at.
async fn targets(idp: &Client) -> (String, String) {
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": "ann", "externalId": "e1", "active": true,
        "emails": [{ "type": "work", "value": "ann@example.com" }],
        ENTERPRISE: { "department": "Sales" },
    });
    let ann = idp.post("/Users", &body).await.created().id();
    let group = idp.new_group("g", &[&ann]).await;
    (format!("/Users/{ann}"), format!("/Groups/{group}"))
}

/// The status that a request line gets which no client library would send.
async fn status_of_raw(scim: &str, path: &str) -> u16 {
    let address = scim.trim_start_matches("http://").to_owned();
    let request =
        format!("GET /default/scim/v2{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        // The server may answer, and close, before it has read everything.
        let _ = connection.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    let answer = answer.await.unwrap();
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status: {answer}"))
}

fn encoded(filter: &str) -> String {
    let mut url = reqwest::Url::parse("http://x/Users").unwrap();
    url.query_pairs_mut().append_pair("filter", filter);
    format!("/Users?{}", url.query().unwrap())
}

#[tokio::test]
async fn what_is_not_json_of_the_right_form() {
    both(async |server| {
        let idp = server.idp();
        let (ann, group) = targets(idp).await;
        let padding =
            format!(r#"{{"schemas":["{USER}"],"userName":"big","title":"{}"}}"#, "x".repeat(BODY_LIMIT));
        let deep = format!(
            r#"{{"schemas":["{USER}"],"userName":"deep","urn:x:y":{{"a":{}1{}}}}}"#,
            "[".repeat(40),
            "]".repeat(40)
        );
        let abyss = format!(r#"{{"schemas":{}"#, "[".repeat(500_000));
        let invalid_utf8 =
            [format!(r#"{{"schemas":["{USER}"],"userName":""#).as_bytes(), b"\xff\xfe\"}"].concat();
        let lone = format!(r#"{{"schemas":["{USER}"],"userName":"a\ud800b"}}"#);
        let mut requests = Vec::new();
        for (method, path) in [
            (Method::POST, "/Users"),
            (Method::POST, "/Groups"),
            (Method::PUT, &ann),
            (Method::PATCH, &ann),
            (Method::PATCH, &group),
        ] {
            for (says, body) in [
                ("no body", &b""[..]),
                ("not JSON", b"nonsense"),
                ("half of JSON", br#"{"schemas":["#),
                ("JSON and more", br#"{"userName":"x"} {"#),
                ("an array", b"[]"),
                ("a string", b"\"text\""),
                ("null", b"null"),
                ("invalid UTF-8", &invalid_utf8),
                ("a lone surrogate", lone.as_bytes()),
                ("a number out of range", br#"{"userName":1e99999}"#),
                ("nesting over the limit", deep.as_bytes()),
                ("nesting that would exhaust a stack", abyss.as_bytes()),
                ("no schemas", br#"{"userName":"x","displayName":"x","Operations":[]}"#),
                (
                    "another's schemas",
                    br#"{"schemas":["urn:x"],"userName":"x","displayName":"x","Operations":[]}"#,
                ),
                (
                    "schemas that are no array",
                    br#"{"schemas":7,"userName":"x","displayName":"x","Operations":[]}"#,
                ),
            ] {
                requests.push(Bad::new(says, method.clone(), path, body, "invalidSyntax"));
            }
            requests.push(
                Bad::new("a body over the limit", method.clone(), path, padding.clone(), "").status(413),
            );
            for content_type in [
                "text/plain",
                "application/xml",
                "application/x-www-form-urlencoded",
                "application/json; charset=utf-16",
            ] {
                let bad = Bad::new("another content type", method.clone(), path, "{}", "").status(415);
                requests.push(Bad { content_type, ..bad });
            }
        }
        each_is_refused(idp, requests).await;
    })
    .await;
}

#[tokio::test]
async fn resources_that_cannot_be() {
    both(async |server| {
        let idp = server.idp();
        let (ann, group) = targets(idp).await;
        let with = |extra: Value| {
            let mut body = json!({ "schemas": [USER], "userName": "new" });
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            body.to_string()
        };
        let deep = (0..18).fold(json!(1), |inner, _| json!({ "a": inner }));
        let cases = [
            ("userName missing", json!({ "schemas": [USER], "displayName": "x" }).to_string(), "userName"),
            ("userName null", with(json!({ "userName": null })), "userName"),
            ("userName empty", with(json!({ "userName": "" })), "userName"),
            ("userName blank", with(json!({ "userName": " \t\u{3000}" })), "userName"),
            ("userName a number", with(json!({ "userName": 7 })), "userName"),
            ("userName too long", with(json!({ "userName": "x".repeat(256) })), "userName"),
            ("userName with U+0000", with(json!({ "userName": "a\0b" })), "userName"),
            ("U+0000 in an extension", with(json!({ "urn:example:x": { "a": ["b\0"] } })), "urn:example:x"),
            ("U+0000 in a name of an extension", with(json!({ "urn:example:x": { "a\0": "b" } })), "urn:example:x"),
            ("active a word", with(json!({ "active": "maybe" })), "active"),
            ("active a number", with(json!({ "active": 1 })), "active"),
            ("name a text", with(json!({ "name": "Ann" })), "name"),
            ("name.familyName an object", with(json!({ "name": { "familyName": {} } })), "name.familyName"),
            ("emails a number", with(json!({ "emails": 5 })), "emails"),
            ("emails of numbers", with(json!({ "emails": [5] })), "emails"),
            ("an e-mail with a number", with(json!({ "emails": [{ "value": 5 }] })), "emails"),
            ("two primary e-mails", with(json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] })), "emails"),
            ("101 e-mails", with(json!({ "emails": (0..101).map(|n| json!({ "value": n.to_string() })).collect::<Vec<_>>() })), "emails"),
            ("a title too long", with(json!({ "title": "x".repeat(8193) })), "title"),
            ("a certificate not in Base64", with(json!({ "x509Certificates": [{ "value": "***" }] })), "x509Certificates"),
            ("an enterprise extension of text", with(json!({ ENTERPRISE: "x" })), "enterprise"),
            ("an extension nested too deep", with(json!({ "urn:example:x": deep })), "urn:example:x"),
            ("an extension too large", with(json!({ "urn:example:x": { "a": "x".repeat(70_000) } })), ""),
            ("externalId too long", with(json!({ "externalId": "x".repeat(256) })), "externalId"),
        ];
        let mut requests = Vec::new();
        for (says, body, detail) in cases {
            requests.push(Bad::new(says, Method::POST, "/Users", body.clone(), "invalidValue").detail(detail));
            requests.push(Bad::new(says, Method::PUT, &ann, body, "invalidValue").detail(detail));
        }
        for (says, body, detail) in [
            ("displayName missing", json!({ "schemas": [GROUP] }), "displayName"),
            ("displayName empty", json!({ "schemas": [GROUP], "displayName": "" }), "displayName"),
            ("displayName a list", json!({ "schemas": [GROUP], "displayName": ["x"] }), "displayName"),
            ("members a number", json!({ "schemas": [GROUP], "displayName": "x", "members": 7 }), "members"),
            ("a member without value", json!({ "schemas": [GROUP], "displayName": "x", "members": [{}] }), "members"),
            ("a member of a number", json!({ "schemas": [GROUP], "displayName": "x", "members": [{ "value": 7 }] }), "members"),
        ] {
            requests.push(Bad::new(says, Method::POST, "/Groups", body.to_string(), "invalidValue").detail(detail));
            requests.push(Bad::new(says, Method::PUT, &group, body.to_string(), "invalidValue").detail(detail));
        }
        for (says, method, path, body) in [
            ("a userName that is taken", Method::POST, "/Users", json!({ "schemas": [USER], "userName": "ANN" })),
            ("a displayName that is taken", Method::POST, "/Groups", json!({ "schemas": [GROUP], "displayName": "G" })),
        ] {
            let bad = Bad::new(says, method, path, body.to_string(), "uniqueness");
            requests.push(Bad { status: 409, ..bad });
        }
        each_is_refused(idp, requests).await;
    })
    .await;
}

#[tokio::test]
async fn patches_that_cannot_be_applied() {
    both(async |server| {
        let idp = server.idp();
        let (ann, group) = targets(idp).await;
        let (user, team) = (ann.as_str(), group.as_str());
        let mut requests = Vec::new();
        let terms = vec![r#"type eq "x""#; 10_000].join(" or ");
        let deep = format!("emails[{}type eq \"x\"{}]", "(".repeat(20_000), ")".repeat(20_000));
        for (says, path, operation, scim_type) in [
            ("no op", user, json!({ "path": "title", "value": "x" }), "invalidSyntax"),
            (
                "an op that there is not",
                user,
                json!({ "op": "move", "path": "title", "value": "x" }),
                "invalidSyntax",
            ),
            (
                "an op that is a number",
                user,
                json!({ "op": 1, "path": "title", "value": "x" }),
                "invalidSyntax",
            ),
            ("an operation that is a text", user, json!("replace"), "invalidSyntax"),
            (
                "a path that is a number",
                user,
                json!({ "op": "replace", "path": 7, "value": "x" }),
                "invalidPath",
            ),
            (
                "an unknown attribute",
                user,
                json!({ "op": "replace", "path": "nope", "value": "x" }),
                "invalidPath",
            ),
            (
                "__proto__",
                user,
                json!({ "op": "replace", "path": "__proto__", "value": { "x": 1 } }),
                "invalidPath",
            ),
            ("__proto__.x", user, json!({ "op": "add", "path": "__proto__.x", "value": 1 }), "invalidPath"),
            (
                "an unknown sub-attribute",
                user,
                json!({ "op": "add", "path": "name.nope", "value": "x" }),
                "invalidPath",
            ),
            (
                "a path with rubbish behind",
                user,
                json!({ "op": "add", "path": "title title", "value": "x" }),
                "invalidPath",
            ),
            (
                "a path of U+0000",
                user,
                json!({ "op": "add", "path": "ti\0tle", "value": "x" }),
                "invalidPath",
            ),
            (
                "an unknown enterprise attribute",
                user,
                json!({ "op": "add", "path": format!("{ENTERPRISE}:nope"), "value": "x" }),
                "invalidPath",
            ),
            (
                "a filter that does not end",
                user,
                json!({ "op": "add", "path": "emails[type eq \"work\"", "value": "x" }),
                "invalidFilter",
            ),
            (
                "a filter with an unknown operator",
                user,
                json!({ "op": "add", "path": "emails[type is \"work\"].value", "value": "x" }),
                "invalidFilter",
            ),
            (
                "a filter with an unknown sub-attribute",
                user,
                json!({ "op": "add", "path": "emails[nope eq \"work\"].value", "value": "x" }),
                "invalidFilter",
            ),
            (
                "a filter of 10,000 terms",
                user,
                json!({ "op": "remove", "path": format!("emails[{terms}]") }),
                "invalid",
            ),
            ("a filter that would exhaust a stack", user, json!({ "op": "remove", "path": deep }), "invalid"),
            ("remove without path", user, json!({ "op": "remove" }), "noTarget"),
            (
                "replace of an element that there is not",
                user,
                json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": { "value": "x" } }),
                "noTarget",
            ),
            (
                "replace under a filter that names no element",
                user,
                json!({ "op": "replace", "path": "emails[type ne \"work\"].value", "value": "x" }),
                "noTarget",
            ),
            ("replace of id", user, json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (
                "replace of groups",
                user,
                json!({ "op": "replace", "path": "groups", "value": [] }),
                "mutability",
            ),
            (
                "replace of meta",
                user,
                json!({ "op": "replace", "path": "meta.created", "value": "2020-01-01T00:00:00Z" }),
                "mutability",
            ),
            ("remove of userName", user, json!({ "op": "remove", "path": "userName" }), "mutability"),
            ("remove of displayName", team, json!({ "op": "remove", "path": "displayName" }), "mutability"),
            ("add without value", user, json!({ "op": "add", "path": "title" }), "invalidValue"),
            ("a text without path", user, json!({ "op": "add", "value": "x" }), "invalidValue"),
            (
                "an empty userName",
                user,
                json!({ "op": "replace", "path": "userName", "value": "" }),
                "invalidValue",
            ),
            (
                "a number as title",
                user,
                json!({ "op": "replace", "path": "title", "value": 7 }),
                "invalidValue",
            ),
            (
                "a word as active",
                user,
                json!({ "op": "replace", "path": "active", "value": "perhaps" }),
                "invalidValue",
            ),
            (
                "U+0000 as title",
                user,
                json!({ "op": "replace", "path": "title", "value": "\0" }),
                "invalidValue",
            ),
            (
                "a number as members",
                team,
                json!({ "op": "add", "path": "members", "value": 7 }),
                "invalidValue",
            ),
            (
                "an unknown attribute of a group",
                team,
                json!({ "op": "add", "path": "userName", "value": "x" }),
                "invalidPath",
            ),
        ] {
            // The first operation alone would be carried out: all or none.
            let fine = json!({ "op": "replace", "path": "externalId", "value": "changed" });
            let body = json!({ "schemas": [PATCH], "Operations": [fine, operation] }).to_string();
            requests.push(Bad::new(says, Method::PATCH, path, body, scim_type));
        }
        for (says, operations) in [
            ("no Operations", Value::Null),
            ("Operations of text", json!("add")),
            ("Operations of a number", json!(7)),
        ] {
            let body = json!({ "schemas": [PATCH], "Operations": operations }).to_string();
            requests.push(Bad::new(says, Method::PATCH, user, body, "invalidSyntax"));
        }
        let many = vec![json!({ "op": "add", "path": "title", "value": "x" }); 1001];
        let body = json!({ "schemas": [PATCH], "Operations": many }).to_string();
        requests.push(Bad::new("1,001 operations", Method::PATCH, user, body, "invalidSyntax"));

        let before = idp.listing().await;
        for bad in requests {
            let answer = bad.send(idp).await;
            // Where a limit of a filter is passed in a path, it may be called an invalid path or filter.
            let expected = match bad.scim_type {
                Some("invalid") => {
                    answer["scimType"].as_str().filter(|kind| ["invalidPath", "invalidFilter"].contains(kind))
                }
                other => other,
            };
            eprintln!("{}: {} {}", bad.says, answer.status, answer.text);
            answer.error(400, Some(expected.unwrap_or("invalidFilter")));
            assert_eq!(idp.listing().await, before, "{} changed something: {answer}", bad.says);
        }
    })
    .await;
}

#[tokio::test]
async fn queries_that_mean_nothing() {
    both(async |server| {
        let idp = server.idp();
        targets(idp).await;
        let mut requests = Vec::new();
        for (says, filter) in [
            ("an unknown attribute", r#"nope eq "x""#),
            ("__proto__", r#"__proto__ eq "x""#),
            ("an unknown operator", r#"userName is "x""#),
            ("no operator", "userName"),
            ("no value", "userName eq"),
            ("a word without quotes", "userName eq ann"),
            ("a text that does not end", r#"userName eq "ann"#),
            ("an escape that there is not", r#"userName eq "\x""#),
            ("a lone surrogate", r#"userName eq "\ud800""#),
            ("two surrogates in the wrong order", r#"userName eq "\udc00\ud800""#),
            ("U+0000", "userName eq \"a\0\""),
            ("U+0000 escaped", r#"userName eq "a\u0000""#),
            ("something behind", r#"userName eq "x" x"#),
            ("a parenthesis too many", r#"(userName eq "x"))"#),
            ("a parenthesis too few", r#"(userName eq "x""#),
            ("and without left", r#"and userName eq "x""#),
            ("or without right", r#"userName eq "x" or"#),
            ("not without parentheses", r#"not userName eq "x""#),
            ("a bracket that does not end", r#"emails[type eq "work""#),
            ("brackets in brackets", r#"emails[emails[type eq "x"]]"#),
            ("brackets on what has one value", r#"userName[value eq "x"]"#),
            ("an order of booleans", "active gt true"),
            ("a number for a text", "userName eq 7"),
            ("a text for a boolean", r#"active eq "maybe""#),
            ("a text for a time", r#"meta.created gt "yesterday""#),
            ("a password", r#"password eq "x""#),
            ("a complex attribute", r#"name eq "x""#),
            ("an unknown URN", r#"urn:x:y:userName eq "x""#),
            ("white space", " "),
        ] {
            if filter.trim().is_empty() {
                continue;
            }
            requests.push(Bad::get(says, &encoded(filter), "invalidFilter").detail("column"));
        }
        requests.push(Bad::get(
            "5,000 parentheses",
            &encoded(&format!("{}id pr{}", "(".repeat(5000), ")".repeat(5000))),
            "invalidFilter",
        ));
        requests.push(Bad::get(
            "4,000 nots",
            &encoded(&format!("{}id pr{}", "not(".repeat(4000), ")".repeat(4000))),
            "invalidFilter",
        ));
        requests.push(Bad::get("6,000 terms", &encoded(&vec!["id pr"; 6000].join(" or ")), "invalidFilter"));
        for path in [
            "/Users?startIndex=one",
            "/Users?count=1.5",
            "/Users?sortBy=userName&sortOrder=up",
            "/Users?filter=%ff",
            "/Users?attributes=userName&excludedAttributes=emails",
        ] {
            requests.push(Bad::get(path.to_owned().leak(), path, "invalidValue"));
        }
        each_is_refused(idp, requests).await;
        // More than an HTTP request line may hold: refused before SCIM sees it.
        let status = status_of_raw(&server.scim, &encoded(&vec!["id pr"; 10_000].join(" or "))).await;
        assert!([400, 401, 414, 431].contains(&status), "{status}");
        idp.get("/Users").await.ok();
    })
    .await;
}

#[tokio::test]
async fn addresses_where_there_is_nothing() {
    both(async |server| {
        let idp = server.idp();
        let (ann, _) = targets(idp).await;
        let id = ann.trim_start_matches("/Users/").to_owned();
        let mut requests = Vec::new();
        for path in [
            "/Users/00919288221112222",
            "/Users/__proto__",
            "/Users/%00",
            "/Users/%ff",
            "/Users/..%2f..",
            "/Users/0190b9a5-0000-7000-8000-000000000000",
            "/Groups/0190b9a5-0000-7000-8000-000000000000",
            &format!("/Groups/{id}"),
            &format!("/Users/{}", id.to_uppercase()),
            &format!("/Users/{}", "9".repeat(10_000)),
            "/Nothing",
            "/Users/a/b",
            "/Schemas/urn:nope",
            "/ResourceTypes/Nope",
        ] {
            requests.push(Bad::get(path.to_owned().leak(), path, "").status(404));
        }
        let body = json!({ "schemas": [USER], "userName": "x" }).to_string();
        let unknown = "/Users/0190b9a5-0000-7000-8000-000000000000";
        requests.push(Bad::new("PUT never creates", Method::PUT, unknown, body.clone(), "").status(404));
        let patch =
            json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": "title", "value": "x" }] });
        requests.push(Bad::new("PATCH of nobody", Method::PATCH, unknown, patch.to_string(), "").status(404));
        for (method, path) in [
            (Method::PUT, "/Users"),
            (Method::PATCH, "/Users"),
            (Method::DELETE, "/Users"),
            (Method::POST, &ann),
            (Method::POST, "/Schemas"),
            (Method::DELETE, "/ServiceProviderConfig"),
            (Method::PUT, "/ResourceTypes/User"),
        ] {
            requests
                .push(Bad::new("a method that is not offered", method, path, body.clone(), "").status(405));
        }
        each_is_refused(idp, requests).await;
    })
    .await;
}

#[tokio::test]
async fn what_only_the_service_may_set_is_ignored_in_a_body() {
    both(async |server| {
        let idp = server.idp();
        let (ann, group) = targets(idp).await;
        let before = idp.get(&ann).await.ok();
        let body: Value = serde_json::from_str(&format!(
            r#"{{
                "schemas": ["{USER}"], "userName": "new", "id": "chosen", "nope": {{ "x": 1 }},
                "meta": {{ "created": "2001-01-01T00:00:00Z", "version": "W/\"99\"", "location": "http://evil" }},
                "groups": [{{ "value": "{}" }}],
                "__proto__": {{ "admin": true }}, "constructor": {{ "prototype": {{ "admin": true }} }}
            }}"#,
            group.trim_start_matches("/Groups/")
        ))
        .unwrap();
        let created = idp.post("/Users", &body).await.created();
        assert_ne!(created.id(), "chosen");
        assert!(created["meta"]["created"].as_str() > Some("2020"), "{created}");
        for absent in ["groups", "nope", "__proto__", "constructor", "admin"] {
            assert!(created[absent].is_null(), "{absent}: {created}");
        }
        assert_eq!(idp.members(group.trim_start_matches("/Groups/")).await.len(), 1);

        let mut put = body.clone();
        put["userName"] = json!("ann");
        let replaced = idp.put(&ann, &put).await.ok();
        assert_eq!(replaced["id"], before["id"]);
        assert_eq!(replaced["meta"]["created"], before["meta"]["created"]);
    })
    .await;
}

#[tokio::test]
async fn a_patch_without_operations_changes_nothing() {
    both(async |server| {
        let idp = server.idp();
        let (ann, group) = targets(idp).await;
        let before = idp.listing().await;
        for path in [ann, group] {
            let answer = idp.patch(&path, json!([])).await;
            assert!(answer.status < 500, "{answer}");
        }
        assert_eq!(idp.listing().await, before);
    })
    .await;
}
