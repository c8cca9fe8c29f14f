//! `rollcall.identity.v1.LookupService`.

use rollcall_db::Database;
use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchCheckMembershipsResponse, BatchListUserGroupsRequest,
    BatchListUserGroupsResponse, BatchLookupUsersRequest, BatchLookupUsersResponse, UserKey,
    lookup_service_server, user_key::Key,
};
use tonic::{Request, Response, Status};

use crate::{
    name,
    store::{error::Error, lookups},
};

/// The most keys, ids or pairs of one request.
const MAX_BATCH: usize = 1000;
/// The longest key, in bytes.
const MAX_KEY: usize = 8192;

/// Look-ups over gRPC.
pub struct LookupService(pub(crate) Database);

#[tonic::async_trait]
impl lookup_service_server::LookupService for LookupService {
    async fn batch_lookup_users(
        &self,
        request: Request<BatchLookupUsersRequest>,
    ) -> Result<Response<BatchLookupUsersResponse>, Status> {
        let view = request.get_ref().view();
        let BatchLookupUsersRequest { parent, keys, view: _ } = request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("keys", keys.iter().map(text))?;
        let results = self.0.read(move |c| lookups::users(c, &account, &keys, view)).await?;
        Ok(Response::new(BatchLookupUsersResponse { results }))
    }

    async fn batch_list_user_groups(
        &self,
        request: Request<BatchListUserGroupsRequest>,
    ) -> Result<Response<BatchListUserGroupsResponse>, Status> {
        let BatchListUserGroupsRequest { parent, user_ids, effective } = request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("user_ids", user_ids.iter().map(String::as_str))?;
        let results = self.0.read(move |c| lookups::groups(c, &account, &user_ids, effective)).await?;
        Ok(Response::new(BatchListUserGroupsResponse { results }))
    }

    async fn batch_check_memberships(
        &self,
        request: Request<BatchCheckMembershipsRequest>,
    ) -> Result<Response<BatchCheckMembershipsResponse>, Status> {
        let BatchCheckMembershipsRequest { parent, checks, effective } = request.into_inner();
        let account = name::account("parent", &parent)?;
        batch("checks", checks.iter().map(|check| check.user_id.as_str()))?;
        batch("checks", checks.iter().map(|check| check.group_id.as_str()))?;
        let results = self.0.read(move |c| lookups::memberships(c, &account, &checks, effective)).await?;
        Ok(Response::new(BatchCheckMembershipsResponse { results }))
    }
}

/// The text of a key; empty where none is set.
fn text(key: &UserKey) -> &str {
    match &key.key {
        Some(Key::UserName(text) | Key::Email(text) | Key::ExternalId(text) | Key::Id(text)) => text,
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
