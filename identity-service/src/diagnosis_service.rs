//! `rollcall.identity.v1.DiagnosisService`.

use rollcall_proto::identity::{DiagnoseUserRequest, DiagnoseUserResponse, diagnosis_service_server};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{diagnosis, error::Error},
};

/// The most characters of a query.
const MAX_QUERY: usize = 255;

/// Why somebody cannot print, over gRPC.
pub struct DiagnosisService(pub(crate) Directory);

#[tonic::async_trait]
impl diagnosis_service_server::DiagnosisService for DiagnosisService {
    async fn diagnose_user(
        &self,
        request: Request<DiagnoseUserRequest>,
    ) -> Result<Response<DiagnoseUserResponse>, Status> {
        let DiagnoseUserRequest { parent, query } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let query = query.trim().to_owned();
        if !(1..=MAX_QUERY).contains(&query.chars().count()) || query.chars().any(char::is_control) {
            let problem = format!("must have 1 to {MAX_QUERY} characters and no control characters");
            return Err(Error::field("query", problem).into());
        }
        let (vault, of) = (self.0.vault(), account.clone());
        let mut found = self.0.read(move |c| diagnosis::of(c, &vault, &of, &query)).await?;
        let connected = self.0.connected(&account);
        for station in &mut found.stations {
            station.connected = connected.contains(&station.station);
        }
        Ok(Response::new(diagnosis::conclude(found)))
    }
}
