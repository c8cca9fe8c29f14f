//! `rollcall token`.

use prost_types::Duration;
use rollcall_proto::token::{
    GenerateTokenRequest, ListTokensRequest, RetireTokenRequest, RevokeTokenRequest, Token, TokenState,
    token_service_client::TokenServiceClient,
};
use serde_json::{Value, json};

use crate::{
    client::{self, human_time, id_of, json_time},
    error::Error,
    output, serve,
};

const DAY: i64 = 24 * 60 * 60;
const HOUR: i64 = 60 * 60;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Generate a token, and print it with the Tenant URL: the two things that an identity provider asks for
    ///
    /// The token is shown once; only a hash of it is stored. A token that is live already goes on working for the
    /// overlap, at the latest until the new one has been at work alone for an hour; at most two are live at once.
    #[command(after_long_help = "\
Examples:
  rollcall token generate default
  rollcall token generate acme --valid-days 90 --overlap-hours 1
  rollcall token generate acme --public-url https://scim.example.com --json")]
    Generate(Generate),
    /// List the tokens of an account, newest first
    #[command(after_long_help = "\
Example:
  rollcall token list default")]
    List {
        /// The account id
        account: String,
        #[command(flatten)]
        client: client::Options,
    },
    /// End a token at once
    #[command(after_long_help = "\
Example:
  rollcall token revoke default 01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42")]
    Revoke(Which),
    /// End a token that a newer one replaces, without waiting for the rest of its overlap
    #[command(after_long_help = "\
Example:
  rollcall token retire default 01997b1c-3f5e-7c0a-9d55-8a1f0e6d7c42")]
    Retire(Which),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Which {
    /// The account id
    account: String,
    /// The id of the token, the first column of `rollcall token list`
    token: String,
    /// Who asks, for the record
    #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
    actor: String,
    #[command(flatten)]
    client: client::Options,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Generate {
    /// The account id
    account: String,
    /// How long the token is valid, in days: 30 to 730
    #[arg(long, default_value_t = 365, value_name = "DAYS")]
    valid_days: u32,
    /// How long a token that is live now goes on working, in hours: 0 to 168
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    overlap_hours: u32,
    /// Who asks, for the record
    #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
    created_by: String,
    /// A UUID: however often the command is run with it, one token is made
    #[arg(long, default_value = "", hide_default_value = true, value_name = "UUID")]
    request_id: String,
    /// The address by which the identity provider reaches the gateway
    #[arg(long, env = "ROLLCALL_PUBLIC_URL", default_value = "http://127.0.0.1:7400", value_name = "URL")]
    public_url: String,
    #[command(flatten)]
    client: client::Options,
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Generate(options) => generate(options).await,
        Command::List { account, client } => list(&account, &client).await,
        Command::Revoke(which) => revoke(which).await,
        Command::Retire(which) => retire(which).await,
    }
}

async fn generate(options: Generate) -> Result<(), Error> {
    let Generate { account, valid_days, overlap_hours, created_by, request_id, public_url, client } = options;
    let mut tokens = TokenServiceClient::new(client.channel()?);
    let request = GenerateTokenRequest {
        parent: format!("accounts/{account}"),
        ttl: Some(Duration { seconds: i64::from(valid_days) * DAY, nanos: 0 }),
        overlap: Some(Duration { seconds: i64::from(overlap_hours) * HOUR, nanos: 0 }),
        created_by,
        request_id,
    };
    let made = client.answer(tokens.generate_token(request)).await?;
    let token = made.token.unwrap_or_default();
    let tenant_url = serve::tenant_url(&public_url, &account);
    if client.json {
        return output::print_json(&json!({
            "tenantUrl": tenant_url,
            "secret": made.secret,
            "token": json(&token),
        }));
    }
    output::print(&format!(
        "Tenant URL  {tenant_url}\nToken       {}\n\nValid until {}. Copy the token now: it is not shown again.",
        made.secret,
        human_time(token.expire_time.as_ref()),
    ))
}

async fn list(account: &str, client: &client::Options) -> Result<(), Error> {
    let mut tokens = TokenServiceClient::new(client.channel()?);
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            ListTokensRequest { parent: format!("accounts/{account}"), page_size: 1000, page_token };
        let page = client.answer(tokens.list_tokens(request)).await?;
        all.extend(page.tokens);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if client.json {
        return output::print_json(&all.iter().map(json).collect());
    }
    if all.is_empty() {
        return output::print(&format!(
            "The account `{account}` has no token: rollcall token generate {account}"
        ));
    }
    let rows = all.iter().map(|token| {
        [
            id_of(&token.name).to_owned(),
            format!("{}...", token.prefix),
            state(token).to_owned(),
            human_time(token.create_time.as_ref()),
            human_time(ends(token)),
            human_time(token.last_use_time.as_ref()),
            token.uses_today.to_string(),
            used_by(token),
            token.created_by.clone(),
        ]
    });
    output::print_table(
        ["ID", "TOKEN", "STATE", "CREATED", "ENDS", "LAST USED", "TODAY", "FROM", "BY"],
        rows.collect(),
    )
}

impl Which {
    fn name(&self) -> String {
        format!("accounts/{}/tokens/{}", self.account, self.token)
    }

    fn print(&self, token: &Token) -> Result<(), Error> {
        if self.client.json {
            return output::print_json(&json(token));
        }
        output::print(&format!("Token {}... of `{}` is {}.", token.prefix, self.account, state(token)))
    }
}

async fn revoke(which: Which) -> Result<(), Error> {
    let mut tokens = TokenServiceClient::new(which.client.channel()?);
    let request = RevokeTokenRequest { name: which.name(), actor: which.actor.clone() };
    let token = which.client.answer(tokens.revoke_token(request)).await?;
    which.print(&token)
}

async fn retire(which: Which) -> Result<(), Error> {
    let mut tokens = TokenServiceClient::new(which.client.channel()?);
    let request = RetireTokenRequest { name: which.name(), actor: which.actor.clone() };
    let token = which.client.answer(tokens.retire_token(request)).await?;
    which.print(&token)
}

/// Who used a token last: the identity provider, and the address.
fn used_by(token: &Token) -> String {
    let parts = [token.last_use_provider.as_str(), token.last_use_address.as_str()];
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if known.is_empty() { "-".to_owned() } else { known.join(", ") }
}

/// When a token ends, or ended.
fn ends(token: &Token) -> Option<&prost_types::Timestamp> {
    match token.state() {
        TokenState::Revoked => token.revoke_time.as_ref(),
        TokenState::Retiring | TokenState::Retired => token.retire_time.as_ref(),
        TokenState::Active | TokenState::Expired | TokenState::Unspecified => token.expire_time.as_ref(),
    }
}

fn state(token: &Token) -> &'static str {
    match token.state() {
        TokenState::Active => "active",
        TokenState::Retiring => "retiring",
        TokenState::Retired => "retired",
        TokenState::Expired => "expired",
        TokenState::Revoked => "revoked",
        TokenState::Unspecified => "unknown",
    }
}

pub(crate) fn json(token: &Token) -> Value {
    json!({
        "name": token.name,
        "prefix": token.prefix,
        "state": state(token),
        "createTime": json_time(token.create_time.as_ref()),
        "expireTime": json_time(token.expire_time.as_ref()),
        "retireTime": json_time(token.retire_time.as_ref()),
        "revokeTime": json_time(token.revoke_time.as_ref()),
        "firstUseTime": json_time(token.first_use_time.as_ref()),
        "lastUseTime": json_time(token.last_use_time.as_ref()),
        "lastUseAddress": token.last_use_address,
        "lastUseAgent": token.last_use_agent,
        "lastUseProvider": token.last_use_provider,
        "usesToday": token.uses_today,
        "createdBy": token.created_by,
    })
}
