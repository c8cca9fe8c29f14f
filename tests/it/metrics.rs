//! What Prometheus reads of a server at work, on both databases.

use std::time::{Duration, Instant};

use crate::{
    separate::free_port,
    server::{Server, Store},
};

/// The value of the one line that begins with `name` and has each of the labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let fits = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            && labels.iter().all(|label| line.contains(label))
    };
    let found: Vec<&str> = text.lines().filter(fits).collect();
    assert!(found.len() < 2, "{name} {labels:?} is several: {found:?}");
    found.first().and_then(|line| line.rsplit_once(' ')?.1.parse().ok())
}

#[tokio::test]
async fn a_server_tells_what_it_does() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let internal = format!("127.0.0.1:{}", free_port());
        let server = Server::start_with(store, &[("ROLLCALL_INTERNAL_LISTEN", &internal)]).await;
        let idp = server.idp().header("user-agent", "Okta SCIM Client 1.0.0");
        let ann = idp.new_user("ann").await;
        idp.new_group("g", &[&ann]).await;
        assert_eq!(idp.get("/Users/none").await.status, 404);
        assert_eq!(idp.with_token("wrong").get("/Users").await.status, 401);
        // Nobody makes a label by asking for what is not there.
        idp.get("/No/Such/Path-4711").await;
        reqwest::get(format!("{}/sign-in", server.console)).await.unwrap();
        let mut lookups = server.lookups().await;
        let request = rollcall_proto::identity::BatchLookupUsersRequest {
            parent: "accounts/default".to_owned(),
            ..rollcall_proto::identity::BatchLookupUsersRequest::default()
        };
        lookups.batch_lookup_users(request).await.unwrap_err();

        let read =
            async || reqwest::get(format!("http://{internal}/metrics")).await.unwrap().text().await.unwrap();
        let text = read().await;
        let users = r#"route="/{account}/scim/v2/Users""#;
        let user = r#"route="/{account}/scim/v2/Users/{id}""#;
        let okta = r#"provider="okta""#;
        let requests = "rollcall_http_requests_total";
        assert_eq!(value(&text, requests, &[users, r#"method="POST""#, r#"status="201""#, okta]), Some(1.0));
        assert_eq!(value(&text, requests, &[user, r#"status="404""#, okta]), Some(1.0));
        assert_eq!(value(&text, requests, &[users, r#"status="401""#, okta]), Some(1.0));
        assert!(value(&text, requests, &[r#"listener="console""#, r#"route="/sign-in""#]).is_some());
        assert!(!text.contains("4711"), "a path is a label");
        let calls = "rollcall_grpc_requests_total";
        let lookup = [r#"service="rollcall.identity.v1.LookupService""#, r#"code="InvalidArgument""#];
        assert_eq!(value(&text, calls, &lookup), Some(1.0));
        for database in [r#"database="identity""#, r#"database="token""#] {
            let count = |name, labels: &[&str]| value(&text, name, &[&[database], labels].concat()).unwrap();
            assert!(count("rollcall_database_commit_batch_size_count", &[]) >= 1.0);
            for kind in [r#"kind="read""#, r#"kind="write""#] {
                assert!(count("rollcall_database_wait_seconds_count", &[kind]) >= 1.0);
                assert!(count("rollcall_database_run_seconds_count", &[kind]) >= 1.0);
            }
        }
        assert_eq!(value(&text, "rollcall_ready", &[]), Some(1.0));
        assert_eq!(value(&text, "rollcall_build_info", &[r#"program="rollcall""#]), Some(1.0));
        assert!(value(&text, "process_resident_memory_bytes", &[]).unwrap() > 1e6);
        // Each line has a type, and each of ours says what it is.
        for line in text.lines().filter(|line| line.starts_with("# TYPE rollcall_")) {
            let name = line.split(' ').nth(2).unwrap();
            assert!(text.contains(&format!("# HELP {name} ")), "{name} is not described");
        }
        // What is gathered now and then was gathered at the start, before there was anybody.
        let account = r#"account="default""#;
        let end = Instant::now() + Duration::from_secs(10);
        while value(&read().await, "rollcall_database_up", &[r#"database="token""#]) != Some(1.0) {
            assert!(Instant::now() < end, "the databases are not looked at");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let server = Server::start_with(server.end().await, &[("ROLLCALL_INTERNAL_LISTEN", &internal)]).await;
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let text = read().await;
            let days = value(&text, "rollcall_token_days_left", &[account]);
            if let (Some(days), Some(users)) = (days, value(&text, "rollcall_users", &[account])) {
                assert!((364.0..=365.1).contains(&days), "{days}");
                let size = |name| value(&text, name, &[account]);
                assert_eq!(
                    (users, size("rollcall_groups"), size("rollcall_members")),
                    (1.0, Some(1.0), Some(1.0))
                );
                assert!(size("rollcall_last_access_seconds").unwrap() < 60.0);
                break;
            }
            assert!(Instant::now() < end, "the accounts are not told of:\n{text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        server.stop_now().await;
    }
}
