//! A gRPC service that answers every look-up with a fixed message: what tonic alone costs on this machine.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use prost::Message as _;
use rollcall_proto::identity::{
    BatchCheckMembershipsRequest, BatchCheckMembershipsResponse, BatchListUserGroupsRequest,
    BatchListUserGroupsResponse, BatchLookupCardsRequest, BatchLookupCardsResponse, BatchLookupUsersRequest,
    BatchLookupUsersResponse,
    lookup_service_server::{LookupService, LookupServiceServer},
};
use rollcall_serve::{CancellationToken, Routes, grpc, listener};
use tonic::{Request, Response, Status};

use crate::{
    Error, report,
    target::{Process, announced, drain},
};

/// The answers, as Rollcall gave them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Echo {
    pub(crate) cards: BatchLookupCardsResponse,
    pub(crate) users: BatchLookupUsersResponse,
    pub(crate) memberships: BatchCheckMembershipsResponse,
}

#[tonic::async_trait]
impl LookupService for Echo {
    async fn batch_lookup_cards(
        &self,
        _: Request<BatchLookupCardsRequest>,
    ) -> Result<Response<BatchLookupCardsResponse>, Status> {
        Ok(Response::new(self.cards.clone()))
    }

    async fn batch_lookup_users(
        &self,
        _: Request<BatchLookupUsersRequest>,
    ) -> Result<Response<BatchLookupUsersResponse>, Status> {
        Ok(Response::new(self.users.clone()))
    }

    async fn batch_list_user_groups(
        &self,
        _: Request<BatchListUserGroupsRequest>,
    ) -> Result<Response<BatchListUserGroupsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn batch_check_memberships(
        &self,
        _: Request<BatchCheckMembershipsRequest>,
    ) -> Result<Response<BatchCheckMembershipsResponse>, Status> {
        Ok(Response::new(self.memberships.clone()))
    }
}

impl Echo {
    pub(crate) fn routes(self) -> Routes {
        Routes::new(LookupServiceServer::new(self))
    }

    /// Starts it as a process of its own; its address.
    pub(crate) fn start(self, directory: &Path) -> Result<(Process, String), Error> {
        let messages =
            [self.cards.encode_to_vec(), self.users.encode_to_vec(), self.memberships.encode_to_vec()];
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("echo").arg(directory);
        for (name, message) in FILES.iter().zip(messages) {
            fs::write(directory.join(name), message)?;
        }
        let (process, mut output) = Process::start(&mut command)?;
        let address = announced(&mut output, "grpc ")?;
        drain(output);
        Ok((process, address))
    }
}

const FILES: [&str; 3] = ["cards", "users", "memberships"];

/// The process itself: answers what is in the directory, and says where.
pub(crate) async fn serve(directory: &Path) -> Result<(), Error> {
    let [cards, users, memberships] = FILES.map(|name| fs::read(directory.join(name)));
    let echo = Echo {
        cards: BatchLookupCardsResponse::decode(cards?.as_slice())?,
        users: BatchLookupUsersResponse::decode(users?.as_slice())?,
        memberships: BatchCheckMembershipsResponse::decode(memberships?.as_slice())?,
    };
    let listener = listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    report(&format!("grpc http://{}", listener.local_addr()?));
    Ok(grpc::serve(listener, echo.routes(), CancellationToken::new()).await?)
}
