//! Groups: what printing rules are about.

mod edit;
mod members;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::identity::{
    GetGroupRequest, Group, GroupView, ListGroupsRequest, SetGroupSourceRequest, UserSource,
};
use serde::Deserialize;

pub(crate) use self::{
    edit::{ask_delete, create, delete, new, rename},
    members::{add, remove, show},
};
use crate::{
    component::{empty, field, filters, heading, pager, source_badge, table, time},
    csrf::Checked,
    directory,
    error::Error,
    icon::{Icon, icon},
    page::{Tab, page},
    place::Place,
    query::{Asked, address},
    source::{self, To},
    text,
};

/// How many on a page.
const PAGE: i32 = 50;

/// Which groups to list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
}

/// `GET /accounts/{account}/groups`.
pub(crate) async fn list(place: Place, Asked(search): Asked<Search>) -> Result<Response, Error> {
    let request = ListGroupsRequest {
        parent: place.name(),
        page_size: PAGE,
        page_token: search.page.clone(),
        filter: directory::groups(&search.q),
        order_by: "displayName".to_owned(),
        view: GroupView::Basic.into(),
        ..ListGroupsRequest::default()
    };
    let found = place.viewer.clients.groups.clone().list_groups(request).await?.into_inner();
    let next = (!found.next_page_token.is_empty())
        .then(|| address(&place.url("groups"), &[("q", &search.q), ("page", &found.next_page_token)]));
    let body = html! {
        (heading(&[], "Groups", html! {
            @if place.may("GroupService/CreateGroup") { a.button href=(place.url("groups/new")) { (icon(Icon::Plus)) "New group" } }
        }))
        (filters(&place.url("groups"), field("q", "Name or external id", "", html! {
            input type="search" id="q" name="q" value=(search.q) maxlength="200" placeholder="begins with…";
        })))
        @if found.groups.is_empty() {
            @if search.q.trim().is_empty() {
                (empty("There are no groups yet", "The identity provider sends those that are assigned to it.", html! {}))
            } @else {
                (empty("No group matches", "The search compares how names begin. Try fewer letters.", html! {}))
            }
        } @else {
            p.quiet { (text::count(found.total_size.into(), "group", "groups")) }
            (table("Groups", &["Name", "From", "Changed"], found.groups.iter().map(|group| row(&place, group))))
            (pager(next))
        }
    };
    Ok(page(&place, Tab::Groups, "Groups", body).into_response())
}

fn row(place: &Place, group: &Group) -> Vec<Markup> {
    vec![
        html! { a href=(place.url(&format!("groups/{}", text::id_of(&group.name)))) { (group.display_name) } },
        source_badge(group.source()),
        time(group.update_time.as_ref()),
    ]
}

/// Reads a group, without its members, by the id in an address.
async fn read(place: &Place, id: &str) -> Result<Group, Error> {
    let name = format!("{}/groups/{id}", place.name());
    let request = GetGroupRequest { name, view: GroupView::Basic.into() };
    let group = place.viewer.clients.groups.clone().get_group(request).await.map_err(Error::in_address)?;
    Ok(group.into_inner())
}

/// `GET /accounts/{account}/groups/{id}/source`: asks.
pub(crate) async fn ask_source(
    place: Place,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Error> {
    place.demand("GroupService/SetGroupSource")?;
    let group = read(&place, &id).await?;
    let url = place.url(&format!("groups/{id}"));
    Ok(source::ask(&place, Tab::Groups, &group.display_name, &url, group.source()).into_response())
}

/// `POST /accounts/{account}/groups/{id}/source`.
pub(crate) async fn set_source(
    place: Place,
    Path((_, id)): Path<(String, String)>,
    Checked(to): Checked<To>,
) -> Result<Response, Error> {
    let source = to.source()?;
    place.demand("GroupService/SetGroupSource")?;
    let group = read(&place, &id).await?;
    let action = if source == UserSource::Manual { "group.to_manual" } else { "group.to_scim" };
    place.record(action, &group.name, group.display_name).await?;
    let request = SetGroupSourceRequest { name: group.name, source: source.into() };
    place.viewer.clients.groups.clone().set_group_source(request).await?;
    Ok(Redirect::to(&place.url(&format!("groups/{id}"))).into_response())
}
