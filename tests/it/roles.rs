//! Every address of the console as every role, in one's own account and in another's; and what holds for all pages.
//!
//! The addresses are those that the router is built from: one that has no rule here fails the test.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use rollcall_proto::{
    identity::{
        AcknowledgeChangesRequest, BatchLookupCardsRequest, Card, CreateCardRequest, CreateGroupRequest,
        CreateUserRequest, Group, ListDeniedCardsRequest, ListGroupsRequest, ListUsersRequest, Member, User,
        UserSource, card_service_client::CardServiceClient, group_service_client::GroupServiceClient,
        station_service_client::StationServiceClient, user_service_client::UserServiceClient,
    },
    token::{
        ListAuditEntriesRequest, ListSyncEntriesRequest, ListTokensRequest, RecordSyncEntriesRequest, Role,
        SyncEntry, TokenState, audit_service_client::AuditServiceClient,
        sync_log_service_client::SyncLogServiceClient,
    },
};
use tonic::transport::Channel;

use crate::{
    browser::{Browser, Page, page},
    server::{Server, both, create_account},
};

const ROLES: [Role; 4] = [Role::Operator, Role::AccountAdministrator, Role::CardDesk, Role::ReadOnly];

/// Who may use an address.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// Also who is not signed in.
    Anybody,
    /// Every role.
    Everybody,
    /// Who sees the connection and the settings of an account: all but the card desk.
    Readers,
    Administrators,
    /// Administrators, and the card desk.
    CardDesk,
    Operators,
}

impl Who {
    fn includes(self, role: Role) -> bool {
        match self {
            Self::Anybody | Self::Everybody => true,
            Self::Readers => role != Role::CardDesk,
            Self::Administrators => matches!(role, Role::Operator | Role::AccountAdministrator),
            Self::CardDesk => role != Role::ReadOnly,
            Self::Operators => role == Role::Operator,
        }
    }
}

/// Method, address, who, and the form that is sent. `{…}` is filled in from the account that is tried.
type Rule = (&'static str, &'static str, Who, &'static [(&'static str, &'static str)]);

const REQUEST_ID: (&str, &str) = ("request_id", "01890a5d-ac96-774b-bcce-b302099a8057");
const ETAG: (&str, &str) = ("etag", "{etag}");
/// A form with a file: its text is the last value.
const FILE: &[(&str, &str)] = &[("cards_only", "0"), ("anyway", "1"), ("file", "userName,card\nann,99\n")];
const GROUP_ETAG: (&str, &str) = ("etag", "{group-etag}");

#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("GET", "/assets/{name}", Who::Anybody, &[]),
    ("GET", "/sign-in", Who::Anybody, &[]),
    ("POST", "/sign-in/oidc", Who::Anybody, &[]),
    ("GET", "/sign-in/oidc/callback", Who::Anybody, &[]),
    ("GET", "/first-run/{secret}", Who::Anybody, &[]),
    ("POST", "/first-run/{secret}", Who::Anybody, &[]),

    ("GET", "/", Who::Everybody, &[]),
    ("POST", "/sign-out", Who::Everybody, &[]),
    ("GET", "/accounts", Who::Operators, &[]),
    ("POST", "/accounts", Who::Operators, &[("id", "{account}-new"), ("display_name", "New")]),

    ("GET", "/accounts/{account}/sync", Who::Readers, &[]),
    ("GET", "/accounts/{account}/sync/state", Who::Readers, &[]),
    ("GET", "/accounts/{account}/sync/regenerate", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/sync/tokens", Who::Administrators, &[REQUEST_ID]),
    ("GET", "/accounts/{account}/sync/tokens/{token}/retire", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/sync/tokens/{token}/retire", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/sync/tokens/{token}/revoke", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/sync/tokens/{token}/revoke", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/guide", Who::Readers, &[]),
    ("GET", "/accounts/{account}/guide/{idp}", Who::Readers, &[]),
    ("GET", "/accounts/{account}/notices", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/notices", Who::Administrators, &[("emails", "it@example.com")]),
    ("POST", "/accounts/{account}/notices/test", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/notices/webhook-secret", Who::Administrators, &[]),

    ("GET", "/accounts/{account}/users", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/users", Who::Administrators, &[("user_name", "new")]),
    ("GET", "/accounts/{account}/users/new", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/users/{id}", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/users/{id}", Who::Administrators, &[("user_name", "renamed"), ETAG]),
    ("GET", "/accounts/{account}/users/{id}/edit", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/users/{id}/delete", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/users/{id}/delete", Who::Administrators, &[ETAG]),
    ("GET", "/accounts/{account}/users/{id}/source", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/users/{id}/source", Who::Administrators, &[("to", "1")]),

    ("POST", "/accounts/{account}/users/{id}/cards", Who::CardDesk, &[("number", "777")]),
    ("POST", "/accounts/{account}/users/{id}/secrets", Who::CardDesk, &[("kind", "pin"), ("secret", "739261")]),
    ("POST", "/accounts/{account}/users/{id}/code", Who::CardDesk, &[]),

    ("GET", "/accounts/{account}/cards", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/cards/find", Who::Everybody, &[("number", "777")]),
    ("GET", "/accounts/{account}/cards/{card}/remove", Who::CardDesk, &[]),
    ("POST", "/accounts/{account}/cards/{card}/remove", Who::CardDesk, &[]),
    ("GET", "/accounts/{account}/cards/{card}/resolve", Who::CardDesk, &[]),
    ("POST", "/accounts/{account}/cards/{card}/resolve", Who::CardDesk, &[("winner", "holder")]),
    ("GET", "/accounts/{account}/denied", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/denied/{denied}/assign", Who::CardDesk, &[("user", "{user}")]),
    ("POST", "/accounts/{account}/denied/{denied}/dismiss", Who::CardDesk, &[]),
    ("GET", "/accounts/{account}/stations", Who::Everybody, &[]),
    ("GET", "/accounts/{account}/stations/{station}/forget", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/stations/{station}/forget", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/diagnosis", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/diagnosis", Who::Everybody, &[("query", "ann")]),
    ("GET", "/accounts/{account}/conversion", Who::Readers, &[]),
    ("POST", "/accounts/{account}/conversion", Who::Administrators, &[("conversion", "")]),
    ("POST", "/accounts/{account}/conversion/infer", Who::Administrators, &[("reader1", "1"), ("directory1", "1")]),
    ("POST", "/accounts/{account}/conversion/preview", Who::Administrators, &[("conversion", "")]),

    ("GET", "/accounts/{account}/import", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/import", Who::Administrators, FILE),
    ("GET", "/accounts/{account}/import/{ticket}", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/import/{ticket}/result.csv", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/import/{ticket}/apply", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/import/{ticket}/stop", Who::Administrators, &[]),

    ("GET", "/accounts/{account}/groups", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/groups", Who::Administrators, &[("display_name", "New")]),
    ("GET", "/accounts/{account}/groups/new", Who::Administrators, &[]),
    ("GET", "/accounts/{account}/groups/{id}", Who::Everybody, &[]),
    ("POST", "/accounts/{account}/groups/{id}", Who::Administrators, &[("display_name", "Renamed"), GROUP_ETAG]),
    ("POST", "/accounts/{account}/groups/{id}/add", Who::Administrators, &[("member", "{user}")]),
    ("POST", "/accounts/{account}/groups/{id}/remove", Who::Administrators, &[("member", "{user}")]),
    ("GET", "/accounts/{account}/groups/{id}/delete", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/groups/{id}/delete", Who::Administrators, &[GROUP_ETAG]),
    ("GET", "/accounts/{account}/groups/{id}/source", Who::Administrators, &[]),
    ("POST", "/accounts/{account}/groups/{id}/source", Who::Administrators, &[("to", "1")]),

    ("GET", "/accounts/{account}/log", Who::Readers, &[]),
    ("GET", "/accounts/{account}/log.csv", Who::Readers, &[]),
    ("GET", "/accounts/{account}/log/{entry}", Who::Readers, &[]),
    ("GET", "/accounts/{account}/rules", Who::Readers, &[]),
    ("POST", "/accounts/{account}/rules", Who::Administrators, &[("reactivation", "1"), ("adoption", "1")]),
    ("POST", "/accounts/{account}/rules/log", Who::Administrators, &[("keep_days", "7")]),
    ("GET", "/accounts/{account}/audit", Who::Readers, &[]),
];

/// An account with one of everything.
struct Account {
    values: BTreeMap<&'static str, String>,
}

impl Account {
    /// The same for an address that names a refused card, which takes a moment to be there.
    async fn with_denied(self, server: &Server, path: &str) -> Self {
        let Self { mut values } = self;
        if path.contains("{denied}") {
            let parent = format!("accounts/{}", values["{account}"]);
            values.insert("{denied}", denied(server, &parent).await);
        }
        Self { values }
    }

    /// With one token, or with a second one that replaces it.
    async fn new(server: &Server, id: &str, tokens: usize) -> Self {
        create_account(&server.token, id).await;
        let parent = format!("accounts/{id}");
        for _ in 0..tokens {
            server.new_token(id).await;
        }
        let user = User { user_name: "ann".to_owned(), active: Some(true), ..User::default() };
        let user =
            CreateUserRequest { parent: parent.clone(), user: Some(user), source: UserSource::Manual.into() };
        let user = users(server).await.create_user(user).await.unwrap().into_inner();
        let member = Member { id: last(&user.name), ..Member::default() };
        let group = Group { display_name: "Everybody".to_owned(), members: vec![member], ..Group::default() };
        let group = CreateGroupRequest {
            parent: parent.clone(),
            group: Some(group),
            source: UserSource::Manual.into(),
        };
        let group = groups(server).await.create_group(group).await.unwrap().into_inner();
        let listed = tokens_of(server, &parent).await;
        let retiring = listed.iter().find(|(_, state)| *state == TokenState::Retiring);
        let (token, _) = retiring.or(listed.first()).unwrap();
        let values = [
            ("{account}", id.to_owned()),
            ("{token}", last(token)),
            ("{user}", last(&user.name)),
            ("{etag}", user.etag),
            ("{group}", last(&group.name)),
            ("{group-etag}", group.etag),
            ("{entry}", entry(server, &parent, token).await),
            ("{card}", claim(server, &parent, &user.name).await),
            ("{station}", station(server, &parent).await),
            ("{idp}", "okta".to_owned()),
        ];
        Self { values: values.into() }
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("/users/{id}", "/users/{user}").replace("/groups/{id}", "/groups/{group}");
        self.values.iter().fold(text, |text, (name, value)| text.replace(name, value))
    }
}

/// The last part of a resource name.
fn last(name: &str) -> String {
    name.rsplit_once('/').unwrap().1.to_owned()
}

async fn users(server: &Server) -> UserServiceClient<Channel> {
    UserServiceClient::connect(server.identity.clone()).await.unwrap()
}

async fn groups(server: &Server) -> GroupServiceClient<Channel> {
    GroupServiceClient::connect(server.identity.clone()).await.unwrap()
}

async fn tokens_of(server: &Server, parent: &str) -> Vec<(String, TokenState)> {
    let request = ListTokensRequest { parent: parent.to_owned(), ..ListTokensRequest::default() };
    let listed = server.tokens().await.list_tokens(request).await.unwrap().into_inner().tokens;
    listed.into_iter().map(|token| (token.name.clone(), token.state())).collect()
}

/// The id of a new entry of the sync log.
async fn entry(server: &Server, parent: &str, token: &str) -> String {
    let mut log = SyncLogServiceClient::connect(server.token.clone()).await.unwrap();
    let entry = SyncEntry {
        name: format!("{parent}/syncEntries/-"),
        time: Some(std::time::SystemTime::now().into()),
        token: token.to_owned(),
        method: "GET".to_owned(),
        status: 200,
        ..SyncEntry::default()
    };
    let request = RecordSyncEntriesRequest { entries: vec![entry], ..RecordSyncEntriesRequest::default() };
    log.record_sync_entries(request).await.unwrap();
    let request = ListSyncEntriesRequest { parent: parent.to_owned(), ..ListSyncEntriesRequest::default() };
    last(&log.list_sync_entries(request).await.unwrap().into_inner().entries[0].name)
}

/// A card that somebody claims who is not its holder.
async fn claim(server: &Server, parent: &str, claimant: &str) -> String {
    let mut cards = CardServiceClient::connect(server.identity.clone()).await.unwrap();
    let holder = User { user_name: "holder".to_owned(), active: Some(true), ..User::default() };
    let holder = CreateUserRequest {
        parent: parent.to_owned(),
        user: Some(holder),
        source: UserSource::Manual.into(),
    };
    let holder = users(server).await.create_user(holder).await.unwrap().into_inner().name;
    let mut last_card = String::new();
    for user in [holder.as_str(), claimant] {
        let card = Card { user: user.to_owned(), number: "4711".to_owned(), ..Card::default() };
        let request = CreateCardRequest { parent: parent.to_owned(), card: Some(card) };
        last_card = last(&cards.create_card(request).await.unwrap().into_inner().name);
    }
    last_card
}

/// A station that keeps a copy.
async fn station(server: &Server, parent: &str) -> String {
    let mut stations = StationServiceClient::connect(server.identity.clone()).await.unwrap();
    let request =
        AcknowledgeChangesRequest { parent: parent.to_owned(), station: "lobby".to_owned(), revision: 0 };
    stations.acknowledge_changes(request).await.unwrap();
    "lobby".to_owned()
}

/// A card that was refused at the station `lobby`.
async fn denied(server: &Server, parent: &str) -> String {
    let lookup = BatchLookupCardsRequest {
        min_revision: 0,
        parent: parent.to_owned(),
        numbers: vec!["0815".to_owned()],
        station: "lobby".to_owned(),
        view: 0,
    };
    server.lookups().await.batch_lookup_cards(lookup).await.unwrap();
    let mut cards = CardServiceClient::connect(server.identity.clone()).await.unwrap();
    loop {
        let request =
            ListDeniedCardsRequest { parent: parent.to_owned(), ..ListDeniedCardsRequest::default() };
        let found = cards.list_denied_cards(request).await.unwrap().into_inner().denied_cards;
        if let Some(denied) = found.first() {
            return last(&denied.name);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Sends the form with a file, and answers with the page that says so.
async fn upload(browser: &Browser, path: &str) -> Page {
    let start = browser.start().await;
    let mut form = reqwest::multipart::Form::new().text("csrf", start.csrf().to_owned());
    for (name, value) in FILE {
        form = match *name {
            "file" => form.part("file", reqwest::multipart::Part::text(*value).file_name("people.csv")),
            name => form.text(name, *value),
        };
    }
    page(browser.request(Method::POST, path).multipart(form)).await
}

async fn send(browser: &Browser, rule: &Rule, account: &Account) -> Page {
    let (method, path, _, form) = rule;
    let mut path = account.fill(path);
    if let Some(beginning) = path.split_once("{ticket}").map(|(beginning, _)| beginning.to_owned()) {
        // An import is its session's alone: there is one once the session has sent a file.
        let begun = upload(browser, beginning.trim_end_matches('/')).await;
        let ticket = begun.location().rsplit('/').next().unwrap_or_default();
        path = path.replace("{ticket}", if ticket.is_empty() { "none" } else { ticket });
    }
    if *form == FILE {
        return upload(browser, &path).await;
    }
    if *method == "GET" {
        return browser.get(&path).await;
    }
    let form: Vec<(&str, String)> = form.iter().map(|(name, value)| (*name, account.fill(value))).collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(&path, &form).await
}

#[tokio::test]
async fn every_address_has_a_rule_and_every_rule_an_address() {
    let mut known: Vec<String> =
        rollcall_console::routes().into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    let mut ruled: Vec<String> = RULES.iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    known.sort();
    ruled.sort();
    assert_eq!(known, ruled);
}

#[tokio::test]
async fn each_role_may_do_what_its_rule_says_and_only_in_its_account() {
    both(async |server| {
        create_account(&server.token, "home").await;
        let mut wrong = Vec::new();
        let mut number = 0;
        for rule in RULES.iter().filter(|(_, _, who, _)| *who != Who::Anybody) {
            let (method, path, who, _) = rule;
            let tokens = if path.ends_with("/sync/tokens") { 1 } else { 2 };
            for role in ROLES {
                number += 1;
                let id = format!("a{number}");
                let account = Account::new(server, &id, tokens).await.with_denied(server, path).await;
                let mut note = |what: &str, expected: &str, page: &Page| {
                    wrong
                        .push(format!("{method} {path} as {role:?} {what}: {}, not {expected}", page.status));
                };
                // The same in an account that is not one's own, and by nobody: there nothing may happen.
                if path.contains("{account}") && role != Role::Operator {
                    let other = Browser::signed_in(server, role, "home").await;
                    let answer = send(&other, rule, &account).await;
                    if answer.status != StatusCode::NOT_FOUND {
                        note("elsewhere", "404", &answer);
                    }
                }
                let nobody = Browser::new(&server.console);
                let sent = page(nobody.request(method.parse().unwrap(), &account.fill(path))).await;
                let kept_out =
                    sent.status == StatusCode::FORBIDDEN || sent.location().starts_with("/sign-in");
                if !kept_out {
                    note("signed out", "kept out", &sent);
                }
                let browser = Browser::signed_in(server, role, &id).await;
                let answer = send(&browser, rule, &account).await;
                // Nobody can be told anything where no mail server and no key is set: that is a conflict.
                let done = answer.status.is_success()
                    || answer.status == StatusCode::SEE_OTHER
                    || (path.contains("/notices") && answer.status == StatusCode::CONFLICT);
                match who.includes(role) {
                    true if !done => note("at home", "allowed", &answer),
                    false if answer.status != StatusCode::FORBIDDEN => note("at home", "403", &answer),
                    _ => {}
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn a_name_in_an_address_leads_to_no_other_account() {
    both(async |server| {
        create_account(&server.token, "home").await;
        let other = Account::new(server, "other", 2).await;
        let ann = Browser::signed_in(server, Role::AccountAdministrator, "home").await;
        for path in [
            // What is of another account is not of this one, whatever its id.
            "/accounts/home/users/{user}",
            "/accounts/home/groups/{group}",
            "/accounts/home/log/{entry}",
            "/accounts/home/sync/tokens/{token}/revoke",
            "/accounts/other%2F..%2Fhome/users",
            "/accounts/home%2F..%2Fother/users/{user}",
            "/accounts/home/users/..%2F..%2F..%2Faccounts%2Fother%2Fusers%2F{user}",
            "/accounts/home/users/-",
            "/accounts/home/users/%00",
            "/accounts/-/users",
            "/accounts//users",
            "/accounts/OTHER/users",
            "/accounts/nobody/users",
        ] {
            let answer = ann.get(&other.fill(path)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
        }
        for (path, form) in [
            ("/accounts/home/users/{user}/delete", &[("etag", "{etag}")][..]),
            ("/accounts/home/users/{user}/source", &[("to", "1")]),
            ("/accounts/home/groups/{group}/delete", &[("etag", "{group-etag}")]),
            ("/accounts/home/groups/{group}/remove", &[("member", "{user}")]),
            ("/accounts/home/sync/tokens/{token}/revoke", &[]),
        ] {
            let answer = send(&ann, &("POST", path, Who::Administrators, form), &other).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
        }
        // A member of another account is nobody here.
        let group = Group { display_name: "Mine".to_owned(), ..Group::default() };
        let request = CreateGroupRequest {
            parent: "accounts/home".to_owned(),
            group: Some(group),
            source: UserSource::Manual.into(),
        };
        let mine = last(&groups(server).await.create_group(request).await.unwrap().into_inner().name);
        let add = format!("/accounts/home/groups/{mine}/add");
        ann.post(&add, &[("member", &other.fill("{user}"))]).await;
        let shown = ann.get(&format!("/accounts/home/groups/{mine}")).await;
        assert!(!shown.text.contains(&other.fill("{user}")), "{}", shown.text);
        assert!(
            tokens_of(server, "accounts/other").await.iter().all(|(_, state)| *state != TokenState::Revoked)
        );
    })
    .await;
}

/// What is in an account, as text.
async fn contents(server: &Server, parent: &str) -> String {
    let tokens = tokens_of(server, parent).await;
    let request = ListUsersRequest { parent: parent.to_owned(), ..ListUsersRequest::default() };
    let users = users(server).await.list_users(request).await.unwrap().into_inner().users;
    let request = ListGroupsRequest { parent: parent.to_owned(), ..ListGroupsRequest::default() };
    let groups = groups(server).await.list_groups(request).await.unwrap().into_inner().groups;
    let request = ListAuditEntriesRequest { parent: parent.to_owned(), ..ListAuditEntriesRequest::default() };
    let mut audit = AuditServiceClient::connect(server.token.clone()).await.unwrap();
    let audit = audit.list_audit_entries(request).await.unwrap().into_inner().entries;
    format!("{tokens:?}{users:?}{groups:?}{audit:?}")
}

#[tokio::test]
async fn looking_changes_nothing_and_every_page_has_the_headers() {
    both(async |server| {
        let account = Account::new(server, "acme", 2).await;
        let ann = Browser::signed_in(server, Role::Operator, "").await;
        let before = contents(server, "accounts/acme").await;
        let mut pages: Vec<String> = RULES
            .iter()
            .filter(|(method, ..)| *method == "GET")
            .map(|(_, path, ..)| account.fill(path))
            .collect();
        pages.extend(
            ["/nowhere", "/accounts/nobody/users", "/accounts/acme/users?page=%00"].map(str::to_owned),
        );
        for path in pages {
            for method in [Method::GET, Method::HEAD] {
                check_headers(&page(ann.request(method, &path)).await, &path);
            }
            check_headers(&Browser::new(&server.console).get(&path).await, &path);
        }
        assert_eq!(contents(server, "accounts/acme").await, before);
    })
    .await;
}

fn check_headers(page: &Page, path: &str) {
    assert!(!page.status.is_server_error(), "{path}: {}", page.status);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.header(name), Some(value), "{path}: {name}");
    }
    let policy = page.header("content-security-policy").unwrap();
    for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
    {
        assert!(policy.contains(directive), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
    // What the policy would stop must not be there: a page would look whole, and not work.
    for inline in ["<script>", "<style", " style=\"", " onclick=", " onload=", " onsubmit=", "javascript:"] {
        assert!(!page.text.contains(inline), "{path}: {inline}");
    }
}
