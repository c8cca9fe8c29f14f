//! The door of the console: who gets in, how long they stay, and what other sites can make their browsers do.

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection};
use reqwest::{Method, StatusCode};
use rollcall_db::Address;
use rollcall_proto::token::{
    AuditEntry, ListAuditEntriesRequest, Role, audit_service_client::AuditServiceClient,
};

use crate::{
    browser::{Browser, COOKIE, page},
    command_line::{rollcall, succeeds},
    server::{Process, Server, Store, both, create_account},
};

/// The path of a link.
fn path<'a>(link: &'a str, console: &str) -> &'a str {
    link.strip_prefix(console).unwrap_or_else(|| panic!("{link} is not in {console}"))
}

#[tokio::test]
async fn the_first_link_lets_one_person_in_once() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let directory = tempfile::tempdir().unwrap();
        let start = |announced: &[&str]| {
            Process::start(Server::binary(), &["serve"], &store.settings(), directory.path(), announced)
        };
        let (process, urls) = start(&["console", "First sign-in"]);
        let [console, link] = urls.try_into().unwrap();
        let link = path(&link, &console);
        let browser = Browser::new(&console);

        // Programs look at links, too, and may do so twice.
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let asked = page(browser.request(method, link)).await;
            assert_eq!((asked.status, asked.cookie(COOKIE)), (StatusCode::OK, None));
        }
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let foreign = page(browser.request(Method::POST, link).header(name, value)).await;
            assert_eq!((foreign.status, foreign.cookie(COOKIE)), (StatusCode::FORBIDDEN, None));
        }
        let at_once =
            futures::future::join_all((0..6).map(|_| page(browser.request(Method::POST, link)))).await;
        let (admitted, refused): (Vec<_>, Vec<_>) =
            at_once.into_iter().partition(|answer| answer.status == StatusCode::SEE_OTHER);
        assert_eq!((admitted.len(), refused.len()), (1, 5), "once, however often it is sent at once");
        assert!(refused.iter().all(|answer| answer.status == StatusCode::FORBIDDEN));
        assert!(refused.iter().all(|answer| answer.cookie(COOKIE).is_none()));

        let (secret, attributes) = admitted[0].cookie(COOKIE).unwrap();
        assert_eq!(attributes, "HttpOnly; SameSite=Lax; Secure; Path=/");
        assert!(secret.len() == 43 && !link.contains(&secret));
        assert_eq!(admitted[0].location(), "/");
        let first = browser.with_session(&secret);
        let accounts = first.start().await;
        assert_eq!(accounts.status, StatusCode::OK);
        assert!(accounts.text.contains("First administrator"), "{}", accounts.text);
        process.stop().await;

        // Now that somebody has signed in, no link is printed: it would be a way in for whoever reads the log.
        let (process, urls) = start(&["console", "Tenant URL   "]);
        let later = Browser::new(&urls[0]).with_session(&secret);
        assert_eq!(later.start().await.status, StatusCode::OK, "a session outlives the process");
        process.stop().await;
    }
}

#[tokio::test]
async fn the_operator_makes_links() {
    both(async |server| {
        server.new_account("acme").await;
        let link = |more: &[&str]| {
            let arguments = [&["console", "link", "--console-url", &server.console], more].concat();
            let out = succeeds(&rollcall(server, &arguments));
            path(out.lines().next().unwrap(), &server.console).to_owned()
        };
        let browser = Browser::new(&server.console);
        let desk = link(&["--role", "card-desk", "--account", "acme", "--name", "Desk"]);
        let admitted = page(browser.request(Method::POST, &desk)).await;
        let desk = browser.with_session(&admitted.cookie(COOKIE).unwrap().0);
        assert_eq!(desk.get("/").await.location(), "/accounts/acme/users");
        let operator = page(browser.request(Method::POST, &link(&[]))).await;
        let operator = browser.with_session(&operator.cookie(COOKIE).unwrap().0);
        assert_eq!(operator.get("/").await.location(), "/accounts");

        // One that has ended, one that never was, and what has not the shape of one are told apart by nobody.
        let ended = link(&["--minutes", "1"]);
        age(server, "UPDATE invitations SET expires_at = expires_at - 60000 WHERE redeemed_at IS NULL");
        let never = format!("/first-run/{}", "A".repeat(43));
        let mut said = Vec::new();
        for path in [ended.as_str(), &never, "/first-run/x", "/first-run/%00"] {
            let refused = page(browser.request(Method::POST, path)).await;
            assert_eq!((refused.status, refused.cookie(COOKIE)), (StatusCode::FORBIDDEN, None), "{path}");
            said.push(without_time(&refused.text));
        }
        assert!(said.iter().all(|text| *text == said[0]), "{said:?}");

        for (arguments, word) in [
            (&["--role", "operator", "--account", "acme"][..], "operator"),
            (&["--role", "read-only"], "account"),
            (&["--role", "read-only", "--account", "nobody"], "nobody"),
            (&["--minutes", "0"], "ttl"),
        ] {
            let output = rollcall(server, &[&["console", "link"], arguments].concat());
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && text.contains(word), "{arguments:?}: {text}");
        }
    })
    .await;
}

/// A page but for the time at which it was made.
fn without_time(text: &str) -> String {
    let (before, rest) = text.split_once("data-now=\"").unwrap();
    format!("{before}{}", rest.split_once('"').unwrap().1)
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    both(async |server| {
        let ann = Browser::signed_in(server, Role::AccountAdministrator, "default").await;
        let other = Browser::signed_in(server, Role::AccountAdministrator, "default").await;
        assert_eq!(ann.start().await.status, StatusCode::OK);
        let out = ann.post("/sign-out", &[]).await;
        assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/sign-in"));
        let (value, attributes) = out.cookie(COOKIE).unwrap();
        assert!(value.is_empty() && attributes.contains("Max-Age=0") && attributes.contains("Path=/"));
        let after = ann.get("/accounts/default/sync").await;
        assert_eq!(after.location(), "/sign-in?next=%2Faccounts%2Fdefault%2Fsync");
        assert_eq!(other.start().await.status, StatusCode::OK, "the other session goes on");

        let audit: Vec<AuditEntry> = audit(server, "default").await;
        let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
        for action in ["session.begin", "session.end"] {
            assert!(actions.contains(&action), "{actions:?}");
        }
        assert!(!format!("{audit:?}").contains(ann.secret()));
    })
    .await;
}

async fn audit(server: &Server, account: &str) -> Vec<AuditEntry> {
    let request = ListAuditEntriesRequest {
        parent: format!("accounts/{account}"),
        page_size: 1000,
        ..ListAuditEntriesRequest::default()
    };
    let mut client = AuditServiceClient::connect(server.token.clone()).await.unwrap();
    client.list_audit_entries(request).await.unwrap().into_inner().entries
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_at_the_latest_after_12_hours() {
    both(async |server| {
        for statement in [
            "UPDATE sessions SET seen_at = seen_at - 3600000",
            "UPDATE sessions SET created_at = created_at - 43200000",
        ] {
            let ann = Browser::signed_in(server, Role::Operator, "").await;
            assert_eq!(ann.start().await.status, StatusCode::OK);
            age(server, statement);
            for _ in 0..2 {
                let ended = ann.get("/accounts").await;
                assert_eq!(
                    (ended.status, ended.location()),
                    (StatusCode::SEE_OTHER, "/sign-in?next=%2Faccounts")
                );
            }
        }
        let ann = Browser::signed_in(server, Role::Operator, "").await;
        for _ in 0..3 {
            age(server, "UPDATE sessions SET seen_at = seen_at - 3000000, created_at = created_at - 3000000");
            assert_eq!(ann.start().await.status, StatusCode::OK, "whoever works is not idle");
        }
        // What is no session's secret: nothing is said of it but where to sign in.
        for secret in ["", "x", &"A".repeat(43), &"A".repeat(7000), "a; __Host-rollcall=b"] {
            let stranger = ann.with_session(secret);
            let sent = stranger.get("/accounts").await;
            assert_eq!(sent.location(), "/sign-in?next=%2Faccounts", "{secret}");
        }
    })
    .await;
}

/// Changes a table of token-service as no rpc can: the clock of the process is the machine's.
fn age(server: &Server, statement: &str) {
    let statement = diesel::sql_query(statement);
    match &server.store.tokens().address {
        Address::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            statement.execute(&mut connection).unwrap();
        }
        Address::Postgres(url) => {
            let mut connection = PgConnection::establish(url.as_str()).unwrap();
            statement.execute(&mut connection).unwrap();
        }
    }
}

#[tokio::test]
async fn after_signing_in_nobody_is_sent_to_another_site() {
    both(async |server| {
        let ann = Browser::signed_in(server, Role::Operator, "").await;
        for (next, to) in [
            ("%2Faccounts%2Fdefault%2Flog%3Fq%3Dx", "/accounts/default/log?q=x"),
            ("https%3A%2F%2Fevil.example", "/"),
            ("%2F%2Fevil.example", "/"),
            ("%2F%5Cevil.example", "/"),
            ("%2F%09%2Fevil.example", "/"),
            ("%0D%0ALocation%3A%20https%3A%2F%2Fevil.example", "/"),
            ("javascript%3Aalert(1)", "/"),
            ("evil.example", "/"),
        ] {
            let sent = ann.get(&format!("/sign-in?next={next}")).await;
            assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, to), "{next}");
        }
        let twice = ann.get("/sign-in?next=%2Fa&next=%2F%2Fevil.example").await;
        assert!(!twice.location().contains("evil"));
    })
    .await;
}

#[tokio::test]
async fn attempts_to_sign_in_are_counted() {
    both(async |server| {
        let browser = Browser::new(&server.console);
        let mut refused = None;
        for attempt in 0..60 {
            let answer = page(browser.request(Method::POST, "/first-run/x")).await;
            match answer.status {
                StatusCode::FORBIDDEN => {}
                StatusCode::TOO_MANY_REQUESTS => {
                    refused = Some((attempt, answer));
                    break;
                }
                other => panic!("{other}"),
            }
        }
        let (attempt, refused) = refused.expect("it must end");
        assert!(attempt >= 20, "{attempt}");
        assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
        assert!(refused.text.contains("<h1"), "a page, and not a bare number");
        let ann = Browser::signed_in(server, Role::Operator, "").await;
        assert_eq!(ann.start().await.status, StatusCode::OK, "whoever is in goes on");
    })
    .await;
}

/// The forms that change nothing in this test, because none is accepted.
const FORMS: [&str; 6] = [
    "/accounts",
    "/accounts/default/sync/tokens",
    "/accounts/default/users",
    "/accounts/default/rules",
    "/accounts/default/notices/webhook-secret",
    "/sign-out",
];

#[tokio::test]
async fn only_our_own_pages_can_send_a_form() {
    both(async |server| {
        create_account(&server.token, "acme").await;
        let ann = Browser::signed_in(server, Role::Operator, "").await;
        let stranger = Browser::signed_in(server, Role::AccountAdministrator, "acme").await;
        let (own, foreign) = (ann.start().await, stranger.start().await);
        let (own, foreign) = (own.csrf(), foreign.csrf());
        assert_ne!(own, foreign);
        let before = audit(server, "default").await;
        for path in FORMS {
            let send = |fields: &[(&str, &str)], headers: &[(&str, &str)]| {
                let all =
                    [("id", "x"), ("user_name", "x"), ("request_id", "01890a5d-ac96-774b-bcce-b302099a8057")];
                let mut request = ann.request(Method::POST, path).form(&[&all, fields].concat());
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                page(request)
            };
            for refused in [
                send(&[], &[]).await,
                send(&[("csrf", "")], &[]).await,
                send(&[("csrf", &own[1..])], &[]).await,
                send(&[("csrf", foreign)], &[]).await,
                send(&[("csrf", foreign), ("csrf", own)], &[]).await,
                send(&[("csrf", own)], &[("sec-fetch-site", "cross-site")]).await,
                send(&[("csrf", own)], &[("sec-fetch-site", "same-site")]).await,
                send(&[("csrf", own)], &[("origin", "https://evil.example")]).await,
                send(&[("csrf", own)], &[("origin", "null")]).await,
            ] {
                assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}: {}", refused.text);
            }
            // A value in the address is no value in the form, and no form is sent by GET.
            let in_address =
                page(ann.request(Method::POST, &format!("{path}?csrf={own}")).form(&[("id", "x")]));
            assert_eq!(in_address.await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(audit(server, "default").await, before);
        assert_eq!(ann.start().await.status, StatusCode::OK, "nobody was signed out");

        let large = "x".repeat(300 * 1024);
        let refused = ann.post("/accounts", &[("id", &large)]).await;
        assert!(refused.status.is_client_error(), "{}", refused.status);
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let refused = page(ann.request(method, "/accounts/default/rules")).await;
            assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_typed_stays_when_it_cannot_be_saved() {
    both(async |server| {
        let browser = Browser::signed_in(server, Role::AccountAdministrator, "default").await;
        let send = async |path: &str, fields: &[(&str, &str)]| {
            browser.post(path, &[&[("title", "Head clerk")], fields].concat()).await
        };
        let made = send("/accounts/default/users", &[("user_name", "ann")]).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER);
        let ann = made.location().to_owned();
        let stale = ("etag", "W/\"1\"");
        assert_eq!(send(&ann, &[("user_name", "anna"), stale]).await.status, StatusCode::SEE_OTHER);
        for (path, fields, status, says) in [
            (
                "/accounts/default/users",
                &[("user_name", "ANNA")][..],
                StatusCode::CONFLICT,
                "belongs to another user",
            ),
            ("/accounts/default/users", &[("user_name", " ")], StatusCode::BAD_REQUEST, "must not be empty"),
            (&ann, &[("user_name", "ann"), stale], StatusCode::CONFLICT, "Somebody else has changed this"),
        ] {
            let refused = send(path, fields).await;
            assert_eq!(refused.status, status, "{}", refused.text);
            for text in ["Not saved", "Head clerk", says] {
                assert!(refused.text.contains(text), "{text}: {}", refused.text);
            }
        }
        let source = format!("{ann}/source");
        assert_eq!(send(&source, &[("to", "99")]).await.status, StatusCode::BAD_REQUEST);
    })
    .await;
}
