//! Whose a user or group is: the identity provider's, or kept by hand.

use maud::{Markup, html};
use rollcall_proto::identity::UserSource;
use serde::Deserialize;

use crate::{
    component::{Question, confirm, heading},
    error::Error,
    page::{Tab, page},
    place::Place,
};

/// Whose a user or group becomes, and what that means.
struct Handover {
    to: UserSource,
    title: &'static str,
    words: &'static str,
    button: &'static str,
}

/// The other owner than the present one.
fn handover(source: UserSource) -> Handover {
    if source == UserSource::Manual {
        Handover {
            to: UserSource::Scim,
            title: "Give to the identity provider?",
            words: "From then on the identity provider may change and delete this again, and nobody can edit it here. \
                    Its next change overwrites what was edited here.",
            button: "Give to the identity provider",
        }
    } else {
        Handover {
            to: UserSource::Manual,
            title: "Convert to manual?",
            words: "From then on you change this here, and the identity provider may not: its changes and its deletion are \
                    refused, and it will report them as failed. What happens to it there is not known here any more: \
                    somebody has to remember to say so. Better take it out of the identity provider's assignment as \
                    well.",
            button: "Convert to manual",
        }
    }
}

/// The page that asks before something changes hands. `name` is its own, `url` its page.
pub(crate) fn ask(place: &Place, tab: Tab, name: &str, url: &str, source: UserSource) -> Markup {
    let Handover { to, title, words, button } = handover(source);
    let question = Question {
        words: html! { p { strong { (name) } } p { (words) } },
        action: &format!("{url}/source"),
        fields: html! { input type="hidden" name="to" value=(i32::from(to)); },
        button,
        danger: to == UserSource::Manual,
        back: url,
    };
    let trail = [(tab.label(), Some(place.url(tab.path()))), (name, Some(url.to_owned()))];
    let body = html! {
        (heading(&trail, title, html! {}))
        (confirm(&place.viewer.csrf, question))
    };
    page(place, tab, title, body)
}

/// Whose something is to be.
#[derive(Debug, Deserialize)]
pub(crate) struct To {
    to: i32,
}

impl To {
    /// The identity provider's, or by hand; nothing else can be asked for.
    pub(crate) fn source(&self) -> Result<UserSource, Error> {
        match UserSource::try_from(self.to) {
            Ok(source @ (UserSource::Scim | UserSource::Manual)) => Ok(source),
            _ => Err(Error::BadInput("It must be the identity provider's, or kept by hand.".to_owned())),
        }
    }
}
