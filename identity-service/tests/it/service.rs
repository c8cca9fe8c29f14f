//! The service in this process, with a client for each of its interfaces.

use rollcall_db::test::TestDb;
use rollcall_key::Keys;
use rollcall_proto::identity::{
    Change, CreateGroupRequest, CreateUserRequest, DeleteUserRequest, GetGroupRequest, Group, GroupView,
    ListChangesRequest, Member, MultiValue, PatchGroupRequest, PatchOp, PatchOperation, Settings,
    UpdateSettingsRequest, User, UserSource, card_service_client::CardServiceClient,
    change_service_client::ChangeServiceClient, conversion_service_client::ConversionServiceClient,
    diagnosis_service_client::DiagnosisServiceClient, group_service_client::GroupServiceClient,
    import_service_client::ImportServiceClient, lookup_service_client::LookupServiceClient,
    pin_service_client::PinServiceClient, settings_service_client::SettingsServiceClient,
    station_service_client::StationServiceClient, user_service_client::UserServiceClient,
};
use rollcall_serve::{CancellationToken, Channel, channel};
use tonic::Status;
use tonic_types::StatusExt as _;

pub(crate) const ACCOUNT: &str = "accounts/acme";

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) users: UserServiceClient<Channel>,
    pub(crate) groups: GroupServiceClient<Channel>,
    pub(crate) lookups: LookupServiceClient<Channel>,
    pub(crate) changes: ChangeServiceClient<Channel>,
    pub(crate) settings: SettingsServiceClient<Channel>,
    pub(crate) cards: CardServiceClient<Channel>,
    pub(crate) pins: PinServiceClient<Channel>,
    pub(crate) stations: StationServiceClient<Channel>,
    pub(crate) conversions: ConversionServiceClient<Channel>,
    pub(crate) diagnosis: DiagnosisServiceClient<Channel>,
    pub(crate) imports: ImportServiceClient<Channel>,
}

/// Runs a test on each database.
pub(crate) fn both<F, R>(test: F)
where
    F: Fn(Service) -> R,
    R: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for database in TestDb::both() {
        let db = database.open(rollcall_identity_service::migrations()).unwrap();
        runtime.block_on(async {
            let service = rollcall_identity_service::Service::new(db, &Keys::generate().unwrap());
            let stop = CancellationToken::new();
            let tasks = service.start(stop.clone());
            test(Service::over(&service)).await;
            stop.cancel();
            tasks.await.unwrap();
        });
    }
}

impl Service {
    /// Clients of a service in this process.
    pub(crate) fn over(service: &rollcall_identity_service::Service) -> Self {
        let channel = channel::in_process(service.routes().unwrap());
        Self {
            cards: CardServiceClient::new(channel.clone()),
            pins: PinServiceClient::new(channel.clone()),
            stations: StationServiceClient::new(channel.clone()),
            conversions: ConversionServiceClient::new(channel.clone()),
            diagnosis: DiagnosisServiceClient::new(channel.clone()),
            imports: ImportServiceClient::new(channel.clone()),
            users: UserServiceClient::new(channel.clone()),
            groups: GroupServiceClient::new(channel.clone()),
            lookups: LookupServiceClient::new(channel.clone()),
            changes: ChangeServiceClient::new(channel.clone()),
            settings: SettingsServiceClient::new(channel),
        }
    }

    /// Creates a user as the identity provider does.
    pub(crate) async fn create(&self, user: User) -> Result<User, Status> {
        self.create_from(UserSource::Scim, user).await
    }

    pub(crate) async fn create_from(&self, source: UserSource, user: User) -> Result<User, Status> {
        let request =
            CreateUserRequest { parent: ACCOUNT.to_owned(), user: Some(user), source: source.into() };
        self.users.clone().create_user(request).await.map(tonic::Response::into_inner)
    }

    /// Sets what is specified.
    pub(crate) async fn set(&self, settings: Settings) -> Settings {
        let settings = Settings { name: format!("{ACCOUNT}/settings"), ..settings };
        let request = UpdateSettingsRequest { settings: Some(settings), update_mask: None };
        self.settings.clone().update_settings(request).await.unwrap().into_inner()
    }

    /// Deletes a user, whoever it comes from.
    pub(crate) async fn delete(&self, name: &str) {
        let request = DeleteUserRequest { name: name.to_owned(), ..DeleteUserRequest::default() };
        self.users.clone().delete_user(request).await.unwrap();
    }

    pub(crate) async fn changes_after(&self, revision: i64) -> Vec<Change> {
        let request =
            ListChangesRequest { parent: ACCOUNT.to_owned(), after_revision: revision, page_size: 1000 };
        self.changes.clone().list_changes(request).await.unwrap().into_inner().changes
    }

    pub(crate) async fn create_group(&self, group: Group) -> Result<Group, Status> {
        let request = CreateGroupRequest { parent: ACCOUNT.to_owned(), group: Some(group), source: 0 };
        self.groups.clone().create_group(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn group(&self, name: &str) -> Result<Group, Status> {
        let request = GetGroupRequest { name: name.to_owned(), view: GroupView::Full.into() };
        self.groups.clone().get_group(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn patch_group(
        &self,
        name: &str,
        operations: Vec<PatchOperation>,
    ) -> Result<Group, Status> {
        let request = PatchGroupRequest {
            name: name.to_owned(),
            operations,
            etags: vec![],
            view: GroupView::Full.into(),
            writer: 0,
        };
        self.groups.clone().patch_group(request).await.map(tonic::Response::into_inner)
    }
}

pub(crate) fn user(user_name: &str) -> User {
    User { user_name: user_name.to_owned(), active: Some(true), ..User::default() }
}

pub(crate) fn group(display_name: &str, members: &[&User]) -> Group {
    let members =
        members.iter().map(|user| Member { id: id(&user.name).to_owned(), ..Member::default() }).collect();
    Group { display_name: display_name.to_owned(), members, ..Group::default() }
}

pub(crate) fn email(value: &str) -> MultiValue {
    MultiValue { value: Some(value.to_owned()), r#type: Some("work".to_owned()), ..MultiValue::default() }
}

pub(crate) fn op(op: PatchOp, path: &str, value: serde_json::Value) -> PatchOperation {
    let value = if value.is_null() { String::new() } else { value.to_string() };
    PatchOperation { op: op.into(), path: path.to_owned(), value }
}

/// The last part of a resource name.
pub(crate) fn id(name: &str) -> &str {
    name.rsplit_once('/').unwrap().1
}

/// The reason of a refusal.
pub(crate) fn reason(refusal: &Status) -> String {
    refusal.get_details_error_info().unwrap().reason
}
