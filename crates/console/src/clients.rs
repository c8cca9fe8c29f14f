//! The gRPC services behind the console. What the console does, they do: it has no power of its own.

use rollcall_proto::{
    identity::{
        card_service_client::CardServiceClient, conversion_service_client::ConversionServiceClient,
        diagnosis_service_client::DiagnosisServiceClient, group_service_client::GroupServiceClient,
        import_service_client::ImportServiceClient, pin_service_client::PinServiceClient,
        settings_service_client::SettingsServiceClient, station_service_client::StationServiceClient,
        user_service_client::UserServiceClient,
    },
    token::{
        Session, account_service_client::AccountServiceClient, audit_service_client::AuditServiceClient,
        connection_service_client::ConnectionServiceClient, notice_service_client::NoticeServiceClient,
        session_service_client::SessionServiceClient, sync_log_service_client::SyncLogServiceClient,
        token_service_client::TokenServiceClient,
    },
};
use rollcall_serve::{Channel, channel};

use crate::guard;

/// Channels to the two services.
#[derive(Clone, Debug)]
pub struct Services {
    identity: Channel,
    token: Channel,
}

impl Services {
    /// Over a channel to identity-service and one to token-service.
    pub fn new(identity: Channel, token: Channel) -> Self {
        Self { identity, token }
    }

    /// The clients of whoever has this session: what they may not call is refused before it leaves.
    pub(crate) fn of(&self, session: &Session) -> Clients {
        Clients::new(guard::of(self.identity.clone(), session), guard::of(self.token.clone(), session))
    }

    /// The client that signs people in and out.
    pub(crate) fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.token.clone())
    }
}

/// Clients of the services, as one person may use them.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) users: UserServiceClient<Channel>,
    pub(crate) groups: GroupServiceClient<Channel>,
    pub(crate) settings: SettingsServiceClient<Channel>,
    pub(crate) cards: CardServiceClient<Channel>,
    pub(crate) pins: PinServiceClient<Channel>,
    pub(crate) stations: StationServiceClient<Channel>,
    pub(crate) conversions: ConversionServiceClient<Channel>,
    pub(crate) imports: ImportServiceClient<Channel>,
    pub(crate) diagnosis: DiagnosisServiceClient<Channel>,
    pub(crate) tokens: TokenServiceClient<Channel>,
    pub(crate) accounts: AccountServiceClient<Channel>,
    pub(crate) connections: ConnectionServiceClient<Channel>,
    pub(crate) sync_log: SyncLogServiceClient<Channel>,
    pub(crate) notices: NoticeServiceClient<Channel>,
    pub(crate) audit: AuditServiceClient<Channel>,
}

impl Clients {
    fn new(identity: Channel, token: Channel) -> Self {
        Self {
            users: UserServiceClient::new(identity.clone()).max_decoding_message_size(channel::MAX_MESSAGE),
            groups: GroupServiceClient::new(identity.clone()).max_decoding_message_size(channel::MAX_MESSAGE),
            settings: SettingsServiceClient::new(identity.clone()),
            cards: CardServiceClient::new(identity.clone()),
            pins: PinServiceClient::new(identity.clone()),
            stations: StationServiceClient::new(identity.clone()),
            conversions: ConversionServiceClient::new(identity.clone()),
            imports: ImportServiceClient::new(identity.clone()),
            diagnosis: DiagnosisServiceClient::new(identity),
            tokens: TokenServiceClient::new(token.clone()),
            accounts: AccountServiceClient::new(token.clone()),
            connections: ConnectionServiceClient::new(token.clone()),
            sync_log: SyncLogServiceClient::new(token.clone())
                .max_decoding_message_size(channel::MAX_MESSAGE),
            notices: NoticeServiceClient::new(token.clone()),
            audit: AuditServiceClient::new(token),
        }
    }
}
