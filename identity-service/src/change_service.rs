//! `rollcall.identity.v1.ChangeService`.

mod watch;

use rollcall_proto::identity::{
    ListChangesRequest, ListChangesResponse, WatchChangesRequest, change_service_server,
};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{
        changes,
        error::Error,
        page::{DEFAULT_PAGE, MAX_PAGE},
    },
};

/// The change log over gRPC.
pub struct ChangeService(pub(crate) Directory);

#[tonic::async_trait]
impl change_service_server::ChangeService for ChangeService {
    type WatchChangesStream = watch::Events;

    async fn watch_changes(
        &self,
        request: Request<WatchChangesRequest>,
    ) -> Result<Response<Self::WatchChangesStream>, Status> {
        Ok(Response::new(watch::begin(&self.0, request.into_inner()).await?))
    }

    async fn list_changes(
        &self,
        request: Request<ListChangesRequest>,
    ) -> Result<Response<ListChangesResponse>, Status> {
        let ListChangesRequest { parent, after_revision, page_size } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let limit = match i64::from(page_size) {
            ..=0 => DEFAULT_PAGE,
            size => size.min(MAX_PAGE),
        };
        let page = move |c: &mut rollcall_db::Connection| -> Result<_, Error> {
            let (changes, head_revision) = changes::list(c, &account, after_revision, limit)?;
            Ok(ListChangesResponse { changes, head_revision })
        };
        Ok(Response::new(self.0.read(page).await?))
    }
}
