//! Paging by cursor (RFC 9865).

use serde_json::json;

use crate::{
    client::{Answer, Client, GROUP, USER, id},
    search::search,
    server::both,
};

/// Every page of a query, by GET with one in three and by search with the others.
async fn pages(idp: &Client, path: &str, filter: &str, sort_by: &str, count: usize) -> Vec<Answer> {
    let mut pages: Vec<Answer> = Vec::new();
    let mut cursor = String::new();
    for number in 0.. {
        assert!(number < 50, "the pages do not end");
        let page = if number % 3 == 0 {
            let count = count.to_string();
            let mut query = vec![("cursor", cursor.as_str()), ("count", &count)];
            query.extend(
                [("filter", filter), ("sortBy", sort_by)].into_iter().filter(|(_, value)| !value.is_empty()),
            );
            idp.query(path, &query).await.ok()
        } else {
            let request = json!({ "cursor": cursor, "count": count, "filter": filter, "sortBy": sort_by });
            search(idp, path, request).await.ok()
        };
        let next = page["nextCursor"].as_str().map(str::to_owned);
        pages.push(page);
        match next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    pages
}

#[tokio::test]
async fn cursors_lead_through_all_there_is() {
    both(async |server| {
        let idp = server.idp();
        for number in 0..7 {
            let title = (number % 2 == 0).then(|| format!("title {}", number % 3));
            let body = json!({ "schemas": [USER], "userName": format!("user{number}"), "title": title });
            idp.post("/Users", &body).await.created();
            let body = json!({ "schemas": [GROUP], "displayName": format!("group{number}") });
            idp.post("/Groups", &body).await.created();
        }
        for (path, filter, sort_by) in [
            ("/Users", "", ""),
            ("/Users", "title pr", ""),
            ("/Users", "", "userName"),
            ("/Users", "", "title"),
            ("/Groups", "", ""),
            ("/Groups", "displayName co \"1\"", "displayName"),
        ] {
            let query = [("filter", filter), ("sortBy", sort_by)];
            let given: Vec<_> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let whole = idp.query(path, &given).await;
            let all: Vec<String> = whole.list().iter().map(id).collect();
            for count in [1, 2, 3, 7, 8] {
                let pages = pages(idp, path, filter, sort_by, count).await;
                let mut found = Vec::new();
                for page in &pages {
                    assert_eq!(page["totalResults"], whole["totalResults"]);
                    assert!(page["startIndex"].is_null() && page["previousCursor"].is_null(), "{page}");
                    found.extend(page["Resources"].as_array().unwrap().iter().map(id));
                }
                assert_eq!(found, all, "{path} {filter} {sort_by} by {count}");
                assert_eq!(
                    pages.len(),
                    all.len().div_ceil(count).max(1),
                    "{path} {filter} {sort_by} by {count}"
                );
            }
        }
        assert!(idp.get("/Users?count=1").await.ok()["nextCursor"].is_null(), "index is the default");
        let config = idp.get("/ServiceProviderConfig").await.ok();
        let expected = json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 1000,
        });
        assert_eq!(config["pagination"], expected);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_query() {
    both(async |server| {
        let idp = server.idp();
        for name in ["a", "b", "c"] {
            idp.new_user(name).await;
        }
        let first = idp.get("/Users?cursor&count=1").await.ok();
        let next = first["nextCursor"].as_str().unwrap();
        assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)), "{next}");
        for query in [
            format!("/Users?cursor={next}&filter=userName+pr"),
            format!("/Users?cursor={next}&sortBy=userName"),
            format!("/Groups?cursor={next}"),
            format!("/Users?cursor={}", &next[1..]),
            "/Users?cursor=nonsense".to_owned(),
            "/Users?cursor=%00".to_owned(),
            "/Users?cursor=%C3%A4".to_owned(),
        ] {
            idp.get(&query).await.error(400, Some("invalidCursor"));
        }
        for (query, kind) in [
            (format!("/Users?cursor={next}&count=1001"), "invalidCount"),
            (format!("/Users?cursor={next}&count=many"), "invalidCount"),
            (format!("/Users?cursor={next}&startIndex=1"), "invalidValue"),
        ] {
            idp.get(&query).await.error(400, Some(kind));
        }
        for count in ["0", "-1"] {
            let none = idp.get(&format!("/Users?cursor&count={count}")).await;
            assert_eq!((&none["totalResults"], &none["itemsPerPage"]), (&json!(3), &json!(0)));
            assert!(none["nextCursor"].is_null(), "{none}");
        }
        let other = server.new_account("other").await;
        other.get(&format!("/Users?cursor={next}")).await.error(400, Some("invalidCursor"));
    })
    .await;
}

/// What comes and goes meanwhile neither hides anybody who stays nor shows anybody twice.
#[tokio::test]
async fn pages_hold_still_while_others_write() {
    both(async |server| {
        let idp = server.idp();
        let mut stay = Vec::new();
        let mut go = Vec::new();
        for number in 0..12 {
            let id = idp.new_user(&format!("user{number:02}")).await;
            if number % 3 == 0 { go.push(id) } else { stay.push(id) }
        }
        for sort_by in ["", "userName"] {
            let mut found = Vec::new();
            let mut cursor = String::new();
            loop {
                let mut query = vec![("cursor", cursor.as_str()), ("count", "2")];
                query.extend([("sortBy", sort_by)].into_iter().filter(|(_, path)| !path.is_empty()));
                let page = idp.query("/Users", &query).await.ok();
                found.extend(page["Resources"].as_array().unwrap().iter().map(id));
                if let Some(id) = go.pop() {
                    idp.delete(&format!("/Users/{id}")).await.no_content();
                }
                idp.new_user(&format!("a{sort_by}{}", found.len())).await;
                match page["nextCursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
                assert!(found.len() < 60, "the pages do not end");
            }
            for id in &stay {
                assert_eq!(found.iter().filter(|found| *found == id).count(), 1, "{sort_by}");
            }
            let known = found.len();
            found.sort();
            found.dedup();
            assert_eq!(found.len(), known, "nobody is shown twice");
        }
    })
    .await;
}
