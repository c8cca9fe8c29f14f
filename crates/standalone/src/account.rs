//! `rollcall account`.

use rollcall_proto::token::{
    Account, CreateAccountRequest, ListAccountsRequest, account_service_client::AccountServiceClient,
};
use serde_json::{Value, json};

use crate::{
    client::{self, human_time, id_of, json_time},
    error::Error,
    output, settings,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Create an account
    ///
    /// An account is a tenant: it has its own users, groups and tokens, and its own Tenant URL.
    #[command(after_long_help = "\
Example:
  rollcall account create acme --display-name 'Acme Ltd.'")]
    Create {
        /// The id: 1 to 63 of a-z, 0-9 and `-`, beginning with a letter; part of the Tenant URL, fixed for ever
        account: String,
        /// The name shown to people [default: the id]
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
        display_name: String,
        #[command(flatten)]
        client: client::Options,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        client: client::Options,
    },
    /// Show and change what an account decides about the life of its users and groups
    #[command(subcommand)]
    Settings(settings::Command),
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Create { account, display_name, client } => create(account, display_name, &client).await,
        Command::List { client } => list(&client).await,
        Command::Settings(command) => settings::run(command).await,
    }
}

async fn create(account_id: String, display_name: String, client: &client::Options) -> Result<(), Error> {
    let mut accounts = AccountServiceClient::new(client.channel()?);
    let account = Some(Account { display_name, ..Account::default() });
    let request = CreateAccountRequest { account_id, account, actor: String::new() };
    let made = client.answer(accounts.create_account(request)).await?;
    if client.json {
        return output::print_json(&json(&made));
    }
    let id = id_of(&made.name);
    output::print(&format!("Account `{id}` created. Its first token: rollcall token generate {id}"))
}

async fn list(client: &client::Options) -> Result<(), Error> {
    let mut accounts = AccountServiceClient::new(client.channel()?);
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListAccountsRequest { page_size: 1000, page_token };
        let page = client.answer(accounts.list_accounts(request)).await?;
        all.extend(page.accounts);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if client.json {
        return output::print_json(&all.iter().map(json).collect());
    }
    let rows = all.into_iter().map(|account| {
        [
            id_of(&account.name).to_owned(),
            human_time(account.create_time.as_ref()),
            human_time(account.last_access_time.as_ref()),
            account.display_name,
        ]
    });
    output::print_table(["ACCOUNT", "CREATED", "LAST ACCESS", "NAME"], rows.collect())
}

fn json(account: &Account) -> Value {
    json!({
        "name": account.name,
        "displayName": account.display_name,
        "createTime": json_time(account.create_time.as_ref()),
        "lastAccessTime": json_time(account.last_access_time.as_ref()),
    })
}
