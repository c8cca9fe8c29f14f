//! Doing the operations of a bulk request, one by one.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use http::StatusCode;
use rollcall_proto::identity::{GroupView, UserView};
use rollcall_scim::{patch, schema::ResourceType};
use serde_json::json;
use tonic::Status;

use super::{
    references::{self, Owed},
    request::{Action, Method, Operation, Target},
};
use crate::{
    error::Error, groups::operations as groups, target::Id, tenant::Tenant, users::operations as users,
};

/// After this long nothing more is tried: identity providers give up after 60 seconds, and should hear what was done.
const TIME: Duration = Duration::from_secs(50);

/// What became of an operation.
pub(super) struct Outcome {
    pub(super) location: Option<String>,
    pub(super) result: Result<Done, Error>,
}

/// What was done.
pub(super) struct Done {
    pub(super) status: StatusCode,
    /// The version; none of what is gone.
    pub(super) version: Option<String>,
}

/// A bulk request that is being done.
pub(super) struct Run<'a> {
    tenant: &'a Tenant,
    began: Instant,
    /// The ids of what was created, by `bulkId`.
    ids: HashMap<String, Id>,
    /// What is still to be added to what an operation created.
    debts: HashMap<usize, Debt>,
}

struct Debt {
    kind: ResourceType,
    id: Id,
    owed: Vec<Owed>,
}

impl<'a> Run<'a> {
    pub(super) fn new(tenant: &'a Tenant) -> Self {
        Self { tenant, began: Instant::now(), ids: HashMap::new(), debts: HashMap::new() }
    }

    /// Whether something is still to be added to what an operation created.
    pub(super) fn owes(&self, index: usize) -> bool {
        self.debts.contains_key(&index)
    }

    /// Does an operation, `without` its references to those that come later.
    pub(super) async fn operation(
        &mut self,
        index: usize,
        operation: &mut Operation,
        without: &BTreeSet<String>,
    ) -> Outcome {
        // It is done once, so that nobody misses what is taken.
        let mut action = match std::mem::replace(&mut operation.action, Err(Error::Internal)) {
            Ok(action) => action,
            Err(error) => return Outcome { location: None, result: Err(error) },
        };
        let id = match &action.target {
            Target::New => None,
            Target::Id(id) => Some(id.clone()),
            Target::Reference(name) => match self.ids.get(name) {
                Some(id) => Some(id.clone()),
                None => return Outcome { location: None, result: Err(references::unresolved(name)) },
            },
        };
        let owed = references::omit(&mut action.body, without);
        let location = id.as_ref().map(|id| self.location(action.kind, id));
        match self.execute(action.kind, action, id.as_ref()).await {
            Ok(Executed { kind, id: created, done }) => {
                let location = created.as_ref().map(|id| self.location(kind, id)).or(location);
                if let Some(id) = created {
                    if !owed.is_empty() {
                        self.debts.insert(index, Debt { kind, id: id.clone(), owed });
                    }
                    if let Some(name) = &operation.bulk_id {
                        self.ids.insert(name.clone(), id);
                    }
                }
                Outcome { location, result: Ok(done) }
            }
            Err(error) => Outcome { location, result: Err(error) },
        }
    }

    /// Adds what is owed to what an operation created, now that all it refers to is there or never will be.
    pub(super) async fn mend(&mut self, index: usize) -> Result<Done, Error> {
        let Some(Debt { kind, id, owed }) = self.debts.remove(&index) else { return Err(Error::Internal) };
        let mut operations = Vec::new();
        let mut failed = None;
        for Owed { path, mut value } in owed {
            match references::resolve(&mut value, &self.ids) {
                Ok(()) => operations.push(json!({ "op": "add", "path": path, "value": value })),
                Err(error) => failed = Some(error),
            }
        }
        let body = json!({ "schemas": [patch::MESSAGE], "Operations": operations });
        let action = Action { method: Method::Patch, kind, target: Target::New, body, etags: Vec::new() };
        let mended = self.execute(kind, action, Some(&id)).await;
        match (mended, failed) {
            (Ok(Executed { done, .. }), None) => Ok(Done { status: StatusCode::CREATED, ..done }),
            (Err(error), _) | (_, Some(error)) => {
                Err(Error::Unresolved(format!("it was created without some of its references: {error}")))
            }
        }
    }

    async fn execute(
        &self,
        kind: ResourceType,
        mut action: Action,
        id: Option<&Id>,
    ) -> Result<Executed, Error> {
        if self.began.elapsed() > TIME {
            return Err(Status::deadline_exceeded("the bulk request took too long").into());
        }
        references::resolve(&mut action.body, &self.ids)?;
        let Action { method, body, etags, .. } = action;
        let tenant = self.tenant;
        let (name, etag) = match (kind, method, id) {
            (ResourceType::User, Method::Post, _) => {
                let user = users::create(tenant, &body).await?;
                (user.name, user.etag)
            }
            (ResourceType::User, Method::Put, Some(id)) => {
                let user = users::replace(tenant, id, &body, etags, UserView::Basic).await?;
                (user.name, user.etag)
            }
            (ResourceType::User, Method::Patch, Some(id)) => {
                let user = users::patch(tenant, id, &body, etags, UserView::Basic).await?;
                (user.name, user.etag)
            }
            (ResourceType::User, Method::Delete, Some(id)) => {
                users::delete(tenant, id, etags).await?;
                return Ok(Executed::gone(kind));
            }
            (ResourceType::Group, Method::Post, _) => {
                let group = groups::create(tenant, &body).await?;
                (group.name, group.etag)
            }
            (ResourceType::Group, Method::Put, Some(id)) => {
                let group = groups::replace(tenant, id, &body, etags, GroupView::Basic).await?;
                (group.name, group.etag)
            }
            (ResourceType::Group, Method::Patch, Some(id)) => {
                let group = groups::patch(tenant, id, &body, etags, GroupView::Basic).await?;
                (group.name, group.etag)
            }
            (ResourceType::Group, Method::Delete, Some(id)) => {
                groups::delete(tenant, id, etags).await?;
                return Ok(Executed::gone(kind));
            }
            (_, _, None) => return Err(Error::MethodNotAllowed),
        };
        let created = method == Method::Post;
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        let id = name.rsplit('/').next().and_then(Id::parse).filter(|_| created);
        Ok(Executed { kind, id, done: Done { status, version: Some(etag) } })
    }

    fn location(&self, kind: ResourceType, id: &Id) -> String {
        format!("{}{}/{id}", self.tenant.base, kind.endpoint())
    }
}

struct Executed {
    kind: ResourceType,
    /// Of what was created.
    id: Option<Id>,
    done: Done,
}

impl Executed {
    fn gone(kind: ResourceType) -> Self {
        Self { kind, id: None, done: Done { status: StatusCode::NO_CONTENT, version: None } }
    }
}
