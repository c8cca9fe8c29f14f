//! `rollcall.identity.v1.SettingsService`.

use rollcall_proto::identity::{
    Adoption, CardVisibility, GetSettingsRequest, LeaverCards, PinUse, Reactivation, Settings,
    UnknownMembers, UpdateSettingsRequest, settings_service_server,
};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{error::Error, settings},
};

/// The settings of accounts over gRPC.
pub struct SettingsService(pub(crate) Directory);

#[tonic::async_trait]
impl settings_service_server::SettingsService for SettingsService {
    async fn get_settings(&self, request: Request<GetSettingsRequest>) -> Result<Response<Settings>, Status> {
        let account = name::account_of_settings("name", &request.get_ref().name)?;
        Ok(Response::new(self.0.read(move |c| settings::read(c, &account)).await?))
    }

    async fn update_settings(
        &self,
        request: Request<UpdateSettingsRequest>,
    ) -> Result<Response<Settings>, Status> {
        let UpdateSettingsRequest { settings: new, update_mask } = request.into_inner();
        let mut new = new.ok_or_else(|| Error::field("settings", "is missing"))?;
        let account = name::account_of_settings("settings.name", &new.name)?;
        known(&new)?;
        let fields = fields(&mut new, &update_mask.map(|mask| mask.paths).unwrap_or_default())?;
        let in_account = account.clone();
        let work = move |c: &mut rollcall_db::Connection| {
            settings::update(c, &in_account, |current| {
                for (_, at) in fields {
                    *at(current) = *at(&mut new);
                }
            })
        };
        let changed = self.0.write(&account, work).await?;
        tracing::info!(
            account,
            reactivation = changed.reactivation().as_str_name(),
            unknown_members = changed.unknown_members().as_str_name(),
            adoption = changed.adoption().as_str_name(),
            card_visibility = changed.card_visibility().as_str_name(),
            leaver_cards = changed.leaver_cards().as_str_name(),
            pin_use = changed.pin_use().as_str_name(),
            pin_min_length = changed.pin_min_length,
            "settings changed"
        );
        Ok(Response::new(changed))
    }
}

/// Refuses values that this version does not know.
fn known(settings: &Settings) -> Result<(), Error> {
    let Settings {
        name: _,
        reactivation,
        unknown_members,
        adoption,
        card_visibility,
        leaver_cards,
        pin_use,
        pin_min_length,
    } = *settings;
    let unknown = |field, number| Error::field(field, format!("{number} is not a value of its enum"));
    Reactivation::try_from(reactivation).map_err(|_| unknown("settings.reactivation", reactivation))?;
    UnknownMembers::try_from(unknown_members)
        .map_err(|_| unknown("settings.unknown_members", unknown_members))?;
    Adoption::try_from(adoption).map_err(|_| unknown("settings.adoption", adoption))?;
    CardVisibility::try_from(card_visibility)
        .map_err(|_| unknown("settings.card_visibility", card_visibility))?;
    LeaverCards::try_from(leaver_cards).map_err(|_| unknown("settings.leaver_cards", leaver_cards))?;
    PinUse::try_from(pin_use).map_err(|_| unknown("settings.pin_use", pin_use))?;
    if pin_min_length != 0 && !(4..=16).contains(&pin_min_length) {
        return Err(Error::field("settings.pin_min_length", "must be 4 to 16, or 0 for the default"));
    }
    Ok(())
}

/// A setting: its name, where it is in the message.
type Field = (&'static str, fn(&mut Settings) -> &mut i32);

const FIELDS: [Field; 7] = [
    ("reactivation", |settings| &mut settings.reactivation),
    ("unknown_members", |settings| &mut settings.unknown_members),
    ("adoption", |settings| &mut settings.adoption),
    ("card_visibility", |settings| &mut settings.card_visibility),
    ("leaver_cards", |settings| &mut settings.leaver_cards),
    ("pin_use", |settings| &mut settings.pin_use),
    ("pin_min_length", |settings| &mut settings.pin_min_length),
];

/// The settings that a mask names; without one, those that are specified (AIP-134).
fn fields(new: &mut Settings, paths: &[String]) -> Result<Vec<Field>, Error> {
    if paths.is_empty() {
        return Ok(FIELDS.into_iter().filter(|(_, at)| *at(new) != 0).collect());
    }
    for path in paths {
        if path != "*" && !FIELDS.iter().any(|(name, _)| name == path) {
            let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            return Err(Error::field("update_mask", format!("must name {}, or be `*`", names.join(", "))));
        }
    }
    let named = |name: &str| paths.iter().any(|path| path == "*" || path == name);
    Ok(FIELDS.into_iter().filter(|(name, _)| named(name)).collect())
}
