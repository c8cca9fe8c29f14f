//! `rollcall account settings`.

mod values;

use clap::ValueEnum;
use rollcall_proto::identity::{
    Adoption, CardVisibility, GetSettingsRequest, LeaverCards, PinUse, Reactivation, Settings,
    UnknownMembers, UpdateSettingsRequest, settings_service_client::SettingsServiceClient,
};
use rollcall_proto::token::{
    AuditEntry, GetAccountRequest, RecordAuditEntryRequest, account_service_client::AccountServiceClient,
    audit_service_client::AuditServiceClient,
};
use serde_json::{Value, json};

use self::values::{AdoptWhen, OnLeaving, OnReturn, OnUnknown, Show, UsePin};
use crate::{client::Services, error::Error, output};

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
        service: Services,
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
        service: Services,
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
    /// What the identity provider reads of card numbers
    #[arg(long, value_name = "WHAT")]
    card_visibility: Option<Show>,
    /// What becomes of the cards and PIN of a person who is deactivated; they stop working at once
    #[arg(long, value_name = "WHAT")]
    leaver_cards: Option<OnLeaving>,
    /// How a PIN is used at a device
    #[arg(long, value_name = "HOW")]
    pin_use: Option<UsePin>,
    /// The fewest digits of a PIN
    #[arg(long, value_name = "DIGITS", value_parser = clap::value_parser!(i32).range(4..=16))]
    pin_min_length: Option<i32>,
}

impl Services {
    /// The settings of an account that is there: a mistyped id would set what nobody reads.
    async fn settings(&self, account: &str) -> Result<SettingsServiceClient<rollcall_serve::Channel>, Error> {
        let name = format!("accounts/{account}");
        let mut accounts = AccountServiceClient::new(self.client.channel()?);
        self.client.answer(accounts.get_account(GetAccountRequest { name })).await?;
        Ok(SettingsServiceClient::new(self.identity.channel(&self.client.peers)?))
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
            ("card-visibility", value(Show::of(settings))),
            ("leaver-cards", value(OnLeaving::of(settings))),
            ("pin-use", value(UsePin::of(settings))),
            ("pin-min-length", settings.pin_min_length.to_string()),
        ];
        if self.client.json {
            return output::print_json(&json(settings));
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

pub(crate) fn json(settings: &Settings) -> Value {
    json!({
        "name": settings.name,
        "reactivation": value(OnReturn::of(settings)),
        "unknownMembers": value(OnUnknown::of(settings)),
        "adoption": value(AdoptWhen::of(settings)),
        "cardVisibility": value(Show::of(settings)),
        "leaverCards": value(OnLeaving::of(settings)),
        "pinUse": value(UsePin::of(settings)),
        "pinMinLength": settings.pin_min_length,
    })
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
            ("card visibility", self.card_visibility.map(|given| value(Some(given)))),
            ("cards of leavers", self.leaver_cards.map(|given| value(Some(given)))),
            ("use of PINs", self.pin_use.map(|given| value(Some(given)))),
            ("fewest digits of a PIN", self.pin_min_length.map(|given| given.to_string())),
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
        let card_visibility = match self.card_visibility {
            None => CardVisibility::Unspecified,
            Some(Show::Masked) => CardVisibility::Masked,
            Some(Show::Hidden) => CardVisibility::Hidden,
        };
        let leaver_cards = match self.leaver_cards {
            None => LeaverCards::Unspecified,
            Some(OnLeaving::Keep) => LeaverCards::Keep,
            Some(OnLeaving::Erase) => LeaverCards::Erase,
        };
        let pin_use = match self.pin_use {
            None => PinUse::Unspecified,
            Some(UsePin::WithName) => PinUse::WithName,
            Some(UsePin::Alone) => PinUse::Alone,
        };
        Settings {
            name,
            reactivation: reactivation.into(),
            unknown_members: unknown_members.into(),
            adoption: adoption.into(),
            card_visibility: card_visibility.into(),
            leaver_cards: leaver_cards.into(),
            pin_use: pin_use.into(),
            pin_min_length: self.pin_min_length.unwrap_or_default(),
        }
    }
}
