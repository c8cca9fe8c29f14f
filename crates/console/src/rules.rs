//! The rules of an account: what becomes of people who were there already, and how long the sync log is kept.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use rollcall_proto::{
    identity::{
        Adoption, CardVisibility, GetSettingsRequest, LeaverCards, PinUse, Reactivation, Settings,
        UnknownMembers, UpdateSettingsRequest,
    },
    token::{GetSyncLogSettingsRequest, SyncLogSettings, UpdateSyncLogSettingsRequest},
};
use serde::Deserialize;

use crate::{
    component::{card, field, heading},
    csrf::Checked,
    error::Error,
    page::{Tab, page},
    place::Place,
    text,
};

/// A choice: its value in the form, what it is called, what it does.
type Choice<T> = (T, &'static str, &'static str);

const REACTIVATION: [Choice<Reactivation>; 2] = [
    (
        Reactivation::Reactivate,
        "Reactivate",
        "The person is active again, with the same cards and groups, and the attributes that were sent.",
    ),
    (
        Reactivation::Refuse,
        "Refuse",
        "The identity provider is answered 409, and somebody has to look into it.",
    ),
];
const ADOPTION: [Choice<Adoption>; 3] = [
    (Adoption::ByName, "By name", "Taken over when the external id is the same, or else the user name."),
    (
        Adoption::ByNameOrEmail,
        "By name or e-mail",
        "The same; or else when the main e-mail address is, and nobody else has it.",
    ),
    (Adoption::Off, "Never", "The identity provider is answered 409."),
];
const UNKNOWN_MEMBERS: [Choice<UnknownMembers>; 2] = [
    (
        UnknownMembers::Ignore,
        "Leave out",
        "The others become members. An identity provider that is refused one may stop sending all.",
    ),
    (UnknownMembers::Refuse, "Refuse", "The whole change is answered 400, and says whom it is about."),
];

const LEAVER_CARDS: [Choice<LeaverCards>; 2] = [
    (LeaverCards::Keep, "Keep", "They stop working at once, and work again when the person comes back."),
    (
        LeaverCards::Erase,
        "Erase",
        "They stop working at once and are erased: a person who comes back gets new ones.",
    ),
];

const CARD_VISIBILITY: [Choice<CardVisibility>; 2] = [
    (CardVisibility::Masked, "The last characters", "Such as ••••••C3: enough to see which card it is."),
    (CardVisibility::Hidden, "Nothing", "Cards are written and never read back."),
];

const PIN_USE: [Choice<PinUse>; 2] = [
    (PinUse::WithName, "With a name or card", "Two people may have the same PIN."),
    (
        PinUse::Alone,
        "By itself",
        "It says who the person is, and nobody else may have it. PINs count from when they are set again.",
    ),
];

/// `GET /accounts/{account}/rules`.
pub(crate) async fn show(place: Place) -> Result<Response, Error> {
    let settings = read(&place).await?;
    let request = GetSyncLogSettingsRequest { name: format!("{}/syncLogSettings", place.name()) };
    let log = place.viewer.clients.sync_log.clone().get_sync_log_settings(request).await?.into_inner();
    let body = html! {
        (heading(&[("Account Settings", None), ("Settings", None)], "Rules", html! {}))
        (card("People and groups", html! {}, directory(&place, &settings)))
        (card("Sync log", html! {}, keep(&place, &log)))
    };
    Ok(page(&place, Tab::Rules, "Rules", body).into_response())
}

async fn read(place: &Place) -> Result<Settings, Error> {
    let request = GetSettingsRequest { name: format!("{}/settings", place.name()) };
    Ok(place.viewer.clients.settings.clone().get_settings(request).await?.into_inner())
}

fn directory(place: &Place, settings: &Settings) -> Markup {
    let edits = place.may("SettingsService/UpdateSettings");
    html! {
        form.form method="post" action=(place.url("rules")) {
            (place.viewer.csrf.field())
            (choose("reactivation", "When the identity provider creates a person whom it had deactivated", REACTIVATION, settings.reactivation(), edits))
            (choose("adoption", "When it creates a person who was imported, or is kept by hand", ADOPTION, settings.adoption(), edits))
            (choose("unknown_members", "When a member of a group is named who is not here", UNKNOWN_MEMBERS, settings.unknown_members(), edits))
            (choose("leaver_cards", "What becomes of the cards and PIN of a person who is deactivated", LEAVER_CARDS, settings.leaver_cards(), edits))
            (choose("card_visibility", "What the identity provider reads of card numbers", CARD_VISIBILITY, settings.card_visibility(), edits))
            (choose("pin_use", "How a PIN is used at a device", PIN_USE, settings.pin_use(), edits))
            (field("pin_min_length", "Fewest digits of a PIN", "4 to 16. PINs that are set already stay.", html! {
                input type="number" id="pin_min_length" name="pin_min_length" value=(settings.pin_min_length) min="4" max="16" disabled[!edits] aria-describedby="pin_min_length-hint";
            }))
            @if edits { div.actions { button.primary type="submit" { "Save" } } }
        }
    }
}

fn choose<T: Copy + PartialEq + Into<i32>, const N: usize>(
    name: &str,
    legend: &str,
    choices: [Choice<T>; N],
    chosen: T,
    edits: bool,
) -> Markup {
    html! {
        fieldset disabled[!edits] {
            legend { (legend) }
            @for (value, words, meaning) in choices {
                @let number: i32 = value.into();
                @let id = format!("{name}-{number}");
                div.field.check {
                    input type="radio" id=(id) name=(name) value=(number) checked[value == chosen];
                    label for=(id) { (words) }
                    p.hint { (meaning) }
                }
            }
        }
    }
}

fn keep(place: &Place, log: &SyncLogSettings) -> Markup {
    html! {
        @if place.may("SyncLogService/UpdateSyncLogSettings") {
            form.row method="post" action=(place.url("rules/log")) {
                (place.viewer.csrf.field())
                (field("keep_days", "Keep entries for so many days", "1 to 365.", html! {
                    input type="number" id="keep_days" name="keep_days" value=(log.keep_days) min="1" max="365" required aria-describedby="keep_days-hint";
                }))
                div.actions { button type="submit" { "Save" } }
            }
        } @else {
            p { "Entries are kept for " (text::count(log.keep_days.into(), "day", "days")) "." }
        }
        p.quiet { "At most " (text::count(log.max_entries, "entry", "entries")) " are kept; the oldest go first." }
    }
}

/// What was chosen; 0, which no choice has, leaves a rule alone.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Chosen {
    reactivation: i32,
    adoption: i32,
    unknown_members: i32,
    leaver_cards: i32,
    card_visibility: i32,
    pin_use: i32,
    pin_min_length: i32,
}

/// `POST /accounts/{account}/rules`.
pub(crate) async fn update(place: Place, Checked(chosen): Checked<Chosen>) -> Result<Redirect, Error> {
    place.demand("SettingsService/UpdateSettings")?;
    let before = read(&place).await?;
    let Chosen {
        reactivation,
        adoption,
        unknown_members,
        leaver_cards,
        card_visibility,
        pin_use,
        pin_min_length,
    } = chosen;
    let after = Settings {
        name: before.name.clone(),
        reactivation,
        adoption,
        unknown_members,
        leaver_cards,
        card_visibility,
        pin_use,
        pin_min_length,
    };
    let changes = changes(&before, &after);
    if !changes.is_empty() {
        place.record("settings.update", &before.name, changes).await?;
        let request = UpdateSettingsRequest { settings: Some(after), update_mask: None };
        place.viewer.clients.settings.clone().update_settings(request).await?;
    }
    Ok(Redirect::to(&place.url("rules")))
}

/// What differs, for the audit.
fn changes(before: &Settings, after: &Settings) -> String {
    let rules = [
        ("reactivation", word(REACTIVATION, before.reactivation()), word(REACTIVATION, after.reactivation())),
        ("adoption", word(ADOPTION, before.adoption()), word(ADOPTION, after.adoption())),
        (
            "unknown members",
            word(UNKNOWN_MEMBERS, before.unknown_members()),
            word(UNKNOWN_MEMBERS, after.unknown_members()),
        ),
        (
            "cards of leavers",
            word(LEAVER_CARDS, before.leaver_cards()),
            word(LEAVER_CARDS, after.leaver_cards()),
        ),
        (
            "card numbers",
            word(CARD_VISIBILITY, before.card_visibility()),
            word(CARD_VISIBILITY, after.card_visibility()),
        ),
        ("PIN", word(PIN_USE, before.pin_use()), word(PIN_USE, after.pin_use())),
    ];
    let changed: Vec<String> = rules
        .into_iter()
        .filter_map(|(rule, before, after)| Some((rule, before, after?)))
        .filter(|(_, before, after)| *before != Some(*after))
        .map(|(rule, before, after)| format!("{rule}: {} -> {after}", before.unwrap_or("unknown")))
        .chain((after.pin_min_length != 0 && after.pin_min_length != before.pin_min_length).then(|| {
            format!("fewest digits of a PIN: {} -> {}", before.pin_min_length, after.pin_min_length)
        }))
        .collect();
    changed.join(", ")
}

fn word<T: PartialEq, const N: usize>(choices: [Choice<T>; N], value: T) -> Option<&'static str> {
    choices.into_iter().find(|(choice, ..)| *choice == value).map(|(_, word, _)| word)
}

/// For how long entries are kept.
#[derive(Debug, Deserialize)]
pub(crate) struct Keep {
    keep_days: i32,
}

/// `POST /accounts/{account}/rules/log`.
pub(crate) async fn keep_log(
    place: Place,
    Checked(Keep { keep_days }): Checked<Keep>,
) -> Result<Redirect, Error> {
    let name = format!("{}/syncLogSettings", place.name());
    let settings = SyncLogSettings { name, keep_days, ..SyncLogSettings::default() };
    let request = UpdateSyncLogSettingsRequest { settings: Some(settings), actor: place.viewer.actor() };
    place.viewer.clients.sync_log.clone().update_sync_log_settings(request).await?;
    Ok(Redirect::to(&place.url("rules")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_has_what_differs() {
        let settings = |reactivation: Reactivation, adoption: i32| Settings {
            reactivation: reactivation.into(),
            adoption,
            ..Settings::default()
        };
        let before = settings(Reactivation::Reactivate, Adoption::ByName.into());
        assert_eq!(changes(&before, &before), "");
        let after = settings(Reactivation::Refuse, Adoption::Off.into());
        assert_eq!(
            changes(&before, &after),
            "reactivation: Reactivate -> Refuse, adoption: By name -> Never"
        );
        assert_eq!(changes(&before, &settings(Reactivation::Unspecified, 99)), "");
    }
}
