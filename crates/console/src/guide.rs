//! The setup guides: the texts of `docs/idp`, with the Tenant URL of the account in its places.

mod markdown;

use axum::extract::Path;
use maud::{Markup, PreEscaped, html};

use crate::{
    component::{copyable, heading},
    error::Error,
    page::{Tab, page},
    place::Place,
    sync,
};

/// An identity provider: the name in the address, the name for people, and the text.
struct Guide {
    id: &'static str,
    name: &'static str,
    text: &'static str,
}

/// In the order of the choice.
const GUIDES: [Guide; 7] = [
    Guide { id: "entra-id", name: "Microsoft Entra ID", text: include_str!("../../../docs/idp/entra-id.md") },
    Guide { id: "okta", name: "Okta", text: include_str!("../../../docs/idp/okta.md") },
    Guide { id: "ping", name: "Ping", text: include_str!("../../../docs/idp/ping.md") },
    Guide { id: "onelogin", name: "OneLogin", text: include_str!("../../../docs/idp/onelogin.md") },
    Guide { id: "jumpcloud", name: "JumpCloud", text: include_str!("../../../docs/idp/jumpcloud.md") },
    Guide {
        id: "google-workspace",
        name: "Google Workspace",
        text: include_str!("../../../docs/idp/google-workspace.md"),
    },
    Guide { id: "other", name: "Other", text: include_str!("../../../docs/idp/other.md") },
];

/// `GET /accounts/{account}/guide`: the guide of the identity provider that calls, or a choice.
pub(crate) async fn choose(place: Place) -> Result<Markup, Error> {
    let connection = sync::connection(&place).await?;
    let calling = GUIDES.iter().find(|guide| connection.provider.starts_with(guide.name));
    Ok(show(&place, calling, &sync::line(&connection)))
}

/// `GET /accounts/{account}/guide/{idp}`.
pub(crate) async fn read(place: Place, Path((_, idp)): Path<(String, String)>) -> Result<Markup, Error> {
    let guide = GUIDES.iter().find(|guide| guide.id == idp).ok_or(Error::NotFound)?;
    let connection = sync::connection(&place).await?;
    Ok(show(&place, Some(guide), &sync::line(&connection)))
}

fn show(place: &Place, guide: Option<&Guide>, line: &Markup) -> Markup {
    let trail =
        [("Account Settings", None), ("Settings", None), ("User and Group Sync", Some(place.url("sync")))];
    let title =
        guide.map_or_else(|| "Setup guide".to_owned(), |guide| format!("Setup guide: {}", guide.name));
    let body = html! {
        (heading(&trail, &title, html! {}))
        div data-refresh=(place.url("sync/state?line=true")) data-every="5" role="status" { (line) }
        nav aria-label="Identity providers" {
            ul.providers {
                @for choice in &GUIDES {
                    @let current = guide.is_some_and(|guide| guide.id == choice.id);
                    li {
                        a href=(place.url(&format!("guide/{}", choice.id))) aria-current=[current.then_some("page")] { (choice.name) }
                    }
                }
            }
        }
        @if let Some(guide) = guide {
            article.card.prose { (text(guide, &place.tenant_url())) }
        } @else {
            div.card {
                p { "Choose your identity provider. Whichever it is, it will ask for this address, and for the token that User and Group Sync makes." }
                (copyable("Tenant URL", &place.tenant_url()))
            }
        }
    };
    page(place, Tab::Guide, &title, body)
}

fn text(guide: &Guide, tenant_url: &str) -> Markup {
    PreEscaped(markdown::html(guide.text, tenant_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT_URL: &str = "https://scim.example.com/acme/scim/v2";

    #[test]
    fn every_file_is_a_guide_and_says_the_tenant_url() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/idp");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap().replace(".md", ""))
            .collect();
        let mut guides: Vec<&str> = GUIDES.iter().map(|guide| guide.id).collect();
        files.sort_unstable();
        guides.sort_unstable();
        assert_eq!(guides, files);
        for guide in &GUIDES {
            let html = text(guide, TENANT_URL).0;
            assert!(html.contains(TENANT_URL), "{}", guide.id);
            assert!(html.contains("data-copy="), "{}", guide.id);
            assert!(!html.contains("{{"), "{}: a placeholder is left", guide.id);
            assert!(!html.contains("<h1"), "{}: the page has its own", guide.id);
        }
    }

    #[test]
    fn the_guide_of_who_calls_is_found_by_the_name_that_the_service_says() {
        for name in ["Microsoft Entra ID", "Okta", "OneLogin", "JumpCloud"] {
            assert!(GUIDES.iter().any(|guide| name.starts_with(guide.name)), "{name}");
        }
    }
}
