//! `rollcall.identity.v1.DirectoryService`.

use std::collections::BTreeMap;

use rollcall_db::{Connection, residue};
use rollcall_proto::identity::{EraseDirectoryRequest, EraseDirectoryResponse, directory_service_server};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{OF_ACCOUNTS, error::Error, head},
};

/// Directories as a whole over gRPC.
pub struct DirectoryService(pub(crate) Directory);

impl DirectoryService {
    async fn erase(&self, account: String) -> Result<EraseDirectoryResponse, Error> {
        let mut rows = BTreeMap::new();
        let mut complete = residue::erase(self.0.database(), &account, &OF_ACCOUNTS, &mut rows).await?;
        let of = account.clone();
        // Whatever is left of copies begins anew, and finds what is left here.
        let anew = move |c: &mut Connection| -> Result<(), Error> { Ok(head::forget(c, &of)?) };
        self.0.write(&account, anew).await?;
        if complete {
            let db = self.0.database().clone();
            complete = tokio::task::spawn_blocking(move || residue::empty_log(&db))
                .await
                .unwrap_or(Err(rollcall_db::Error::Panicked))?;
        }
        tracing::info!(account, complete, "a directory is being erased");
        Ok(EraseDirectoryResponse { rows: rows.into_iter().collect(), complete })
    }
}

#[tonic::async_trait]
impl directory_service_server::DirectoryService for DirectoryService {
    async fn erase_directory(
        &self,
        request: Request<EraseDirectoryRequest>,
    ) -> Result<Response<EraseDirectoryResponse>, Status> {
        let EraseDirectoryRequest { parent, validate_only } = request.into_inner();
        let account = name::account("parent", &parent)?;
        if validate_only {
            let rows = self.0.read(move |c| Ok(residue::kept(c, &account)?)).await?;
            let complete = rows.is_empty();
            return Ok(Response::new(EraseDirectoryResponse { rows: rows.into_iter().collect(), complete }));
        }
        Ok(Response::new(self.erase(account).await?))
    }
}
