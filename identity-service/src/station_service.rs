//! `rollcall.identity.v1.StationService`.

use rollcall_proto::identity::{
    AcknowledgeChangesRequest, AcknowledgeChangesResponse, DeleteStationRequest, DeleteStationResponse,
    ListRemovalsRequest, ListRemovalsResponse, ListStationsRequest, ListStationsResponse,
    RegisterCardRequest, RegisterCardResponse, SecretKind, User, UserKey, UserView, VerifySecretRequest,
    VerifySecretResponse, station_service_server, user_key::Key,
};
use tonic::{Request, Response, Status};

use crate::{
    card_service::within,
    directory::Directory,
    name,
    pin_service::settable,
    store::{error::Error, head, lookups, registration, stations, users},
};

/// The most bytes of an alias, a secret, a number that are looked at.
const MAX_TYPED: usize = 512;

/// What a station does, over gRPC.
pub struct StationService(pub(crate) Directory);

#[tonic::async_trait]
impl station_service_server::StationService for StationService {
    async fn verify_secret(
        &self,
        request: Request<VerifySecretRequest>,
    ) -> Result<Response<VerifySecretResponse>, Status> {
        let view = request.get_ref().view();
        let VerifySecretRequest { parent, alias, kind, secret, station, view: _ } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let kind = settable(kind)?;
        name::station("station", &station)?;
        typed(&[("alias", &alias), ("secret", &secret)])?;
        let id = if alias.is_empty() {
            if kind != SecretKind::Pin {
                return Err(Error::field("alias", "is needed with a passcode").into());
            }
            self.0.try_alone(&account, &secret, &station).await?
        } else {
            let id = self.who(&account, alias).await?;
            let right = self.0.try_secret(&account, id.as_deref(), kind, &secret, &station).await?;
            right.and(id)
        };
        let id = id.ok_or(Error::WrongSecret)?;
        let vault = self.0.vault();
        let person = self.0.read(move |c| users::get(c, &vault, &account, &id, view)).await?;
        // Whoever was deactivated while the secret was tried has none that works.
        if !person.active() {
            return Err(Error::WrongSecret.into());
        }
        Ok(Response::new(VerifySecretResponse { user: Some(person) }))
    }

    async fn register_card(
        &self,
        request: Request<RegisterCardRequest>,
    ) -> Result<Response<RegisterCardResponse>, Status> {
        let RegisterCardRequest { parent, alias, code, number, station } = request.into_inner();
        let account = name::account("parent", &parent)?;
        name::station("station", &station)?;
        typed(&[("alias", &alias), ("code", &code), ("number", &number)])?;
        // What is wrong with the card is said before the code is spent.
        let (vault, in_account, of_reader) = (self.0.vault(), account.clone(), number.clone());
        let stored =
            self.0.read(move |c| Ok(vault.conversion(c, &in_account)?.from_reader(&of_reader)?)).await?;
        let id = self.who(&account, alias).await?;
        let kind = SecretKind::RegistrationCode;
        let right = self.0.try_secret(&account, id.as_deref(), kind, &code, &station).await?;
        let (Some(row), Some(id)) = (right, id) else { return Err(Error::WrongSecret.into()) };
        let (vault, in_account) = (self.0.vault(), account.clone());
        let register = move |c: &mut rollcall_db::Connection| {
            registration::register(c, &vault, &in_account, &id, (&stored, &row.hash))
        };
        let (card, person) = self.0.write(&account, register).await?;
        Ok(Response::new(RegisterCardResponse { card: name::card(&account, &card), user: Some(person) }))
    }

    async fn acknowledge_changes(
        &self,
        request: Request<AcknowledgeChangesRequest>,
    ) -> Result<Response<AcknowledgeChangesResponse>, Status> {
        let AcknowledgeChangesRequest { parent, station, revision } = request.into_inner();
        let account = name::account("parent", &parent)?;
        name::station("station", &station)?;
        let in_account = account.clone();
        let acknowledge =
            move |c: &mut rollcall_db::Connection| stations::acknowledge(c, &in_account, &station, revision);
        self.0.write_quietly(&account, acknowledge).await?;
        Ok(Response::new(AcknowledgeChangesResponse {}))
    }

    async fn list_stations(
        &self,
        request: Request<ListStationsRequest>,
    ) -> Result<Response<ListStationsResponse>, Status> {
        let account = name::account("parent", &request.get_ref().parent)?;
        let in_account = account.clone();
        let list = move |c: &mut rollcall_db::Connection| {
            Ok((stations::list(c, &in_account)?, head::read(c, &in_account)?.0))
        };
        let (mut stations, head_revision) = self.0.read(list).await?;
        let connected = self.0.connected(&account);
        for station in &mut stations {
            station.connected = connected.contains(&station.station);
        }
        Ok(Response::new(ListStationsResponse { stations, head_revision }))
    }

    async fn delete_station(
        &self,
        request: Request<DeleteStationRequest>,
    ) -> Result<Response<DeleteStationResponse>, Status> {
        let (account, station) = name::resource("name", "stations", &request.get_ref().name)?;
        let in_account = account.clone();
        self.0.write_quietly(&account, move |c| stations::delete(c, &in_account, &station)).await?;
        Ok(Response::new(DeleteStationResponse {}))
    }

    async fn list_removals(
        &self,
        request: Request<ListRemovalsRequest>,
    ) -> Result<Response<ListRemovalsResponse>, Status> {
        let ListRemovalsRequest { parent, user, page_size } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let user = if user.is_empty() { String::new() } else { within(&account, "user", "users", &user)? };
        let limit = match i64::from(page_size) {
            ..=0 => 20,
            size => size.min(100),
        };
        let list = move |c: &mut rollcall_db::Connection| stations::removals(c, &account, &user, limit);
        Ok(Response::new(ListRemovalsResponse { removals: self.0.read(list).await? }))
    }
}

impl StationService {
    /// The one active person who is called so.
    async fn who(&self, account: &str, alias: String) -> Result<Option<String>, Error> {
        let (account, vault) = (account.to_owned(), self.0.vault());
        let keys = vec![UserKey { key: Some(Key::Alias(alias)) }];
        let found = self.0.read(move |c| lookups::users(c, &vault, &account, &keys, UserView::Basic)).await?;
        let mut people = found.into_iter().flat_map(|found| found.users);
        let only = people.next().filter(|_| people.next().is_none()).filter(User::active);
        Ok(only.map(|user| users::id_of(&user).to_owned()))
    }
}

/// Refuses what nobody types.
fn typed(fields: &[(&'static str, &str)]) -> Result<(), Error> {
    for (field, text) in fields {
        if text.len() > MAX_TYPED || text.contains('\0') {
            return Err(Error::field(field, format!("must have at most {MAX_TYPED} bytes and no NUL")));
        }
    }
    Ok(())
}
