//! Sends the notices that are due.
//!
//! Who sends a notice writes so first, under the account's lock, and has it alone for a while ([`notice::LEASE`]): so
//! replicas and restarts send it once. One that dies in between leaves it to the next, who sends it with the same ids.

use std::{sync::Arc, time::Duration};

use lettre::Address;
use rollcall_db::{Connection, Database};
use rollcall_proto::token::{NoticeChannel, NoticeState};
use rollcall_serve::CancellationToken;
use tokio::task::JoinSet;
use url::Url;

use crate::{
    clock::{Clock, Millis},
    config::Options,
    error::Error,
    mail::Mail,
    notice::{self, THRESHOLDS, Window},
    notice_text::About,
    store::{
        accounts,
        notices::{self, Key, Settings},
        tokens::Token,
    },
    webhook::{Secret, Webhooks},
};

/// How many notices of a kind are taken in a round.
const AT_MOST: i64 = 5000;
/// How many are sent at once.
const AT_ONCE: usize = 32;
/// How long sending one may take: less than the lease.
const PATIENCE: Duration = Duration::from_mins(4);
/// How long those that are being sent may take once the process is told to end.
const GRACE: Duration = Duration::from_secs(10);
/// The most characters that are kept of what went wrong.
const MAX_ERROR: usize = 500;

/// Sends notices, by mail and webhook.
#[derive(Clone)]
pub struct Sender {
    db: Database,
    clock: Clock,
    ways: Arc<Ways>,
    interval: Duration,
}

/// What a message needs to get out.
pub(crate) struct Ways {
    pub(crate) mail: Option<Mail>,
    pub(crate) key: Option<rollcall_key::Key>,
    pub(crate) console_url: Option<Url>,
    webhooks: Webhooks,
}

/// A notice that was taken.
struct Job {
    key: Key,
    attempts: i32,
    /// What it is about.
    subject: Token,
    display_name: String,
    settings: Settings,
}

impl Sender {
    /// A sender of what is due in `db`.
    pub fn new(db: Database, clock: Clock, options: Options) -> Self {
        let Options { key, mail, console_url, notice_interval, .. } = options;
        let ways = Ways { mail, key, console_url, webhooks: Webhooks::default() };
        Self { db, clock, ways: Arc::new(ways), interval: notice_interval }
    }

    pub(crate) fn ways(&self) -> Arc<Ways> {
        Arc::clone(&self.ways)
    }

    /// Sends what is due, time and again, until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let grace = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::pin!(grace);
        loop {
            tokio::select! {
                () = self.round(&stop) => {}
                () = &mut grace => return,
            }
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Sends what is due now; begins with no other once `stop` is cancelled.
    async fn round(&self, stop: &CancellationToken) {
        let due = match self.due().await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "cannot look for notices; it will be tried again"),
        };
        let mut running = JoinSet::new();
        for key in due {
            if running.len() >= AT_ONCE {
                running.join_next().await;
            }
            if stop.is_cancelled() {
                break;
            }
            let this = self.clone();
            running.spawn(async move {
                if let Err(error) = this.work(key).await {
                    tracing::warn!(%error, "cannot take or note a notice; it will be tried again");
                }
            });
        }
        while running.join_next().await.is_some() {}
    }

    async fn due(&self) -> Result<Vec<Key>, Error> {
        let now = self.clock.now();
        let channels: Vec<_> = [NoticeChannel::Email, NoticeChannel::Webhook]
            .into_iter()
            .filter(|channel| self.ways.has(*channel))
            .collect();
        if channels.is_empty() {
            return Ok(Vec::new());
        }
        self.db
            .read(move |c| {
                let mut due = Vec::new();
                for channel in &channels {
                    due.extend(notices::waiting(c, now, *channel, AT_MOST)?);
                }
                // The most urgent first.
                for days in THRESHOLDS.into_iter().rev() {
                    for channel in &channels {
                        due.extend(notices::untaken(c, Window::of(days, now), *channel, AT_MOST)?);
                    }
                }
                Ok(due)
            })
            .await
    }

    async fn work(&self, key: Key) -> Result<(), Error> {
        let (account, clock) = (key.account.clone(), self.clock.clone());
        let Some(job) = self.db.write(&account, move |c| take(c, key, clock.now())).await? else {
            return Ok(());
        };
        let sent = tokio::time::timeout(PATIENCE, self.ways.send(&job, self.clock.now()))
            .await
            .unwrap_or_else(|_| Err(format!("it took more than {} s", PATIENCE.as_secs())))
            .map_or_else(|error| Err(tidy(&error)), |warning| Ok(tidy(&warning)));
        let Job { key, attempts, .. } = job;
        let (token, days, channel) = (&key.token, key.days, key.channel.as_str_name());
        let (way, result) = (channel.to_ascii_lowercase(), if sent.is_ok() { "sent" } else { "failed" });
        metrics::counter!("rollcall_notices_total", "channel" => way.replace("notice_channel_", ""), "result" => result)
            .increment(1);
        match &sent {
            Ok(_) => tracing::info!(account, token, days, channel, "a notice was sent"),
            Err(error) => {
                tracing::warn!(account, token, days, channel, attempts, error, "a notice was not sent");
            }
        }
        let clock = self.clock.clone();
        self.db.write(&account, move |c| note(c, &key, attempts, sent, clock.now())).await
    }
}

impl Ways {
    /// Whether something can be sent by this channel.
    pub(crate) fn has(&self, channel: NoticeChannel) -> bool {
        match channel {
            NoticeChannel::Email => self.mail.is_some(),
            NoticeChannel::Webhook => self.key.is_some(),
            NoticeChannel::Unspecified => false,
        }
    }

    fn about<'a>(&'a self, account: &'a str, display_name: &'a str) -> About<'a> {
        About { account, display_name, console_url: self.console_url.as_ref() }
    }

    /// Sends a notice. Its ids follow from what it is about, so that a receiver can tell when it comes again.
    async fn send(&self, job: &Job, now: Millis) -> Result<String, String> {
        let Job { key: Key { account, token, days, channel }, subject, display_name, settings, .. } = job;
        let about = self.about(account, display_name);
        match channel {
            NoticeChannel::Email => {
                let text = about.text(subject, now);
                self.mail(&format!("{token}.{days}"), settings, now, text).await
            }
            _ => {
                self.post(&format!("{token}.{days}"), account, settings, now, &about.json(subject, *days))
                    .await
            }
        }
    }

    /// Sends a test, whose ids are new.
    pub(crate) async fn send_test(
        &self,
        channel: NoticeChannel,
        (account, display_name): (&str, &str),
        settings: &Settings,
        now: Millis,
    ) -> Result<String, String> {
        let (id, about) = (format!("{}.test", uuid::Uuid::new_v4()), self.about(account, display_name));
        let sent = match channel {
            NoticeChannel::Email => self.mail(&id, settings, now, about.test_text()).await,
            _ => self.post(&id, account, settings, now, &about.test_json(now)).await,
        };
        sent.map_or_else(|error| Err(tidy(&error)), |warning| Ok(tidy(&warning)))
    }

    async fn mail(
        &self,
        id: &str,
        settings: &Settings,
        now: Millis,
        text: crate::notice_text::Text,
    ) -> Result<String, String> {
        let mail = self.mail.as_ref().ok_or("this service has no mail server: it needs --smtp-url")?;
        let to: Vec<Address> = settings.emails().iter().filter_map(|email| email.parse().ok()).collect();
        mail.send(id, now, &to, text).await
    }

    async fn post(
        &self,
        id: &str,
        account: &str,
        settings: &Settings,
        now: Millis,
        body: &serde_json::Value,
    ) -> Result<String, String> {
        let key = self.key.as_ref().ok_or("this service cannot sign webhooks: it needs --key-file")?;
        let url = Url::parse(&settings.webhook_url).map_err(|problem| problem.to_string())?;
        let secret = Secret::of(key, account, settings.webhook_version);
        self.webhooks.post(url, &secret, id, now, body).await.map(|()| String::new())
    }
}

/// Takes a notice, unless somebody else has it or nobody is to be told any more.
fn take(c: &mut Connection, key: Key, now: Millis) -> Result<Option<Job>, Error> {
    accounts::lock(c, &key.account)?;
    let stored = notices::find(c, &key)?;
    let pending = i32::from(NoticeState::Pending);
    if stored.as_ref().is_some_and(|stored| stored.state != pending || stored.next_at > now) {
        return Ok(None);
    }
    let settings = notices::settings(c, &key.account)?;
    let subject = notices::subject(c, &key.account, &key.token)?
        .filter(|(_, facts)| facts.due(now) == Some(key.days) && settings.tells(key.channel));
    let Some((subject, _)) = subject else {
        if let Some(stored) = stored {
            let error = tidy(&format!("given up, it is not due any more; before that: {}", stored.error));
            notices::note(c, &key, NoticeState::Failed, now, &error)?;
        }
        return Ok(None);
    };
    let attempts = stored.map_or(0, |stored| stored.attempts).saturating_add(1);
    notices::take(c, &key, attempts, now, now.saturating_add(notice::LEASE))?;
    let display_name = accounts::find(c, &key.account)?.display_name;
    Ok(Some(Job { key, attempts, subject, display_name, settings }))
}

/// Notes how an attempt went. One that comes late, after somebody else took the notice, counts if it was a success.
fn note(
    c: &mut Connection,
    key: &Key,
    attempts: i32,
    sent: Result<String, String>,
    now: Millis,
) -> Result<(), Error> {
    accounts::lock(c, &key.account)?;
    let Some(stored) = notices::find(c, key)? else { return Ok(()) };
    if stored.state != i32::from(NoticeState::Pending) {
        return Ok(());
    }
    match (sent, notice::pause(attempts)) {
        (Ok(warning), _) => notices::note(c, key, NoticeState::Sent, now, &warning),
        (Err(_), _) if stored.attempts != attempts => Ok(()),
        (Err(error), Some(pause)) => {
            notices::note(c, key, NoticeState::Pending, now.saturating_add(pause), &error)
        }
        (Err(error), None) => notices::note(c, key, NoticeState::Failed, now, &error),
    }
}

/// A text of a stranger, short and in one line.
fn tidy(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(MAX_ERROR)
        .collect()
}
