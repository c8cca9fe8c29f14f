//! `rollcall console`.

use prost_types::Duration;
use rollcall_proto::token::{CreateInvitationRequest, Role, session_service_client::SessionServiceClient};
use serde_json::json;

use crate::{
    client::{self, human_time, json_time},
    error::Error,
    output,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a link that signs one person in to the web console, once
    #[command(after_long_help = "\
Examples:
  rollcall console link
  rollcall console link --role account-administrator --account acme --name 'Ann Ott'
  rollcall console link --role card-desk --account acme --minutes 1440 --console-url https://rollcall.example.com")]
    Link(Link),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Link {
    /// What the person may do
    #[arg(long, value_enum, default_value = "operator", value_name = "ROLE")]
    role: Place,
    /// In which account; an operator has all
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// The name to show, and to write into the audit
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    name: String,
    /// How long the link can be used, in minutes: 1 to 10080
    #[arg(long, default_value_t = 60, value_name = "MINUTES")]
    minutes: u32,
    /// Who makes it, for the record
    #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
    actor: String,
    /// The address by which the person reaches the console
    #[arg(long, env = "ROLLCALL_CONSOLE_URL", default_value = "http://127.0.0.1:7403", value_name = "URL")]
    console_url: String,
    #[command(flatten)]
    client: client::Options,
}

/// `--role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Place {
    /// Everything, in every account
    Operator,
    /// Everything in one account
    AccountAdministrator,
    /// The cards of the people of one account: no tokens, no settings
    CardDesk,
    /// Sees one account, and changes nothing
    ReadOnly,
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Link(options) => make(options).await,
    }
}

async fn make(options: Link) -> Result<(), Error> {
    let Link { role, account, name, minutes, actor, console_url, client } = options;
    let role = match role {
        Place::Operator => Role::Operator,
        Place::AccountAdministrator => Role::AccountAdministrator,
        Place::CardDesk => Role::CardDesk,
        Place::ReadOnly => Role::ReadOnly,
    };
    let request = CreateInvitationRequest {
        role: role.into(),
        account: account.map(|account| format!("accounts/{account}")).unwrap_or_default(),
        display_name: name,
        ttl: Some(Duration { seconds: i64::from(minutes) * 60, nanos: 0 }),
        first: false,
        actor,
    };
    let mut sessions = SessionServiceClient::new(client.channel()?);
    let made = client.answer(sessions.create_invitation(request)).await?;
    let link = link(&console_url, &made.secret);
    if client.json {
        let until = json_time(made.expire_time.as_ref());
        return output::print_json(&json!({ "link": link, "expireTime": until }));
    }
    let until = human_time(made.expire_time.as_ref());
    output::print(&format!("{link}\n\nIt lets one person in, once, until {until}."))
}

/// The address of an invitation.
pub(crate) fn link(console_url: &str, secret: &str) -> String {
    format!("{}/first-run/{secret}", console_url.trim_end_matches('/'))
}
