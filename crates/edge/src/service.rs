//! The copy as a `LookupService`: a device asks the edge as it would ask the centre.

use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchCheckMembershipsResponse, BatchListUserGroupsRequest,
    BatchListUserGroupsResponse, BatchLookupCardsRequest, BatchLookupCardsResponse, BatchLookupUsersRequest,
    BatchLookupUsersResponse, CardLookup, EnterpriseUser, MembershipResult, MultiValue, PrintUser, User,
    UserGroups, UserKey, UserLookup, UserView, WatchedUser, lookup_service_server::LookupService,
    user_key::Key,
};
use tonic::{Request, Response, Status, metadata::MetadataValue};

use crate::{
    edge::Edge,
    lookup::{ALIAS, Answer, Refusal},
};

/// The most keys of one request.
const MAX_BATCH: usize = 1000;
/// The metadata that says how old the copy is.
const AGE: &str = "rollcall-age-seconds";

/// Look-ups from a copy. Every answer has the metadata `rollcall-age-seconds`; a copy that is empty or too old answers
/// UNAVAILABLE.
pub struct Lookups(pub Edge);

#[tonic::async_trait]
impl LookupService for Lookups {
    async fn batch_lookup_cards(
        &self,
        request: Request<BatchLookupCardsRequest>,
    ) -> Result<Response<BatchLookupCardsResponse>, Status> {
        let view = request.get_ref().view();
        let BatchLookupCardsRequest { parent, numbers, station: _, view: _, min_revision } =
            request.into_inner();
        self.check(&parent, numbers.len())?;
        let revision = self.seen(min_revision).await?;
        let mut results = Vec::with_capacity(numbers.len());
        for number in &numbers {
            results.push(match self.0.lookup_card(number).await {
                Ok(Answer { user, .. }) => {
                    CardLookup { user: Some(self.shown(user, view).await?), card: String::new() }
                }
                Err(Refusal::NotFound) => CardLookup::default(),
                Err(refusal) => return Err(status(&refusal)),
            });
        }
        Ok(self.aged(BatchLookupCardsResponse { results, revision }))
    }

    async fn batch_lookup_users(
        &self,
        request: Request<BatchLookupUsersRequest>,
    ) -> Result<Response<BatchLookupUsersResponse>, Status> {
        let view = request.get_ref().view();
        let BatchLookupUsersRequest { parent, keys, view: _, min_revision } = request.into_inner();
        self.check(&parent, keys.len())?;
        let revision = self.seen(min_revision).await?;
        let mut results = Vec::with_capacity(keys.len());
        for UserKey { key } in keys {
            let found = match key {
                Some(Key::UserName(name)) => self.0.people(&name, &[1]).await,
                Some(Key::Email(address)) => self.0.people(&address, &[2]).await,
                Some(Key::Alias(alias)) => self.0.people(&alias, &ALIAS).await,
                Some(Key::Id(id)) => {
                    self.0.user(&id).await.map(|Answer { user, age }| Answer { user: vec![user], age })
                }
                Some(Key::ExternalId(_)) => {
                    return Err(Status::unimplemented("a station's copy has no external ids"));
                }
                None => return Err(Status::invalid_argument("keys: a key is missing")),
            };
            let mut users = Vec::new();
            match found {
                Ok(answer) => {
                    for user in answer.user {
                        users.push(self.shown(user, view).await?);
                    }
                }
                Err(Refusal::NotFound) => {}
                Err(refusal) => return Err(status(&refusal)),
            }
            results.push(UserLookup { users });
        }
        Ok(self.aged(BatchLookupUsersResponse { results, revision }))
    }

    async fn batch_list_user_groups(
        &self,
        request: Request<BatchListUserGroupsRequest>,
    ) -> Result<Response<BatchListUserGroupsResponse>, Status> {
        let BatchListUserGroupsRequest { parent, user_ids, effective, min_revision } = request.into_inner();
        self.check(&parent, user_ids.len())?;
        let revision = self.seen(min_revision).await?;
        let mut results = Vec::with_capacity(user_ids.len());
        for user_id in user_ids {
            let person = match self.0.user(&user_id).await {
                Ok(answer) => Some(answer.user),
                Err(Refusal::NotFound) => None,
                Err(refusal) => return Err(status(&refusal)),
            };
            let groups = match &person {
                Some(_) => {
                    self.0.groups_of(&user_id, effective).await.map_err(|refusal| status(&refusal))?.user
                }
                None => vec![],
            };
            let active = person.as_ref().is_some_and(|person| person.active);
            results.push(UserGroups { user_id, found: person.is_some(), active, groups });
        }
        Ok(self.aged(BatchListUserGroupsResponse { results, revision }))
    }

    async fn batch_check_memberships(
        &self,
        request: Request<BatchCheckMembershipsRequest>,
    ) -> Result<Response<BatchCheckMembershipsResponse>, Status> {
        let BatchCheckMembershipsRequest { parent, checks, effective, min_revision } = request.into_inner();
        self.check(&parent, checks.len())?;
        let revision = self.seen(min_revision).await?;
        let mut results = Vec::with_capacity(checks.len());
        for check in checks {
            let active = match self.0.user(&check.user_id).await {
                Ok(answer) => answer.user.active,
                Err(Refusal::NotFound) => {
                    results.push(MembershipResult::default());
                    continue;
                }
                Err(refusal) => return Err(status(&refusal)),
            };
            let groups =
                self.0.groups_of(&check.user_id, effective).await.map_err(|refusal| status(&refusal))?;
            let is_it = |group: &str| group.rsplit('/').next() == Some(check.group_id.as_str());
            let member = groups.user.iter().any(|membership| is_it(&membership.group));
            results.push(MembershipResult { member, active });
        }
        Ok(self.aged(BatchCheckMembershipsResponse { results, revision }))
    }
}

impl Lookups {
    fn check(&self, parent: &str, count: usize) -> Result<(), Status> {
        let account = &self.0.options().account;
        if parent.strip_prefix("accounts/") != Some(account.as_str()) {
            return Err(Status::invalid_argument(format!(
                "parent: this is a copy of accounts/{account} alone"
            )));
        }
        if !(1..=MAX_BATCH).contains(&count) {
            return Err(Status::invalid_argument(format!("must be 1 to {MAX_BATCH} keys, not {count}")));
        }
        Ok(())
    }

    /// The revision that the copy is at, which must be this at least. What is read after it is of this revision or a later one.
    async fn seen(&self, min_revision: i64) -> Result<i64, Status> {
        let at = self.0.revision().await.map_err(|error| status(&Refusal::Copy(error)))?;
        if at < min_revision {
            return Err(Status::unavailable(format!(
                "the copy is at revision {at}, not yet at {min_revision}"
            )));
        }
        Ok(at)
    }

    /// A person as the message that the centre answers with, as far as a copy knows.
    async fn shown(&self, user: WatchedUser, view: UserView) -> Result<User, Status> {
        let groups = if view == UserView::Basic {
            vec![]
        } else {
            self.0.groups_of(&user.id, false).await.map_err(|refusal| status(&refusal))?.user
        };
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let WatchedUser {
            id,
            user_name,
            display_name,
            active,
            emails,
            local_user_name,
            department,
            cards: _,
        } = user;
        Ok(User {
            name: format!("accounts/{}/users/{id}", self.0.options().account),
            user_name,
            display_name: some(display_name),
            active: Some(active),
            emails: emails
                .into_iter()
                .map(|value| MultiValue { value: Some(value), ..MultiValue::default() })
                .collect(),
            print: some(local_user_name)
                .map(|name| PrintUser { local_user_name: Some(name), ..PrintUser::default() }),
            enterprise: some(department).map(|department| EnterpriseUser {
                department: Some(department),
                ..EnterpriseUser::default()
            }),
            groups,
            ..User::default()
        })
    }

    /// An answer that says how old it is.
    fn aged<T>(&self, message: T) -> Response<T> {
        let mut response = Response::new(message);
        let age = self.0.contact().age().unwrap_or_default();
        response.metadata_mut().insert(AGE, MetadataValue::from(age.as_secs()));
        response
    }
}

fn status(refusal: &Refusal) -> Status {
    match refusal {
        Refusal::NotFound => Status::not_found(refusal.to_string()),
        Refusal::Empty | Refusal::Stale { .. } => Status::unavailable(refusal.to_string()),
        Refusal::Copy(error) => {
            tracing::error!(%error, "the copy cannot be read");
            Status::internal("the copy cannot be read")
        }
    }
}
