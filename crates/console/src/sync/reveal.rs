//! The one page that shows the secret of a token.

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_proto::token::GenerateTokenResponse;
use serde_json::json;

use crate::{
    component::{Tone, alert, card, copyable, date},
    icon::{Icon, icon},
    place::Place,
    text,
};

/// The title of the page.
pub(super) const TITLE: &str = "Your new token";

/// The page with the secret.
pub(super) fn body(place: &Place, made: &GenerateTokenResponse) -> Markup {
    let tenant_url = place.tenant_url();
    let token = made.token.clone().unwrap_or_default();
    let expires = token.expire_time.as_ref().map(text::iso).unwrap_or_default();
    let files = Files {
        account: &place.account,
        tenant_url: &tenant_url,
        secret: &made.secret,
        expires: &expires,
        made_by: &token.created_by,
    };
    html! {
        (alert(Tone::Advice, "This is shown once", html! {
            p { "Download it, or copy it into your identity provider now. Whoever has it can change who prints: keep it like a password." }
        }))
        (card("For your identity provider", html! {}, html! {
            (copyable("Tenant URL", &tenant_url))
            (copyable("Token", &made.secret))
            p { "Valid until " (date(token.expire_time.as_ref())) "." }
            div.actions {
                a.button.primary download=(files.name("txt")) href=(files.text_url()) { (icon(Icon::Download)) "Download" }
                a.button download=(files.name("json")) href=(files.json_url()) { (icon(Icon::Download)) "Download as JSON" }
            }
        }))
        (card("Then", html! {}, html! {
            ol.steps {
                li { "Put both into your identity provider: the " a href=(place.url("guide")) { "setup guide" } " says where." }
                li { "Test the connection there. This page shows when the first call has come." }
            }
            div data-refresh=(place.url("sync/state?line=true")) data-every="5" {}
            p.actions { a.button href=(place.url("sync")) { "I have kept it: back to User and Group Sync" } }
        }))
    }
}

/// What is said when the same form is sent again.
pub(super) fn made_before(place: &Place, message: &str) -> Markup {
    html! {
        (alert(Tone::Advice, "No second token was made", html! {
            p { (text::sentence(message)) }
        }))
        p.actions { a.button.primary href=(place.url("sync")) { "Back to User and Group Sync" } }
    }
}

struct Files<'a> {
    account: &'a str,
    tenant_url: &'a str,
    secret: &'a str,
    expires: &'a str,
    made_by: &'a str,
}

impl Files<'_> {
    fn name(&self, extension: &str) -> String {
        format!("rollcall-{}-scim.{extension}", self.account)
    }

    /// For a person.
    fn text(&self) -> String {
        format!(
            "SCIM credentials of the account {} (Rollcall)\n\n\
             Tenant URL  {}\n\
             Token       {}\n\n\
             Valid until {}. Made by {}.\n\
             Keep this file like a password, and delete it once your identity provider has the token.\n",
            self.account,
            self.tenant_url,
            self.secret,
            self.expires,
            one_line(self.made_by)
        )
    }

    /// For a program.
    fn json(&self) -> String {
        let json = json!({
            "account": self.account,
            "tenant_url": self.tenant_url,
            "token": self.secret,
            "token_type": "Bearer",
            "expires": self.expires,
        });
        format!("{json:#}\n")
    }

    fn text_url(&self) -> String {
        data("text/plain", &self.text())
    }

    fn json_url(&self) -> String {
        data("application/json", &self.json())
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The file itself as an address: nothing is kept anywhere to be fetched later.
fn data(media_type: &str, content: &str) -> String {
    format!("data:{media_type};charset=utf-8,{}", utf8_percent_encode(content, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;

    use super::*;

    const FILES: Files = Files {
        account: "acme",
        tenant_url: "https://scim.example.com/acme/scim/v2",
        secret: "rollcall_scim_x",
        expires: "2027-11-25T00:00:00Z",
        made_by: "Ann \"A\"\nToken forged",
    };

    fn content(url: &str) -> String {
        let (_, content) = url.split_once(',').unwrap();
        percent_decode_str(content).decode_utf8().unwrap().into_owned()
    }

    #[test]
    fn both_files_hold_address_and_token() {
        let text = content(&FILES.text_url());
        assert!(text.contains("Tenant URL  https://scim.example.com/acme/scim/v2\n"), "{text}");
        assert!(text.contains("Token       rollcall_scim_x\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("Token")).count(), 1, "{text}");
        let json: serde_json::Value = serde_json::from_str(&content(&FILES.json_url())).unwrap();
        assert_eq!(json["token"], "rollcall_scim_x");
        assert_eq!(json["tenant_url"], "https://scim.example.com/acme/scim/v2");
    }

    #[test]
    fn the_address_of_a_file_has_nothing_that_html_could_mean() {
        for url in [FILES.text_url(), FILES.json_url()] {
            assert!(!url.contains(['"', '<', '\n', ' ', '#']), "{url}");
        }
        assert_eq!(FILES.name("txt"), "rollcall-acme-scim.txt");
    }
}
