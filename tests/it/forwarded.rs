//! The addresses in answers behind a proxy: its headers count where the operator named it, and nowhere else.

use reqwest::Method;
use serde_json::json;

use crate::{
    client::{Client, USER},
    server::{Process, Server, Store, both, generate_token},
};

/// Where a new user is, by `Location` and `meta.location`, which agree.
async fn location(idp: &Client, name: &str) -> String {
    let body = json!({ "schemas": [USER], "userName": name });
    let created = idp.send(Method::POST, "/Users", Some(body.to_string().into_bytes())).await.created();
    let location = created.header("location").to_owned();
    assert!(location.ends_with(&format!("/default/scim/v2/Users/{}", created.id())), "{location}");
    location.split("/default/").next().unwrap().to_owned()
}

#[tokio::test]
async fn nobody_is_trusted_unless_named() {
    both(async |server| {
        let proxied = server
            .idp()
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "https")
            .header("forwarded", "host=evil.example;proto=https");
        assert_eq!(location(&proxied, "ann").await, server.scim);
    })
    .await;
}

#[tokio::test]
async fn a_named_proxy_says_where_the_service_is() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let directory = tempfile::tempdir().unwrap();
        let mut settings = store.settings();
        settings.push(("ROLLCALL_SCIM_TRUST_FORWARDED", "10.0.0.0/8,127.0.0.1".to_owned()));
        settings.push(("ROLLCALL_PUBLIC_URL", "https://public.example/in".to_owned()));
        let (process, urls) = Process::start(
            Server::binary(),
            &["serve"],
            &settings,
            directory.path(),
            &["scim", "identity", "token"],
        );
        let token = generate_token(&urls[2], "default").await;
        let idp = Client::new(format!("{}/default/scim/v2", urls[0]), &token);
        let said = |headers: &[(&str, &str)]| {
            headers.iter().fold(idp.clone(), |idp, (name, value)| idp.header(name, value))
        };
        for (number, (headers, expected)) in [
            (&[][..], "https://public.example/in"),
            (
                &[
                    ("x-forwarded-host", "a.example"),
                    ("x-forwarded-proto", "http"),
                    ("x-forwarded-prefix", "/p/"),
                ],
                "http://a.example/p",
            ),
            (&[("x-forwarded-host", "a.example")], "https://a.example"),
            (&[("forwarded", "for=1.2.3.4;host=\"a.example:8443\";proto=https")], "https://a.example:8443"),
            (&[("x-forwarded-host", "evil.example/x?")], "https://public.example/in"),
            (
                &[("forwarded", "host=evil.example"), ("x-forwarded-host", "a.example")],
                "https://public.example/in",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(location(&said(headers), &format!("user{number}")).await, expected, "{headers:?}");
        }
        let proxied = said(&[("x-forwarded-host", "a.example")]);
        for path in ["/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes"] {
            let answer = proxied.get(path).await.ok();
            assert!(answer.text.contains("https://a.example/default/scim/v2/"), "{answer}");
            assert!(!answer.text.contains("public.example"), "{answer}");
        }
        drop(idp);
        drop(proxied);
        process.stop().await;
    }
}
