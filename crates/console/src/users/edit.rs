//! Making, changing and deleting people who are kept by hand.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use rollcall_proto::identity::{
    CreateUserRequest, DeleteUserRequest, ReplaceUserRequest, User, UserSource, UserView,
};
use serde::Deserialize;

use super::{form::Fields, person::read, shown_name};
use crate::{
    component::{Question, Tone, alert, confirm, heading},
    csrf::Checked,
    error::Error,
    page::{Tab, page},
    place::Place,
    text,
};

/// The form, with what is wrong with it where it was sent before.
fn form(
    place: &Place,
    (title, action, back): (&str, &str, &str),
    fields: &Fields,
    problem: Option<&Error>,
) -> Markup {
    let body = html! {
        (heading(&[("Users", Some(place.url("users")))], title, html! {}))
        @if let Some(problem) = problem { (alert(Tone::Alarm, "Not saved", problem.to_string())) }
        form.card.form method="post" action=(action) {
            (place.viewer.csrf.field())
            (fields.controls())
            div.actions {
                button.primary type="submit" { "Save" }
                a.button.quiet href=(back) { "Cancel" }
            }
        }
    };
    page(place, Tab::Users, title, body)
}

/// `GET /accounts/{account}/users/new`.
pub(crate) async fn new(place: Place) -> Result<Response, Error> {
    place.demand("UserService/CreateUser")?;
    let url = place.url("users");
    Ok(form(&place, ("New user", &url, &url), &Fields::new(), None).into_response())
}

/// What was typed, again, with what is wrong with it: nobody should have to type it twice.
fn again(
    place: &Place,
    about: (&str, &str, &str),
    fields: &Fields,
    problem: Error,
) -> Result<Response, Error> {
    match problem.status() {
        status @ (StatusCode::BAD_REQUEST | StatusCode::CONFLICT) => {
            Ok((status, form(place, about, fields, Some(&problem))).into_response())
        }
        _ => Err(problem),
    }
}

/// `POST /accounts/{account}/users`.
pub(crate) async fn create(place: Place, Checked(fields): Checked<Fields>) -> Result<Response, Error> {
    place.demand("UserService/CreateUser")?;
    let url = place.url("users");
    match made(&place, &fields).await {
        Ok(made) => {
            Ok(Redirect::to(&place.url(&format!("users/{}", text::id_of(&made.name)))).into_response())
        }
        Err(problem) => again(&place, ("New user", &url, &url), &fields, problem),
    }
}

async fn made(place: &Place, fields: &Fields) -> Result<User, Error> {
    let user = fields.apply(User::default())?;
    place.record("user.create", &place.name(), user.user_name.clone()).await?;
    let request =
        CreateUserRequest { parent: place.name(), user: Some(user), source: UserSource::Manual.into() };
    Ok(place.viewer.clients.users.clone().create_user(request).await?.into_inner())
}

/// `GET /accounts/{account}/users/{id}/edit`.
pub(crate) async fn edit(place: Place, Path((_, id)): Path<(String, String)>) -> Result<Response, Error> {
    let user = editable(&place, &id).await?;
    let title = format!("Edit {}", shown_name(&user));
    let url = place.url(&format!("users/{id}"));
    Ok(form(&place, (&title, &url, &url), &Fields::of(&user), None).into_response())
}

/// `POST /accounts/{account}/users/{id}`.
pub(crate) async fn save(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(fields): Checked<Fields>,
) -> Result<Response, Error> {
    let user = editable(&place, &id).await?;
    let (title, url) = (format!("Edit {}", shown_name(&user)), place.url(&format!("users/{id}")));
    match saved(&place, &fields, user).await {
        Ok(()) => Ok(Redirect::to(&url).into_response()),
        Err(problem) => again(&place, (&title, &url, &url), &fields, problem),
    }
}

async fn saved(place: &Place, fields: &Fields, before: User) -> Result<(), Error> {
    let user = fields.apply(before)?;
    place.record("user.update", &user.name, user.user_name.clone()).await?;
    let request = ReplaceUserRequest {
        user: Some(user),
        etags: vec![fields.etag.clone()],
        view: UserView::Basic.into(),
        writer: UserSource::Manual.into(),
    };
    place.viewer.clients.users.clone().replace_user(request).await?;
    Ok(())
}

/// `GET /accounts/{account}/users/{id}/delete`: asks.
pub(crate) async fn ask_delete(
    place: Place,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    let user = editable(&place, &id).await?;
    let back = place.url(&format!("users/{id}"));
    let title = "Delete this person?";
    let question = Question {
        words: html! {
            p { strong { (shown_name(&user)) } " (" (user.user_name) ")" }
            p { "The person and everything about them is erased, and they are taken out of their groups. It cannot be undone." }
        },
        action: &place.url(&format!("users/{id}/delete")),
        fields: html! { input type="hidden" name="etag" value=(user.etag); },
        button: "Delete",
        danger: true,
        back: &back,
    };
    let body = html! {
        (heading(&[("Users", Some(place.url("users"))), (shown_name(&user), Some(back.clone()))], title, html! {}))
        (confirm(&place.viewer.csrf, question))
    };
    Ok(page(&place, Tab::Users, title, body).into_response())
}

/// The version that was looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    pub(crate) etag: String,
}

/// `POST /accounts/{account}/users/{id}/delete`.
pub(crate) async fn delete(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Version { etag }): Checked<Version>,
) -> Result<Response, Error> {
    let user = editable(&place, &id).await?;
    place.record("user.delete", &user.name, user.user_name).await?;
    let request = DeleteUserRequest { name: user.name, etags: vec![etag], writer: UserSource::Manual.into() };
    place.viewer.clients.users.clone().delete_user(request).await?;
    Ok(Redirect::to(&place.url("users")).into_response())
}

/// A person who may be changed here, by this viewer.
async fn editable(place: &Place, id: &str) -> Result<User, Error> {
    place.demand("UserService/ReplaceUser")?;
    let user = read(place, id).await?;
    if user.source() == UserSource::Scim {
        return Err(Error::Conflict(
            "This person comes from the identity provider, and is changed there. Convert the person to manual first."
                .to_owned(),
        ));
    }
    Ok(user)
}
