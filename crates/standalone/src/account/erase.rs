//! `rollcall account erase`.

use std::{collections::BTreeMap, time::Duration};

use rollcall_proto::{
    identity::{EraseDirectoryRequest, directory_service_client::DirectoryServiceClient},
    token::{EraseAccountRequest, account_service_client::AccountServiceClient},
};
use serde_json::json;

use crate::{client::Services, error::Error, output};

/// How long gateways that were told that a token is good go on with it, and a little more.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// Rows by table.
type Rows = BTreeMap<String, i64>;

/// Erase all that is kept of an account, and look that nothing is left
///
/// Its tokens and sessions go first, so that nobody acts for it any more; then the rest, in small steps beside the work for other accounts.
/// Copies at stations become empty. It cannot be undone, and backups are not touched. Where the command ends early, give it again.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall account export acme --to acme.jsonl
  rollcall account erase acme --confirm acme
  rollcall account erase acme --check       erase nothing, say what is kept")]
pub(crate) struct Erase {
    /// The account id
    account: String,
    /// The account id once more
    #[arg(long, value_name = "ACCOUNT", required_unless_present = "check")]
    confirm: Option<String>,
    /// Erase nothing; say what is kept, and fail if anything is
    #[arg(long, conflicts_with = "confirm")]
    check: bool,
    /// Who asks, for the record
    #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
    actor: String,
    #[command(flatten)]
    services: Services,
}

pub(crate) async fn run(options: Erase) -> Result<(), Error> {
    let id = &options.account;
    if let Some(confirmed) = &options.confirm
        && confirmed != id
    {
        let words = format!("`--confirm {confirmed}` names another account than `{id}`: nothing was erased");
        return Err(Error::Refused(words));
    }
    let mut erased = [Rows::new(), Rows::new()];
    if !options.check {
        let [of_account, of_directory] = &mut erased;
        options.account(of_account).await?;
        options.directory(of_directory).await?;
        tokio::time::sleep(LAST_REQUESTS).await;
        options.directory(of_directory).await?;
    }
    let kept = options.kept().await?;
    options.print(&erased, &kept)?;
    let left: Vec<String> = ["token", "identity"]
        .into_iter()
        .zip(&kept)
        .flat_map(|(service, rows)| {
            rows.iter().map(move |(table, rows)| format!("{rows} in {table} of the {service} service"))
        })
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let advice = if options.check { "" } else { "; give the command again, and see docs/operator/erase.md" };
    Err(Error::Refused(format!("rows of the account `{id}` are kept: {}{advice}", left.join(", "))))
}

impl Erase {
    fn name(&self) -> String {
        format!("accounts/{}", self.account)
    }

    async fn account(&self, erased: &mut Rows) -> Result<(), Error> {
        let mut accounts = AccountServiceClient::new(self.services.client.channel()?);
        loop {
            let request =
                EraseAccountRequest { name: self.name(), actor: self.actor.clone(), validate_only: false };
            let answer = self.services.client.answer(accounts.erase_account(request)).await?;
            add(erased, answer.rows);
            if answer.complete {
                return Ok(());
            }
        }
    }

    async fn directory(&self, erased: &mut Rows) -> Result<(), Error> {
        let mut directories = DirectoryServiceClient::new(self.identity()?);
        loop {
            let request = EraseDirectoryRequest { parent: self.name(), validate_only: false };
            let answer = self.services.identity.answer(directories.erase_directory(request)).await?;
            add(erased, answer.rows);
            if answer.complete {
                return Ok(());
            }
        }
    }

    /// What is kept at the token service and at the identity service.
    async fn kept(&self) -> Result<[Rows; 2], Error> {
        let mut accounts = AccountServiceClient::new(self.services.client.channel()?);
        let mut directories = DirectoryServiceClient::new(self.identity()?);
        let request = EraseAccountRequest { name: self.name(), validate_only: true, ..Default::default() };
        let account = self.services.client.answer(accounts.erase_account(request)).await?.rows;
        let request = EraseDirectoryRequest { parent: self.name(), validate_only: true };
        let directory = self.services.identity.answer(directories.erase_directory(request)).await?.rows;
        Ok([account.into_iter().collect(), directory.into_iter().collect()])
    }

    fn identity(&self) -> Result<rollcall_serve::Channel, Error> {
        self.services.identity.channel(&self.services.client.peers)
    }

    fn print(&self, erased: &[Rows; 2], kept: &[Rows; 2]) -> Result<(), Error> {
        let of = |[token, identity]: &[Rows; 2]| json!({ "token": token, "identity": identity });
        if self.services.client.json {
            let erased = if self.check { json!(null) } else { of(erased) };
            return output::print_json(&json!({ "name": self.name(), "erased": erased, "kept": of(kept) }));
        }
        let (shown, head) = if self.check { (kept, "KEPT") } else { (erased, "ERASED") };
        let rows: Vec<[String; 3]> = ["token", "identity"]
            .into_iter()
            .zip(shown)
            .flat_map(|(service, rows)| {
                rows.iter().map(move |(table, rows)| [service.to_owned(), table.clone(), rows.to_string()])
            })
            .collect();
        if !rows.is_empty() {
            output::print_table(["SERVICE", "TABLE", head], rows)?;
        }
        if kept.iter().all(BTreeMap::is_empty) {
            output::print(&format!("Nothing is kept of the account `{}`.", self.account))?;
        }
        Ok(())
    }
}

fn add(erased: &mut Rows, more: impl IntoIterator<Item = (String, i64)>) {
    for (table, rows) in more {
        *erased.entry(table).or_default() += rows;
    }
}
