//! Making, changing and deleting people who are kept by hand.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::identity::{
    CreateUserRequest, DeleteUserRequest, ReplaceUserRequest, User, UserSource, UserView,
};
use serde::Deserialize;

use super::{
    form::Fields,
    id_of,
    person::{read, record},
    shown_name,
};
use crate::{
    component::{Question, confirm, heading},
    csrf::Checked,
    error::Error,
    page::{Tab, page},
    place::Place,
};

fn form(place: &Place, title: &str, action: &str, fields: &Fields, back: &str) -> Markup {
    let body = html! {
        (heading(&[("Users", Some(place.url("users")))], title, html! {}))
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
    may(&place, "UserService/CreateUser")?;
    Ok(form(&place, "New user", &place.url("users"), &Fields::new(), &place.url("users")).into_response())
}

/// `POST /accounts/{account}/users`.
pub(crate) async fn create(place: Place, Checked(fields): Checked<Fields>) -> Result<Response, Error> {
    let user = fields.apply(User::default())?;
    may(&place, "UserService/CreateUser")?;
    record(&place, "user.create", &place.name(), user.user_name.clone()).await?;
    let request =
        CreateUserRequest { parent: place.name(), user: Some(user), source: UserSource::Manual.into() };
    let made = place.viewer.clients.users.clone().create_user(request).await?.into_inner();
    Ok(Redirect::to(&place.url(&format!("users/{}", id_of(&made.name)))).into_response())
}

/// `GET /accounts/{account}/users/{id}/edit`.
pub(crate) async fn edit(place: Place, Path((_, id)): Path<(String, String)>) -> Result<Response, Error> {
    let user = editable(&place, &id).await?;
    let title = format!("Edit {}", shown_name(&user));
    let url = place.url(&format!("users/{id}"));
    Ok(form(&place, &title, &url, &Fields::of(&user), &url).into_response())
}

/// `POST /accounts/{account}/users/{id}`.
pub(crate) async fn save(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(fields): Checked<Fields>,
) -> Result<Response, Error> {
    let user = editable(&place, &id).await?;
    let etags = vec![fields.etag.clone()];
    let user = fields.apply(user)?;
    record(&place, "user.update", &user.name, user.user_name.clone()).await?;
    let request = ReplaceUserRequest {
        user: Some(user),
        etags,
        view: UserView::Basic.into(),
        writer: UserSource::Manual.into(),
    };
    place.viewer.clients.users.clone().replace_user(request).await?;
    Ok(Redirect::to(&place.url(&format!("users/{id}"))).into_response())
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
    record(&place, "user.delete", &user.name, user.user_name).await?;
    let request = DeleteUserRequest { name: user.name, etags: vec![etag], writer: UserSource::Manual.into() };
    place.viewer.clients.users.clone().delete_user(request).await?;
    Ok(Redirect::to(&place.url("users")).into_response())
}

/// A person who may be changed here, by this viewer.
async fn editable(place: &Place, id: &str) -> Result<User, Error> {
    may(place, "UserService/ReplaceUser")?;
    let user = read(place, id).await?;
    if user.source() == UserSource::Scim {
        return Err(Error::Conflict(
            "This person comes from the identity provider, and is changed there. Convert the person to manual first."
                .to_owned(),
        ));
    }
    Ok(user)
}

/// Refuses before anything is written what the service would refuse afterwards.
pub(crate) fn may(place: &Place, rpc: &str) -> Result<(), Error> {
    if place.may(rpc) { Ok(()) } else { Err(tonic::Status::permission_denied(rpc).into()) }
}
