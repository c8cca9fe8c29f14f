//! Which userNames are the same: those that differ in case, width or composition only (RFC 8265, UsernameCaseMapped).
//! Both databases must agree, so the databases are not asked.

use serde_json::json;

use crate::{client::USER, server::both};

#[tokio::test]
async fn names_that_differ_in_case_width_or_composition_only_are_one() {
    both(async |server| {
        let idp = server.idp();
        for (first, second, why) in [
            ("ann@example.com", "Ann@Example.COM", "case"),
            ("J\u{c4}GER", "j\u{e4}ger", "case beyond ASCII"),
            ("m\u{fc}ller", "mu\u{308}ller", "composition"),
            ("\u{c5}sa", "A\u{30a}SA", "composition and case"),
            ("\u{212b}ngstrom", "\u{e5}ngstrom", "the sign of the unit"),
            ("stra\u{df}e", "STRA\u{1e9e}E", "sharp s and its capital"),
            ("\u{ff21}\u{ff22}\u{ff23}", "abc", "width"),
            ("\u{130}zmir", "i\u{307}zmir", "the Turkish capital I with dot is i and a dot"),
            ("\u{39f}\u{394}\u{39f}\u{3a3}x", "\u{3bf}\u{3b4}\u{3bf}\u{3c3}x", "Greek"),
            ("\u{416}\u{43e}\u{440}\u{430}", "\u{436}\u{41e}\u{420}\u{410}", "Cyrillic"),
        ] {
            let id = idp.new_user(first).await;
            idp.post("/Users", &json!({ "schemas": [USER], "userName": second }))
                .await
                .error(409, Some("uniqueness"));
            let quoted = serde_json::to_string(second).unwrap();
            assert_eq!(idp.find("/Users", &format!("userName eq {quoted}")).await, [id.clone()], "{why}");
            assert_eq!(idp.user(&id).await["userName"], json!(first), "{why}: kept as it came");
            let renamed = idp
                .patch(
                    &format!("/Users/{id}"),
                    json!([{ "op": "replace", "path": "userName", "value": second }]),
                )
                .await
                .ok();
            assert_eq!(
                renamed["userName"],
                json!(second),
                "{why}: one may change the spelling of one's own name"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn names_that_differ_in_more_are_two() {
    both(async |server| {
        let idp = server.idp();
        for (first, second) in [
            ("stra\u{df}e", "strasse"),
            ("\u{130}zmir", "izmir"),
            ("\u{131}zgara", "izgara"),
            ("m\u{fc}ller", "muller"),
            ("m\u{fc}ller2", "mueller2"),
            ("a.b", "ab"),
        ] {
            let (one, other) = (idp.new_user(first).await, idp.new_user(second).await);
            for (name, id) in [(first, &one), (second, &other)] {
                assert_eq!(
                    idp.find("/Users", &format!("userName eq \"{name}\"")).await,
                    [id.clone()],
                    "{name}"
                );
            }
            idp.delete(&format!("/Users/{one}")).await.no_content();
            idp.delete(&format!("/Users/{other}")).await.no_content();
        }
    })
    .await;
}
