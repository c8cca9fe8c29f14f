//! `rollcall user`.

use rollcall_console::directory;
use rollcall_proto::identity::{
    CreateUserRequest, DeleteUserRequest, EnterpriseUser, GetUserRequest, ListUsersRequest, MultiValue,
    PatchOperation, PatchUserRequest, PersonName, SetUserSourceRequest, User, UserView,
};
use serde_json::{Value, json};

use super::{BY_HAND, List, One, Service, SetSource, replace, source};
use crate::{
    client::{human_time, id_of, json_time},
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
    /// Make a user who is kept by hand
    #[command(after_long_help = "\
Example:
  rollcall user create default guest7 --display-name 'Guest 7' --email guest7@example.com")]
    Create {
        /// The account id
        account: String,
        /// What the person signs in with
        user_name: String,
        #[command(flatten)]
        person: Person,
        #[command(flatten)]
        service: Service,
    },
    /// Change what is given of a user who is kept by hand, and leave the rest
    #[command(after_long_help = "\
Examples:
  rollcall user set default 01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42 --active false
  rollcall user set default 01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42 --title Clerk --department Tours")]
    Set {
        #[command(flatten)]
        one: One,
        /// What the person signs in with
        #[arg(long, value_name = "NAME")]
        user_name: Option<String>,
        #[command(flatten)]
        person: Person,
    },
    /// Delete a user who is kept by hand
    Delete(One),
    /// Say whose a user is: the identity provider's, or kept by hand
    #[command(after_long_help = "\
Example:
  rollcall user set-source default 01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42 manual")]
    SetSource(SetSource),
}

/// What can be said of a person.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Person {
    /// What devices show
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The given name
    #[arg(long, value_name = "NAME")]
    given_name: Option<String>,
    /// The family name
    #[arg(long, value_name = "NAME")]
    family_name: Option<String>,
    /// The e-mail address at work
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The title
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// The department
    #[arg(long, value_name = "NAME")]
    department: Option<String>,
    /// Whether the person may print
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
}

impl Person {
    /// A new person.
    fn user(self, user_name: String) -> User {
        let Self { display_name, given_name, family_name, email, title, department, active } = self;
        let name = PersonName { given_name, family_name, ..PersonName::default() };
        let email = email.map(|value| MultiValue {
            value: Some(value),
            r#type: Some("work".to_owned()),
            primary: Some(true),
            ..MultiValue::default()
        });
        User {
            user_name,
            display_name,
            person_name: (name != PersonName::default()).then_some(name),
            emails: email.into_iter().collect(),
            title,
            enterprise: department.map(|department| EnterpriseUser {
                department: Some(department),
                ..EnterpriseUser::default()
            }),
            active: active.or(Some(true)),
            ..User::default()
        }
    }

    /// What is given, as operations of a PATCH (RFC 7644 section 3.5.2).
    fn operations(self, user_name: Option<String>) -> Vec<PatchOperation> {
        let Self { display_name, given_name, family_name, email, title, department, active } = self;
        let texts = [
            ("userName", user_name),
            ("displayName", display_name),
            ("name.givenName", given_name),
            ("name.familyName", family_name),
            ("emails[type eq \"work\"].value", email),
            ("title", title),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", department),
        ];
        let texts = texts.into_iter().filter_map(|(path, text)| Some((path, Value::String(text?))));
        texts.chain(active.map(|active| ("active", Value::Bool(active)))).map(replace).collect()
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
        Users::Create { account, user_name, person, service } => {
            create_user(account, user_name, person, &service).await
        }
        Users::Set { one: One { account, id, service }, user_name, person } => {
            let name = format!("accounts/{account}/users/{id}");
            let operations = person.operations(user_name);
            let request =
                PatchUserRequest { name, operations, writer: BY_HAND, ..PatchUserRequest::default() };
            let user = service.answer(service.users()?.patch_user(request)).await?;
            show_user(&user, &service)
        }
        Users::Delete(One { account, id, service }) => {
            let name = format!("accounts/{account}/users/{id}");
            let request = DeleteUserRequest { name, etags: Vec::new(), writer: BY_HAND };
            service.answer(service.users()?.delete_user(request)).await?;
            service.deleted("user", &id)
        }
        Users::SetSource(SetSource { one: One { account, id, service }, source }) => {
            let name = format!("accounts/{account}/users/{id}");
            let request = SetUserSourceRequest { name, source: source.into() };
            let user = service.answer(service.users()?.set_user_source(request)).await?;
            show_user(&user, &service)
        }
    }
}

async fn create_user(
    account: String,
    user_name: String,
    person: Person,
    service: &Service,
) -> Result<(), Error> {
    let request = CreateUserRequest {
        parent: format!("accounts/{account}"),
        user: Some(person.user(user_name)),
        source: BY_HAND,
    };
    let user = service.answer(service.users()?.create_user(request)).await?;
    show_user(&user, service)
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
