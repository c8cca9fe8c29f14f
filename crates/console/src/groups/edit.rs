//! Making, renaming and deleting groups that are kept by hand.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::html;
use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, Group, PatchGroupRequest, PatchOp, PatchOperation, UserSource,
};
use serde::Deserialize;
use serde_json::Value;

use super::read;
use crate::{
    component::{Question, confirm, field, heading},
    csrf::Checked,
    error::Error,
    page::{Tab, page},
    place::Place,
    text,
    users::Version,
};

/// The most characters of a group's name.
const MAX: usize = 255;

/// The name of a group, and the version of the group that the form was made from.
#[derive(Debug, Deserialize)]
pub(crate) struct Name {
    display_name: String,
    #[serde(default)]
    etag: String,
}

impl Name {
    fn checked(&self) -> Result<String, Error> {
        let name = self.display_name.trim();
        if name.is_empty() || name.chars().count() > MAX || name.chars().any(char::is_control) {
            return Err(Error::BadInput(format!(
                "The name of a group must have 1 to {MAX} characters, and none that cannot be seen."
            )));
        }
        Ok(name.to_owned())
    }
}

/// `GET /accounts/{account}/groups/new`.
pub(crate) async fn new(place: Place) -> Result<Response, Error> {
    place.demand("GroupService/CreateGroup")?;
    let body = html! {
        (heading(&[("Groups", Some(place.url("groups")))], "New group", html! {}))
        form.card.form method="post" action=(place.url("groups")) {
            (place.viewer.csrf.field())
            (field("display_name", "Name", "No other group may have it.", html! {
                input type="text" id="display_name" name="display_name" maxlength=(MAX) required autocomplete="off";
            }))
            div.actions {
                button.primary type="submit" { "Save" }
                a.button.quiet href=(place.url("groups")) { "Cancel" }
            }
        }
    };
    Ok(page(&place, Tab::Groups, "New group", body).into_response())
}

/// `POST /accounts/{account}/groups`.
pub(crate) async fn create(place: Place, Checked(name): Checked<Name>) -> Result<Response, Error> {
    let display_name = name.checked()?;
    place.demand("GroupService/CreateGroup")?;
    place.record("group.create", &place.name(), display_name.clone()).await?;
    let request = CreateGroupRequest {
        parent: place.name(),
        group: Some(Group { display_name, ..Group::default() }),
        source: UserSource::Manual.into(),
    };
    let made = place.viewer.clients.groups.clone().create_group(request).await?.into_inner();
    Ok(Redirect::to(&place.url(&format!("groups/{}", text::id_of(&made.name)))).into_response())
}

/// `POST /accounts/{account}/groups/{id}`: renames.
pub(crate) async fn rename(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(name): Checked<Name>,
) -> Result<Response, Error> {
    let group = editable(&place, &id).await?;
    let display_name = name.checked()?;
    place.record("group.update", &group.name, format!("{} -> {display_name}", group.display_name)).await?;
    let rename = PatchOperation {
        op: PatchOp::Replace.into(),
        path: "displayName".to_owned(),
        value: Value::String(display_name).to_string(),
    };
    change(&place, &group, rename, vec![name.etag]).await?;
    Ok(Redirect::to(&place.url(&format!("groups/{id}"))).into_response())
}

/// One change to a group.
pub(super) async fn change(
    place: &Place,
    group: &Group,
    operation: PatchOperation,
    etags: Vec<String>,
) -> Result<(), Error> {
    let request = PatchGroupRequest {
        name: group.name.clone(),
        operations: vec![operation],
        etags,
        view: rollcall_proto::identity::GroupView::Basic.into(),
        writer: UserSource::Manual.into(),
    };
    place.viewer.clients.groups.clone().patch_group(request).await?;
    Ok(())
}

/// `GET /accounts/{account}/groups/{id}/delete`: asks.
pub(crate) async fn ask_delete(
    place: Place,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    let group = editable(&place, &id).await?;
    let back = place.url(&format!("groups/{id}"));
    let title = "Delete this group?";
    let question = Question {
        words: html! {
            p { strong { (group.display_name) } }
            p { "Its members stay, and lose what printing rules give to this group. It cannot be undone." }
        },
        action: &place.url(&format!("groups/{id}/delete")),
        fields: html! { input type="hidden" name="etag" value=(group.etag); },
        button: "Delete",
        danger: true,
        back: &back,
    };
    let trail = [("Groups", Some(place.url("groups"))), (group.display_name.as_str(), Some(back.clone()))];
    let body = html! {
        (heading(&trail, title, html! {}))
        (confirm(&place.viewer.csrf, question))
    };
    Ok(page(&place, Tab::Groups, title, body).into_response())
}

/// `POST /accounts/{account}/groups/{id}/delete`.
pub(crate) async fn delete(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(Version { etag }): Checked<Version>,
) -> Result<Response, Error> {
    let group = editable(&place, &id).await?;
    place.record("group.delete", &group.name, group.display_name).await?;
    let request =
        DeleteGroupRequest { name: group.name, etags: vec![etag], writer: UserSource::Manual.into() };
    place.viewer.clients.groups.clone().delete_group(request).await?;
    Ok(Redirect::to(&place.url("groups")).into_response())
}

/// A group that may be changed here, by this viewer.
pub(super) async fn editable(place: &Place, id: &str) -> Result<Group, Error> {
    place.demand("GroupService/PatchGroup")?;
    let group = read(place, id).await?;
    if group.source() == UserSource::Scim {
        return Err(Error::Conflict(
            "This group comes from the identity provider, and is changed there. Convert it to manual first."
                .to_owned(),
        ));
    }
    Ok(group)
}
