//! Values made of files that change under a running process: certificates and secrets, as cert-manager and Kubernetes renew them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

/// How often the files are looked at.
pub const INTERVAL: Duration = Duration::from_secs(10);

/// A file that a value is made of cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

type Load<T, E> = Box<dyn Fn(&[Vec<u8>]) -> Result<T, E> + Send + Sync>;

/// A value that follows its files. When they change to something that cannot be used, the value stays as it was, and the log says why.
#[derive(Debug)]
pub struct Watched<T>(RwLock<Arc<T>>);

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads the files, at most 1 MiB each, makes the value by `load`, and goes on looking at them every `interval` for as long as
    /// somebody holds the value. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// What `load` says, or that a file cannot be read.
    pub fn start<E>(
        paths: Vec<PathBuf>,
        interval: Duration,
        load: impl Fn(&[Vec<u8>]) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, E>
    where
        E: From<ReadError> + std::fmt::Display + Send + 'static,
    {
        let contents = read(&paths)?;
        let watched = Arc::new(Self(RwLock::new(Arc::new(load(&contents)?))));
        tokio::spawn(follow(Arc::downgrade(&watched), paths, contents, interval, Box::new(load)));
        Ok(watched)
    }

    /// The value as of now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn follow<T, E>(
    watched: Weak<Watched<T>>,
    paths: Vec<PathBuf>,
    mut contents: Vec<Vec<u8>>,
    interval: Duration,
    load: Load<T, E>,
) where
    E: From<ReadError> + std::fmt::Display,
{
    loop {
        tokio::time::sleep(interval).await;
        let Some(watched) = watched.upgrade() else { return };
        // A few kilobytes, every ten seconds.
        let now = match read(&paths) {
            Ok(now) if now != contents => now,
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, "kept what was read before");
                continue;
            }
        };
        match load(&now) {
            Ok(value) => {
                *watched.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                tracing::info!(files = %shown(&paths), "read again after a change");
            }
            // The files of a pair change one after the other: said again only once they change again.
            Err(error) => {
                tracing::warn!(%error, files = %shown(&paths), "they changed and cannot be used; kept what was read before");
            }
        }
        contents = now;
    }
}

fn read(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, ReadError> {
    const MOST: u64 = 1024 * 1024;
    let one = |path: &PathBuf| {
        let failed = |source| ReadError { path: path.clone(), source };
        if fs::metadata(path).map_err(failed)?.len() > MOST {
            return Err(failed(io::Error::other("it has more than 1 MiB")));
        }
        fs::read(path).map_err(failed)
    };
    paths.iter().map(one).collect()
}

fn shown(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path: &PathBuf| Path::display(path).to_string()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Bad {
        #[error(transparent)]
        Read(#[from] ReadError),
        #[error("not a number")]
        Number,
    }

    fn number(contents: &[Vec<u8>]) -> Result<u32, Bad> {
        String::from_utf8_lossy(&contents[0]).trim().parse().map_err(|_| Bad::Number)
    }

    #[tokio::test]
    async fn it_follows_its_file_and_keeps_what_works() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("n");
        let start = || Watched::start(vec![file.clone()], Duration::from_millis(5), number);
        assert!(matches!(start(), Err(Bad::Read(_))));
        fs::write(&file, "one").unwrap();
        assert!(matches!(start(), Err(Bad::Number)));
        fs::write(&file, "1").unwrap();
        let watched = start().unwrap();
        assert_eq!(*watched.get(), 1);
        for (content, expected) in [(Some("nothing"), 1), (Some("2"), 2), (None, 2), (Some("3"), 3)] {
            match content {
                Some(content) => fs::write(&file, content).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(*watched.get(), expected, "{content:?}");
        }
    }
}
