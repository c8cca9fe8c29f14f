//! The form that makes a token.

use maud::{Markup, html};
use prost_types::Duration;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    component::field,
    csrf::Csrf,
    error::Error,
    icon::{Icon, icon},
    text::{DAY, HOUR},
};

/// The choices of how long a token is valid, in days. The first that is said is what is chosen at first.
const LIFETIMES: [(i64, &str); 6] = [
    (365, "1 year"),
    (30, "30 days"),
    (90, "90 days"),
    (180, "180 days"),
    (540, "18 months"),
    (730, "2 years"),
];
/// The choices of how long the old token goes on, in hours.
const OVERLAPS: [(i64, &str); 6] =
    [(24, "24 hours"), (0, "not at all"), (1, "1 hour"), (72, "3 days"), (120, "5 days"), (168, "7 days")];

/// The fields, as they came.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    request_id: String,
    #[serde(default)]
    valid_days: Option<String>,
    #[serde(default)]
    overlap_hours: Option<String>,
}

/// The fields, checked.
#[derive(Debug, PartialEq)]
pub(super) struct Checked {
    pub(super) request_id: String,
    pub(super) ttl: Duration,
    pub(super) overlap: Duration,
}

impl Wish {
    pub(super) fn check(self) -> Result<Checked, Error> {
        let request_id = Uuid::try_parse(&self.request_id).map_err(|_| {
            Error::BadInput("The form is not whole. Load the page again, and send it again.".to_owned())
        })?;
        let days = number(self.valid_days, LIFETIMES[0].0, 30..=730)
            .ok_or_else(|| Error::BadInput("A token is valid for 30 to 730 days.".to_owned()))?;
        let hours = number(self.overlap_hours, OVERLAPS[0].0, 0..=168).ok_or_else(|| {
            Error::BadInput("The token before goes on for 0 to 168 hours, which are 7 days.".to_owned())
        })?;
        let seconds = |seconds| Duration { seconds, nanos: 0 };
        let request_id = request_id.hyphenated().to_string();
        Ok(Checked { request_id, ttl: seconds(days * DAY), overlap: seconds(hours * HOUR) })
    }
}

fn number(text: Option<String>, unsaid: i64, allowed: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let number = match text.as_deref().map(str::trim) {
        None | Some("") => unsaid,
        Some(text) => text.parse().ok()?,
    };
    allowed.contains(&number).then_some(number)
}

/// The form. Its id is made with it, so that however often it is sent, one token is made. `replaces` says whether there is
/// a token that goes on for the overlap.
pub(super) fn generate(csrf: &Csrf, action: &str, replaces: bool, back: Option<&str>) -> Markup {
    html! {
        form.generate method="post" action=(action) {
            (csrf.field())
            input type="hidden" name="request_id" value=(Uuid::new_v4());
            details open[replaces] {
                summary { "Options" }
                div.fields {
                    (field("valid-days", "Valid for", "The identity provider needs a new token before that.", html! {
                        (select("valid-days", "valid_days", &LIFETIMES))
                    }))
                    @if replaces {
                        (field("overlap-hours", "The old token goes on for",
                            "It ends earlier by itself, once the new one has been at work alone for an hour.", html! {
                            (select("overlap-hours", "overlap_hours", &OVERLAPS))
                        }))
                    }
                }
            }
            div.actions {
                button.primary type="submit" {
                    (icon(Icon::Key)) @if replaces { "Regenerate Token" } @else { "Generate Token" }
                }
                @if let Some(back) = back { a.button.quiet href=(back) { "Cancel" } }
            }
        }
    }
}

fn select(id: &str, name: &str, choices: &[(i64, &str)]) -> Markup {
    let mut sorted = choices.to_vec();
    sorted.sort_unstable();
    let first = choices.first().map(|(value, _)| *value);
    html! {
        select id=(id) name=(name) aria-describedby={ (id) "-hint" } {
            @for (value, words) in sorted {
                option value=(value) selected[Some(value) == first] { (words) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn check(id: &str, days: Option<&str>, hours: Option<&str>) -> Option<(i64, i64)> {
        let wish = Wish {
            request_id: id.to_owned(),
            valid_days: days.map(str::to_owned),
            overlap_hours: hours.map(str::to_owned),
        };
        wish.check().ok().map(|checked| (checked.ttl.seconds / DAY, checked.overlap.seconds / HOUR))
    }

    #[test]
    fn what_is_unsaid_is_a_year_and_a_day() {
        assert_eq!(check(ID, None, None), Some((365, 24)));
        assert_eq!(check(ID, Some(""), Some(" ")), Some((365, 24)));
        assert_eq!(check(ID, Some("30"), Some("0")), Some((30, 0)));
        assert_eq!(check(ID, Some("730"), Some("168")), Some((730, 168)));
    }

    #[test]
    fn what_is_out_of_bounds_makes_no_token() {
        for (id, days, hours) in [
            ("", "365", "24"),
            ("x", "365", "24"),
            (ID, "29", "24"),
            (ID, "731", "24"),
            (ID, "365", "-1"),
            (ID, "365", "169"),
            (ID, "1e2", "24"),
            (ID, "99999999999999999999", "24"),
            (ID, "365\0", "24"),
        ] {
            assert_eq!(check(id, Some(days), Some(hours)), None, "{id} {days} {hours}");
        }
    }

    #[test]
    fn each_form_has_an_id_of_its_own() {
        let csrf = Csrf::of("secret");
        let form = || generate(&csrf, "/", false, None).0;
        assert_ne!(form(), form());
        assert!(!form().contains("overlap_hours"), "nothing goes on where nothing was");
    }
}
