//! `rollcall group`.

use rollcall_console::directory;
use rollcall_proto::identity::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, GroupView, ListGroupsRequest,
    PatchGroupRequest, PatchOp, PatchOperation, SetGroupSourceRequest,
};
use serde_json::{Value, json};

use super::{BY_HAND, List, One, Service, SetSource, replace, source};
use crate::{
    client::{human_time, id_of, json_time},
    error::Error,
    output,
};

/// `rollcall group`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Groups {
    /// List groups, by name
    #[command(after_long_help = "\
Examples:
  rollcall group list default
  rollcall group list default --search colour")]
    List(List),
    /// Show a group, with its first 1,000 members
    Show(One),
    /// Make a group that is kept by hand
    Create {
        /// The account id
        account: String,
        /// The name of the group
        display_name: String,
        #[command(flatten)]
        service: Service,
    },
    /// Rename a group that is kept by hand
    Rename {
        #[command(flatten)]
        one: One,
        /// The new name
        display_name: String,
    },
    /// Add a user or group to a group that is kept by hand
    AddMember(Membership),
    /// Take a member out of a group that is kept by hand
    RemoveMember(Membership),
    /// Delete a group that is kept by hand
    Delete(One),
    /// Say whose a group is: the identity provider's, or kept by hand
    SetSource(SetSource),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Membership {
    #[command(flatten)]
    one: One,
    /// The id of the user or group
    member: String,
}

pub(crate) async fn groups(command: Groups) -> Result<(), Error> {
    match command {
        Groups::List(options) => list_groups(options).await,
        Groups::Show(One { account, id, service }) => {
            let name = format!("accounts/{account}/groups/{id}");
            let request = GetGroupRequest { name, view: GroupView::Full.into() };
            let group = service.answer(service.groups()?.get_group(request)).await?;
            show_group(&group, &service)
        }
        Groups::Create { account, display_name, service } => {
            let group = Group { display_name, ..Group::default() };
            let parent = format!("accounts/{account}");
            let request = CreateGroupRequest { parent, group: Some(group), source: BY_HAND };
            let group = service.answer(service.groups()?.create_group(request)).await?;
            show_group(&group, &service)
        }
        Groups::Rename { one, display_name } => {
            change_group(one, replace(("displayName", Value::String(display_name)))).await
        }
        Groups::AddMember(Membership { one, member }) => {
            let value = json!([{ "value": member }]).to_string();
            let add = PatchOperation { op: PatchOp::Add.into(), path: "members".to_owned(), value };
            change_group(one, add).await
        }
        Groups::RemoveMember(Membership { one, member }) => {
            let path = format!("members[value eq {}]", Value::String(member));
            let remove = PatchOperation { op: PatchOp::Remove.into(), path, value: String::new() };
            change_group(one, remove).await
        }
        Groups::Delete(One { account, id, service }) => {
            let name = format!("accounts/{account}/groups/{id}");
            let request = DeleteGroupRequest { name, etags: Vec::new(), writer: BY_HAND };
            service.answer(service.groups()?.delete_group(request)).await?;
            service.deleted("group", &id)
        }
        Groups::SetSource(SetSource { one: One { account, id, service }, source }) => {
            let name = format!("accounts/{account}/groups/{id}");
            let request = SetGroupSourceRequest { name, source: source.into() };
            let group = service.answer(service.groups()?.set_group_source(request)).await?;
            show_group(&group, &service)
        }
    }
}

async fn change_group(one: One, operation: PatchOperation) -> Result<(), Error> {
    let One { account, id, service } = one;
    let request = PatchGroupRequest {
        name: format!("accounts/{account}/groups/{id}"),
        operations: vec![operation],
        writer: BY_HAND,
        ..PatchGroupRequest::default()
    };
    let group = service.answer(service.groups()?.patch_group(request)).await?;
    show_group(&group, &service)
}

async fn list_groups(options: List) -> Result<(), Error> {
    let List { account, search, limit, service } = options;
    let request = ListGroupsRequest {
        parent: format!("accounts/{account}"),
        page_size: limit,
        filter: directory::groups(&search),
        order_by: "displayName".to_owned(),
        view: GroupView::Basic.into(),
        ..ListGroupsRequest::default()
    };
    let found = service.answer(service.groups()?.list_groups(request)).await?;
    if service.json {
        return output::print_json(&found.groups.iter().map(group_json).collect());
    }
    let rows = found.groups.iter().map(|group| {
        [
            id_of(&group.name).to_owned(),
            group.display_name.clone(),
            source(group.source()).to_owned(),
            human_time(group.update_time.as_ref()),
        ]
    });
    output::print_table(["ID", "NAME", "FROM", "CHANGED"], rows.collect())
}

fn show_group(group: &Group, service: &Service) -> Result<(), Error> {
    if service.json {
        return output::print_json(&group_json(group));
    }
    let mut rows = vec![
        ["name".to_owned(), group.display_name.clone()],
        ["external id".to_owned(), group.external_id.clone().unwrap_or_default()],
        ["from".to_owned(), source(group.source()).to_owned()],
        ["created".to_owned(), human_time(group.create_time.as_ref())],
        ["changed".to_owned(), human_time(group.update_time.as_ref())],
    ];
    rows.extend(group.members.iter().map(|member| ["member".to_owned(), member.display_name.clone()]));
    if !group.members_next_page_token.is_empty() {
        rows.push(["member".to_owned(), "...".to_owned()]);
    }
    output::print_table(["GROUP", id_of(&group.name)], rows)
}

fn group_json(group: &Group) -> Value {
    json!({
        "name": group.name,
        "displayName": group.display_name,
        "externalId": group.external_id,
        "source": source(group.source()),
        "members": group.members.iter().map(|member| member.id.as_str()).collect::<Vec<_>>(),
        "createTime": json_time(group.create_time.as_ref()),
        "updateTime": json_time(group.update_time.as_ref()),
        "etag": group.etag,
    })
}
