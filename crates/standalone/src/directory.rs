//! `rollcall user` and `rollcall group`.

mod groups;
mod users;

use clap::ValueEnum;
use rollcall_proto::identity::{
    PatchOp, PatchOperation, UserSource, group_service_client::GroupServiceClient,
    user_service_client::UserServiceClient,
};
use rollcall_serve::{Channel, channel};
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
    identity: client::Identity,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Service {
    fn users(&self) -> Result<UserServiceClient<Channel>, Error> {
        Ok(UserServiceClient::new(self.identity.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    fn groups(&self) -> Result<GroupServiceClient<Channel>, Error> {
        Ok(GroupServiceClient::new(self.identity.channel()?).max_decoding_message_size(channel::MAX_MESSAGE))
    }

    fn deleted(&self, what: &str, id: &str) -> Result<(), Error> {
        if self.json {
            output::print_json(&json!({}))
        } else {
            output::print(&format!("The {what} {id} is deleted."))
        }
    }

    async fn answer<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Error> {
        // On the heap: a call that holds a user is large.
        self.identity.answer(Box::pin(call)).await
    }
}

fn source(source: UserSource) -> &'static str {
    match source {
        UserSource::Unspecified => "unknown",
        UserSource::Scim => "scim",
        UserSource::Import => "import",
        UserSource::Manual => "manual",
    }
}
