//! The page Notices: who is told before a token ends, and how it went.

use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use maud::{Markup, html};
use rollcall_proto::token::{
    GetNoticeSettingsRequest, ListNoticesRequest, ListTokensRequest, Notice, NoticeChannel, NoticeSettings,
    NoticeState, RotateWebhookSecretRequest, SendTestNoticeRequest, Token, UpdateNoticeSettingsRequest,
};
use serde::Deserialize;
use tonic::Code;

use crate::{
    component::{Tone, alert, badge, card, copyable, empty, field, heading, table, time},
    csrf::{Checked, Nothing},
    error::Error,
    page::{Tab, page},
    place::Place,
    query::Asked,
    text,
};

const UPDATE: &str = "rollcall.token.v1.NoticeService/UpdateNoticeSettings";
/// How many notices the history shows.
const HISTORY: i32 = 50;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    done: Option<Done>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Done {
    Saved,
    Rotated,
}

/// The fields of the form.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    emails: String,
    #[serde(default)]
    webhook_url: String,
}

/// `GET /accounts/{account}/notices`.
pub(crate) async fn show(place: Place, Asked(after): Asked<After>) -> Result<Markup, Error> {
    let settings = settings(&place).await?;
    let said = after.done.map(|done| match done {
        Done::Saved => alert(Tone::Good, "Saved", "Send a test to see whether it arrives."),
        Done::Rotated => {
            alert(Tone::Good, "There is a new secret", "Give it to the receiver: the old one has ended.")
        }
    });
    whole(&place, &settings, &settings, said.unwrap_or_default()).await
}

/// `POST /accounts/{account}/notices`.
pub(crate) async fn update(place: Place, Checked(wish): Checked<Wish>) -> Result<Response, Error> {
    let wanted = NoticeSettings {
        name: settings_name(&place),
        emails: addresses(&wish.emails),
        webhook_url: wish.webhook_url.trim().to_owned(),
        ..Default::default()
    };
    let request = UpdateNoticeSettingsRequest { settings: Some(wanted.clone()), actor: place.viewer.actor() };
    match place.viewer.clients.notices.clone().update_notice_settings(request).await {
        Ok(_) => Ok(Redirect::to(&place.url("notices?done=saved")).into_response()),
        // What was typed stays in the form.
        Err(status) if matches!(status.code(), Code::InvalidArgument | Code::FailedPrecondition) => {
            let kept = settings(&place).await?;
            let said = alert(Tone::Alarm, "Nothing was saved", complaint(status.message()));
            Ok((StatusCode::BAD_REQUEST, whole(&place, &kept, &wanted, said).await?).into_response())
        }
        Err(status) => Err(status.into()),
    }
}

/// `POST /accounts/{account}/notices/test`.
pub(crate) async fn test(place: Place, Checked(Nothing {}): Checked<Nothing>) -> Result<Markup, Error> {
    let request = SendTestNoticeRequest { parent: place.name(), actor: place.viewer.actor() };
    let sent = place.viewer.clients.notices.clone().send_test_notice(request).await?.into_inner().notices;
    let settings = settings(&place).await?;
    whole(&place, &settings, &settings, results(&sent)).await
}

/// `POST /accounts/{account}/notices/webhook-secret`.
pub(crate) async fn rotate(place: Place, Checked(Nothing {}): Checked<Nothing>) -> Result<Redirect, Error> {
    let request = RotateWebhookSecretRequest { name: settings_name(&place), actor: place.viewer.actor() };
    place.viewer.clients.notices.clone().rotate_webhook_secret(request).await?;
    Ok(Redirect::to(&place.url("notices?done=rotated")))
}

/// What the service says of a field, by the name that the field has here.
fn complaint(message: &str) -> String {
    match message.split_once(": ") {
        Some(("settings.emails", problem)) => format!("E-mail addresses: {}", text::sentence(problem)),
        Some(("settings.webhook_url", problem)) => format!("Webhook URL: {}", text::sentence(problem)),
        _ => text::sentence(message),
    }
}

/// One address a line; commas and semicolons part them too.
fn addresses(text: &str) -> Vec<String> {
    let parts = text.split(['\n', ',', ';']).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn settings_name(place: &Place) -> String {
    format!("{}/noticeSettings", place.name())
}

async fn settings(place: &Place) -> Result<NoticeSettings, Error> {
    let request = GetNoticeSettingsRequest { name: settings_name(place) };
    Ok(place.viewer.clients.notices.clone().get_notice_settings(request).await?.into_inner())
}

/// The page: what is saved, and what stands in the form.
async fn whole(
    place: &Place,
    settings: &NoticeSettings,
    typed: &NoticeSettings,
    said: Markup,
) -> Result<Markup, Error> {
    let notices = ListNoticesRequest { parent: place.name(), page_size: HISTORY, ..Default::default() };
    let tokens = ListTokensRequest { parent: place.name(), ..Default::default() };
    let clients = &place.viewer.clients;
    let notices = clients.notices.clone().list_notices(notices).await?.into_inner().notices;
    let tokens = clients.tokens.clone().list_tokens(tokens).await?.into_inner().tokens;
    let trail =
        [("Account Settings", None), ("Settings", None), ("User and Group Sync", Some(place.url("sync")))];
    let body = html! {
        (heading(&trail, "Notices", html! {}))
        (said)
        p { "Whoever is named here is told before the token of the identity provider ends: 90, 30, 14, 7 and 1 days before, and when it has ended. Each notice is sent once." }
        @if place.may(UPDATE) { (recipients(place, settings, typed)) (webhook(place, settings)) }
        (history(&notices, &tokens))
    };
    Ok(page(place, Tab::Notices, "Notices", body))
}

fn recipients(place: &Place, settings: &NoticeSettings, typed: &NoticeSettings) -> Markup {
    let is_set = !settings.emails.is_empty() || !settings.webhook_url.is_empty();
    card(
        "Who is told",
        html! {},
        html! {
            @if !settings.email_available {
                (alert(Tone::Advice, "E-mail is not set up", "This service has no mail server yet, so only the webhook is told. The operator names one with --smtp-url."))
            }
            form method="post" action=(place.url("notices")) {
                (place.viewer.csrf.field())
                div.fields {
                    (field("emails", "E-mail addresses", "One a line, at most 20.", html! {
                        textarea id="emails" name="emails" rows="4" maxlength="8000" autocomplete="off" spellcheck="false" aria-describedby="emails-hint" {
                            // A line break right after the tag is not part of the text.
                            "\n" (typed.emails.join("\n"))
                        }
                    }))
                    (field("webhook-url", "Webhook URL", "Where a signed POST goes: https. Leave it empty for none.", html! {
                        input id="webhook-url" name="webhook_url" type="url" maxlength="2000" value=(typed.webhook_url)
                            placeholder="https://hooks.example.com/rollcall" autocomplete="off" aria-describedby="webhook-url-hint"
                            disabled[!settings.webhook_available && settings.webhook_url.is_empty()];
                    }))
                }
                div.actions { button.primary type="submit" { "Save" } }
            }
            @if !settings.webhook_available {
                p.note { "Webhooks cannot be signed yet: the operator names a key with --key-file." }
            }
            @if is_set {
                form method="post" action=(place.url("notices/test")) {
                    (place.viewer.csrf.field())
                    div.actions { button type="submit" { "Send a test" } span.note { "To everybody who is saved above." } }
                }
            }
        },
    )
}

fn webhook(place: &Place, settings: &NoticeSettings) -> Markup {
    html! {
        @if !settings.webhook_secret.is_empty() {
            (card("Webhook secret", html! {}, html! {
                p { "The receiver checks with it that a call is from here, as Standard Webhooks has it." }
                details {
                    summary { "Show the secret" }
                    (copyable("Secret", &settings.webhook_secret))
                }
                details {
                    summary { "Make a new one" }
                    p { "The old secret ends at once. Until the receiver has the new one, it will refuse what comes from here." }
                    form method="post" action=(place.url("notices/webhook-secret")) {
                        (place.viewer.csrf.field())
                        div.actions { button.danger type="submit" { "Make a new secret" } }
                    }
                }
            }))
        }
    }
}

fn results(sent: &[Notice]) -> Markup {
    let failed = sent.iter().any(|notice| notice.state() != NoticeState::Sent);
    let (tone, title) = match (sent.is_empty(), failed) {
        (true, _) => (Tone::Advice, "Nobody is named, so nothing was sent"),
        (_, true) => (Tone::Alarm, "Not every test arrived"),
        _ => (Tone::Good, "The test was sent"),
    };
    alert(
        tone,
        title,
        html! {
            @for notice in sent {
                p {
                    (channel(notice.channel())) ": "
                    @if notice.state() == NoticeState::Sent { "accepted" } @else { (text::sentence(&notice.error)) }
                }
            }
        },
    )
}

fn channel(channel: NoticeChannel) -> &'static str {
    match channel {
        NoticeChannel::Unspecified => "unknown",
        NoticeChannel::Email => "E-mail",
        NoticeChannel::Webhook => "Webhook",
    }
}

fn state(state: NoticeState) -> Markup {
    match state {
        NoticeState::Unspecified => badge(Tone::Plain, "unknown"),
        NoticeState::Pending => badge(Tone::Info, "under way"),
        NoticeState::Sent => badge(Tone::Good, "sent"),
        NoticeState::Failed => badge(Tone::Alarm, "given up"),
    }
}

fn about(notice: &Notice) -> String {
    match notice.days {
        0 => "the token has ended".to_owned(),
        days => format!("{} before the end", text::count(i64::from(days), "day", "days")),
    }
}

fn history(notices: &[Notice], tokens: &[Token]) -> Markup {
    let prefix = |notice: &Notice| {
        let token = tokens.iter().find(|token| token.name == notice.token);
        token.map_or_else(|| "an older token".to_owned(), |token| format!("{}…", token.prefix))
    };
    card(
        "History",
        html! {},
        html! {
            @if notices.is_empty() {
                (empty("Nothing sent yet", "The first notice is sent 90 days before the end of a token.", html! {}))
            } @else {
                (table("Notices, the newest first", &["What", "Token", "How", "State", "Tried", "Last tried"],
                    notices.iter().map(|notice| vec![
                        html! { (about(notice)) },
                        html! { code { (prefix(notice)) } },
                        html! { (channel(notice.channel())) },
                        html! { (state(notice.state())) @if !notice.error.is_empty() { span.second { (notice.error) } } },
                        html! { (text::count(i64::from(notice.attempts), "time", "times")) },
                        time(notice.attempt_time.as_ref()),
                    ])))
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_on_lines_or_between_commas() {
        assert_eq!(addresses("a@x\r\n b@x ,c@x;\n\n"), ["a@x", "b@x", "c@x"]);
        assert!(addresses(" \r\n").is_empty());
    }

    #[test]
    fn what_a_receiver_answers_stays_a_text() {
        let notice = Notice { error: "<script>x</script>".to_owned(), attempts: 1, ..Default::default() };
        for markup in [results(std::slice::from_ref(&notice)).0, history(&[notice], &[]).0] {
            assert!(!markup.contains("<script"), "{markup}");
        }
    }

    #[test]
    fn a_test_that_failed_is_an_alarm() {
        let notice = |state: NoticeState| Notice { state: state.into(), ..Default::default() };
        assert!(results(&[notice(NoticeState::Sent)]).0.contains("alert good"));
        assert!(results(&[notice(NoticeState::Sent), notice(NoticeState::Failed)]).0.contains("alert alarm"));
        assert!(results(&[]).0.contains("alert advice"));
    }
}
