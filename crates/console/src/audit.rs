//! The audit: who changed what.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use rollcall_proto::token::{AuditEntry, ListAuditEntriesRequest};
use serde::Deserialize;

use crate::{
    component::{empty, heading, moment, pager, table},
    error::Error,
    page::{Tab, page},
    place::Place,
    query::{Asked, address},
};

/// How many on a page.
const PAGE: i32 = 100;

/// Where in the list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    page: String,
}

/// `GET /accounts/{account}/audit`.
pub(crate) async fn list(place: Place, Asked(Page { page: token }): Asked<Page>) -> Result<Response, Error> {
    let request = ListAuditEntriesRequest { parent: place.name(), page_size: PAGE, page_token: token };
    let found = place.viewer.clients.audit.clone().list_audit_entries(request).await?.into_inner();
    let next = (!found.next_page_token.is_empty())
        .then(|| address(&place.url("audit"), &[("page", &found.next_page_token)]));
    let body = html! {
        (heading(&[], "Audit", html! {}))
        p.quiet { "Each token, each setting, each sign-in: who did it, and when." }
        @if found.entries.is_empty() {
            (empty("Nothing was changed yet", "", html! {}))
        } @else {
            (table("Audit", &["When", "Who", "What", "On what", "Detail"], found.entries.iter().map(row)))
            (pager(next))
        }
    };
    Ok(page(&place, Tab::Audit, "Audit", body).into_response())
}

fn row(entry: &AuditEntry) -> Vec<Markup> {
    vec![
        moment(entry.time.as_ref()),
        html! { (entry.actor) },
        html! { (words(&entry.action)) },
        html! { code { (target(&entry.target)) } },
        html! { (entry.detail) },
    ]
}

/// The last two parts of a resource name: the account is that of the page.
fn target(name: &str) -> &str {
    name.strip_prefix("accounts/").and_then(|rest| rest.split_once('/')).map_or(name, |(_, rest)| rest)
}

/// An action for people; one that is not known is said as it is.
fn words(action: &str) -> String {
    let known = match action {
        "account.create" => "Account created",
        "token.generate" => "Token generated",
        "token.revoke" => "Token revoked",
        "token.retire" => "Token retired",
        "notices.update" => "Notices changed",
        "notices.test" => "Test notice sent",
        "webhook.rotate" => "Webhook secret changed",
        "sync_log.update" => "Sync log changed",
        "settings.update" => "Rules changed",
        "session.begin" => "Signed in",
        "session.end" => "Signed out",
        "session.refuse" => "Sign-in refused",
        "invitation.create" => "Sign-in link made",
        "user.create" => "User created",
        "user.update" => "User changed",
        "user.delete" => "User deleted",
        "user.to_manual" => "User converted to manual",
        "user.to_scim" => "User given to the identity provider",
        "group.create" => "Group created",
        "group.update" => "Group renamed",
        "group.delete" => "Group deleted",
        "group.members" => "Members changed",
        "group.to_manual" => "Group converted to manual",
        "group.to_scim" => "Group given to the identity provider",
        other => other,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_short() {
        assert_eq!(target("accounts/acme/tokens/1"), "tokens/1");
        assert_eq!(target("accounts/acme"), "accounts/acme");
        assert_eq!(target("sessions/1"), "sessions/1");
    }
}
