//! Who is told that a token is about to end, and how often: once.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use rollcall_db::{Address, Database, test::TestDb};
use rollcall_key::Key;
use rollcall_proto::token::{
    CreateAccountRequest, GenerateTokenRequest, GetNoticeSettingsRequest, ListAuditEntriesRequest,
    ListNoticesRequest, Notice, NoticeChannel, NoticeSettings, NoticeState, RevokeTokenRequest,
    RotateWebhookSecretRequest, SendTestNoticeRequest, Token, UpdateNoticeSettingsRequest,
    account_service_client::AccountServiceClient, audit_service_client::AuditServiceClient,
    notice_service_client::NoticeServiceClient, token_service_client::TokenServiceClient,
};
use rollcall_serve::{CancellationToken, Channel, channel};
use rollcall_token_service::{
    Clock, Options, Service,
    clock::DAY,
    mail::Mail,
    migrations,
    notice::{LEASE, NEWS, THRESHOLDS, pause},
};
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use crate::{
    receivers::{Hook, HookServer, MailServer, NEVER},
    server::reason,
};

const BEGIN: i64 = 1_767_225_600_000;
const SETTINGS: &str = "accounts/acme/noticeSettings";

/// A database, those who are told, and as many replicas as the test starts.
struct World {
    db: Database,
    address: Address,
    time: Arc<AtomicI64>,
    key: Key,
    mail: MailServer,
    hooks: HookServer,
    /// One that only answers.
    notices: NoticeServiceClient<Channel>,
    audit: AuditServiceClient<Channel>,
    tokens: TokenServiceClient<Channel>,
}

/// A replica at work.
struct Replica {
    stop: CancellationToken,
    tasks: JoinHandle<()>,
}

impl Replica {
    async fn stop(self) {
        self.stop.cancel();
        self.tasks.await.unwrap();
    }

    /// As SIGKILL does.
    async fn kill(self) {
        self.tasks.abort();
        assert!(self.tasks.await.unwrap_err().is_cancelled());
    }
}

async fn on_both<R: Future<Output = ()>>(test: impl Fn(World) -> R) {
    for database in TestDb::both() {
        test(World::new(&database).await).await;
    }
}

impl World {
    async fn new(database: &TestDb) -> Self {
        let db = database.open(migrations()).unwrap();
        let time = Arc::new(AtomicI64::new(BEGIN));
        let (mail, hooks, key) =
            (MailServer::start().await, HookServer::start().await, Key::generate().unwrap());
        let shown = Arc::clone(&time);
        let clock = Clock::new(move || shown.load(Ordering::SeqCst));
        let service = Service::new(db.clone(), clock, options(&mail, &key));
        let channel = channel::in_process(service.routes().unwrap());
        let request = CreateAccountRequest { account_id: "acme".to_owned(), ..Default::default() };
        AccountServiceClient::new(channel.clone()).create_account(request).await.unwrap();
        Self {
            db,
            address: database.address.clone(),
            time,
            key,
            mail,
            hooks,
            notices: NoticeServiceClient::new(channel.clone()),
            audit: AuditServiceClient::new(channel.clone()),
            tokens: TokenServiceClient::new(channel),
        }
    }

    /// Starts a replica: on PostgreSQL with connections of its own, as another process has.
    fn replica(&self) -> Replica {
        let db = match &self.address {
            Address::Sqlite(_) => self.db.clone(),
            Address::Postgres(_) => {
                Database::open(&self.address, &rollcall_db::Options::default(), migrations()).unwrap()
            }
        };
        let shown = Arc::clone(&self.time);
        let clock = Clock::new(move || shown.load(Ordering::SeqCst));
        let stop = CancellationToken::new();
        let tasks = Service::new(db, clock, options(&self.mail, &self.key)).start(stop.clone());
        Replica { stop, tasks }
    }

    fn at(&self, time: i64) {
        self.time.store(time, Ordering::SeqCst);
    }

    fn pass(&self, millis: i64) {
        self.time.fetch_add(millis, Ordering::SeqCst);
    }

    async fn generate(&self) -> Token {
        let request = GenerateTokenRequest {
            parent: "accounts/acme".to_owned(),
            created_by: "jane".to_owned(),
            ..Default::default()
        };
        self.tokens.clone().generate_token(request).await.unwrap().into_inner().token.unwrap()
    }

    async fn set(&self, emails: &[&str], webhook_url: &str) -> Result<NoticeSettings, Status> {
        let settings = NoticeSettings {
            name: SETTINGS.to_owned(),
            emails: emails.iter().map(|email| (*email).to_owned()).collect(),
            webhook_url: webhook_url.to_owned(),
            ..Default::default()
        };
        let request = UpdateNoticeSettingsRequest { settings: Some(settings), actor: "jane".to_owned() };
        Ok(self.notices.clone().update_notice_settings(request).await?.into_inner())
    }

    async fn get(&self) -> NoticeSettings {
        let request = GetNoticeSettingsRequest { name: SETTINGS.to_owned() };
        self.notices.clone().get_notice_settings(request).await.unwrap().into_inner()
    }

    async fn list(&self) -> Vec<Notice> {
        let request = ListNoticesRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        self.notices.clone().list_notices(request).await.unwrap().into_inner().notices
    }

    /// Waits until so many mails and webhooks have come and no more come.
    async fn expect(&self, mails: usize, hooks: usize) {
        let counts = || (self.mail.mails().len(), self.hooks.hooks().len());
        let end = Instant::now() + Duration::from_secs(20);
        while counts() != (mails, hooks) {
            assert!(Instant::now() < end, "there are {:?} instead of {:?}", counts(), (mails, hooks));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(counts(), (mails, hooks));
    }

    /// Waits until the newest notice is in this state with this error, and returns it. An attempt that fails has its
    /// error only once it is noted.
    async fn expect_state(&self, state: NoticeState, attempts: i32, error: &str) -> Notice {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let notices = self.list().await;
            if let Some(notice) = notices.first()
                && (notice.state(), notice.attempts) == (state, attempts)
                && notice.error.contains(error)
            {
                return notice.clone();
            }
            assert!(Instant::now() < end, "{notices:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn options(mail: &MailServer, key: &Key) -> Options {
    let mail =
        Mail::new(&mail.url.as_str().into(), "Rollcall <rollcall@corp.example>".parse().unwrap(), None);
    Options {
        key: Some(key.clone()),
        mail: Some(mail.unwrap()),
        console_url: Some("https://console.example/".parse().unwrap()),
        notice_interval: Duration::from_millis(20),
        ..Options::default()
    }
}

fn end_of(token: &Token) -> i64 {
    token.expire_time.unwrap().seconds * 1000 + i64::from(token.expire_time.unwrap().nanos) / 1_000_000
}

/// Checks a webhook as its receiver would, from the specification alone.
fn assert_signed(hook: &Hook, secret: &str) {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = [hook.id.as_bytes(), b".", hook.timestamp.as_bytes(), b".", &hook.body].concat();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(&signed);
    assert_eq!(hook.signature, format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
}

#[tokio::test]
async fn each_threshold_is_told_once_by_two_replicas_and_across_a_restart() {
    on_both(async |world| {
        let token = world.generate().await;
        let secret =
            world.set(&["a@corp.example", "b@corp.example"], &world.hooks.url).await.unwrap().webhook_secret;
        let (mut one, mut two) = (world.replica(), world.replica());
        for (told, days) in THRESHOLDS.into_iter().enumerate() {
            world.at(end_of(&token) - i64::from(days) * DAY - 1);
            world.expect(told, told).await;
            world.pass(1);
            world.expect(told + 1, told + 1).await;
            one.stop().await;
            two.stop().await;
            (one, two) = (world.replica(), world.replica());
        }
        world.at(end_of(&token) + NEWS);
        world.expect(6, 6).await;

        let id = token.name.rsplit('/').next().unwrap();
        for (days, mail) in THRESHOLDS.iter().zip(world.mail.mails()) {
            assert_eq!(mail.to, ["a@corp.example", "b@corp.example"]);
            assert_eq!(mail.header("Message-ID"), format!("<{id}.{days}@corp.example>"));
            assert_eq!(mail.header("From"), "Rollcall <rollcall@corp.example>");
            let subject = match days {
                0 => "The SCIM token of acme has expired".to_owned(),
                1 => "The SCIM token of acme expires in 1 day".to_owned(),
                days => format!("The SCIM token of acme expires in {days} days"),
            };
            assert_eq!(mail.header("Subject"), subject);
            assert!(mail.text.contains(&format!("{}...", token.prefix)), "{}", mail.text);
            assert!(mail.text.contains("https://console.example/accounts/acme/sync"), "{}", mail.text);
        }
        for (days, hook) in THRESHOLDS.iter().zip(world.hooks.hooks()) {
            assert_signed(&hook, &secret);
            assert_eq!(hook.id, format!("{id}.{days}"));
            let body: serde_json::Value = serde_json::from_slice(&hook.body).unwrap();
            assert_eq!(body["type"], if *days == 0 { "token.expired" } else { "token.expiring" });
            assert_eq!(body["data"]["days"], *days);
            assert_eq!(body["data"]["token"], token.name);
        }
        let list = world.list().await;
        assert!(
            list.iter().all(|notice| notice.state() == NoticeState::Sent && notice.attempts == 1),
            "{list:?}"
        );
        assert_eq!(
            list.iter().map(|notice| notice.days).collect::<Vec<_>>(),
            [0, 0, 1, 1, 7, 7, 14, 14, 30, 30, 90, 90]
        );
        one.stop().await;
        two.stop().await;
    })
    .await;
}

#[tokio::test]
async fn of_what_passed_while_nobody_ran_only_the_most_urgent_is_told() {
    on_both(async |world| {
        let token = world.generate().await;
        world.set(&["a@corp.example"], "").await.unwrap();
        world.at(end_of(&token) - 10 * DAY);
        let replica = world.replica();
        world.expect(1, 0).await;
        assert_eq!(world.mail.mails()[0].header("Subject"), "The SCIM token of acme expires in 10 days");
        assert_eq!(world.list().await[0].days, 14);
        // Who begins to be told is told where things stand, too.
        world.set(&["a@corp.example"], &world.hooks.url).await.unwrap();
        world.expect(1, 1).await;
        replica.stop().await;
    })
    .await;
}

#[tokio::test]
async fn nobody_is_told_of_a_token_that_was_replaced_or_revoked() {
    on_both(async |world| {
        let old = world.generate().await;
        world.set(&["a@corp.example"], "").await.unwrap();
        world.at(end_of(&old) - 7 * DAY);
        let new = world.generate().await;
        let replica = world.replica();
        world.expect(0, 0).await;
        world.at(end_of(&old));
        world.expect(0, 0).await;
        world.at(end_of(&new) - 90 * DAY);
        world.expect(1, 0).await;
        let request = RevokeTokenRequest { name: new.name.clone(), ..Default::default() };
        world.tokens.clone().revoke_token(request).await.unwrap();
        world.at(end_of(&new));
        world.expect(1, 0).await;
        replica.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_fails_is_asked_again_and_given_up_after_three_days() {
    on_both(async |world| {
        let token = world.generate().await;
        world.set(&[], &world.hooks.url).await.unwrap();
        world.hooks.answer(500);
        world.at(end_of(&token) - 90 * DAY);
        let replica = world.replica();
        let notice = world.expect_state(NoticeState::Pending, 1, "500").await;
        assert_eq!(notice.error, "the receiver answered 500 Internal Server Error");
        world.pass(pause(1).unwrap() - 1);
        world.expect(0, 1).await;
        // A redirect could lead anywhere.
        world.hooks.answer(307);
        world.pass(1);
        world.expect_state(NoticeState::Pending, 2, "redirects are not followed").await;
        let mut attempts = 2;
        while let Some(wait) = pause(attempts) {
            attempts += 1;
            let status = 500 + u16::try_from(attempts).unwrap();
            world.hooks.answer(status);
            world.pass(wait);
            let state = if pause(attempts).is_some() { NoticeState::Pending } else { NoticeState::Failed };
            world.expect_state(state, attempts, &status.to_string()).await;
        }
        world.pass(DAY);
        let hooks = usize::try_from(attempts).unwrap();
        world.expect(0, hooks).await;
        assert!(world.hooks.hooks().iter().all(|hook| hook.id == world.hooks.hooks()[0].id));

        // The next threshold is another notice.
        world.hooks.answer(200);
        world.at(end_of(&token) - 30 * DAY);
        world.expect(0, hooks + 1).await;
        world.expect_state(NoticeState::Sent, 1, "").await;
        replica.stop().await;
    })
    .await;
}

#[tokio::test]
async fn one_that_dies_while_sending_leaves_it_to_the_next_with_the_same_id() {
    on_both(async |world| {
        let token = world.generate().await;
        let secret = world.set(&[], &world.hooks.url).await.unwrap().webhook_secret;
        world.hooks.answer(NEVER);
        world.at(end_of(&token));
        let replica = world.replica();
        world.expect(0, 1).await;
        replica.kill().await;
        world.hooks.answer(200);
        let replica = world.replica();
        world.pass(LEASE - 1);
        world.expect(0, 1).await;
        world.pass(1);
        world.expect(0, 2).await;
        let hooks = world.hooks.hooks();
        assert_eq!((&hooks[0].id, &hooks[0].body), (&hooks[1].id, &hooks[1].body));
        assert_ne!(hooks[0].timestamp, hooks[1].timestamp);
        assert_signed(&hooks[1], &secret);
        world.expect_state(NoticeState::Sent, 2, "").await;
        replica.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_retry_stops_when_the_token_is_replaced() {
    on_both(async |world| {
        let token = world.generate().await;
        world.set(&[], &world.hooks.url).await.unwrap();
        world.hooks.answer(503);
        world.at(end_of(&token) - 14 * DAY);
        let replica = world.replica();
        world.expect_state(NoticeState::Pending, 1, "503").await;
        world.generate().await;
        world.pass(pause(1).unwrap());
        let given_up = "given up, it is not due any more; before that: the receiver answered 503";
        world.expect_state(NoticeState::Failed, 1, given_up).await;
        world.expect(0, 1).await;
        replica.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_refused_does_not_keep_the_others_from_being_told() {
    on_both(async |world| {
        let token = world.generate().await;
        world.set(&["gone@corp.example", "a@corp.example", "b@corp.example"], "").await.unwrap();
        world.at(end_of(&token));
        let replica = world.replica();
        world.expect(2, 0).await;
        world.expect_state(NoticeState::Sent, 1, "gone@corp.example: ").await;
        world.set(&["gone@corp.example"], "").await.unwrap();
        let token = world.generate().await;
        world.at(end_of(&token));
        world.expect_state(NoticeState::Pending, 1, "nobody of that name").await;
        replica.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_test_says_how_each_went() {
    on_both(async |world| {
        let test = async || {
            let request = SendTestNoticeRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
            Ok::<_, Status>(world.notices.clone().send_test_notice(request).await?.into_inner().notices)
        };
        assert_eq!(test().await.unwrap(), []);
        assert_eq!(reason(&test().await.unwrap_err()), "TESTED_JUST_NOW");
        world.pass(10_000);
        let secret = world.set(&["a@corp.example"], &world.hooks.url).await.unwrap().webhook_secret;
        world.hooks.answer(404);
        let sent = test().await.unwrap();
        let states: Vec<_> = sent.iter().map(|notice| (notice.channel(), notice.state())).collect();
        assert_eq!(
            states,
            [(NoticeChannel::Email, NoticeState::Sent), (NoticeChannel::Webhook, NoticeState::Failed)]
        );
        assert_eq!(sent[1].error, "the receiver answered 404 Not Found");
        world.expect(1, 1).await;
        assert!(world.mail.mails()[0].header("Subject").starts_with("Test: "));
        assert_signed(&world.hooks.hooks()[0], &secret);
        assert!(world.list().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn settings_are_whole_and_checked() {
    on_both(async |world| {
        let empty = world.get().await;
        assert!(empty.emails.is_empty() && empty.webhook_url.is_empty() && empty.webhook_secret.is_empty());
        assert!(empty.email_available && empty.webhook_available);
        let set = world.set(&["a@corp.example", "A@corp.example"], &world.hooks.url).await.unwrap();
        assert_eq!(set.emails, ["a@corp.example"]);
        assert_eq!(set, world.get().await);
        let many: Vec<String> = (0..21).map(|number| format!("a{number}@corp.example")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let long = format!("{}@corp.example", "a".repeat(250));
        for bad in
            [&["a"][..], &[""], &["a@b.example\nc@d.example"], &["a@b@c.example"], &[long.as_str()], &many]
        {
            let status = world.set(bad, "").await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{bad:?}");
            assert!(status.message().starts_with("settings.emails: "), "{status:?}");
        }
        for bad in ["http://corp.example/", "corp.example", "https://a:b@corp.example/", "file:///etc/passwd"]
        {
            let status = world.set(&[], bad).await.unwrap_err();
            assert!(status.message().starts_with("settings.webhook_url: "), "{status:?}");
        }
        for name in ["accounts/acme", "accounts/NO/noticeSettings", "", "accounts//noticeSettings"] {
            let request = GetNoticeSettingsRequest { name: name.to_owned() };
            let status = world.notices.clone().get_notice_settings(request).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{name}");
        }
        let request = GetNoticeSettingsRequest { name: "accounts/nobody/noticeSettings".to_owned() };
        assert_eq!(
            world.notices.clone().get_notice_settings(request).await.unwrap_err().code(),
            Code::NotFound
        );
        assert_eq!(set, world.get().await);
    })
    .await;
}

#[tokio::test]
async fn a_new_secret_is_another_and_needs_a_webhook() {
    on_both(async |world| {
        let rotate = async || {
            let request = RotateWebhookSecretRequest { name: SETTINGS.to_owned(), ..Default::default() };
            Ok::<_, Status>(world.notices.clone().rotate_webhook_secret(request).await?.into_inner())
        };
        assert_eq!(reason(&rotate().await.unwrap_err()), "WEBHOOK_NOT_SET");
        let first = world.set(&[], &world.hooks.url).await.unwrap().webhook_secret;
        let second = rotate().await.unwrap().webhook_secret;
        assert_ne!(first, second);
        assert_eq!(world.get().await.webhook_secret, second);
        let request = ListAuditEntriesRequest { parent: "accounts/acme".to_owned(), ..Default::default() };
        let entries = world.audit.clone().list_audit_entries(request).await.unwrap().into_inner().entries;
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| [&entry.action, &entry.actor, &entry.detail].map(String::as_str))
            .collect();
        // Of the URL only the host: the rest may be as good as a password.
        let update = ["notices.update", "jane", "webhook: 127.0.0.1; e-mail: none"];
        assert_eq!(entries[..2], [["webhook.rotate", "unknown", ""], update]);
    })
    .await;
}

#[tokio::test]
async fn without_a_key_there_are_no_webhooks_and_the_answer_says_what_to_do() {
    on_both(async |world| {
        let service = Service::new(world.db.clone(), Clock::system(), Options::default());
        let mut notices = NoticeServiceClient::new(channel::in_process(service.routes().unwrap()));
        let update = |webhook_url: &str, emails: &[&str]| UpdateNoticeSettingsRequest {
            settings: Some(NoticeSettings {
                name: SETTINGS.to_owned(),
                webhook_url: webhook_url.to_owned(),
                emails: emails.iter().map(|email| (*email).to_owned()).collect(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let status = notices.update_notice_settings(update(&world.hooks.url, &[])).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "KEY_MISSING"));
        assert!(status.message().contains("--key-file"), "{status:?}");
        // What was set while there was a key may stay beside other addresses.
        world.set(&[], &world.hooks.url).await.unwrap();
        let kept = notices.update_notice_settings(update(&world.hooks.url, &["a@b.example"])).await.unwrap();
        let kept = kept.into_inner();
        assert!(kept.webhook_secret.is_empty() && !kept.webhook_available && !kept.email_available);
    })
    .await;
}

#[tokio::test]
async fn the_list_goes_on_page_by_page() {
    on_both(async |world| {
        let token = world.generate().await;
        world.set(&["a@corp.example"], &world.hooks.url).await.unwrap();
        let replica = world.replica();
        for (told, days) in THRESHOLDS.into_iter().enumerate() {
            world.at(end_of(&token) - i64::from(days) * DAY);
            world.expect(told + 1, told + 1).await;
        }
        replica.stop().await;
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListNoticesRequest { parent: "accounts/acme".to_owned(), page_size: 5, page_token };
            let page = world.notices.clone().list_notices(request).await.unwrap().into_inner();
            all.extend(page.notices);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(all, world.list().await);
        assert_eq!(all.len(), 12);
        for bad in
            ["x", "a.b.c", &format!("{}.1", uuid::Uuid::nil()), &format!("{}.1.1.1", uuid::Uuid::nil())]
        {
            let request = ListNoticesRequest {
                parent: "accounts/acme".to_owned(),
                page_token: bad.to_owned(),
                ..Default::default()
            };
            let status = world.notices.clone().list_notices(request).await.unwrap_err();
            assert!(status.message().starts_with("page_token: "), "{status:?}");
        }
    })
    .await;
}
