use std::sync::Arc;

use clap::Parser;
use prost_types::Timestamp;
use rollcall_proto::token::{
    ConnectionState, GenerateTokenResponse, Role, Session, TokenState, Warning, WarningKind,
};
use rollcall_serve::channel;

use super::*;
use crate::{Config, Console, Services, csrf::Csrf, session::Viewer, text};

const HOSTILE: &str = "<script>alert(1)</script>\"'&";

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    config: Config,
}

/// The place of somebody with a role, before services that are never asked.
fn place(role: Role) -> Place {
    let nowhere = || channel::connect("http://127.0.0.1:9").unwrap();
    let services = Services::new(nowhere(), nowhere());
    let session = Session { role: role.into(), display_name: HOSTILE.to_owned(), ..Default::default() };
    let clients = services.of(&session);
    let config = Cli::parse_from(["test"]).config;
    let console: Arc<Console> =
        Console::new(services, config, "https://scim.example.com".to_owned()).unwrap();
    let viewer = Viewer { session, csrf: Csrf::of("secret"), clients, console };
    Place { viewer, account: "acme".to_owned(), display_name: HOSTILE.to_owned() }
}

fn token(id: &str, state: TokenState) -> Token {
    Token {
        name: format!("accounts/acme/tokens/{id}"),
        prefix: "rollcall_scim_ab12".to_owned(),
        state: state.into(),
        created_by: HOSTILE.to_owned(),
        last_use_agent: HOSTILE.to_owned(),
        last_use_time: Some(text::now()),
        expire_time: Some(Timestamp { seconds: text::now().seconds + 10 * text::DAY, nanos: 0 }),
        ..Default::default()
    }
}

fn rendered(role: Role, connection: &Connection, tokens: &[Token]) -> String {
    let place = place(role);
    page(&place, Tab::Sync, TITLE, overview::body(&place, connection, tokens, None)).into_string()
}

#[tokio::test]
async fn the_first_token_is_generated_and_later_ones_are_asked_about() {
    let html = rendered(Role::AccountAdministrator, &Connection::default(), &[]);
    assert!(html.contains("Generate Token") && !html.contains("Regenerate Token"), "{html}");
    assert!(html.contains("action=\"/accounts/acme/sync/tokens\""), "{html}");
    assert!(html.contains("https://scim.example.com/acme/scim/v2"), "{html}");

    let html =
        rendered(Role::AccountAdministrator, &Connection::default(), &[token("t", TokenState::Active)]);
    assert!(html.contains("href=\"/accounts/acme/sync/regenerate\""), "{html}");
    assert!(!html.contains("name=\"request_id\""), "no form that makes a token without asking: {html}");
    assert!(html.contains("10 days left"), "{html}");
}

#[tokio::test]
async fn who_only_reads_is_offered_nothing() {
    let tokens = [token("t", TokenState::Active), token("u", TokenState::Retiring)];
    let html = rendered(Role::ReadOnly, &Connection::default(), &tokens);
    for offer in ["Regenerate", "/revoke", "/retire", "request_id", "/notices\""] {
        assert!(!html.contains(offer), "{offer}: {html}");
    }
    let html = rendered(Role::AccountAdministrator, &Connection::default(), &tokens);
    for offer in ["Regenerate", "tokens/t/revoke", "tokens/u/retire"] {
        assert!(html.contains(offer), "{offer}: {html}");
    }
    assert!(!html.contains("tokens/t/retire"), "nothing replaces the newest: {html}");
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let connection = Connection {
        state: ConnectionState::Failing.into(),
        provider: HOSTILE.to_owned(),
        last_failure: HOSTILE.to_owned(),
        failures_since_success: 3,
        last_access_time: Some(text::now()),
        last_success_time: Some(text::now()),
        warnings: vec![Warning {
            kind: WarningKind::Failing.into(),
            alarm: true,
            message: HOSTILE.to_owned(),
        }],
        ..Default::default()
    };
    let html = rendered(Role::Operator, &connection, &[token("t", TokenState::Retired)]);
    assert!(!html.contains("<script>"), "{html}");
    assert!(html.contains("role=\"alert\""), "{html}");
    assert!(html.contains("importing users by CSV"), "{html}");
}

#[tokio::test]
async fn a_token_is_shown_on_no_page_but_its_own() {
    let place = place(Role::Operator);
    let made = GenerateTokenResponse {
        token: Some(token("t", TokenState::Active)),
        secret: "rollcall_scim_secret".to_owned(),
    };
    let html = reveal::body(&place, &made).into_string();
    assert!(
        html.contains("rollcall_scim_secret") && html.contains("download=\"rollcall-acme-scim.txt\""),
        "{html}"
    );
    assert!(!html.contains("<script>"), "{html}");
    let html = reveal::made_before(&place, "this request has made the token already").into_string();
    assert!(html.contains("No second token was made"), "{html}");
}

#[tokio::test]
async fn a_third_live_token_is_not_offered() {
    let place = place(Role::Operator);
    let live = [token("t", TokenState::Active), token("u", TokenState::Retiring)];
    let (title, body) = questions::regenerate(&place, &live);
    assert_eq!(title, questions::TWO_LIVE);
    assert!(!body.0.contains("request_id") && body.0.contains("tokens/u/retire"), "{}", body.0);
    let (title, body) = questions::regenerate(&place, &live[..1]);
    assert_eq!(title, "Regenerate Token");
    assert!(body.0.contains("overlap_hours") && body.0.contains("goes on working"), "{}", body.0);
    assert!(questions::retire(&place, "t", &live[0]).is_err(), "nothing replaces it");
    assert!(questions::revoke(&place, "x", &token("x", TokenState::Revoked)).is_err());
}
