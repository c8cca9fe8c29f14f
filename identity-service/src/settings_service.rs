//! `rollcall.identity.v1.SettingsService`.

use rollcall_db::Database;
use rollcall_proto::identity::{
    Adoption, GetSettingsRequest, Reactivation, Settings, UnknownMembers, UpdateSettingsRequest,
    settings_service_server,
};
use tonic::{Request, Response, Status};

use crate::{
    name,
    store::{error::Error, settings},
};

/// The settings of accounts over gRPC.
pub struct SettingsService(pub(crate) Database);

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
        let new = new.ok_or_else(|| Error::field("settings", "is missing"))?;
        let account = name::account_of_settings("settings.name", &new.name)?;
        known(&new)?;
        let fields = Fields::of(&new, update_mask.map(|mask| mask.paths).unwrap_or_default())?;
        let in_account = account.clone();
        let work = move |c: &mut rollcall_db::Connection| {
            settings::update(c, &in_account, |current| fields.copy(&new, current))
        };
        let changed = self.0.write(&account, work).await?;
        tracing::info!(
            account,
            reactivation = changed.reactivation().as_str_name(),
            unknown_members = changed.unknown_members().as_str_name(),
            adoption = changed.adoption().as_str_name(),
            "settings changed"
        );
        Ok(Response::new(changed))
    }
}

/// Refuses values that this version does not know.
fn known(settings: &Settings) -> Result<(), Error> {
    let Settings { name: _, reactivation, unknown_members, adoption } = *settings;
    let unknown = |field, number| Error::field(field, format!("{number} is not a value of its enum"));
    Reactivation::try_from(reactivation).map_err(|_| unknown("settings.reactivation", reactivation))?;
    UnknownMembers::try_from(unknown_members)
        .map_err(|_| unknown("settings.unknown_members", unknown_members))?;
    Adoption::try_from(adoption).map_err(|_| unknown("settings.adoption", adoption))?;
    Ok(())
}

/// Which fields to set.
struct Fields {
    reactivation: bool,
    unknown_members: bool,
    adoption: bool,
}

impl Fields {
    /// The fields that a mask names; without one, those that are specified (AIP-134).
    fn of(new: &Settings, paths: Vec<String>) -> Result<Self, Error> {
        if paths.is_empty() {
            return Ok(Self {
                reactivation: new.reactivation != 0,
                unknown_members: new.unknown_members != 0,
                adoption: new.adoption != 0,
            });
        }
        let mut fields = Self { reactivation: false, unknown_members: false, adoption: false };
        for path in paths {
            match path.as_str() {
                "*" => fields = Self { reactivation: true, unknown_members: true, adoption: true },
                "reactivation" => fields.reactivation = true,
                "unknown_members" => fields.unknown_members = true,
                "adoption" => fields.adoption = true,
                _ => {
                    let problem = "must name `reactivation`, `unknown_members`, `adoption`, or be `*`";
                    return Err(Error::field("update_mask", problem));
                }
            }
        }
        Ok(fields)
    }

    fn copy(&self, from: &Settings, to: &mut Settings) {
        if self.reactivation {
            to.reactivation = from.reactivation;
        }
        if self.unknown_members {
            to.unknown_members = from.unknown_members;
        }
        if self.adoption {
            to.adoption = from.adoption;
        }
    }
}
