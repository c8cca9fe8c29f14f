//! Pages and order (RFC 7644 sections 3.4.2.3 and 3.4.2.4).

use serde_json::json;

use crate::{
    client::{Client, USER},
    server::both,
};

async fn ten_people(idp: &Client) {
    for (name, title, email) in [
        ("j", Some("b"), Some("z@x")),
        ("C", Some("B"), None),
        ("a", None, Some("a@x")),
        ("H", Some("c"), Some("M@x")),
        ("e", None, None),
        ("B", Some("a"), Some("b@x")),
        ("i", Some("\u{e4}"), None),
        ("D", None, Some("Y@x")),
        ("g", Some("d"), None),
        ("F", Some("Z"), Some("c@x")),
    ] {
        let emails = email.map(
            |primary| json!([{ "value": "0@x", "type": "home" }, { "value": primary, "primary": true }]),
        );
        let body = json!({ "schemas": [USER], "userName": name, "title": title, "emails": emails });
        idp.post("/Users", &body).await.created();
    }
}

async fn names(idp: &Client, parameters: &[(&str, &str)]) -> String {
    let answer = idp.query("/Users", parameters).await;
    answer.list().iter().map(|user| user["userName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_page_is_cut_as_the_rfc_says() {
    both(async |server| {
        let idp = server.idp();
        ten_people(idp).await;
        for (start, count, first, items) in [
            ("1", "3", 1, 3),
            ("9", "5", 9, 2),
            ("0", "3", 1, 3),
            ("-4", "3", 1, 3),
            ("11", "3", 11, 0),
            ("5000", "3", 5000, 0),
            ("1", "0", 1, 0),
            ("1", "-1", 1, 0),
            ("1", "99999999999999999999", 1, 10),
        ] {
            let page = idp.query("/Users", &[("startIndex", start), ("count", count)]).await;
            assert_eq!(page.list().len(), items, "{start}, {count}: {page}");
            assert_eq!(page["totalResults"], 10, "{start}, {count}");
            assert_eq!(page["startIndex"], first, "{start}, {count}");
        }
        let filtered = [("filter", "title pr"), ("startIndex", "6"), ("count", "3")];
        let page = idp.query("/Users", &filtered).await;
        assert_eq!((page.list().len(), &page["totalResults"]), (2, &json!(7)));
    })
    .await;
}

#[tokio::test]
async fn pages_are_sorted_through_all_of_them() {
    both(async |server| {
        let idp = server.idp();
        ten_people(idp).await;
        assert_eq!(names(idp, &[]).await, "jCaHeBiDgF", "the order of creation");
        for (parameters, expected) in [
            (vec![("sortBy", "userName")], "aBCDeFgHij"),
            (vec![("sortBy", "userName"), ("sortOrder", "descending")], "jiHgFeDCBa"),
            (vec![("sortBy", "USERNAME"), ("sortOrder", "Ascending")], "aBCDeFgHij"),
            (vec![("sortBy", "meta.created"), ("sortOrder", "ascending")], "jCaHeBiDgF"),
            (vec![("sortBy", "userName"), ("filter", "title pr")], "BCFgHij"),
        ] {
            assert_eq!(names(idp, &parameters).await, expected, "{parameters:?}");
            let mut paged = String::new();
            for start in (1..=10).step_by(3) {
                let start = start.to_string();
                let mut page = parameters.clone();
                page.extend([("startIndex", start.as_str()), ("count", "3")]);
                paged += &names(idp, &page).await;
            }
            assert_eq!(paged, expected, "{parameters:?} in pages");
        }
        let titles = names(idp, &[("sortBy", "title")]).await;
        assert!(titles.starts_with('B'), "{titles}");
        let last: Vec<char> = titles.chars().skip(7).collect();
        assert!(last.iter().all(|name| "aeD".contains(*name)), "those without come last: {titles}");
        let down = names(idp, &[("sortBy", "title"), ("sortOrder", "descending")]).await;
        assert!(down.chars().take(3).all(|name| "aeD".contains(name)), "and first when descending: {down}");
        let emails = names(idp, &[("sortBy", "emails.value"), ("filter", "emails pr")]).await;
        assert_eq!(emails, "aBFHDj", "the primary element decides");
    })
    .await;
}

#[tokio::test]
async fn a_group_of_more_than_a_page_of_members_is_read_whole() {
    both(async |server| {
        let idp = server.idp();
        let mut ids = Vec::new();
        for number in 0..120 {
            ids.push(idp.new_user(&format!("user{number}")).await);
        }
        let members: Vec<&str> = ids.iter().map(String::as_str).collect();
        let group = idp.new_group("g", &members).await;
        ids.sort();
        assert_eq!(idp.members(&group).await, ids);
    })
    .await;
}
