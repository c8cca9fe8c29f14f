//! `POST /Bulk` (RFC 7644 section 3.7): many operations in one request, each done as if it came alone.
//!
//! An operation may speak of what another one creates, by `bulkId:` and the name that the other has in the request. What is
//! spoken of is created first, wherever it stands. Where resources speak of each other in a circle, one is created without
//! the reference, and gets it by PATCH once there is something to refer to. If that fails, the operation counts as failed,
//! with a location, because the resource is there.
//!
//! Each operation is a transaction of its own. The answer has the operations in the order of the request, without those
//! that were not tried because of `failOnErrors`.

mod plan;
mod references;
mod request;
mod run;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{body::Json, error::Error, response, sync_log::Failure, tenant::Tenant};
use plan::{Step, plan};
use request::{Bulk, Operation};
use run::{Outcome, Run};

/// The most operations in one request, advertised as `bulk.maxOperations`.
pub(crate) const MAX_OPERATIONS: usize = 1000;

const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

pub(crate) async fn bulk(tenant: Tenant, Json(body): Json) -> Result<Response, Error> {
    let mut bulk = Bulk::read(body)?;
    let mut run = Run::new(&tenant);
    let mut outcomes: Vec<Option<Outcome>> = bulk.operations.iter().map(|_| None).collect();
    let mut errors = 0;
    for step in plan(&bulk.needs()) {
        let index = step.operation();
        let (Some(operation), Some(outcome)) = (bulk.operations.get_mut(index), outcomes.get_mut(index))
        else {
            continue;
        };
        match step {
            Step::Run { without, .. } => {
                let without =
                    without.into_iter().filter_map(|other| bulk.names.get(other)?.clone()).collect();
                *outcome = Some(run.operation(index, operation, &without).await);
            }
            Step::Mend { .. } => match outcome {
                Some(outcome) if outcome.result.is_ok() && run.owes(index) => {
                    outcome.result = run.mend(index).await;
                }
                _ => continue,
            },
        }
        if let Some(Outcome { result: Err(error), .. }) = outcome {
            error.log();
            errors += 1;
            if bulk.fail_on_errors.is_some_and(|limit| errors >= limit) {
                break;
            }
        }
    }
    let said =
        bulk.operations.iter().zip(outcomes).enumerate().filter_map(|(index, (operation, outcome))| {
            let mut outcome = outcome?;
            if outcome.result.is_ok() && run.owes(index) {
                outcome.result =
                    Err(Error::Unresolved("it was created without its references to others".to_owned()));
            }
            Some(said(&tenant, operation, outcome))
        });
    let operations: Vec<_> = said.collect();
    let answer = json!({ "schemas": [RESPONSE], "Operations": operations });
    let mut answer = response::json(StatusCode::OK, &answer);
    if errors > 0 {
        let detail = format!("{errors} of {} operations failed", bulk.operations.len());
        answer.extensions_mut().insert(Failure { scim_type: "", detail });
    }
    Ok(answer)
}

/// What the answer says of an operation. The body of a success is left out.
fn said(tenant: &Tenant, operation: &Operation, outcome: Outcome) -> Map<String, Value> {
    let mut said = Map::new();
    let location = outcome.location.or_else(|| {
        let path = operation.path.as_ref().filter(|_| operation.method != "POST")?;
        path.starts_with('/').then(|| format!("{}{path}", tenant.base))
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            said.insert(name.to_owned(), value);
        }
    };
    put("location", location.map(Value::from));
    put("method", (!operation.method.is_empty()).then(|| operation.method.clone().into()));
    put("bulkId", operation.bulk_id.clone().map(Value::from));
    match outcome.result {
        Ok(done) => {
            put("version", done.version.map(Value::from));
            put("status", Some(done.status.as_str().into()));
        }
        Err(error) => {
            put("status", Some(error.status().as_str().into()));
            put("response", Some(error.body().into()));
        }
    }
    said
}
