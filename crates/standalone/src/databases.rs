//! Where the data is.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use rollcall_db::Address;
use rollcall_key::Keys;

use crate::error::Error;

/// The file of the keys in the data directory.
pub(crate) const KEY_FILE: &str = "key";

/// Where the data is.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Directory of the SQLite files, made when it is not there; unused when both database URLs are given
    #[arg(long, env = "ROLLCALL_DATA_DIR", default_value = "./data", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,

    /// Identity database: `sqlite:PATH` or `postgres://user:password@host:5432/name` [default: identity.db in the data
    /// directory]
    #[arg(long, env = "ROLLCALL_IDENTITY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) identity_database_url: Option<Address>,

    /// Token database, likewise; it may be the same PostgreSQL database [default: token.db in the data directory]
    #[arg(long, env = "ROLLCALL_TOKEN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) token_database_url: Option<Address>,
}

/// The two databases, their directory there.
pub(crate) struct Databases {
    pub(crate) identity: Address,
    pub(crate) token: Address,
    directory: Option<PathBuf>,
}

impl Options {
    /// Settles on the addresses, and makes the data directory if one of them is in it. Nobody else may look into the
    /// directory: it holds personal data.
    pub(crate) fn prepare(&self) -> Result<Databases, Error> {
        let in_directory = self.identity_database_url.is_none() || self.token_database_url.is_none();
        if in_directory {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.data_dir)
                .map_err(|source| Error::DataDir { path: self.data_dir.clone(), source })?;
        }
        let file = |name: &str| Address::Sqlite(self.data_dir.join(name));
        Ok(Databases {
            identity: self.identity_database_url.clone().unwrap_or_else(|| file("identity.db")),
            token: self.token_database_url.clone().unwrap_or_else(|| file("token.db")),
            directory: in_directory.then(|| self.data_dir.clone()),
        })
    }
}

impl Databases {
    /// The keys of the installation: in the data directory, where they are made, unless they were told another place.
    pub(crate) fn keys(&self, file: Option<&Path>) -> Result<Keys, Error> {
        match (file, &self.directory) {
            (Some(file), _) => Ok(Keys::read(file)?),
            (None, Some(directory)) => Ok(Keys::read_or_make(&directory.join(KEY_FILE))?),
            (None, None) => Err(Error::NoKey),
        }
    }

    /// Keeps a second server away from the data directory for as long as the file lives; the system frees it with the
    /// process, however that ends. Also shows at once whether the directory can be written.
    pub(crate) fn lock(&self) -> Result<Option<File>, Error> {
        self.directory.as_deref().map(lock).transpose()
    }
}

fn lock(directory: &Path) -> Result<File, Error> {
    let failed = |source| Error::DataDir { path: directory.to_owned(), source };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(directory.join("lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::DataDirInUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(data_dir: PathBuf) -> Options {
        Options { data_dir, identity_database_url: None, token_database_url: None }
    }

    #[test]
    fn the_files_are_in_the_data_directory_which_is_made() {
        let home = tempfile::tempdir().unwrap();
        let databases = options(home.path().join("a/b")).prepare().unwrap();
        assert_eq!(databases.token, Address::Sqlite(home.path().join("a/b/token.db")));
        assert!(home.path().join("a/b").is_dir());
    }

    #[test]
    fn two_servers_do_not_share_a_directory() {
        let home = tempfile::tempdir().unwrap();
        let databases = options(home.path().to_owned()).prepare().unwrap();
        let first = databases.lock().unwrap();
        assert!(matches!(databases.lock(), Err(Error::DataDirInUse { .. })));
        drop(first);
        assert!(databases.lock().unwrap().is_some());
    }

    #[test]
    fn the_key_is_made_in_the_data_directory_unless_it_is_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        let databases = options(home.path().to_owned()).prepare().unwrap();
        let elsewhere = home.path().join("elsewhere");
        assert!(databases.keys(Some(&elsewhere)).is_err(), "a file that was named is not made");
        let kept = Keys::read_or_make(&elsewhere).unwrap();
        assert_eq!(databases.keys(Some(&elsewhere)).unwrap(), kept);
        assert!(!home.path().join("key").exists());
        let made = databases.keys(None).unwrap();
        assert_eq!(Keys::read(&home.path().join("key")).unwrap(), made);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data");
        std::fs::write(&path, "").unwrap();
        let Err(error) = options(path.clone()).prepare() else { panic!("it was made") };
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }

    #[test]
    fn without_a_file_in_it_the_directory_is_not_made() {
        let home = tempfile::tempdir().unwrap();
        let url: Address = "postgres://localhost/rollcall".parse().unwrap();
        let options = Options {
            data_dir: home.path().join("data"),
            identity_database_url: Some(url.clone()),
            token_database_url: Some(url),
        };
        let databases = options.prepare().unwrap();
        assert!(databases.lock().unwrap().is_none());
        assert!(matches!(databases.keys(None), Err(Error::NoKey)));
        assert!(!home.path().join("data").exists());
    }
}
