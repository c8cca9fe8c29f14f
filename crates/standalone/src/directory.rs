//! `rollcall user` and `rollcall group`.

mod groups;
mod users;

use clap::ValueEnum;
use rollcall_proto::identity::{
    BatchLookupUsersRequest, PatchOp, PatchOperation, UserKey, UserSource, UserView,
    group_service_client::GroupServiceClient, lookup_service_client::LookupServiceClient, user_key::Key,
    user_service_client::UserServiceClient,
};
use rollcall_serve::{Channel, channel, peer};
use serde_json::{Value, json};
use tonic::{Response, Status};

pub(crate) use self::{
    groups::{Groups, groups},
    users::{Users, users},
};
use crate::{client, error::Error, output};

/// Who writes, and whose what is made here is.
const BY_HAND: i32 = UserSource::Manual as i32;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct List {
    /// The account id
    account: String,
    /// Those whose name or e-mail address begins with this, or whose external id it is
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    search: String,
    /// At most so many
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
    #[command(flatten)]
    service: Service,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct One {
    /// The account id
    account: String,
    /// The id, the first column of `list`
    id: String,
    #[command(flatten)]
    service: Service,
}

/// Sets an attribute, as RFC 7644 section 3.5.2.3 has it.
fn replace((path, value): (&str, Value)) -> PatchOperation {
    PatchOperation { op: PatchOp::Replace.into(), path: path.to_owned(), value: value.to_string() }
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct SetSource {
    #[command(flatten)]
    one: One,
    /// Whose it is from now on
    source: Source,
}

/// Whose a user or group is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Source {
    /// The identity provider's
    Scim,
    /// Kept by hand: the identity provider may not change it
    Manual,
}

impl From<Source> for i32 {
    fn from(source: Source) -> Self {
        let source = match source {
            Source::Scim => UserSource::Scim,
            Source::Manual => UserSource::Manual,
        };
        source.into()
    }
}

/// Where users and groups are.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Service {
    #[command(flatten)]
    pub(crate) identity: client::Identity,
    #[command(flatten)]
    peers: peer::ClientArgs,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

impl Service {
    pub(crate) fn channel(&self) -> Result<Channel, Error> {
        self.identity.channel(&self.peers)
    }

    fn users(&self) -> Result<UserServiceClient<Channel>, Error> {
        Ok(UserServiceClient::new(self.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    fn groups(&self) -> Result<GroupServiceClient<Channel>, Error> {
        Ok(GroupServiceClient::new(self.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    /// The resource name of a person: by id, user name, e-mail address or local user name.
    pub(crate) async fn person(&self, account: &str, who: &str) -> Result<String, Error> {
        let keys = [Key::Alias(who.to_owned()), Key::Id(who.to_owned())];
        let request = BatchLookupUsersRequest {
            min_revision: 0,
            parent: format!("accounts/{account}"),
            keys: keys.into_iter().map(|key| UserKey { key: Some(key) }).collect(),
            view: UserView::Basic.into(),
        };
        let mut lookups = LookupServiceClient::new(self.channel()?);
        let found = self.answer(lookups.batch_lookup_users(request)).await?;
        let mut names: Vec<String> =
            found.results.into_iter().flat_map(|found| found.users).map(|user| user.name).collect();
        names.dedup();
        match names.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Error::Refused(format!("nobody in the account `{account}` is called `{who}`"))),
            _ => Err(Error::Refused(format!("several people are called `{who}`: give the id"))),
        }
    }

    fn deleted(&self, what: &str, id: &str) -> Result<(), Error> {
        if self.json {
            output::print_json(&json!({}))
        } else {
            output::print(&format!("The {what} {id} is deleted."))
        }
    }

    pub(crate) async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Error> {
        // On the heap: a call that holds a user is large.
        self.identity.answer(Box::pin(call)).await
    }
}

pub(crate) fn source(source: UserSource) -> &'static str {
    match source {
        UserSource::Unspecified => "unknown",
        UserSource::Scim => "scim",
        UserSource::Import => "import",
        UserSource::Manual => "manual",
    }
}
