//! What an export has of the token service: the account, its connection, and the records of what was done.

use rollcall_proto::token::{
    GetAccountRequest, GetConnectionRequest, GetNoticeSettingsRequest, GetSyncEntryRequest,
    GetSyncLogSettingsRequest, ListAuditEntriesRequest, ListNoticesRequest, ListSyncEntriesRequest,
    ListTokensRequest, account_service_client::AccountServiceClient,
    audit_service_client::AuditServiceClient, connection_service_client::ConnectionServiceClient,
    notice_service_client::NoticeServiceClient, sync_log_service_client::SyncLogServiceClient,
    token_service_client::TokenServiceClient,
};
use serde_json::json;

use super::export::{Export, Lines};
use crate::{error::Error, log, notice, token};

/// The most of a list in one answer.
const PAGE: i32 = 1000;
/// The least status of a request that failed: of those, bodies are kept.
const FAILED: i32 = 400;

pub(super) async fn write(export: &Export, lines: &mut Lines<'_>) -> Result<(), Error> {
    let client = &export.services.client;
    let (channel, parent) = (client.channel()?, export.name());
    let request = GetAccountRequest { name: parent.clone() };
    let account = client.answer(AccountServiceClient::new(channel.clone()).get_account(request)).await?;
    lines.put("account", &super::json(&account))?;

    let request = GetConnectionRequest { name: format!("{parent}/connection") };
    let mut connections = ConnectionServiceClient::new(channel.clone());
    let connection = client.answer(connections.get_connection(request)).await?;
    lines.put("connection", &super::status_json(&connection))?;

    let mut tokens = TokenServiceClient::new(channel.clone());
    let mut request = ListTokensRequest { parent: parent.clone(), page_size: PAGE, ..Default::default() };
    loop {
        let page = client.answer(tokens.list_tokens(request.clone())).await?;
        page.tokens.iter().try_for_each(|token| lines.put("token", &token::json(token)))?;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }

    let mut notices = NoticeServiceClient::new(channel.clone());
    let request = GetNoticeSettingsRequest { name: format!("{parent}/noticeSettings") };
    let settings = client.answer(notices.get_notice_settings(request)).await?;
    // Without the secret of the webhook.
    lines.put("noticeSettings", &json!({ "emails": settings.emails, "webhookUrl": settings.webhook_url }))?;
    let mut request = ListNoticesRequest { parent: parent.clone(), page_size: PAGE, ..Default::default() };
    loop {
        let page = client.answer(notices.list_notices(request.clone())).await?;
        page.notices.iter().try_for_each(|notice| lines.put("notice", &notice::json(notice)))?;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }

    let mut audit = AuditServiceClient::new(channel.clone());
    let mut request =
        ListAuditEntriesRequest { parent: parent.clone(), page_size: PAGE, ..Default::default() };
    loop {
        let page = client.answer(audit.list_audit_entries(request.clone())).await?;
        page.entries.iter().try_for_each(|entry| lines.put("auditEntry", &super::audit_json(entry)))?;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }

    let mut log = SyncLogServiceClient::new(channel);
    let request = GetSyncLogSettingsRequest { name: format!("{parent}/syncLogSettings") };
    let settings = client.answer(log.get_sync_log_settings(request)).await?;
    lines.put("syncLogSettings", &json!({ "keepDays": settings.keep_days }))?;
    let mut request = ListSyncEntriesRequest { parent, page_size: PAGE, ..Default::default() };
    loop {
        let page = client.answer(log.list_sync_entries(request.clone())).await?;
        for entry in page.entries {
            let entry = if entry.status < FAILED {
                entry
            } else {
                client.answer(log.get_sync_entry(GetSyncEntryRequest { name: entry.name })).await?
            };
            lines.put("syncEntry", &log::json(&entry))?;
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(());
        }
    }
}
