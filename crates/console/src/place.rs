//! The account that a page is about.

use std::{collections::HashMap, sync::Arc};

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use rollcall_proto::token::{AuditEntry, GetAccountRequest, RecordAuditEntryRequest};
use tonic::Status;

use crate::{Console, error::Error, session::Viewer};

/// The most characters of a detail that the audit takes.
const MAX_DETAIL: usize = 1000;

/// The account in the address, and who looks at it. A handler that takes one is reached by nobody who may not see the
/// account: for those, it is not there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) viewer: Viewer,
    /// The id.
    pub(crate) account: String,
    pub(crate) display_name: String,
}

impl Place {
    /// The resource name.
    pub(crate) fn name(&self) -> String {
        format!("accounts/{}", self.account)
    }

    /// The address of a page of the account.
    pub(crate) fn url(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.account)
    }

    /// The Tenant URL: what an identity provider is told.
    pub(crate) fn tenant_url(&self) -> String {
        format!("{}/{}/scim/v2", self.viewer.console.scim_url.trim_end_matches('/'), self.account)
    }

    /// Whether the role allows an rpc.
    pub(crate) fn may(&self, rpc: &str) -> bool {
        self.viewer.may(rpc)
    }

    /// Refuses before anything is read or written what the service would refuse afterwards.
    pub(crate) fn demand(&self, rpc: &str) -> Result<(), Error> {
        if self.may(rpc) { Ok(()) } else { Err(Status::permission_denied(rpc).into()) }
    }

    /// Writes into the audit what another service is about to change: a change without a record is worse than a record
    /// without a change.
    pub(crate) async fn record(&self, action: &str, target: &str, detail: String) -> Result<(), Error> {
        let entry = AuditEntry {
            actor: self.viewer.actor(),
            action: action.to_owned(),
            target: target.to_owned(),
            detail: detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect(),
            ..AuditEntry::default()
        };
        let request = RecordAuditEntryRequest { parent: self.name(), entry: Some(entry) };
        self.viewer.clients.audit.clone().record_audit_entry(request).await?;
        Ok(())
    }
}

impl FromRequestParts<Arc<Console>> for Place {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Error> {
        let viewer = <Viewer as FromRequestParts<Arc<Console>>>::from_request_parts(parts, console).await?;
        let Path(mut path) = Path::<HashMap<String, String>>::from_request_parts(parts, console)
            .await
            .map_err(|_| Error::NotFound)?;
        let account = path.remove("account").ok_or(Error::NotFound)?;
        if viewer.account().is_some_and(|own| own != account) {
            return Err(Error::NotFound);
        }
        let request = GetAccountRequest { name: format!("accounts/{account}") };
        let found = viewer.clients.accounts.clone().get_account(request).await.map_err(Error::in_address)?;
        Ok(Self { viewer, account, display_name: found.into_inner().display_name })
    }
}
