//! `rollcall account`.

mod directory;
mod erase;
mod export;
mod records;

use rollcall_proto::token::{
    Account, AuditEntry, Connection, CreateAccountRequest, GetConnectionRequest, ListAccountsRequest,
    ListAuditEntriesRequest, account_service_client::AccountServiceClient,
    audit_service_client::AuditServiceClient, connection_service_client::ConnectionServiceClient,
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
        /// Who asks, for the record
        #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
        actor: String,
        #[command(flatten)]
        client: client::Options,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        client: client::Options,
    },
    /// Say how the connection of an account's identity provider is doing
    #[command(after_long_help = "\
Example:
  rollcall account status default")]
    Status {
        /// The account id
        account: String,
        #[command(flatten)]
        client: client::Options,
    },
    /// List who changed what in an account, newest first
    #[command(after_long_help = "\
Examples:
  rollcall account audit default
  rollcall account audit - --json       what belongs to no account, such as operators signing in")]
    Audit {
        /// The account id, or `-`
        account: String,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=1000))]
        limit: i32,
        #[command(flatten)]
        client: client::Options,
    },
    Export(export::Export),
    Erase(erase::Erase),
    /// Show and change what an account decides about the life of its users and groups
    #[command(subcommand)]
    Settings(settings::Command),
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Create { account, display_name, actor, client } => {
            create(account, display_name, actor, &client).await
        }
        Command::Status { account, client } => status(&account, &client).await,
        Command::Audit { account, limit, client } => audit(&account, limit, &client).await,
        Command::List { client } => list(&client).await,
        Command::Export(options) => Box::pin(export::run(options)).await,
        Command::Erase(options) => Box::pin(erase::run(options)).await,
        Command::Settings(command) => settings::run(command).await,
    }
}

async fn create(
    account_id: String,
    display_name: String,
    actor: String,
    client: &client::Options,
) -> Result<(), Error> {
    let mut accounts = AccountServiceClient::new(client.channel()?);
    let account = Some(Account { display_name, ..Account::default() });
    let request = CreateAccountRequest { account_id, account, actor };
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

async fn status(account: &str, client: &client::Options) -> Result<(), Error> {
    let mut connections = ConnectionServiceClient::new(client.channel()?);
    let request = GetConnectionRequest { name: format!("accounts/{account}/connection") };
    let connection = client.answer(connections.get_connection(request)).await?;
    if client.json {
        return output::print_json(&status_json(&connection));
    }
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let expiry = connection.token.as_ref().and_then(|token| token.expire_time);
    let mut rows = vec![
        ["state".to_owned(), state(&connection).replace('_', " ")],
        ["identity provider".to_owned(), or_dash(&connection.provider)],
        ["last access".to_owned(), human_time(connection.last_access_time.as_ref())],
        ["last change".to_owned(), human_time(connection.last_write_time.as_ref())],
        ["token expiry".to_owned(), human_time(expiry.as_ref())],
    ];
    if connection.failures_since_success > 0 {
        rows.push(["failed in a row".to_owned(), connection.failures_since_success.to_string()]);
        rows.push(["last failure".to_owned(), or_dash(&connection.last_failure)]);
    }
    rows.extend(connection.warnings.iter().map(|warning| {
        [if warning.alarm { "WARNING" } else { "advice" }.to_owned(), warning.message.clone()]
    }));
    output::print_table(["CONNECTION", account], rows)
}

fn state(connection: &Connection) -> String {
    connection.state().as_str_name().trim_start_matches("CONNECTION_STATE_").to_ascii_lowercase()
}

fn status_json(connection: &Connection) -> Value {
    let warnings: Vec<Value> = connection
        .warnings
        .iter()
        .map(|warning| {
            let kind = warning.kind().as_str_name().trim_start_matches("WARNING_KIND_").to_ascii_lowercase();
            json!({ "kind": kind, "alarm": warning.alarm, "message": warning.message })
        })
        .collect();
    json!({
        "name": connection.name,
        "state": state(connection),
        "provider": connection.provider,
        "lastAccessTime": json_time(connection.last_access_time.as_ref()),
        "lastSuccessTime": json_time(connection.last_success_time.as_ref()),
        "lastWriteTime": json_time(connection.last_write_time.as_ref()),
        "lastFailureTime": json_time(connection.last_failure_time.as_ref()),
        "lastFailure": connection.last_failure,
        "failuresSinceSuccess": connection.failures_since_success,
        "tokenExpireTime": json_time(connection.token.as_ref().and_then(|token| token.expire_time.as_ref())),
        "lateSinceTime": json_time(connection.late_since_time.as_ref()),
        "lostSyncEntries": connection.lost_sync_entries,
        "warnings": warnings,
    })
}

async fn audit(account: &str, limit: i32, client: &client::Options) -> Result<(), Error> {
    let mut audit = AuditServiceClient::new(client.channel()?);
    let request = ListAuditEntriesRequest {
        parent: format!("accounts/{account}"),
        page_size: limit,
        page_token: String::new(),
    };
    let entries = client.answer(audit.list_audit_entries(request)).await?.entries;
    if client.json {
        return output::print_json(&entries.iter().map(audit_json).collect());
    }
    let rows = entries.into_iter().map(|entry| {
        [human_time(entry.time.as_ref()), entry.actor, entry.action, entry.target, entry.detail]
    });
    output::print_table(["WHEN", "WHO", "WHAT", "ON WHAT", "DETAIL"], rows.collect())
}

fn audit_json(entry: &AuditEntry) -> Value {
    json!({
        "name": entry.name,
        "time": json_time(entry.time.as_ref()),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
    })
}

fn json(account: &Account) -> Value {
    json!({
        "name": account.name,
        "displayName": account.display_name,
        "createTime": json_time(account.create_time.as_ref()),
        "lastAccessTime": json_time(account.last_access_time.as_ref()),
    })
}
