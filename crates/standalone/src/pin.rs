//! `rollcall pin`.

use clap::ValueEnum;
use rollcall_proto::identity::{
    ClearSecretRequest, CreateRegistrationCodeRequest, ListSecretsRequest, Secret, SecretKind, SecretSource,
    SetSecretRequest, pin_service_client::PinServiceClient,
};
use rollcall_serve::Channel;
use serde_json::{Value, json};

use crate::{
    client::{human_time, json_time},
    directory::Service,
    error::Error,
    input, output,
};

/// `rollcall pin`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Set a PIN or passcode, which is read from standard input
    #[command(after_long_help = "\
Examples:
  echo 739261 | rollcall pin set default anna@example.com
  rollcall pin set default anna@example.com --kind passcode")]
    Set {
        #[command(flatten)]
        of: Of,
        /// What it is
        #[arg(long, value_enum, default_value_t = Kind::Pin, value_name = "KIND")]
        kind: Kind,
    },
    /// Remove a PIN, passcode or registration code
    Clear {
        #[command(flatten)]
        of: Of,
        /// What it is
        #[arg(long, value_enum, default_value_t = Kind::Pin, value_name = "KIND")]
        kind: Kind,
    },
    /// Show which of them a person has; none of them can be read
    Show(Of),
    /// Make a code with which the person registers a card at a device, once, within a day
    Code(Of),
}

/// Whose it is.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Of {
    /// The account id
    account: String,
    /// The person: id, user name or e-mail address
    user: String,
    #[command(flatten)]
    service: Service,
}

/// The kinds of secret.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// Digits, typed at a device
    Pin,
    /// 8 to 128 characters
    Passcode,
    /// A code to register a card with
    RegistrationCode,
}

impl From<Kind> for i32 {
    fn from(kind: Kind) -> Self {
        let kind = match kind {
            Kind::Pin => SecretKind::Pin,
            Kind::Passcode => SecretKind::Passcode,
            Kind::RegistrationCode => SecretKind::RegistrationCode,
        };
        kind.into()
    }
}

impl Service {
    fn pins(&self) -> Result<PinServiceClient<Channel>, Error> {
        Ok(PinServiceClient::new(self.channel()?))
    }
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Set { of: Of { account, user, service }, kind } => {
            let user = service.person(&account, &user).await?;
            let secret = input::line("the new PIN or passcode")?;
            let request =
                SetSecretRequest { user, kind: kind.into(), secret, source: SecretSource::Console.into() };
            let set = service.answer(service.pins()?.set_secret(request)).await?;
            print(&[set], &service)
        }
        Command::Clear { of: Of { account, user, service }, kind } => {
            let user = service.person(&account, &user).await?;
            let request = ClearSecretRequest { user, kind: kind.into() };
            service.answer(service.pins()?.clear_secret(request)).await?;
            service.done("It is removed.")
        }
        Command::Show(Of { account, user, service }) => {
            let user = service.person(&account, &user).await?;
            let found = service.answer(service.pins()?.list_secrets(ListSecretsRequest { user })).await?;
            print(&found.secrets, &service)
        }
        Command::Code(Of { account, user, service }) => {
            let user = service.person(&account, &user).await?;
            let request = CreateRegistrationCodeRequest { user };
            let made = service.answer(service.pins()?.create_registration_code(request)).await?;
            if service.json {
                let expires = json_time(made.expire_time.as_ref());
                return output::print_json(&json!({ "code": made.code, "expireTime": expires }));
            }
            output::print(&format!(
                "{}\nIt is good once, until {}, and is not shown again.",
                made.code,
                human_time(made.expire_time.as_ref())
            ))
        }
    }
}

pub(crate) fn kind(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Pin => "pin",
        SecretKind::Passcode => "passcode",
        SecretKind::RegistrationCode => "registration code",
        SecretKind::Unspecified => "unknown",
    }
}

fn source(secret: &Secret) -> &'static str {
    match secret.source() {
        SecretSource::Scim => "scim",
        SecretSource::Import => "import",
        SecretSource::Person => "person",
        SecretSource::Console => "console",
        SecretSource::Unspecified => "unknown",
    }
}

pub(crate) fn json_of(secret: &Secret) -> Value {
    json!({
        "kind": kind(secret.kind()),
        "source": source(secret),
        "updateTime": json_time(secret.update_time.as_ref()),
        "lastUseTime": json_time(secret.last_use_time.as_ref()),
        "expireTime": json_time(secret.expire_time.as_ref()),
        "failures": secret.failures,
        "lockedUntil": json_time(secret.locked_until.as_ref()),
    })
}

fn print(secrets: &[Secret], service: &Service) -> Result<(), Error> {
    if service.json {
        return output::print_json(&secrets.iter().map(json_of).collect());
    }
    let rows = secrets.iter().map(|secret| {
        [
            kind(secret.kind()).to_owned(),
            source(secret).to_owned(),
            human_time(secret.update_time.as_ref()),
            human_time(secret.last_use_time.as_ref()),
            human_time(secret.expire_time.as_ref()),
            secret.failures.to_string(),
            human_time(secret.locked_until.as_ref()),
        ]
    });
    output::print_table(
        ["KIND", "SET BY", "SET", "LAST USED", "ENDS", "WRONG", "LOCKED UNTIL"],
        rows.collect(),
    )
}
