//! What an export has of the identity service: settings, people, cards, groups, stations.

use rollcall_proto::identity::{
    GetConversionRequest, GetSettingsRequest, Group, GroupView, ListCardsRequest, ListDeniedCardsRequest,
    ListGroupsRequest, ListMembersRequest, ListSecretsRequest, ListStationsRequest, ListUsersRequest, User,
    UserView, card_service_client::CardServiceClient, conversion_service_client::ConversionServiceClient,
    group_service_client::GroupServiceClient, pin_service_client::PinServiceClient,
    settings_service_client::SettingsServiceClient, station_service_client::StationServiceClient,
    user_service_client::UserServiceClient,
};
use rollcall_scim::convert::{group_to_json, user_to_json};
use rollcall_serve::{Channel, channel};
use serde_json::{Value, json};

use super::export::{Export, Lines};
use crate::{card, client::id_of, conversion, directory::source, error::Error, pin, settings, station};

/// The most users of one answer, each of which may be large.
const USERS: i32 = 200;
/// The most of a list in one answer.
const PAGE: i32 = 1000;

pub(super) async fn write(export: &Export, lines: &mut Lines<'_>) -> Result<(), Error> {
    let channel = export.services.identity.channel(&export.services.client.peers)?;
    settings(export, &channel, lines).await?;
    users(export, &channel, lines).await?;
    cards(export, &channel, lines).await?;
    groups(export, &channel, lines).await?;
    stations(export, &channel, lines).await
}

async fn settings(export: &Export, channel: &Channel, lines: &mut Lines<'_>) -> Result<(), Error> {
    let identity = &export.services.identity;
    let request = GetSettingsRequest { name: format!("{}/settings", export.name()) };
    let mut client = SettingsServiceClient::new(channel.clone());
    let found = identity.answer(client.get_settings(request)).await?;
    lines.put("settings", &settings::json(&found))?;
    let request = GetConversionRequest { parent: export.name() };
    let mut client = ConversionServiceClient::new(channel.clone());
    let found = identity.answer(client.get_conversion(request)).await?;
    lines.put("conversion", &conversion::json(&found.conversion.unwrap_or_default()))
}

async fn users(export: &Export, channel: &Channel, lines: &mut Lines<'_>) -> Result<(), Error> {
    let identity = &export.services.identity;
    let mut client = UserServiceClient::new(channel.clone()).max_decoding_message_size(channel::MAX_MESSAGE);
    let mut pins = PinServiceClient::new(channel.clone());
    let mut request = ListUsersRequest {
        parent: export.name(),
        page_size: USERS,
        view: UserView::Full.into(),
        ..ListUsersRequest::default()
    };
    loop {
        // On the heap: a call that holds users is large.
        let page = identity.answer(Box::pin(client.list_users(request.clone()))).await?;
        for user in page.users {
            let of = ListSecretsRequest { user: user.name.clone() };
            let secrets = identity.answer(pins.list_secrets(of)).await?.secrets;
            let secrets: Value = secrets.iter().map(pin::json_of).collect();
            lines.put("user", &user_json(&user, &secrets))?;
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(());
        }
    }
}

/// A user as SCIM has it (RFC 7643 section 4.1), and what SCIM has no word for.
fn user_json(user: &User, secrets: &Value) -> Value {
    json!({ "scim": user_to_json(user, ""), "source": source(user.source()), "secrets": secrets })
}

async fn cards(export: &Export, channel: &Channel, lines: &mut Lines<'_>) -> Result<(), Error> {
    let identity = &export.services.identity;
    let mut client = CardServiceClient::new(channel.clone());
    let mut request =
        ListCardsRequest { parent: export.name(), page_size: PAGE, ..ListCardsRequest::default() };
    loop {
        let page = identity.answer(client.list_cards(request.clone())).await?;
        page.cards.iter().try_for_each(|card| lines.put("card", &card::json_of(card)))?;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let mut request = ListDeniedCardsRequest {
        parent: export.name(),
        page_size: PAGE,
        ..ListDeniedCardsRequest::default()
    };
    loop {
        let page = identity.answer(client.list_denied_cards(request.clone())).await?;
        page.denied_cards.iter().try_for_each(|card| lines.put("deniedCard", &card::denied_json(card)))?;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(());
        }
    }
}

async fn groups(export: &Export, channel: &Channel, lines: &mut Lines<'_>) -> Result<(), Error> {
    let identity = &export.services.identity;
    let mut client = GroupServiceClient::new(channel.clone()).max_decoding_message_size(channel::MAX_MESSAGE);
    let mut request = ListGroupsRequest {
        parent: export.name(),
        page_size: PAGE,
        view: GroupView::Basic.into(),
        ..ListGroupsRequest::default()
    };
    loop {
        let page = identity.answer(client.list_groups(request.clone())).await?;
        for group in page.groups {
            let data = json!({ "scim": group_to_json(&group, ""), "source": source(group.source()) });
            lines.put("group", &data)?;
            members(export, &mut client, &group, lines).await?;
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(());
        }
    }
}

async fn members(
    export: &Export,
    client: &mut GroupServiceClient<Channel>,
    group: &Group,
    lines: &mut Lines<'_>,
) -> Result<(), Error> {
    let mut request =
        ListMembersRequest { parent: group.name.clone(), page_size: PAGE, page_token: String::new() };
    loop {
        let page = export.services.identity.answer(client.list_members(request.clone())).await?;
        for member in page.members {
            let kind = member.r#type().as_str_name().trim_start_matches("MEMBER_TYPE_").to_ascii_lowercase();
            let data = json!({
                "group": id_of(&group.name), "id": member.id, "type": kind, "displayName": member.display_name,
            });
            lines.put("member", &data)?;
        }
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(());
        }
    }
}

async fn stations(export: &Export, channel: &Channel, lines: &mut Lines<'_>) -> Result<(), Error> {
    let mut client = StationServiceClient::new(channel.clone());
    let request = ListStationsRequest { parent: export.name() };
    let found = export.services.identity.answer(client.list_stations(request)).await?;
    found.stations.iter().try_for_each(|one| lines.put("station", &station::station_json(one)))
}
