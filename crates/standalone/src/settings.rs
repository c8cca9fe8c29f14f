//! `rollcall account settings`.

use clap::ValueEnum;
use rollcall_proto::identity::{
    Adoption, GetSettingsRequest, Reactivation, Settings, UnknownMembers, UpdateSettingsRequest,
    settings_service_client::SettingsServiceClient,
};
use rollcall_proto::token::{
    AuditEntry, GetAccountRequest, RecordAuditEntryRequest, account_service_client::AccountServiceClient,
    audit_service_client::AuditServiceClient,
};
use serde_json::json;

use crate::{client, error::Error, output};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what an account decides about the life of its users and groups
    #[command(after_long_help = "\
Example:
  rollcall account settings show default")]
    Show {
        /// The account id
        account: String,
        #[command(flatten)]
        service: Service,
    },
    /// Change what is given, and leave the rest
    #[command(after_long_help = "\
Examples:
  rollcall account settings set default --reactivation refuse
  rollcall account settings set acme --adoption by-name-or-email --unknown-members refuse")]
    Set {
        /// The account id
        account: String,
        #[command(flatten)]
        change: Change,
        /// Who asks, for the record
        #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
        actor: String,
        #[command(flatten)]
        service: Service,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Change {
    /// When the identity provider creates a user whom it has deactivated
    #[arg(long, value_name = "WHAT")]
    reactivation: Option<OnReturn>,
    /// When a member of a group is named who belongs to nobody
    #[arg(long, value_name = "WHAT")]
    unknown_members: Option<OnUnknown>,
    /// When the identity provider creates a user who was imported or made by hand
    #[arg(long, value_name = "WHEN")]
    adoption: Option<AdoptWhen>,
}

/// `--reactivation`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnReturn {
    /// The user is reactivated, with the same id
    Reactivate,
    /// 409
    Refuse,
}

/// `--unknown-members`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnUnknown {
    /// The member is left out
    Ignore,
    /// 400, and nothing is changed
    Refuse,
}

/// `--adoption`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AdoptWhen {
    /// Never: 409
    Off,
    /// When the externalId is the same, or else the userName
    ByName,
    /// The same, or else when the e-mail address is and nobody else has it
    ByNameOrEmail,
}

/// Where the settings are.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Service {
    #[command(flatten)]
    identity: client::Identity,
    #[command(flatten)]
    client: client::Options,
}

impl Service {
    /// The settings of an account that is there: a mistyped id would set what nobody reads.
    async fn settings(&self, account: &str) -> Result<SettingsServiceClient<rollcall_serve::Channel>, Error> {
        let name = format!("accounts/{account}");
        let mut accounts = AccountServiceClient::new(self.client.channel()?);
        self.client.answer(accounts.get_account(GetAccountRequest { name })).await?;
        Ok(SettingsServiceClient::new(self.identity.channel()?))
    }

    /// Writes into the audit what is about to be changed: a change without a record is worse than a record without a
    /// change.
    async fn record(&self, account: &str, actor: String, detail: String) -> Result<(), Error> {
        let action = "settings.update".to_owned();
        let entry = AuditEntry { actor, action, target: name(account), detail, ..AuditEntry::default() };
        let mut audit = AuditServiceClient::new(self.client.channel()?);
        let parent = format!("accounts/{account}");
        let request = RecordAuditEntryRequest { parent, entry: Some(entry) };
        self.client.answer(audit.record_audit_entry(request)).await.map(drop)
    }

    fn print(&self, settings: &Settings) -> Result<(), Error> {
        let rows = [
            ("reactivation", value(OnReturn::of(settings))),
            ("unknown-members", value(OnUnknown::of(settings))),
            ("adoption", value(AdoptWhen::of(settings))),
        ];
        if self.client.json {
            let [(_, reactivation), (_, unknown_members), (_, adoption)] = rows;
            return output::print_json(&json!({
                "name": settings.name,
                "reactivation": reactivation,
                "unknownMembers": unknown_members,
                "adoption": adoption,
            }));
        }
        let rows = rows.map(|(setting, value)| [setting.to_owned(), value]);
        output::print_table(["SETTING", "VALUE"], rows.to_vec())
    }
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Show { account, service } => {
            let mut settings = service.settings(&account).await?;
            let request = GetSettingsRequest { name: name(&account) };
            let shown = service.identity.answer(settings.get_settings(request)).await?;
            service.print(&shown)
        }
        Command::Set { account, change, actor, service } => {
            let mut settings = service.settings(&account).await?;
            service.record(&account, actor, change.words()).await?;
            // Without a mask, what is unspecified is left alone.
            let request =
                UpdateSettingsRequest { settings: Some(change.settings(name(&account))), update_mask: None };
            let changed = service.identity.answer(settings.update_settings(request)).await?;
            service.print(&changed)
        }
    }
}

fn name(account: &str) -> String {
    format!("accounts/{account}/settings")
}

/// The word for a value, as the options take it; a newer service may have values without one.
fn value<T: ValueEnum>(value: Option<T>) -> String {
    let named = value.and_then(|value| value.to_possible_value());
    named.map_or_else(|| "unknown".to_owned(), |value| value.get_name().to_owned())
}

impl Change {
    /// What is given, for the audit.
    fn words(&self) -> String {
        let rules = [
            ("reactivation", self.reactivation.map(|given| value(Some(given)))),
            ("unknown members", self.unknown_members.map(|given| value(Some(given)))),
            ("adoption", self.adoption.map(|given| value(Some(given)))),
        ];
        let given: Vec<String> =
            rules.into_iter().filter_map(|(rule, value)| Some(format!("{rule}: {}", value?))).collect();
        given.join(", ")
    }

    fn settings(&self, name: String) -> Settings {
        let reactivation = match self.reactivation {
            None => Reactivation::Unspecified,
            Some(OnReturn::Reactivate) => Reactivation::Reactivate,
            Some(OnReturn::Refuse) => Reactivation::Refuse,
        };
        let unknown_members = match self.unknown_members {
            None => UnknownMembers::Unspecified,
            Some(OnUnknown::Ignore) => UnknownMembers::Ignore,
            Some(OnUnknown::Refuse) => UnknownMembers::Refuse,
        };
        let adoption = match self.adoption {
            None => Adoption::Unspecified,
            Some(AdoptWhen::Off) => Adoption::Off,
            Some(AdoptWhen::ByName) => Adoption::ByName,
            Some(AdoptWhen::ByNameOrEmail) => Adoption::ByNameOrEmail,
        };
        Settings {
            name,
            reactivation: reactivation.into(),
            unknown_members: unknown_members.into(),
            adoption: adoption.into(),
        }
    }
}

impl OnReturn {
    fn of(settings: &Settings) -> Option<Self> {
        match settings.reactivation() {
            Reactivation::Unspecified => None,
            Reactivation::Reactivate => Some(Self::Reactivate),
            Reactivation::Refuse => Some(Self::Refuse),
        }
    }
}

impl OnUnknown {
    fn of(settings: &Settings) -> Option<Self> {
        match settings.unknown_members() {
            UnknownMembers::Unspecified => None,
            UnknownMembers::Ignore => Some(Self::Ignore),
            UnknownMembers::Refuse => Some(Self::Refuse),
        }
    }
}

impl AdoptWhen {
    fn of(settings: &Settings) -> Option<Self> {
        match settings.adoption() {
            Adoption::Unspecified => None,
            Adoption::Off => Some(Self::Off),
            Adoption::ByName => Some(Self::ByName),
            Adoption::ByNameOrEmail => Some(Self::ByNameOrEmail),
        }
    }
}
