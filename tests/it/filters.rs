//! Filters over HTTP (RFC 7644 section 3.4.2.2): which people each finds.

use serde_json::json;

use crate::{
    client::{Client, ENTERPRISE, USER},
    server::both,
};

/// Five people, who differ in what they have.
async fn people(idp: &Client) {
    let boss = idp.new_user("eve").await;
    for body in [
        json!({
            "schemas": [USER, ENTERPRISE], "userName": "Ann", "externalId": "E1", "active": true, "nickName": "zz",
            "title": "Dr", "userType": "Employee",
            "name": { "familyName": "O'Malley", "givenName": "Ann" },
            "emails": [
                { "value": "ann@example.com", "type": "work", "primary": true },
                { "value": "ann@home.example.org", "type": "home" },
            ],
            ENTERPRISE: { "department": "Sales", "employeeNumber": "7", "manager": { "value": boss } },
        }),
        json!({
            "schemas": [USER], "userName": "ben", "externalId": "e1", "active": false, "userType": "Intern",
            "name": { "familyName": "Smith", "givenName": "Ben" },
            "emails": [{ "value": "BEN@example.com", "type": "home" }],
            "phoneNumbers": [{ "value": "+41 1", "type": "work" }],
        }),
        json!({
            "schemas": [USER], "userName": "\u{c4}nne", "nickName": "per%cent_", "userType": "Employee",
            "name": { "familyName": "M\u{fc}ller" }, "displayName": "say \"hi\" \\ there",
        }),
        json!({ "schemas": [USER], "userName": "dan", "active": true, "nickName": "", "roles": [{ "value": "r", "primary": true }] }),
    ] {
        idp.post("/Users", &body).await.created();
    }
}

#[tokio::test]
async fn each_filter_finds_whom_it_describes() {
    both(async |server| {
        let idp = server.idp();
        people(idp).await;
        let everybody = "Ann ben dan eve \u{c4}nne";
        let urn = format!(r#"{USER}:userName eq "ann""#);
        let urn_upper = format!(r#"{}:USERNAME eq "ann""#, USER.to_uppercase());
        let department = format!(r#"{ENTERPRISE}:department eq "sales""#);
        let manager = format!("{ENTERPRISE}:manager pr");
        let manager_value = format!("{ENTERPRISE}:manager.value pr");
        for (filter, expected) in [
            // Operators.
            (r#"userName eq "ann""#, "Ann"),
            (r#"USERNAME EQ "ANN""#, "Ann"),
            (r#"userName ne "ann""#, "ben dan eve \u{c4}nne"),
            (r#"userName co "N""#, "Ann ben dan \u{c4}nne"),
            (r#"userName sw "b""#, "ben"),
            (r#"userName ew "e""#, "eve \u{c4}nne"),
            (r#"userName gt "ben""#, "dan eve \u{c4}nne"),
            (r#"userName ge "ben""#, "ben dan eve \u{c4}nne"),
            (r#"userName lt "ben""#, "Ann"),
            (r#"userName le "BEN""#, "Ann ben"),
            ("title pr", "Ann"),
            ("not (title pr)", "ben dan eve \u{c4}nne"),
            // What has no value: no comparison holds, and not is its opposite.
            (r#"nickName eq "zz""#, "Ann"),
            (r#"not (nickName eq "zz")"#, "ben dan eve \u{c4}nne"),
            (r#"nickName ne "zz""#, "ben dan eve \u{c4}nne"),
            ("nickName eq null", "ben eve"),
            ("externalId pr", "Ann ben"),
            ("externalId eq null", "dan eve \u{c4}nne"),
            ("externalId ne null", "Ann ben"),
            // Case counts where the schema says so, and letters beyond ASCII have case too.
            (r#"externalId eq "E1""#, "Ann"),
            (r#"externalId eq "e1""#, "ben"),
            ("userName eq \"\u{e4}NNE\"", "\u{c4}nne"),
            ("userName eq \"a\u{308}nne\"", "\u{c4}nne"),
            ("userName sw \"\u{e4}\"", "\u{c4}nne"),
            ("name.familyName eq \"M\u{dc}LLER\"", "\u{c4}nne"),
            // Characters that SQL would take for patterns or quotes.
            (r#"nickName co "%""#, "\u{c4}nne"),
            (r#"nickName co "_""#, "\u{c4}nne"),
            (r#"nickName sw "per%cent""#, "\u{c4}nne"),
            (r#"nickName sw "per_cent""#, ""),
            (r#"name.familyName eq "o'malley""#, "Ann"),
            (r#"displayName eq "say \"HI\" \\ there""#, "\u{c4}nne"),
            (r#"displayName eq "\u0073ay \"hi\" \\ there""#, "\u{c4}nne"),
            (r#"userName eq "' OR 1=1 --""#, ""),
            // Booleans.
            ("active eq true", "Ann dan eve \u{c4}nne"),
            ("active eq false", "ben"),
            (r#"active eq "False""#, "ben"),
            ("active ne true", "ben"),
            (r#"roles[primary eq "True"]"#, "dan"),
            // Precedence: not, then and, then or.
            (r#"userName eq "ann" or userName eq "ben" and active eq true"#, "Ann"),
            (r#"(userName eq "ann" or userName eq "ben") and active eq false"#, "ben"),
            (r#"not (userName eq "ann") and not(userName eq "ben")"#, "dan eve \u{c4}nne"),
            (r#"not (userName eq "ann" or userName eq "ben")"#, "dan eve \u{c4}nne"),
            (r#"((userName eq "ann"))"#, "Ann"),
            // Multi-valued attributes.
            (r#"emails eq "ann@example.com""#, "Ann"),
            (r#"emails co "EXAMPLE""#, "Ann ben"),
            (r#"emails.value eq "ben@example.com""#, "ben"),
            (r#"emails.type eq "work""#, "Ann"),
            ("emails pr", "Ann ben"),
            (r#"emails[type eq "home"]"#, "Ann ben"),
            (r#"emails[type eq "work" and value co "@example.com"]"#, "Ann"),
            (r#"emails[type eq "home" and value co "@example.com"]"#, "ben"),
            (r#"emails.type eq "home" and emails.value co "@example.com""#, "Ann ben"),
            (r#"emails[not (type eq "work")]"#, "Ann ben"),
            (r#"not (emails[type eq "work"])"#, "ben dan eve \u{c4}nne"),
            (r#"emails[type eq "work"].value eq "ANN@example.com""#, "Ann"),
            (r#"emails[type eq "home" or (primary eq true and value co "x")]"#, "Ann ben"),
            (r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#, "Ann"),
            (r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#, "dan eve"),
            (r#"phoneNumbers[type eq "work"].value sw "+41""#, "ben"),
            // URNs.
            (&urn, "Ann"),
            (&urn_upper, "Ann"),
            (&department, "Ann"),
            (&manager, "Ann"),
            (&manager_value, "Ann"),
            // Times are instants, whatever their spelling.
            (r#"meta.created gt "2015-10-10T14:38:21.8617979-07:00""#, everybody),
            (r#"meta.created lt "2015-10-10T14:38:21Z""#, ""),
            (r#"meta.lastModified ge "2020-01-01T00:00:00+14:00" and meta.lastModified lt "2999-01-01T00:00:00Z""#, everybody),
            (r#"meta.resourceType eq "User""#, everybody),
            (r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#, everybody),
        ] {
            let found = idp.query("/Users", &[("filter", filter), ("count", "1000")]).await;
            let mut names: Vec<String> =
                found.list().iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect();
            names.sort();
            assert_eq!(names.join(" "), expected, "{filter}: {found}");
            assert_eq!(found["totalResults"], json!(names.len()), "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_time_is_compared_to_the_millisecond() {
    both(async |server| {
        let idp = server.idp();
        let id = idp.new_user("ann").await;
        let created = idp.user(&id).await["meta"]["created"].as_str().unwrap().to_owned();
        for (operator, found) in [("eq", 1), ("ge", 1), ("le", 1), ("gt", 0), ("lt", 0), ("ne", 0)] {
            let filter = format!(r#"meta.created {operator} "{created}""#);
            assert_eq!(idp.find("/Users", &filter).await.len(), found, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn groups_are_found_by_their_members_and_users_by_their_groups() {
    both(async |server| {
        let idp = server.idp();
        let (ann, ben) = (idp.new_user("ann").await, idp.new_user("ben").await);
        let inner = idp.new_group("inner", &[&ann]).await;
        let outer = idp.new_group("outer", &[&inner, &ben]).await;
        idp.new_group("empty", &[]).await;
        for (path, filter, expected) in [
            ("/Groups", format!(r#"members eq "{ann}""#), vec![&inner]),
            ("/Groups", format!(r#"members.value eq "{ben}""#), vec![&outer]),
            ("/Groups", format!(r#"members[value eq "{inner}"]"#), vec![&outer]),
            ("/Groups", format!(r#"id eq "{inner}" and members eq "{ben}""#), vec![]),
            ("/Groups", r#"members[type eq "Group"]"#.to_owned(), vec![&outer]),
            ("/Groups", "members pr".to_owned(), vec![&inner, &outer]),
            ("/Groups", r#"displayName eq "INNER" or displayName sw "out""#.to_owned(), vec![&inner, &outer]),
            ("/Users", format!(r#"groups eq "{inner}""#), vec![&ann]),
            ("/Users", format!(r#"groups.value eq "{outer}""#), vec![&ben]),
            ("/Users", format!(r#"id eq "{ann}""#), vec![&ann]),
        ] {
            let mut found = idp.find(path, &filter).await;
            found.sort();
            let mut expected: Vec<String> = expected.into_iter().cloned().collect();
            expected.sort();
            assert_eq!(found, expected, "{filter}");
        }
    })
    .await;
}
