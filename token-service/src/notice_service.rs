//! `rollcall.token.v1.NoticeService`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lettre::Address;
use rollcall_db::Database;
use rollcall_proto::token::{
    GetNoticeSettingsRequest, ListNoticesRequest, ListNoticesResponse, Notice, NoticeChannel, NoticeSettings,
    NoticeState, RotateWebhookSecretRequest, SendTestNoticeRequest, SendTestNoticeResponse,
    UpdateNoticeSettingsRequest, notice_service_server::NoticeService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    account_service::check_text,
    clock::{Clock, Millis},
    error::Error,
    name,
    notice_sender::{Sender, Ways},
    page,
    store::{
        accounts, audit,
        notices::{self, Notice as Row, Place, Settings},
    },
    timestamp,
    webhook::{self, Secret},
};

/// The most addresses of an account.
const MAX_EMAILS: usize = 20;
/// The most characters of an address (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL: usize = 254;
/// How long the answer to a test may take.
const PATIENCE: Duration = Duration::from_secs(12);
/// The most characters of the detail of an audit entry.
const MAX_DETAIL: usize = 1000;
/// The pause between two tests of an account: they send mail to whomever its administrator names.
const TEST_PAUSE: Millis = 10_000;

/// The notice service.
#[derive(Clone)]
pub struct Notices {
    db: Database,
    clock: Clock,
    ways: Arc<Ways>,
    /// When each account was last tested; forgotten after [`TEST_PAUSE`].
    tested: Arc<Mutex<HashMap<String, Millis>>>,
}

impl Notices {
    /// The service over `db`; tests go the way of the sender's notices.
    pub fn new(db: Database, clock: Clock, sender: &Sender) -> Self {
        Self { db, clock, ways: sender.ways(), tested: Arc::default() }
    }

    async fn get(&self, request: GetNoticeSettingsRequest) -> Result<NoticeSettings, Error> {
        let account = name::singleton(&request.name, "noticeSettings", "name")?;
        let id = account.clone();
        let settings = self
            .db
            .read(move |c| {
                accounts::find(c, &id)?;
                notices::settings(c, &id)
            })
            .await?;
        Ok(self.message(&account, &settings))
    }

    async fn update(&self, request: UpdateNoticeSettingsRequest) -> Result<NoticeSettings, Error> {
        let UpdateNoticeSettingsRequest { settings, actor } = request;
        let NoticeSettings { name, emails, webhook_url, .. } = settings.unwrap_or_default();
        let account = name::singleton(&name, "noticeSettings", "settings.name")?;
        check_text(&actor, "actor")?;
        let emails = check_emails(&emails)?;
        if !webhook_url.is_empty() {
            webhook::check_url(&webhook_url, "settings.webhook_url")?;
        }
        let (can_sign, id, now) = (self.ways.key.is_some(), account.clone(), self.clock.now());
        let settings = self
            .db
            .write(&account, move |c| {
                accounts::lock(c, &id)?;
                let mut settings = notices::settings(c, &id)?;
                if settings.emails() == emails && settings.webhook_url == webhook_url {
                    return Ok(settings);
                }
                // One that is set already may stay, so that addresses can be changed where the key is missing.
                if !webhook_url.is_empty() && webhook_url != settings.webhook_url && !can_sign {
                    return Err(Error::NoKey);
                }
                settings.set_emails(&emails);
                settings.webhook_url = webhook_url;
                notices::put_settings(c, &id, &settings)?;
                audit::record(c, &id, now, &actor, "notices.update", &name, &summary(&settings))?;
                Ok(settings)
            })
            .await?;
        Ok(self.message(&account, &settings))
    }

    async fn rotate(&self, request: RotateWebhookSecretRequest) -> Result<NoticeSettings, Error> {
        let RotateWebhookSecretRequest { name, actor } = request;
        let account = name::singleton(&name, "noticeSettings", "name")?;
        check_text(&actor, "actor")?;
        if self.ways.key.is_none() {
            return Err(Error::NoKey);
        }
        let (id, now) = (account.clone(), self.clock.now());
        let settings = self
            .db
            .write(&account, move |c| {
                accounts::lock(c, &id)?;
                let mut settings = notices::settings(c, &id)?;
                if settings.webhook_url.is_empty() {
                    return Err(Error::NoWebhook(id));
                }
                settings.webhook_version = settings.webhook_version.wrapping_add(1);
                notices::put_settings(c, &id, &settings)?;
                audit::record(c, &id, now, &actor, "webhook.rotate", &name, "")?;
                Ok(settings)
            })
            .await?;
        Ok(self.message(&account, &settings))
    }

    async fn test(&self, request: SendTestNoticeRequest) -> Result<SendTestNoticeResponse, Error> {
        let SendTestNoticeRequest { parent, actor } = request;
        let account = name::account(&parent, "parent")?;
        check_text(&actor, "actor")?;
        let (id, now) = (account.clone(), self.clock.now());
        let this = self.clone();
        let (display_name, settings) = self
            .db
            .write(&account, move |c| {
                accounts::lock(c, &id)?;
                let display_name = accounts::find(c, &id)?.display_name;
                let settings = notices::settings(c, &id)?;
                this.may_test(&id, now)?;
                audit::record(c, &id, now, &actor, "notices.test", &parent, &summary(&settings))?;
                Ok::<_, Error>((display_name, settings))
            })
            .await?;
        let about = (account.as_str(), display_name.as_str());
        let (email, webhook) = tokio::join!(
            self.try_one(NoticeChannel::Email, about, &settings, now),
            self.try_one(NoticeChannel::Webhook, about, &settings, now),
        );
        Ok(SendTestNoticeResponse { notices: email.into_iter().chain(webhook).collect() })
    }

    /// Notes a test, unless the last one was a moment ago.
    fn may_test(&self, account: &str, now: Millis) -> Result<(), Error> {
        let mut tested = self.tested.lock().unwrap_or_else(PoisonError::into_inner);
        tested.retain(|_, at| (0..TEST_PAUSE).contains(&now.saturating_sub(*at)));
        if tested.contains_key(account) {
            return Err(Error::TestedJustNow);
        }
        tested.insert(account.to_owned(), now);
        Ok(())
    }

    async fn try_one(
        &self,
        channel: NoticeChannel,
        about: (&str, &str),
        settings: &Settings,
        now: Millis,
    ) -> Option<Notice> {
        if !settings.tells(channel) {
            return None;
        }
        let sent = tokio::time::timeout(PATIENCE, self.ways.send_test(channel, about, settings, now))
            .await
            .unwrap_or_else(|_| Err(format!("it took more than {} s", PATIENCE.as_secs())));
        let (state, error) = match sent {
            Ok(warning) => (NoticeState::Sent, warning),
            Err(error) => (NoticeState::Failed, error),
        };
        Some(Notice {
            channel: channel.into(),
            state: state.into(),
            attempts: 1,
            attempt_time: Some(timestamp::of(now)),
            error,
            ..Notice::default()
        })
    }

    async fn list(&self, request: ListNoticesRequest) -> Result<ListNoticesResponse, Error> {
        let account = name::account(&request.parent, "parent")?;
        let size = page::size(request.page_size)?;
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(place(token).ok_or_else(page::unknown_token)?),
        };
        let id = account.clone();
        let rows = self
            .db
            .read(move |c| {
                accounts::find(c, &id)?;
                notices::list(c, &id, after.clone(), page::limit(size))
            })
            .await?;
        let key = |row: &Row| format!("{}.{}.{}", row.token_id, row.days, row.channel);
        let (rows, next_page_token) = page::cut(rows, size, key);
        let notices = rows.into_iter().map(|row| message_of(&account, row)).collect();
        Ok(ListNoticesResponse { notices, next_page_token })
    }

    fn message(&self, account: &str, settings: &Settings) -> NoticeSettings {
        let secret = |key| Secret::of(key, account, settings.webhook_version).shown();
        let key = self.ways.key.as_ref().filter(|_| !settings.webhook_url.is_empty());
        NoticeSettings {
            name: name::of_singleton(account, "noticeSettings"),
            emails: settings.emails(),
            webhook_url: settings.webhook_url.clone(),
            webhook_secret: key.map(secret).unwrap_or_default(),
            email_available: self.ways.has(NoticeChannel::Email),
            webhook_available: self.ways.has(NoticeChannel::Webhook),
        }
    }
}

/// Checks addresses; those that are there twice are there once.
fn check_emails(emails: &[String]) -> Result<Vec<String>, Error> {
    const FIELD: &str = "settings.emails";
    if emails.len() > MAX_EMAILS {
        return Err(Error::invalid(FIELD, format!("there are more than {MAX_EMAILS} addresses")));
    }
    let mut checked: Vec<String> = Vec::new();
    for (index, email) in emails.iter().enumerate() {
        let sound = email.chars().count() <= MAX_EMAIL && !email.chars().any(char::is_control);
        if !sound || email.parse::<Address>().is_err() {
            let problem = format!("the address at {index} is none; an address looks like name@example.com");
            return Err(Error::invalid(FIELD, problem));
        }
        if !checked.iter().any(|known| known.eq_ignore_ascii_case(email)) {
            checked.push(email.clone());
        }
    }
    Ok(checked)
}

/// For the audit. Of the URL only the host: its path may be as good as a password.
fn summary(settings: &Settings) -> String {
    let url = url::Url::parse(&settings.webhook_url).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or("none");
    let emails = settings.emails();
    let emails = if emails.is_empty() { "none".to_owned() } else { emails.join(", ") };
    format!("webhook: {host}; e-mail: {emails}").chars().take(MAX_DETAIL).collect()
}

/// The place that a page token names.
fn place(token: &str) -> Option<Place> {
    let mut parts = token.split('.');
    let id = Uuid::try_parse(parts.next()?).ok()?.to_string();
    let place = (id, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(place)
}

fn message_of(account: &str, row: Row) -> Notice {
    let Row { token_id, days, channel, state, attempts, attempt_at, next_at: _, error } = row;
    Notice {
        token: name::of_token(account, &token_id),
        days,
        channel,
        state,
        attempts,
        attempt_time: attempt_at.map(timestamp::of),
        error,
    }
}

#[tonic::async_trait]
impl NoticeService for Notices {
    async fn get_notice_settings(
        &self,
        request: Request<GetNoticeSettingsRequest>,
    ) -> Result<Response<NoticeSettings>, Status> {
        Ok(Response::new(self.get(request.into_inner()).await?))
    }

    async fn update_notice_settings(
        &self,
        request: Request<UpdateNoticeSettingsRequest>,
    ) -> Result<Response<NoticeSettings>, Status> {
        Ok(Response::new(self.update(request.into_inner()).await?))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<RotateWebhookSecretRequest>,
    ) -> Result<Response<NoticeSettings>, Status> {
        Ok(Response::new(self.rotate(request.into_inner()).await?))
    }

    async fn send_test_notice(
        &self,
        request: Request<SendTestNoticeRequest>,
    ) -> Result<Response<SendTestNoticeResponse>, Status> {
        Ok(Response::new(self.test(request.into_inner()).await?))
    }

    async fn list_notices(
        &self,
        request: Request<ListNoticesRequest>,
    ) -> Result<Response<ListNoticesResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }
}
