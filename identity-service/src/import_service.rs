//! `rollcall.identity.v1.ImportService`.

mod counts;
mod pipe;
mod run;

use std::pin::Pin;

use rollcall_proto::identity::{
    AbsentUsers, ImportEncoding, ImportMode, ImportUsersRequest, ImportUsersResponse, import_service_server,
    import_users_request::Part,
};
use rollcall_roster::{Encoding, Field, Options};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use self::{pipe::Pipe, run::Run};
use crate::{
    directory::Directory,
    name,
    store::{error::Error, import::Plan},
};

/// Messages that may be on their way to the caller.
const IN_FLIGHT: usize = 64;
/// The most columns that are mapped by hand.
const MAX_MAPPING: usize = 100;

/// Imports over gRPC.
pub struct ImportService(pub(crate) Directory);

#[tonic::async_trait]
impl import_service_server::ImportService for ImportService {
    type ImportUsersStream = Pin<Box<dyn Stream<Item = Result<ImportUsersResponse, Status>> + Send>>;

    async fn import_users(
        &self,
        request: Request<Streaming<ImportUsersRequest>>,
    ) -> Result<Response<Self::ImportUsersStream>, Status> {
        let mut requests = request.into_inner();
        let first = requests.message().await?.ok_or_else(|| Error::field("options", "is missing"))?;
        let (pipe, feed) = pipe::pair();
        let run = self.prepare(first, pipe)?;
        tokio::spawn(feed.run(requests));
        let (events, receiver) = mpsc::channel(IN_FLIGHT);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = run.run(&runtime, &events) {
                // If the caller is gone there is nobody to tell.
                let _ = events.blocking_send(Err(error.into()));
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl ImportService {
    fn prepare(&self, first: ImportUsersRequest, pipe: Pipe) -> Result<Run, Error> {
        let ImportUsersRequest { parent, part } = first;
        let account = name::account("parent", &parent)?;
        let Some(Part::Options(options)) = part else {
            return Err(Error::field("options", "must be in the first request"));
        };
        let unknown = |field| Error::field(field, "is not a value of its enum");
        let mode = match ImportMode::try_from(options.mode).map_err(|_| unknown("options.mode"))? {
            ImportMode::Unspecified => ImportMode::Upsert,
            mode => mode,
        };
        let absent = match AbsentUsers::try_from(options.absent).map_err(|_| unknown("options.absent"))? {
            AbsentUsers::Unspecified => AbsentUsers::Keep,
            absent => absent,
        };
        let removes = absent != AbsentUsers::Keep;
        if removes && (mode != ImportMode::Synchronise || options.cards_only) {
            return Err(Error::field("options.absent", "is for synchronising imports of people"));
        }
        if removes && options.all_or_nothing {
            let problem = "removes nobody in an import that is all or nothing: synchronise in a second one";
            return Err(Error::field("options.absent", problem));
        }
        let encoding =
            match ImportEncoding::try_from(options.encoding).map_err(|_| unknown("options.encoding"))? {
                ImportEncoding::Unspecified => Encoding::Unicode,
                ImportEncoding::Windows1252 => Encoding::Windows1252,
            };
        if options.mapping.len() > MAX_MAPPING {
            return Err(Error::field(
                "options.mapping",
                format!("must not have more than {MAX_MAPPING} columns"),
            ));
        }
        let mapping = options.mapping.into_iter().map(|(header, field)| {
            let field: Field =
                field.parse().map_err(|problem: String| Error::field("options.mapping", problem))?;
            Ok((header, field))
        });
        let mapping = mapping.collect::<Result<_, Error>>()?;
        Ok(Run {
            directory: self.0.clone(),
            account,
            file: Options { encoding, mapping, cards_only: options.cards_only },
            plan: Plan { mode, cards_only: options.cards_only },
            absent,
            preview: options.preview,
            all_or_nothing: options.all_or_nothing,
            pipe,
        })
    }
}
