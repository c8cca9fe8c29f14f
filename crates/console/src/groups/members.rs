//! The page of one group, and who is in it.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::identity::{
    Group, ListMembersRequest, ListUsersRequest, Member, MemberType, PatchOp, PatchOperation, User,
    UserSource, UserView,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    edit::{change, editable},
    read,
};
use crate::{
    component::{card, definitions, empty, field, heading, moment, pager, source_badge, time},
    csrf::Checked,
    directory,
    error::Error,
    page::{Tab, page},
    place::Place,
    query::{Asked, address},
    text,
    users::shown_name,
};

/// Members on a page.
const PAGE: i32 = 100;
/// People offered for a search.
const OFFERED: i32 = 10;

/// Which members, and whom to look for as a new one.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Look {
    #[serde(default)]
    page: String,
    #[serde(default)]
    find: String,
}

/// `GET /accounts/{account}/groups/{id}`.
pub(crate) async fn show(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Asked(look): Asked<Look>,
) -> Result<Response, Error> {
    let group = read(&place, &id).await?;
    let request =
        ListMembersRequest { parent: group.name.clone(), page_size: PAGE, page_token: look.page.clone() };
    let members = place.viewer.clients.groups.clone().list_members(request).await?.into_inner();
    let url = place.url(&format!("groups/{id}"));
    let next = (!members.next_page_token.is_empty())
        .then(|| address(&url, &[("page", &members.next_page_token), ("find", &look.find)]));
    let edits = group.source() != UserSource::Scim && place.may("GroupService/PatchGroup");
    let offered = if edits { offer(&place, &look.find).await? } else { Vec::new() };
    let body = html! {
        (heading(&[("Groups", Some(place.url("groups")))], &group.display_name, actions(&place, &group, &url)))
        (card("Group", html! {}, definitions(&facts(&group))))
        @if edits { (card("Name", html! {}, rename(&place, &group, &url))) }
        (card("Members", html! {}, html! {
            @if members.members.is_empty() {
                (empty("Nobody is in this group", "", html! {}))
            } @else {
                ul.members {
                    @for member in &members.members { (entry(&place, member, edits, &url)) }
                }
                (pager(next))
            }
        }))
        @if edits { (card("Add a member", html! {}, search(&place, &look, &offered, &url))) }
    };
    Ok(page(&place, Tab::Groups, &group.display_name, body).into_response())
}

fn actions(place: &Place, group: &Group, url: &str) -> Markup {
    html! {
        @if group.source() != UserSource::Scim && place.may("GroupService/DeleteGroup") {
            a.button.quiet href={ (url) "/delete" } { "Delete" }
        }
        @if place.may("GroupService/SetGroupSource") {
            a.button.quiet href={ (url) "/source" } {
                @if group.source() == UserSource::Manual { "Give to the identity provider" } @else { "Convert to manual" }
            }
        }
    }
}

fn facts(group: &Group) -> Vec<(&'static str, Markup)> {
    let mut rows = vec![("From", source_badge(group.source()))];
    if let Some(external_id) = &group.external_id {
        rows.push(("External id", html! { (external_id) }));
    }
    rows.push(("Id", html! { code { (text::id_of(&group.name)) } }));
    rows.push(("Created", moment(group.create_time.as_ref())));
    rows.push(("Last change", time(group.update_time.as_ref())));
    rows
}

fn rename(place: &Place, group: &Group, url: &str) -> Markup {
    html! {
        form.row method="post" action=(url) {
            (place.viewer.csrf.field())
            input type="hidden" name="etag" value=(group.etag);
            (field("display_name", "Name", "", html! {
                input type="text" id="display_name" name="display_name" value=(group.display_name) maxlength="255" required autocomplete="off";
            }))
            div.actions { button type="submit" { "Rename" } }
        }
    }
}

fn entry(place: &Place, member: &Member, edits: bool, url: &str) -> Markup {
    let kind = if member.r#type() == MemberType::Group { "groups" } else { "users" };
    html! {
        li {
            a href=(place.url(&format!("{kind}/{}", member.id))) { (member.display_name) }
            @if member.r#type() == MemberType::Group { " " span.quiet { "group" } }
            @if edits {
                form method="post" action={ (url) "/remove" } {
                    (place.viewer.csrf.field())
                    input type="hidden" name="member" value=(member.id);
                    button.quiet type="submit" { "Remove" span.hidden { " " (member.display_name) } }
                }
            }
        }
    }
}

async fn offer(place: &Place, text: &str) -> Result<Vec<User>, Error> {
    let filter = directory::users(text);
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    let request = ListUsersRequest {
        parent: place.name(),
        page_size: OFFERED,
        filter,
        view: UserView::Basic.into(),
        ..ListUsersRequest::default()
    };
    Ok(place.viewer.clients.users.clone().list_users(request).await?.into_inner().users)
}

fn search(place: &Place, look: &Look, offered: &[User], url: &str) -> Markup {
    html! {
        form.row method="get" action=(url) role="search" {
            (field("find", "Name, user name or e-mail", "", html! {
                input type="search" id="find" name="find" value=(look.find) maxlength="200" placeholder="begins with…";
            }))
            div.actions { button type="submit" { "Search" } }
        }
        @if !look.find.trim().is_empty() && offered.is_empty() { p.quiet { "Nobody matches." } }
        ul.members {
            @for user in offered {
                li {
                    span { (shown_name(user)) " " span.quiet { (user.user_name) } }
                    form method="post" action={ (url) "/add" } {
                        (place.viewer.csrf.field())
                        input type="hidden" name="member" value=(text::id_of(&user.name));
                        button type="submit" { "Add" span.hidden { " " (shown_name(user)) } }
                    }
                }
            }
        }
    }
}

/// Whom a change of the members is about, by id.
#[derive(Debug, Deserialize)]
pub(crate) struct Whom {
    member: String,
}

impl Whom {
    fn id(self) -> Result<String, Error> {
        let is_id = uuid::Uuid::try_parse(&self.member).is_ok();
        if is_id { Ok(self.member) } else { Err(Error::BadInput("There is no such member.".to_owned())) }
    }
}

/// `POST /accounts/{account}/groups/{id}/add`.
pub(crate) async fn add(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(whom): Checked<Whom>,
) -> Result<Response, Error> {
    let member = whom.id()?;
    let value = json!([{ "value": member }]).to_string();
    let add = PatchOperation { op: PatchOp::Add.into(), path: "members".to_owned(), value };
    alter(&place, &id, add, format!("added {member}")).await
}

/// `POST /accounts/{account}/groups/{id}/remove`.
pub(crate) async fn remove(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(whom): Checked<Whom>,
) -> Result<Response, Error> {
    let member = whom.id()?;
    let path = format!("members[value eq \"{member}\"]");
    let remove = PatchOperation { op: PatchOp::Remove.into(), path, value: String::new() };
    alter(&place, &id, remove, format!("removed {member}")).await
}

async fn alter(place: &Place, id: &str, operation: PatchOperation, said: String) -> Result<Response, Error> {
    let group = editable(place, id).await?;
    place.record("group.members", &group.name, said).await?;
    change(place, &group, operation, Vec::new()).await?;
    Ok(Redirect::to(&place.url(&format!("groups/{id}"))).into_response())
}
