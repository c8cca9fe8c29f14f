//! The identity service in this process, on a socket.

use rollcall_db::test::TestDb;
use rollcall_key::Keys;
use rollcall_proto::identity::{
    CardConversion, ConversionStep, CreateGroupRequest, CreateUserRequest, DeleteUserRequest, Group,
    LetterCase, Member, PatchOp, PatchOperation, PatchUserRequest, PrintCard, PrintUser,
    UpdateConversionRequest, User, UserSource, conversion_service_client::ConversionServiceClient,
    conversion_step::Step, group_service_client::GroupServiceClient, user_service_client::UserServiceClient,
};
use rollcall_serve::{CancellationToken, grpc, listener};

const ACCOUNT: &str = "accounts/acme";

pub(crate) struct Centre {
    database: TestDb,
    keys: Keys,
    pub(crate) url: String,
    /// A runtime of its own: what it has spawned goes with it, as with a process.
    running: Option<tokio::runtime::Runtime>,
}

impl Centre {
    pub(crate) async fn start() -> Self {
        let mut centre = Self {
            database: TestDb::sqlite(),
            keys: Keys::generate().unwrap(),
            url: "http://127.0.0.1:0".to_owned(),
            running: None,
        };
        centre.start_again().await;
        centre
    }

    /// On the address that it had.
    pub(crate) async fn start_again(&mut self) {
        let address = self.url.trim_start_matches("http://").parse().unwrap();
        let db = self.database.open(rollcall_identity_service::migrations()).unwrap();
        let service = rollcall_identity_service::Service::new(db, &self.keys);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bound = runtime.spawn(async move {
            let listener = listener::bind(address).await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(grpc::serve(listener, service.routes().unwrap(), CancellationToken::new()));
            url
        });
        self.url = bound.await.unwrap();
        self.running = Some(runtime);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(runtime) = self.running.take() {
            tokio::task::spawn_blocking(move || runtime.shutdown_timeout(std::time::Duration::from_secs(5)))
                .await
                .unwrap();
        }
    }

    async fn users(&self) -> UserServiceClient<tonic::transport::Channel> {
        UserServiceClient::connect(self.url.clone()).await.unwrap()
    }

    /// Makes a person with cards; the resource name.
    pub(crate) async fn create(&self, name: &str, numbers: &[&str]) -> String {
        let cards = (1..).zip(numbers);
        let cards = cards.map(|(slot, number)| PrintCard {
            slot,
            number: (*number).to_owned(),
            ..PrintCard::default()
        });
        let user = User {
            user_name: name.to_owned(),
            active: Some(true),
            print: Some(PrintUser { cards: cards.collect(), ..PrintUser::default() }),
            ..User::default()
        };
        let request = CreateUserRequest {
            parent: ACCOUNT.to_owned(),
            user: Some(user),
            source: UserSource::Scim.into(),
        };
        self.users().await.create_user(request).await.unwrap().into_inner().name
    }

    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let member =
            |name: &&str| Member { id: name.rsplit('/').next().unwrap().to_owned(), ..Member::default() };
        let group = Group {
            display_name: name.to_owned(),
            members: members.iter().map(member).collect(),
            ..Group::default()
        };
        let request = CreateGroupRequest { parent: ACCOUNT.to_owned(), group: Some(group), source: 0 };
        let mut groups = GroupServiceClient::connect(self.url.clone()).await.unwrap();
        groups.create_group(request).await.unwrap().into_inner().name
    }

    pub(crate) async fn set_active(&self, user: &str, active: bool) {
        let operation = PatchOperation {
            op: PatchOp::Replace.into(),
            path: "active".to_owned(),
            value: active.to_string(),
        };
        let request = PatchUserRequest {
            name: user.to_owned(),
            operations: vec![operation],
            ..PatchUserRequest::default()
        };
        self.users().await.patch_user(request).await.unwrap();
    }

    pub(crate) async fn delete(&self, user: &str) {
        let request = DeleteUserRequest { name: user.to_owned(), ..DeleteUserRequest::default() };
        self.users().await.delete_user(request).await.unwrap();
    }

    /// Switches a conversion on by which case does not count.
    pub(crate) async fn upper_case(&self) {
        let step = ConversionStep { step: Some(Step::LetterCase(LetterCase { lower: false })) };
        let conversion = CardConversion { steps: vec![step], reader_steps: vec![] };
        let request = UpdateConversionRequest { parent: ACCOUNT.to_owned(), conversion: Some(conversion) };
        let mut conversions = ConversionServiceClient::connect(self.url.clone()).await.unwrap();
        conversions.update_conversion(request).await.unwrap();
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}
