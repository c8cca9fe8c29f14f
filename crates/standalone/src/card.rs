//! `rollcall card`.

mod print;

use chrono::{DateTime, Utc};
use prost_types::{FieldMask, Timestamp};
use rollcall_proto::identity::{
    AssignDeniedCardRequest, Card, CreateCardRequest, DeleteCardRequest, DismissDeniedCardRequest,
    ExplainCardRequest, GetCardRequest, ListCardsRequest, ListDeniedCardsRequest, ResolveClaimRequest,
    UpdateCardRequest, card_service_client::CardServiceClient,
};
use rollcall_serve::Channel;
use serde_json::json;

pub(crate) use self::print::{denied_json, json_of};
use crate::{directory::Service, error::Error, input, output};

/// `rollcall card`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List cards, of the account or of one person
    #[command(after_long_help = "\
Examples:
  rollcall card list default
  rollcall card list default --user anna@example.com
  rollcall card list default --conflicts")]
    List {
        /// The account id
        account: String,
        /// Only this person's: id, user name or e-mail address
        #[arg(long, value_name = "WHO")]
        user: Option<String>,
        /// Only claims to a number that somebody else holds
        #[arg(long)]
        conflicts: bool,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=1000))]
        limit: i32,
        #[command(flatten)]
        service: Service,
    },
    /// Show a card
    Show(One),
    /// Give a person a card
    #[command(after_long_help = "\
Examples:
  echo 04A1B2C3 | rollcall card add default anna@example.com -
  rollcall card add default guest7 - --label 'Loaner 7' --valid-until 2026-12-31T18:00:00Z")]
    Add {
        /// The account id
        account: String,
        /// The person: id, user name or e-mail address
        user: String,
        /// The number as the directory has it; `-` reads it from standard input, where others do not see it
        number: String,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        service: Service,
    },
    /// Change what is given of a card, and leave the rest
    Edit {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        about: About,
    },
    /// Take a card away; the oldest claim to its number becomes a card
    Remove(One),
    /// End the conflict about a number: the person of this claim becomes its holder
    #[command(after_long_help = "\
To let the holder win, remove the claim: rollcall card remove default CLAIM")]
    Resolve(One),
    /// Say of a number whose it is, and why it does not work
    #[command(after_long_help = "\
Example:
  echo C3B2A104 | rollcall card explain default - --from-reader")]
    Explain {
        /// The account id
        account: String,
        /// The number; `-` reads it from standard input
        number: String,
        /// The number is as a reader gives it, so that the reader's steps of the conversion come first
        #[arg(long)]
        from_reader: bool,
        #[command(flatten)]
        service: Service,
    },
    /// List cards that were refused at stations, the latest first
    Denied {
        /// The account id
        account: String,
        /// Only those of this station
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
        station: String,
        /// Also those of people who are not active, and those that are not valid
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        service: Service,
    },
    /// Give a person a card that was refused
    Assign {
        #[command(flatten)]
        one: One,
        /// The person: id, user name or e-mail address
        user: String,
        /// What to call it
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        label: String,
    },
    /// Take a card out of the list of those that were refused
    Dismiss(One),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct One {
    /// The account id
    account: String,
    /// The card's id, the first column of the list
    id: String,
    #[command(flatten)]
    service: Service,
}

/// What there is to say of a card.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct About {
    /// The technology, such as MIFARE
    #[arg(long, value_name = "TEXT")]
    kind: Option<String>,
    /// What it is called
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// It works from then on: RFC 3339, such as 2026-12-31T18:00:00Z
    #[arg(long, value_name = "TIME")]
    valid_from: Option<DateTime<Utc>>,
    /// It stops working then
    #[arg(long, value_name = "TIME")]
    valid_until: Option<DateTime<Utc>>,
}

impl About {
    /// A card of which this is said, and the fields that are given.
    fn card(self) -> (Card, Vec<String>) {
        let Self { kind, label, valid_from, valid_until } = self;
        let given = [
            ("kind", kind.is_some()),
            ("label", label.is_some()),
            ("valid_from", valid_from.is_some()),
            ("valid_until", valid_until.is_some()),
        ];
        let paths =
            given.into_iter().filter(|(_, given)| *given).map(|(field, _)| field.to_owned()).collect();
        let card = Card {
            kind: kind.unwrap_or_default(),
            label: label.unwrap_or_default(),
            valid_from: valid_from.map(timestamp),
            valid_until: valid_until.map(timestamp),
            ..Card::default()
        };
        (card, paths)
    }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: time.timestamp(), nanos }
}

impl Service {
    fn cards(&self) -> Result<CardServiceClient<Channel>, Error> {
        Ok(CardServiceClient::new(self.channel()?))
    }
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::List { account, user, conflicts, limit, service } => {
            let user = match user {
                Some(who) => service.person(&account, &who).await?,
                None => String::new(),
            };
            let request = ListCardsRequest {
                parent: format!("accounts/{account}"),
                user,
                claims: conflicts,
                page_size: limit,
                page_token: String::new(),
            };
            let found = service.answer(service.cards()?.list_cards(request)).await?;
            print::cards(&found.cards, service.json)
        }
        Command::Show(One { account, id, service }) => {
            let request = GetCardRequest { name: card_name(&account, &id) };
            let card = service.answer(service.cards()?.get_card(request)).await?;
            print::card(&card, service.json)
        }
        Command::Add { account, user, number, about, service } => {
            let user = service.person(&account, &user).await?;
            let number = input::argument(number, "the card number")?;
            let card = Card { user, number, ..about.card().0 };
            let request = CreateCardRequest { parent: format!("accounts/{account}"), card: Some(card) };
            let card = service.answer(service.cards()?.create_card(request)).await?;
            print::card(&card, service.json)
        }
        Command::Edit { one: One { account, id, service }, about } => {
            let (card, paths) = about.card();
            if paths.is_empty() {
                return Err(Error::Refused(
                    "say what to change: --kind, --label, --valid-from, --valid-until".to_owned(),
                ));
            }
            let card = Card { name: card_name(&account, &id), ..card };
            let request = UpdateCardRequest { card: Some(card), update_mask: Some(FieldMask { paths }) };
            let card = service.answer(service.cards()?.update_card(request)).await?;
            print::card(&card, service.json)
        }
        Command::Remove(One { account, id, service }) => {
            let request = DeleteCardRequest { name: card_name(&account, &id) };
            service.answer(service.cards()?.delete_card(request)).await?;
            service.done(&format!("The card {id} is gone."))
        }
        Command::Resolve(One { account, id, service }) => {
            let request = ResolveClaimRequest { name: card_name(&account, &id) };
            let card = service.answer(service.cards()?.resolve_claim(request)).await?;
            print::card(&card, service.json)
        }
        Command::Explain { account, number, from_reader, service } => {
            let number = input::argument(number, "the card number")?;
            let request = ExplainCardRequest { parent: format!("accounts/{account}"), number, from_reader };
            let found = service.answer(service.cards()?.explain_card(request)).await?;
            print::explanation(&found, service.json)
        }
        other => denied(other).await,
    }
}

/// The commands about cards that were refused.
async fn denied(command: Command) -> Result<(), Error> {
    match command {
        Command::Denied { account, station, all, service } => {
            let request = ListDeniedCardsRequest {
                parent: format!("accounts/{account}"),
                station,
                unknown: !all,
                ..ListDeniedCardsRequest::default()
            };
            let found = service.answer(service.cards()?.list_denied_cards(request)).await?;
            print::denied(&found.denied_cards, service.json)
        }
        Command::Assign { one: One { account, id, service }, user, label } => {
            let user = service.person(&account, &user).await?;
            let request = AssignDeniedCardRequest { name: denied_name(&account, &id), user, label };
            let card = service.answer(service.cards()?.assign_denied_card(request)).await?;
            print::card(&card, service.json)
        }
        Command::Dismiss(One { account, id, service }) => {
            let request = DismissDeniedCardRequest { name: denied_name(&account, &id) };
            service.answer(service.cards()?.dismiss_denied_card(request)).await?;
            service.done(&format!("The card {id} is out of the list."))
        }
        _ => Ok(()),
    }
}

impl Service {
    /// Says that something is done.
    pub(crate) fn done(&self, text: &str) -> Result<(), Error> {
        if self.json { output::print_json(&json!({})) } else { output::print(text) }
    }
}

fn card_name(account: &str, id: &str) -> String {
    format!("accounts/{account}/cards/{id}")
}

fn denied_name(account: &str, id: &str) -> String {
    format!("accounts/{account}/deniedCards/{id}")
}
