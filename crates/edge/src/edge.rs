//! The copy as a whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use rollcall_db::{Address, Database, Migrations};
use rollcall_serve::{Channel, channel, peer};

use crate::{
    clock::Contact,
    store::{self, Head},
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Which copy to keep.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file of the copy; made, with its directory, for its owner alone.
    pub path: PathBuf,
    /// The account id.
    pub account: String,
    /// What this station calls itself: 1 to 128 characters, without `/`.
    pub station: String,
    /// The identity service, such as `http://identity:7401`.
    pub identity_service: String,
    /// How the identity service knows this station; by nothing unless said.
    pub peer: peer::Client,
    /// How old a copy may be and still answer. Default 24 hours.
    pub max_age: Duration,
}

impl Options {
    /// With the default for what is not given.
    pub fn new(
        path: impl Into<PathBuf>,
        account: impl Into<String>,
        station: impl Into<String>,
        identity_service: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            account: account.into(),
            station: station.into(),
            identity_service: identity_service.into(),
            peer: peer::Client::default(),
            max_age: Duration::from_hours(24),
        }
    }
}

/// What can be wrong with a copy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or its directory cannot be made.
    #[error("cannot make the copy {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is the copy of something else.
    #[error("{} is the copy of the account {account} for the station {station}; name another file", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// The account that it is of.
        account: String,
        /// The station that it is for.
        station: String,
    },
    /// The file cannot be read or written.
    #[error(transparent)]
    Database(#[from] rollcall_db::Error),
    /// The address of the identity service is none.
    #[error(transparent)]
    Address(#[from] rollcall_serve::Error),
    /// What is stored cannot be read.
    #[error("the copy is damaged: {0}; delete the file, and it is made anew")]
    Damaged(&'static str),
    /// What the centre sent cannot be.
    #[error("the identity service sent what cannot be: {0}")]
    Event(&'static str),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

/// How a copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The revision that it is at.
    pub revision: i64,
    /// Whether there was a whole snapshot; without one it answers nothing.
    pub complete: bool,
    /// Whether it follows the centre right now.
    pub connected: bool,
    /// How old it is: since when it may have missed something. None when the clock was set back.
    pub age: Option<Duration>,
    /// People in it.
    pub users: i64,
    /// Cards in it.
    pub cards: i64,
    /// Groups in it.
    pub groups: i64,
}

/// A station's copy. Cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Inner>);

struct Inner {
    options: Options,
    db: Database,
    channel: Channel,
    live: Mutex<Live>,
}

/// What is known besides the file.
struct Live {
    connected: bool,
    contact: Contact,
}

impl Edge {
    /// Opens the copy, or makes an empty one. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(options: Options) -> Result<Self, Error> {
        make_private(&options.path).map_err(|source| Error::File { path: options.path.clone(), source })?;
        let channel = channel::connect_as(&options.identity_service, &options.peer)?;
        let migrations = Migrations { sqlite: MIGRATIONS, postgres: MIGRATIONS };
        let address = Address::Sqlite(options.path.clone());
        let settings = rollcall_db::Options { readers: 4, ..rollcall_db::Options::default() };
        let db = Database::open(&address, &settings, migrations)?;
        let head = store::begin(&address, &options.account, &options.station)?;
        if (head.account.as_str(), head.station.as_str())
            != (options.account.as_str(), options.station.as_str())
        {
            let Head { account, station, .. } = head;
            return Err(Error::Other { path: options.path, account, station });
        }
        let contact = Contact { at: head.contact_at, seen: None };
        let live = Mutex::new(Live { connected: false, contact });
        Ok(Self(Arc::new(Inner { options, db, channel, live })))
    }

    /// How the copy is.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn state(&self) -> Result<State, Error> {
        let (head, [users, cards, groups]) = self.0.db.read(store::counts).await?;
        let (connected, contact) = self.with_live(|live| (live.connected, live.contact));
        Ok(State {
            revision: head.revision,
            complete: head.complete,
            connected,
            age: contact.age(),
            users,
            cards,
            groups,
        })
    }

    /// The revision that the copy is at.
    pub(crate) async fn revision(&self) -> Result<i64, Error> {
        Ok(self.0.db.read(store::head).await?.revision)
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn db(&self) -> &Database {
        &self.0.db
    }

    pub(crate) fn channel(&self) -> Channel {
        self.0.channel.clone()
    }

    pub(crate) fn contact(&self) -> Contact {
        self.with_live(|live| live.contact)
    }

    /// Takes note that the centre was heard.
    pub(crate) fn heard(&self) {
        self.with_live(|live| {
            live.contact = Contact::now();
            live.connected = true;
        });
    }

    pub(crate) fn disconnected(&self) {
        self.with_live(|live| live.connected = false);
    }

    fn with_live<T>(&self, look: impl FnOnce(&mut Live) -> T) -> T {
        look(&mut self.0.live.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes the file, and the directory that it is in, for their owner alone. What is there stays as it is.
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map(drop)
}
