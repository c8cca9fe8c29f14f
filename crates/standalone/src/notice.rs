//! `rollcall notice`.

use rollcall_proto::token::{
    GetNoticeSettingsRequest, ListNoticesRequest, Notice, NoticeChannel, NoticeSettings, NoticeState,
    RotateWebhookSecretRequest, SendTestNoticeRequest, UpdateNoticeSettingsRequest,
    notice_service_client::NoticeServiceClient,
};
use rollcall_serve::Channel;
use serde_json::{Value, json};

use crate::{
    client::{self, human_time, id_of, json_time},
    error::Error,
    output,
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show who is told when a token is about to expire
    #[command(after_long_help = "\
Example:
  rollcall notice show default")]
    Show {
        #[command(flatten)]
        account: Account,
    },
    /// Change what is given, and leave the rest
    #[command(after_long_help = "\
Examples:
  rollcall notice set default --email it@example.com --email print@example.com
  rollcall notice set acme --webhook-url https://hooks.example.com/rollcall
  rollcall notice set acme --no-email --no-webhook")]
    Set {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        actor: Actor,
    },
    /// Send a test to everybody who is told, at once, and say how it went
    #[command(after_long_help = "\
Example:
  rollcall notice test default")]
    Test {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        actor: Actor,
    },
    /// List the notices of an account, newest first
    #[command(after_long_help = "\
Example:
  rollcall notice list default")]
    List {
        #[command(flatten)]
        account: Account,
    },
    /// Make a new secret for checking webhooks; the old one ends at once
    #[command(after_long_help = "\
Example:
  rollcall notice rotate-webhook-secret default")]
    RotateWebhookSecret {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        actor: Actor,
    },
}

/// The account, and the service that knows it.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Account {
    /// The account id
    account: String,
    #[command(flatten)]
    client: client::Options,
}

/// Who asks.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Actor {
    /// Who asks, for the record
    #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
    actor: String,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Change {
    /// Tell this address, and none but those that are given: the option may be there up to 20 times
    #[arg(long = "email", value_name = "ADDRESS")]
    emails: Vec<String>,
    /// Tell nobody by e-mail
    #[arg(long, conflicts_with = "emails")]
    no_email: bool,
    /// Post webhooks to this https URL, or http URL of the machine of the token service
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Post no webhooks
    #[arg(long, conflicts_with = "webhook_url")]
    no_webhook: bool,
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Show { account } => {
            let settings = account.settings().await?;
            account.print(&settings)
        }
        Command::Set { account, change, actor: Actor { actor } } => {
            let settings = Some(change.apply(account.settings().await?));
            let mut notices = account.notices()?;
            let call = notices.update_notice_settings(UpdateNoticeSettingsRequest { settings, actor });
            let settings = account.client.answer(call).await?;
            account.print(&settings)
        }
        Command::Test { account, actor: Actor { actor } } => test(&account, actor).await,
        Command::List { account } => list(&account).await,
        Command::RotateWebhookSecret { account, actor: Actor { actor } } => {
            let mut notices = account.notices()?;
            let request = RotateWebhookSecretRequest { name: account.settings_name(), actor };
            let settings = account.client.answer(notices.rotate_webhook_secret(request)).await?;
            account.print(&settings)
        }
    }
}

impl Account {
    fn notices(&self) -> Result<NoticeServiceClient<Channel>, Error> {
        Ok(NoticeServiceClient::new(self.client.channel()?))
    }

    fn name(&self) -> String {
        format!("accounts/{}", self.account)
    }

    fn settings_name(&self) -> String {
        format!("{}/noticeSettings", self.name())
    }

    async fn settings(&self) -> Result<NoticeSettings, Error> {
        let mut notices = self.notices()?;
        let request = GetNoticeSettingsRequest { name: self.settings_name() };
        self.client.answer(notices.get_notice_settings(request)).await
    }

    fn print(&self, settings: &NoticeSettings) -> Result<(), Error> {
        let NoticeSettings { name, emails, webhook_url, webhook_secret, email_available, webhook_available } =
            settings;
        if self.client.json {
            return output::print_json(&json!({
                "name": name,
                "emails": emails,
                "webhookUrl": webhook_url,
                "webhookSecret": webhook_secret,
                "emailAvailable": email_available,
                "webhookAvailable": webhook_available,
            }));
        }
        let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let mail_server = if *email_available { "set" } else { "not set: start the service with --smtp-url" };
        let key = if *webhook_available { "set" } else { "not set: start the service with --key-file" };
        let rows = [
            ("emails", or_dash(&emails.join(", "))),
            ("webhook-url", or_dash(webhook_url)),
            ("webhook-secret", or_dash(webhook_secret)),
            ("mail server", mail_server.to_owned()),
            ("key", key.to_owned()),
        ];
        let rows = rows.map(|(setting, value)| [setting.to_owned(), value]);
        output::print_table(["SETTING", "VALUE"], rows.to_vec())
    }
}

impl Change {
    fn apply(self, mut settings: NoticeSettings) -> NoticeSettings {
        let Self { emails, no_email, webhook_url, no_webhook } = self;
        if no_email || !emails.is_empty() {
            settings.emails = emails;
        }
        if no_webhook {
            settings.webhook_url = String::new();
        }
        if let Some(url) = webhook_url {
            settings.webhook_url = url;
        }
        settings
    }
}

async fn test(account: &Account, actor: String) -> Result<(), Error> {
    let mut notices = account.notices()?;
    let request = SendTestNoticeRequest { parent: account.name(), actor };
    let sent = account.client.answer(notices.send_test_notice(request)).await?.notices;
    if account.client.json {
        output::print_json(&Value::Array(sent.iter().map(json).collect()))?;
    } else if sent.is_empty() {
        output::print(&format!(
            "Nobody is told of `{0}`; see `rollcall notice set {0} --help`.",
            account.account
        ))?;
    } else {
        let rows =
            sent.iter().map(|notice| [channel(notice), state(notice), &notice.error].map(str::to_owned));
        output::print_table(["CHANNEL", "STATE", "ERROR"], rows.collect())?;
    }
    match sent.iter().filter(|notice| notice.state() != NoticeState::Sent).count() {
        0 => Ok(()),
        failed => Err(Error::Refused(format!("{failed} of {} could not be sent", sent.len()))),
    }
}

async fn list(account: &Account) -> Result<(), Error> {
    let mut notices = account.notices()?;
    let mut all: Vec<Notice> = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListNoticesRequest { parent: account.name(), page_size: 1000, page_token };
        let page = account.client.answer(notices.list_notices(request)).await?;
        all.extend(page.notices);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if account.client.json {
        return output::print_json(&Value::Array(all.iter().map(json).collect()));
    }
    let rows = all.iter().map(|notice| {
        [
            id_of(&notice.token).to_owned(),
            notice.days.to_string(),
            channel(notice).to_owned(),
            state(notice).to_owned(),
            notice.attempts.to_string(),
            human_time(notice.attempt_time.as_ref()),
            notice.error.clone(),
        ]
    });
    let head = ["TOKEN", "DAYS BEFORE", "CHANNEL", "STATE", "ATTEMPTS", "LAST ATTEMPT", "ERROR"];
    output::print_table(head, rows.collect())
}

fn channel(notice: &Notice) -> &'static str {
    match notice.channel() {
        NoticeChannel::Email => "email",
        NoticeChannel::Webhook => "webhook",
        NoticeChannel::Unspecified => "unknown",
    }
}

fn state(notice: &Notice) -> &'static str {
    match notice.state() {
        NoticeState::Pending => "pending",
        NoticeState::Sent => "sent",
        NoticeState::Failed => "failed",
        NoticeState::Unspecified => "unknown",
    }
}

pub(crate) fn json(notice: &Notice) -> Value {
    json!({
        "token": notice.token,
        "days": notice.days,
        "channel": channel(notice),
        "state": state(notice),
        "attempts": notice.attempts,
        "attemptTime": json_time(notice.attempt_time.as_ref()),
        "error": notice.error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_left() {
        let settings = NoticeSettings {
            emails: vec!["a@b.example".to_owned()],
            webhook_url: "https://x.example/".to_owned(),
            ..NoticeSettings::default()
        };
        let nothing = || Change { emails: Vec::new(), no_email: false, webhook_url: None, no_webhook: false };
        let apply = |change: Change| {
            let changed = change.apply(settings.clone());
            (changed.emails.join(" "), changed.webhook_url)
        };
        let expect = |emails: &str, url: &str| (emails.to_owned(), url.to_owned());
        assert_eq!(apply(nothing()), expect("a@b.example", "https://x.example/"));
        assert_eq!(apply(Change { no_email: true, ..nothing() }), expect("", "https://x.example/"));
        assert_eq!(apply(Change { no_webhook: true, ..nothing() }), expect("a@b.example", ""));
        let emails = vec!["c@d.example".to_owned()];
        assert_eq!(apply(Change { emails, ..nothing() }), expect("c@d.example", "https://x.example/"));
        let webhook_url = Some("https://y.example/".to_owned());
        assert_eq!(apply(Change { webhook_url, ..nothing() }), expect("a@b.example", "https://y.example/"));
    }
}
