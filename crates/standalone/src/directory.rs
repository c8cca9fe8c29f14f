//! `rollcall user` and `rollcall group`.

use clap::ValueEnum;
use rollcall_console::directory;
use rollcall_proto::identity::{
    GetGroupRequest, GetUserRequest, Group, GroupView, ListGroupsRequest, ListUsersRequest,
    SetGroupSourceRequest, SetUserSourceRequest, User, UserSource, UserView,
    group_service_client::GroupServiceClient, user_service_client::UserServiceClient,
};
use rollcall_serve::{Channel, channel};
use serde_json::{Value, json};
use tonic::{Response, Status};

use crate::{
    client::{self, human_time, id_of, json_time},
    error::Error,
    output,
};

/// `rollcall user`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Users {
    /// List users, by user name
    #[command(after_long_help = "\
Examples:
  rollcall user list default
  rollcall user list default --search ann")]
    List(List),
    /// Show a user
    Show(One),
    /// Say whose a user is: the identity provider's, or kept by hand
    #[command(after_long_help = "\
Example:
  rollcall user set-source default 01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42 manual")]
    SetSource(SetSource),
}

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
    /// Say whose a group is: the identity provider's, or kept by hand
    SetSource(SetSource),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct List {
    /// The account id
    account: String,
    /// Those whose name or e-mail address begins with this, or whose external id it is
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    search: String,
    /// At most so many
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
    #[command(flatten)]
    service: Service,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct One {
    /// The account id
    account: String,
    /// The id, the first column of `list`
    id: String,
    #[command(flatten)]
    service: Service,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct SetSource {
    #[command(flatten)]
    one: One,
    /// Whose it is from now on
    source: Source,
}

/// Whose a user or group is.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Source {
    /// The identity provider's
    Scim,
    /// Kept by hand: the identity provider may not change it
    Manual,
}

impl From<Source> for i32 {
    fn from(source: Source) -> Self {
        let source = match source {
            Source::Scim => UserSource::Scim,
            Source::Manual => UserSource::Manual,
        };
        source.into()
    }
}

/// Where users and groups are.
#[derive(Debug, clap::Args)]
#[group(skip)]
struct Service {
    /// Address of the identity service
    #[arg(
        long,
        env = "ROLLCALL_IDENTITY_SERVICE",
        default_value = "http://127.0.0.1:7401",
        value_name = "URL"
    )]
    identity_service: String,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Service {
    fn channel(&self) -> Result<Channel, Error> {
        Ok(channel::connect(&self.identity_service)?)
    }

    fn users(&self) -> Result<UserServiceClient<Channel>, Error> {
        Ok(UserServiceClient::new(self.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    fn groups(&self) -> Result<GroupServiceClient<Channel>, Error> {
        Ok(GroupServiceClient::new(self.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    async fn answer<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Error> {
        client::answer(client::IDENTITY, &self.identity_service, call).await
    }
}

pub(crate) async fn users(command: Users) -> Result<(), Error> {
    match command {
        Users::List(options) => list_users(options).await,
        Users::Show(One { account, id, service }) => {
            let name = format!("accounts/{account}/users/{id}");
            let request = GetUserRequest { name, view: UserView::Full.into() };
            let user = service.answer(service.users()?.get_user(request)).await?;
            show_user(&user, &service)
        }
        Users::SetSource(SetSource { one: One { account, id, service }, source }) => {
            let name = format!("accounts/{account}/users/{id}");
            let request = SetUserSourceRequest { name, source: source.into() };
            let user = service.answer(service.users()?.set_user_source(request)).await?;
            show_user(&user, &service)
        }
    }
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
        Groups::SetSource(SetSource { one: One { account, id, service }, source }) => {
            let name = format!("accounts/{account}/groups/{id}");
            let request = SetGroupSourceRequest { name, source: source.into() };
            let group = service.answer(service.groups()?.set_group_source(request)).await?;
            show_group(&group, &service)
        }
    }
}

async fn list_users(options: List) -> Result<(), Error> {
    let List { account, search, limit, service } = options;
    let request = ListUsersRequest {
        parent: format!("accounts/{account}"),
        page_size: limit,
        filter: directory::users(&search),
        order_by: "userName".to_owned(),
        view: UserView::Basic.into(),
        ..ListUsersRequest::default()
    };
    let found = service.answer(service.users()?.list_users(request)).await?;
    if service.json {
        return output::print_json(&found.users.iter().map(user_json).collect());
    }
    let rows = found.users.iter().map(|user| {
        [
            id_of(&user.name).to_owned(),
            user.user_name.clone(),
            user.display_name.clone().unwrap_or_default(),
            if user.active == Some(true) { "yes" } else { "no" }.to_owned(),
            source(user.source()).to_owned(),
            human_time(user.update_time.as_ref()),
        ]
    });
    output::print_table(["ID", "USER NAME", "NAME", "ACTIVE", "FROM", "CHANGED"], rows.collect())
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

fn show_user(user: &User, service: &Service) -> Result<(), Error> {
    if service.json {
        return output::print_json(&user_json(user));
    }
    let groups: Vec<&str> = user.groups.iter().map(|group| group.display_name.as_str()).collect();
    let emails: Vec<&str> = user.emails.iter().filter_map(|email| email.value.as_deref()).collect();
    let rows = vec![
        ["user name".to_owned(), user.user_name.clone()],
        ["name".to_owned(), user.display_name.clone().unwrap_or_default()],
        ["e-mail".to_owned(), emails.join(", ")],
        ["external id".to_owned(), user.external_id.clone().unwrap_or_default()],
        ["active".to_owned(), if user.active == Some(true) { "yes" } else { "no" }.to_owned()],
        ["from".to_owned(), source(user.source()).to_owned()],
        ["groups".to_owned(), groups.join(", ")],
        ["created".to_owned(), human_time(user.create_time.as_ref())],
        ["changed".to_owned(), human_time(user.update_time.as_ref())],
    ];
    output::print_table(["USER", id_of(&user.name)], rows)
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

fn source(source: UserSource) -> &'static str {
    match source {
        UserSource::Unspecified => "unknown",
        UserSource::Scim => "scim",
        UserSource::Import => "import",
        UserSource::Manual => "manual",
    }
}

fn user_json(user: &User) -> Value {
    json!({
        "name": user.name,
        "userName": user.user_name,
        "displayName": user.display_name,
        "externalId": user.external_id,
        "active": user.active == Some(true),
        "source": source(user.source()),
        "emails": user.emails.iter().filter_map(|email| email.value.as_deref()).collect::<Vec<_>>(),
        "groups": user.groups.iter().map(|group| group.group.as_str()).collect::<Vec<_>>(),
        "createTime": json_time(user.create_time.as_ref()),
        "updateTime": json_time(user.update_time.as_ref()),
        "etag": user.etag,
    })
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
