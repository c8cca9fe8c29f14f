//! `rollcall log`.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use prost_types::Timestamp;
use rollcall_console::csv;
use rollcall_proto::token::{
    GetSyncEntryRequest, GetSyncLogSettingsRequest, ListSyncEntriesRequest, SyncEntry, SyncKind,
    SyncLogSettings, SyncResult, UpdateSyncLogSettingsRequest, sync_log_service_client::SyncLogServiceClient,
};
use rollcall_serve::{Channel, channel};
use serde_json::{Value, json};

use crate::{
    client::{self, human_time, id_of, json_time},
    error::Error,
    output,
};

/// How many entries are asked for at once.
const PAGE: i32 = 1000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List what an identity provider asked, newest first
    #[command(after_long_help = "\
Examples:
  rollcall log list default --failed
  rollcall log list acme --subject ann --since 2026-01-31")]
    List {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        search: Search,
        /// At most so many
        #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Show all that is known of one request, with the body of one that failed
    #[command(after_long_help = "\
Example:
  rollcall log show default 0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")]
    Show {
        #[command(flatten)]
        account: Account,
        /// The id of the entry, as the list shows it
        entry: String,
    },
    /// Print all that matches as CSV, newest first
    ///
    /// A cell that a spreadsheet would take for a formula begins with an apostrophe.
    #[command(after_long_help = "\
Example:
  rollcall log export default --since 2026-01-01 --until 2026-02-01 > january.csv")]
    Export {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        search: Search,
    },
    /// Show for how long entries are kept, or change it
    #[command(after_long_help = "\
Examples:
  rollcall log settings default
  rollcall log settings default --keep-days 90")]
    Settings {
        #[command(flatten)]
        account: Account,
        /// Keep entries for so many days, 1 to 365
        #[arg(long, value_name = "DAYS")]
        keep_days: Option<i32>,
        /// Who asks, for the record
        #[arg(long, env = "USER", default_value = "rollcall", hide_env = true, value_name = "NAME")]
        actor: String,
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

/// Which entries.
#[derive(Debug, Default, clap::Args)]
#[group(skip)]
pub(crate) struct Search {
    /// Only about the user or group with this id
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    resource_id: String,
    /// Only about users and groups whose name begins so
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    subject: String,
    /// Only about this
    #[arg(long)]
    kind: Option<Kind>,
    /// Only what failed
    #[arg(long, conflicts_with = "succeeded")]
    failed: bool,
    /// Only what succeeded
    #[arg(long)]
    succeeded: bool,
    /// Only what changes something
    #[arg(long)]
    writes_only: bool,
    /// Only from this time on: a day in UTC, such as 2026-01-31, or a time, such as 2026-01-31T09:30:00+01:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Only before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    User,
    Group,
    Bulk,
    Other,
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::List { account, search, limit } => list(&account, &search, limit).await,
        Command::Show { account, entry } => show(&account, &entry).await,
        Command::Export { account, search } => export(&account, &search).await,
        Command::Settings { account, keep_days, actor } => settings(&account, keep_days, actor).await,
    }
}

impl Account {
    fn log(&self) -> Result<SyncLogServiceClient<Channel>, Error> {
        Ok(SyncLogServiceClient::new(self.client.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    fn name(&self) -> String {
        format!("accounts/{}", self.account)
    }
}

impl Search {
    fn request(&self, account: &Account) -> ListSyncEntriesRequest {
        let kind = self.kind.map_or(SyncKind::Unspecified, |kind| match kind {
            Kind::User => SyncKind::User,
            Kind::Group => SyncKind::Group,
            Kind::Bulk => SyncKind::Bulk,
            Kind::Other => SyncKind::Other,
        });
        let result = match (self.failed, self.succeeded) {
            (true, _) => SyncResult::Failed,
            (_, true) => SyncResult::Succeeded,
            _ => SyncResult::Unspecified,
        };
        ListSyncEntriesRequest {
            parent: account.name(),
            page_size: PAGE,
            page_token: String::new(),
            resource_id: self.resource_id.clone(),
            subject: self.subject.clone(),
            kind: kind.into(),
            result: result.into(),
            writes_only: self.writes_only,
            start_time: self.since.map(timestamp),
            end_time: self.until.map(timestamp),
        }
    }
}

async fn list(account: &Account, search: &Search, limit: u32) -> Result<(), Error> {
    let mut log = account.log()?;
    let mut request = search.request(account);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut all: Vec<SyncEntry> = Vec::new();
    while all.len() < limit {
        request.page_size = i32::try_from(limit - all.len()).unwrap_or(PAGE).min(PAGE);
        let page = account.client.answer(log.list_sync_entries(request.clone())).await?;
        all.extend(page.entries);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    if account.client.json {
        return output::print_json(&Value::Array(all.iter().map(json).collect()));
    }
    let rows = all.iter().map(|entry| {
        let what = if entry.subject.is_empty() { &entry.resource_id } else { &entry.subject };
        let what = if what.is_empty() { &entry.filter } else { what };
        [
            human_time(entry.time.as_ref()),
            format!("{} {}", entry.method, word(entry.kind().as_str_name(), "SYNC_KIND_")),
            entry.status.to_string(),
            what.clone(),
            entry.detail.chars().take(80).collect(),
            id_of(&entry.name).to_owned(),
        ]
    });
    output::print_table(["TIME", "REQUEST", "STATUS", "ABOUT", "DETAIL", "ENTRY"], rows.collect())
}

async fn show(account: &Account, entry: &str) -> Result<(), Error> {
    let name = format!("{}/syncEntries/{}", account.name(), id_of(entry));
    let mut log = account.log()?;
    let entry = account.client.answer(log.get_sync_entry(GetSyncEntryRequest { name })).await?;
    if account.client.json {
        return output::print_json(&json(&entry));
    }
    let Value::Object(fields) = json(&entry) else { return Ok(()) };
    let body = serde_json::from_str::<Value>(&entry.body).map_or(entry.body, |body| format!("{body:#}"));
    let rows = fields.into_iter().filter(|(name, _)| name != "body").map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        [name, if value.is_empty() { "-".to_owned() } else { value }]
    });
    output::print_table(["FIELD", "VALUE"], rows.collect())?;
    if body.is_empty() { Ok(()) } else { output::print(&format!("\n{body}")) }
}

async fn export(account: &Account, search: &Search) -> Result<(), Error> {
    let mut log = account.log()?;
    let mut request = search.request(account);
    let mut text = csv::header();
    loop {
        let page = account.client.answer(log.list_sync_entries(request.clone())).await?;
        text.extend(page.entries.iter().map(csv::row));
        let reads_on = output::write(&text)?;
        text.clear();
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() || !reads_on {
            return Ok(());
        }
    }
}

async fn settings(account: &Account, keep_days: Option<i32>, actor: String) -> Result<(), Error> {
    let name = format!("{}/syncLogSettings", account.name());
    let mut log = account.log()?;
    let settings = match keep_days {
        None => account.client.answer(log.get_sync_log_settings(GetSyncLogSettingsRequest { name })).await?,
        Some(keep_days) => {
            let settings = Some(SyncLogSettings { name, keep_days, max_entries: 0 });
            let request = UpdateSyncLogSettingsRequest { settings, actor };
            account.client.answer(log.update_sync_log_settings(request)).await?
        }
    };
    let SyncLogSettings { name, keep_days, max_entries } = settings;
    if account.client.json {
        return output::print_json(
            &json!({ "name": name, "keepDays": keep_days, "maxEntries": max_entries }),
        );
    }
    let rows = [("keep-days", keep_days.to_string()), ("max entries", max_entries.to_string())];
    let rows = rows.map(|(setting, value)| [setting.to_owned(), value]);
    output::print_table(["SETTING", "VALUE"], rows.to_vec())
}

pub(crate) fn json(entry: &SyncEntry) -> Value {
    let duration = entry.duration.unwrap_or_default();
    json!({
        "name": entry.name,
        "time": json_time(entry.time.as_ref()),
        "token": entry.token,
        "method": entry.method,
        "kind": word(entry.kind().as_str_name(), "SYNC_KIND_"),
        "action": word(entry.action().as_str_name(), "SYNC_ACTION_"),
        "resourceId": entry.resource_id,
        "subject": entry.subject,
        "filter": entry.filter,
        "status": entry.status,
        "milliseconds": duration.seconds.saturating_mul(1000).saturating_add(i64::from(duration.nanos) / 1_000_000),
        "scimType": entry.scim_type,
        "detail": entry.detail,
        "body": entry.body,
        "agent": entry.agent,
        "address": entry.address,
        "trace": entry.trace,
    })
}

/// A name of an enumeration, as a word.
fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}

/// A time, or a day, which begins at midnight UTC.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| "give a day such as 2026-01-31, or a time such as 2026-01-31T09:30:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_instants() {
        for (text, expected) in [
            ("2026-01-31", Some(1_769_817_600)),
            ("2026-01-31T01:00:00+01:00", Some(1_769_817_600)),
            ("2026-01-31T00:00:00Z", Some(1_769_817_600)),
            ("2026-02-30", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(time(text).ok().map(|time| time.timestamp()), expected, "{text}");
        }
    }
}
