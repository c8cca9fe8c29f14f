//! Users: who prints.

mod edit;
mod form;
mod person;

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use rollcall_proto::identity::{ListUsersRequest, User, UserView};
use serde::Deserialize;

pub(crate) use self::{
    edit::{Version, ask_delete, create, delete, edit, new, save},
    person::{ask_source, read, set_source, show},
};
use crate::{
    component::{Tone, badge, empty, field, filters, heading, pager, source_badge, table, time},
    directory,
    error::Error,
    icon::{Icon, icon},
    page::{Tab, page},
    place::Place,
    query::{Asked, address},
    text,
};

/// How many on a page.
const PAGE: i32 = 50;

/// Which users to list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    active: String,
    #[serde(default)]
    page: String,
}

impl Search {
    fn filter(&self) -> String {
        let text = directory::users(&self.q);
        let active = match self.active.as_str() {
            "yes" => "active eq true",
            "no" => "not (active eq true)",
            _ => "",
        };
        match (text.is_empty(), active.is_empty()) {
            (true, _) => active.to_owned(),
            (false, true) => text,
            (false, false) => format!("({text}) and {active}"),
        }
    }
}

/// `GET /accounts/{account}/users`.
pub(crate) async fn list(place: Place, Asked(search): Asked<Search>) -> Result<Response, Error> {
    let request = ListUsersRequest {
        parent: place.name(),
        page_size: PAGE,
        page_token: search.page.clone(),
        filter: search.filter(),
        order_by: "userName".to_owned(),
        view: UserView::Basic.into(),
        ..ListUsersRequest::default()
    };
    let found = place.viewer.clients.users.clone().list_users(request).await?.into_inner();
    let next = (!found.next_page_token.is_empty()).then(|| {
        address(
            &place.url("users"),
            &[("q", &search.q), ("active", &search.active), ("page", &found.next_page_token)],
        )
    });
    let body = html! {
        (heading(&[], "Users", new_button(&place)))
        (filters(&place.url("users"), fields(&search)))
        @if found.users.is_empty() {
            (nobody(&place, &search))
        } @else {
            p.quiet { (text::count(found.total_size.into(), "user", "users")) }
            (table(
                "Users",
                &["Name", "User name", "E-mail", "From", "State", "Changed"],
                found.users.iter().map(|user| row(&place, user)),
            ))
            (pager(next))
        }
    };
    Ok(page(&place, Tab::Users, "Users", body).into_response())
}

fn new_button(place: &Place) -> Markup {
    html! {
        @if place.may("UserService/CreateUser") {
            a.button href=(place.url("users/new")) { (icon(Icon::Plus)) "New user" }
        }
    }
}

fn fields(search: &Search) -> Markup {
    html! {
        (field("q", "Name, e-mail or external id", "", html! {
            input type="search" id="q" name="q" value=(search.q) maxlength="200" placeholder="begins with…";
        }))
        (field("active", "State", "", html! {
            select id="active" name="active" {
                @for (value, words) in [("", "all"), ("yes", "active"), ("no", "not active")] {
                    option value=(value) selected[search.active == value] { (words) }
                }
            }
        }))
    }
}

fn nobody(place: &Place, search: &Search) -> Markup {
    if search.filter().is_empty() {
        empty(
            "Nobody is here yet",
            "People arrive as soon as the identity provider is connected, and sends them.",
            html! {
                @if place.may("ConnectionService/GetConnection") {
                    a.button href=(place.url("guide")) { "How to connect it" }
                }
            },
        )
    } else {
        empty("Nobody matches", "The search compares how names begin. Try fewer letters.", html! {})
    }
}

fn row(place: &Place, user: &User) -> Vec<Markup> {
    vec![
        html! { a href=(url(place, user)) { (shown_name(user)) } },
        html! { (user.user_name) },
        html! { (main_email(user).unwrap_or_default()) },
        source_badge(user.source()),
        state(user),
        time(user.update_time.as_ref()),
    ]
}

fn url(place: &Place, user: &User) -> String {
    place.url(&format!("users/{}", text::id_of(&user.name)))
}

/// The name to show a person by.
pub(crate) fn shown_name(user: &User) -> &str {
    let formatted = user.person_name.as_ref().and_then(|name| name.formatted.as_deref());
    [user.display_name.as_deref(), formatted]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty())
        .unwrap_or(&user.user_name)
}

/// The primary address, or else the first.
pub(crate) fn main_email(user: &User) -> Option<&str> {
    let primary = user.emails.iter().find(|email| email.primary == Some(true));
    primary.or_else(|| user.emails.first()).and_then(|email| email.value.as_deref())
}

/// Whether a person prints.
pub(crate) fn state(user: &User) -> Markup {
    if user.active == Some(true) { badge(Tone::Good, "active") } else { badge(Tone::Plain, "not active") }
}

/// What a person is called, by id.
pub(crate) async fn user_name(place: &Place, id: &str) -> Result<String, Error> {
    Ok(read(place, id).await?.user_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_becomes_a_filter() {
        let filter = |q: &str, active: &str| {
            Search { q: q.to_owned(), active: active.to_owned(), page: String::new() }.filter()
        };
        assert_eq!(filter("", ""), "");
        assert_eq!(filter("", "no"), "not (active eq true)");
        assert!(
            filter("a", "yes").starts_with("(userName sw \"a\" or ")
                && filter("a", "yes").ends_with(") and active eq true")
        );
        assert_eq!(filter("", "x' or id pr"), "");
    }
}
