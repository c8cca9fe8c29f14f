//! The gRPC services behind the gateway. The channel decides whether a call crosses a network.

use std::{pin::Pin, sync::Arc, time::Duration};

use rollcall_proto::{
    identity::{group_service_client::GroupServiceClient, user_service_client::UserServiceClient},
    token::{sync_log_service_client::SyncLogServiceClient, token_service_client::TokenServiceClient},
};
use rollcall_serve::{Channel, channel};
use tonic::{Response, Status};

use crate::{
    admission::Admission,
    auth::TokenCache,
    config::Config,
    error::Error,
    sync_log::{Queue, SyncLog},
};

/// How long a service may take for one call. An identity provider gives up after 30 to 60 seconds, and should hear a
/// 503 before that.
const DEADLINE: Duration = Duration::from_secs(10);

/// Clients of the services behind the gateway.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Users, of identity-service.
    pub users: UserServiceClient<Channel>,
    /// Groups and their members, of identity-service.
    pub groups: GroupServiceClient<Channel>,
    /// Tokens, of token-service.
    pub tokens: TokenServiceClient<Channel>,
    /// The sync log, of token-service.
    pub sync_log: SyncLogServiceClient<Channel>,
}

impl Clients {
    /// Clients over a channel to identity-service and one to token-service.
    pub fn new(identity: Channel, token: Channel) -> Self {
        Self {
            users: UserServiceClient::new(identity.clone()).max_decoding_message_size(channel::MAX_MESSAGE),
            groups: GroupServiceClient::new(identity).max_decoding_message_size(channel::MAX_MESSAGE),
            tokens: TokenServiceClient::new(token.clone()),
            sync_log: SyncLogServiceClient::new(token),
        }
    }
}

/// What every handler has at hand.
#[derive(Debug)]
pub(crate) struct Gateway {
    clients: Clients,
    pub(crate) config: Config,
    pub(crate) tokens: TokenCache,
    pub(crate) admission: Arc<Admission>,
    pub(crate) sync_log: Arc<Queue>,
}

impl Gateway {
    pub(crate) fn new(clients: Clients, config: Config) -> Arc<Self> {
        let tokens = TokenCache::new(config.token_cache(), config.token_grace());
        let admission = Admission::new(config.scim_requests_per_account.into());
        Arc::new(Self { clients, config, tokens, admission, sync_log: Arc::default() })
    }

    pub(crate) fn users(&self) -> UserServiceClient<Channel> {
        self.clients.users.clone()
    }

    pub(crate) fn groups(&self) -> GroupServiceClient<Channel> {
        self.clients.groups.clone()
    }

    pub(crate) fn token_service(&self) -> TokenServiceClient<Channel> {
        self.clients.tokens.clone()
    }

    /// The task that writes what is put into the queue.
    pub(crate) fn sync_log_writer(&self) -> SyncLog {
        SyncLog::new(Arc::clone(&self.sync_log), self.clients.sync_log.clone())
    }
}

/// A request that tells the service the deadline.
pub(crate) fn request<T>(message: T) -> tonic::Request<T> {
    request_within(message, DEADLINE)
}

/// A request that tells the service a deadline of its own.
pub(crate) fn request_within<T>(message: T, deadline: Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(deadline);
    request
}

/// The answer to a call. The deadline is kept here too: nobody keeps it where a network is silent.
///
/// The future is boxed for the compiler's sake, which cannot show that a handler holding a call over a boxed channel
/// is `Send`.
pub(crate) fn answer<'a, T: Send>(
    call: impl Future<Output = Result<Response<T>, Status>> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>> {
    Box::pin(async move {
        match tokio::time::timeout(DEADLINE, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(status.into()),
            Err(_) => Err(Status::deadline_exceeded("no answer before the deadline").into()),
        }
    })
}
