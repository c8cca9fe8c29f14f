//! Pages by cursor (RFC 9865).

use serde_json::json;

use super::{SEARCH, names, people};
use crate::{
    client::{Answer, Client},
    server::both,
};

async fn walk(idp: &Client, parameters: &[(&str, &str)]) -> (Vec<Vec<String>>, Vec<Answer>) {
    let (mut pages, mut answers, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let mut asked = parameters.to_vec();
        asked.push(("cursor", &cursor));
        let answer = idp.query("/Users", &asked).await.ok();
        pages.push(names(&answer));
        let next = answer["nextCursor"].as_str().map(str::to_owned);
        answers.push(answer);
        match next {
            Some(next) => cursor = next,
            None => return (pages, answers),
        }
        assert!(pages.len() < 20, "it does not end");
    }
}

#[tokio::test]
async fn a_cursor_leads_through_every_page_and_is_absent_at_the_end() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["e", "b", "a", "d", "c", "f"]).await;
        for (parameters, pages) in [
            (vec![("count", "4")], vec![vec!["e", "b", "a", "d"], vec!["c", "f"]]),
            (vec![("count", "3")], vec![vec!["e", "b", "a"], vec!["d", "c", "f"]]),
            (vec![("count", "6")], vec![vec!["e", "b", "a", "d", "c", "f"]]),
            (vec![], vec![vec!["e", "b", "a", "d", "c", "f"]]),
            (vec![("count", "2"), ("filter", "title pr")], vec![vec!["e", "a"], vec!["c"]]),
            (vec![("count", "4"), ("sortBy", "userName")], vec![vec!["a", "b", "c", "d"], vec!["e", "f"]]),
            (
                vec![("count", "4"), ("sortBy", "userName"), ("sortOrder", "descending")],
                vec![vec!["f", "e", "d", "c"], vec!["b", "a"]],
            ),
        ] {
            let (found, answers) = walk(idp, &parameters).await;
            assert_eq!(found, pages, "{parameters:?}");
            let total: usize = pages.iter().map(Vec::len).sum();
            for (page, answer) in pages.iter().zip(&answers) {
                assert_eq!(answer["totalResults"], json!(total), "{answer}");
                assert_eq!(answer["itemsPerPage"], json!(page.len()), "{answer}");
                if let Some(next) = answer["nextCursor"].as_str() {
                    assert!(
                        next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
                        "{next}"
                    );
                }
            }
            assert!(answers[0]["previousCursor"].is_null());
        }
        // Without a parameter of either method, the advertised default holds: by index.
        let plain = idp.get("/Users?count=2").await;
        assert_eq!((plain.list().len(), &plain["nextCursor"]), (2, &json!(null)));
    })
    .await;
}

#[tokio::test]
async fn a_count_of_nothing_gives_the_total_and_no_more_than_asked_come() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["a", "b", "c"]).await;
        for count in ["0", "-3"] {
            let answer = idp.query("/Users", &[("cursor", ""), ("count", count)]).await.ok();
            assert_eq!((names(&answer).len(), &answer["totalResults"]), (0, &json!(3)), "{answer}");
        }
        for count in 1..=4 {
            let answer = idp.query("/Users", &[("cursor", ""), ("count", &count.to_string())]).await.ok();
            assert_eq!(names(&answer).len(), count.min(3), "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_that_is_none_and_a_count_that_is_none_are_told_apart() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["a", "b", "c"]).await;
        let next = idp.query("/Users", &[("cursor", ""), ("count", "1")]).await.ok()["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut forged = next.clone();
        forged.replace_range(0..1, if next.starts_with('A') { "B" } else { "A" });
        for (parameters, scim_type) in [
            (vec![("cursor", "nonsense")], "invalidCursor"),
            (vec![("cursor", "%&=")], "invalidCursor"),
            (vec![("cursor", &forged)], "invalidCursor"),
            (vec![("cursor", &next), ("filter", "title pr")], "invalidCursor"),
            (vec![("cursor", &next), ("sortBy", "userName")], "invalidCursor"),
            (vec![("cursor", ""), ("count", "1001")], "invalidCount"),
            (vec![("cursor", ""), ("count", "many")], "invalidCount"),
            (vec![("cursor", ""), ("startIndex", "2")], "invalidValue"),
        ] {
            idp.query("/Users", &parameters).await.error(400, Some(scim_type));
        }
        idp.query("/Groups", &[("cursor", &next)]).await.error(400, Some("invalidCursor"));
    })
    .await;
}

/// A cursor gives nobody what they may not see (RFC 9865 section 5.2).
#[tokio::test]
async fn a_cursor_of_another_account_shows_nothing_of_it() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["a", "b", "c"]).await;
        let other = server.new_account("other").await;
        people(&other, &["x"]).await;
        let next = idp.query("/Users", &[("cursor", ""), ("count", "1")]).await.ok()["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        let answer = other.query("/Users", &[("cursor", &next), ("count", "1")]).await;
        let shown = names(&answer);
        assert!(shown.iter().all(|name| name == "x"), "{answer}");
        let signed_out = idp.signed_out().query("/Users", &[("cursor", &next)]).await;
        signed_out.error(401, None);
    })
    .await;
}

#[tokio::test]
async fn a_search_pages_by_cursor_too() {
    both(async |server| {
        let idp = server.idp();
        people(idp, &["a", "b", "c"]).await;
        idp.new_group("g", &[]).await;
        for (path, total) in [("/Users/.search", 3), ("/.search", 4)] {
            let (mut found, mut cursor) = (0, String::new());
            for page in 1.. {
                let body = json!({ "schemas": [SEARCH], "cursor": cursor, "count": 2 });
                let answer = idp.post(path, &body).await.ok();
                found += answer["Resources"].as_array().map_or(0, Vec::len);
                assert_eq!(answer["totalResults"], json!(total), "{answer}");
                match answer["nextCursor"].as_str() {
                    Some(next) if page < 9 => next.clone_into(&mut cursor),
                    _ => break,
                }
            }
            assert_eq!(found, total, "{path}");
        }
        let body = json!({ "schemas": [SEARCH], "cursor": "nonsense" });
        idp.post("/Users/.search", &body).await.error(400, Some("invalidCursor"));
    })
    .await;
}
