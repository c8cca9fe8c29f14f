//! `grpc.health.v1`: whether the process serves, as a whole (the empty name) and by service.

use std::pin::Pin;

use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_server::Health,
};

/// The health of a process whose services serve from the first answer to the last: while it drains, its listener is
/// gone, which is what a probe sees.
pub(crate) struct Services(pub(crate) Vec<String>);

impl Services {
    fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.0.iter().any(|known| known == service)
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Services {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if self.knows(&service) {
            Ok(Response::new(answer(ServingStatus::Serving)))
        } else {
            Err(Status::not_found(format!("there is no service `{service}` here")))
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let known = self.knows(&request.into_inner().service);
        let status = if known { ServingStatus::Serving } else { ServingStatus::ServiceUnknown };
        // The protocol keeps the stream open after the first answer.
        let stream = tokio_stream::once(Ok(answer(status))).chain(tokio_stream::pending());
        Ok(Response::new(Box::pin(stream)))
    }
}
