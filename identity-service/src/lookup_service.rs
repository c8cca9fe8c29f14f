//! `rollcall.identity.v1.LookupService`.

use rollcall_db::Connection;
use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchCheckMembershipsResponse, BatchListUserGroupsRequest,
    BatchListUserGroupsResponse, BatchLookupCardsRequest, BatchLookupCardsResponse, BatchLookupUsersRequest,
    BatchLookupUsersResponse, CardLookup, UserKey, lookup_service_server, user_key::Key,
};
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    directory::Directory,
    name,
    store::{
        card_lookups::{self, Outcome},
        error::Error,
        lookups,
    },
};

/// The most keys, ids or pairs of one request.
const MAX_BATCH: usize = 1000;
/// The longest key, in bytes.
const MAX_KEY: usize = 8192;

/// Look-ups over gRPC.
pub struct LookupService(pub(crate) Directory, pub(crate) Desk);

#[tonic::async_trait]
impl lookup_service_server::LookupService for LookupService {
    async fn batch_lookup_cards(
        &self,
        request: Request<BatchLookupCardsRequest>,
    ) -> Result<Response<BatchLookupCardsResponse>, Status> {
        let view = request.get_ref().view();
        let BatchLookupCardsRequest { parent, numbers, station, view: _, min_revision } =
            request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("numbers", numbers.iter().map(String::as_str))?;
        name::optional_station(&station)?;
        let (in_account, vault) = (account.clone(), self.0.vault());
        let look = move |c: &mut Connection| card_lookups::cards(c, &vault, &in_account, &numbers, view);
        let (found, revision) = self.0.look_up(&account, min_revision, look).await?;
        let mut results = Vec::with_capacity(found.len());
        for (number, outcome) in found {
            results.push(match outcome {
                Outcome::Works { card, user } => {
                    let found = CardLookup { card: name::card(&account, &card), user: Some(*user) };
                    if !station.is_empty() {
                        self.1.used(&account, card);
                    }
                    found
                }
                Outcome::Denied(denial) => {
                    if let (false, Some(number)) = (station.is_empty(), number) {
                        self.1.denied(&account, &station, number, denial);
                    }
                    CardLookup::default()
                }
            });
        }
        Ok(Response::new(BatchLookupCardsResponse { results, revision }))
    }

    async fn batch_lookup_users(
        &self,
        request: Request<BatchLookupUsersRequest>,
    ) -> Result<Response<BatchLookupUsersResponse>, Status> {
        let view = request.get_ref().view();
        let BatchLookupUsersRequest { parent, keys, view: _, min_revision } = request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("keys", keys.iter().map(text))?;
        let vault = self.0.vault();
        let of = account.clone();
        let look = move |c: &mut Connection| lookups::users(c, &vault, &of, &keys, view);
        let (results, revision) = self.0.look_up(&account, min_revision, look).await?;
        Ok(Response::new(BatchLookupUsersResponse { results, revision }))
    }

    async fn batch_list_user_groups(
        &self,
        request: Request<BatchListUserGroupsRequest>,
    ) -> Result<Response<BatchListUserGroupsResponse>, Status> {
        let BatchListUserGroupsRequest { parent, user_ids, effective, min_revision } = request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("user_ids", user_ids.iter().map(String::as_str))?;
        let of = account.clone();
        let look = move |c: &mut Connection| lookups::groups(c, &of, &user_ids, effective);
        let (results, revision) = self.0.look_up(&account, min_revision, look).await?;
        Ok(Response::new(BatchListUserGroupsResponse { results, revision }))
    }

    async fn batch_check_memberships(
        &self,
        request: Request<BatchCheckMembershipsRequest>,
    ) -> Result<Response<BatchCheckMembershipsResponse>, Status> {
        let BatchCheckMembershipsRequest { parent, checks, effective, min_revision } = request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("checks", checks.iter().map(|check| check.user_id.as_str()))?;
        batch("checks", checks.iter().map(|check| check.group_id.as_str()))?;
        let of = account.clone();
        let look = move |c: &mut Connection| lookups::memberships(c, &of, &checks, effective);
        let (results, revision) = self.0.look_up(&account, min_revision, look).await?;
        Ok(Response::new(BatchCheckMembershipsResponse { results, revision }))
    }
}

/// The text of a key; empty where none is set.
fn text(key: &UserKey) -> &str {
    match &key.key {
        Some(
            Key::UserName(text) | Key::Email(text) | Key::ExternalId(text) | Key::Id(text) | Key::Alias(text),
        ) => text,
        None => "",
    }
}

/// Refuses an empty or too large batch, and keys that nothing can have.
fn batch<'a>(field: &'static str, keys: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Error> {
    if !(1..=MAX_BATCH).contains(&keys.len()) {
        return Err(Error::field(field, format!("must be 1 to {MAX_BATCH}, not {}", keys.len())));
    }
    for (at, key) in keys.enumerate() {
        if key.is_empty() || key.len() > MAX_KEY || key.contains('\0') {
            return Err(Error::field(
                field,
                format!("number {at} must have 1 to {MAX_KEY} bytes and no NUL"),
            ));
        }
    }
    Ok(())
}
