//! The file of the keys.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use crate::{Key, SIZE};

/// The most keys in a file.
pub const MAX_KEYS: usize = 8;
/// A key file that is larger is none: it is not read whole.
const MAX_FILE: u64 = 1024;

/// The keys of the installation, the current one first; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the key file {}: {source}; make one with `openssl rand -base64 32`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the key file {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{} is not a key file: each of its 1 to {MAX_KEYS} lines must hold {SIZE} random bytes in Base64; make one with \
         `openssl rand -base64 32`",
        .path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for one more key.
    #[error(
        "{} has {MAX_KEYS} keys: take the last lines out first, which no card or PIN is stored by any more",
        .path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Keys {
    /// Reads the keys from their file; warns where others than its owner may read it.
    ///
    /// # Errors
    /// [`KeyError::Read`], [`KeyError::Content`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Read { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(failed)?;
        warn_if_open(path, &file.metadata().map_err(failed)?);
        let other = || KeyError::Content { path: path.to_owned() };
        let mut text = Vec::new();
        // Counted while it is read: a pipe or device does not say how long it is.
        let length = file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(failed)?;
        if u64::try_from(length).is_ok_and(|length| length > MAX_FILE) {
            return Err(other());
        }
        let lines = text.trim_ascii().split(|byte| *byte == b'\n');
        let keys: Vec<Key> =
            lines.map(|line| Key::parse(line).ok_or_else(other)).collect::<Result<_, _>>()?;
        if keys.len() > MAX_KEYS || keys.iter().enumerate().any(|(at, key)| keys[..at].contains(key)) {
            return Err(other());
        }
        Ok(Self(keys))
    }

    /// Reads the keys from their file, which is made with one where it is absent: whole or not at all, for its owner alone.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read_or_make(path: &Path) -> Result<Self, KeyError> {
        match Self::read(path) {
            Err(KeyError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
        let made = Self(vec![Key::generate()?]);
        made.write_new(path).map_err(|source| KeyError::Write { path: path.to_owned(), source })?;
        // Another process may have been faster: what the file holds counts.
        Self::read(path)
    }

    /// Puts a new key in front of those of a file, which keeps its owner, its mode, and where it is if `path` is a symbolic
    /// link to it. Services write by the new key once they are started again.
    ///
    /// # Errors
    /// [`KeyError`]; the file is then as it was.
    pub fn rotate(path: &Path) -> Result<Self, KeyError> {
        let Self(mut keys) = Self::read(path)?;
        if keys.len() == MAX_KEYS {
            return Err(KeyError::Full { path: path.to_owned() });
        }
        keys.insert(0, Key::generate()?);
        let rotated = Self(keys);
        rotated.replace(path).map_err(|source| KeyError::Write { path: path.to_owned(), source })?;
        Ok(rotated)
    }

    /// A new key alone, in no file.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(vec![Key::generate()?]))
    }

    /// All keys, the current one first.
    pub fn all(&self) -> &[Key] {
        &self.0
    }

    /// The key that has been there longest: for what outsiders know and must not change when a new key comes.
    pub fn oldest(&self) -> Option<&Key> {
        self.0.last()
    }

    /// Gives the file its name by a link, which never replaces one that is there.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let beside = Beside::new(path)?;
        beside.write(self)?;
        match fs::hard_link(&beside.path, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_directory(path),
        }
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        // The file itself: the services may know it by another name than this link.
        let path = &path.canonicalize()?;
        let before = fs::metadata(path)?;
        let beside = Beside::new(path)?;
        beside.write(self)?;
        // Whoever rotates is often another than the services, who must read it still.
        chown(&beside.path, Some(before.uid()), Some(before.gid()))?;
        fs::set_permissions(&beside.path, before.permissions())?;
        fs::rename(&beside.path, path)?;
        sync_directory(path)
    }
}

/// A file beside the one that is meant, for its owner alone; gone once it is not needed, so that no keys lie about.
struct Beside {
    path: PathBuf,
}

impl Beside {
    /// Its name is nobody else's: process ids are alike in containers that share a directory.
    fn new(path: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:016x}", u64::from_ne_bytes(random)));
        Ok(Self { path: path.with_file_name(name) })
    }

    fn write(&self, keys: &Keys) -> io::Result<()> {
        let lines: String = keys.0.iter().map(|key| key.line() + "\n").collect();
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has its final name already, or was never made; else nothing more can be done.
        let _ = fs::remove_file(&self.path);
    }
}

/// A name in a directory outlasts a power cut only once the directory is written: else what was sealed by the key would
/// be there, and the key not.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn warn_if_open(path: &Path, metadata: &fs::Metadata) {
    if metadata.permissions().mode() & 0o077 != 0 {
        tracing::warn!("others may read the key file {0}; run `chmod 600 {0}`", path.display());
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    fn with(content: &[u8]) -> Result<Keys, KeyError> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        fs::write(&path, content).unwrap();
        Keys::read(&path)
    }

    #[test]
    fn a_file_holds_32_bytes_in_base64_a_line() {
        let [good, other] = [7, 8].map(|byte| STANDARD.encode([byte; SIZE]));
        assert_eq!(with(good.as_bytes()).unwrap().all().len(), 1);
        let two = with(format!("  {good}\r\n{other}\n").as_bytes()).unwrap();
        assert_eq!(two.all()[0], with(good.as_bytes()).unwrap().all()[0]);
        assert_eq!(two.oldest(), with(other.as_bytes()).unwrap().oldest());
        let nine: Vec<String> = (0..9).map(|byte| STANDARD.encode([byte; SIZE])).collect();
        for bad in [
            "",
            "\n",
            "secret",
            &STANDARD.encode([7; 31]),
            &STANDARD.encode([7; 33]),
            &format!("{good}{good}"),
            &format!("{good}\n{good}"),
            &format!("{good}\nsecret"),
            &nine.join("\n"),
            &"A".repeat(2000),
        ] {
            let error = with(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("is not a key file") && error.contains("openssl rand"), "{error}");
            assert!(bad.trim().is_empty() || !error.contains(bad), "{error}");
        }
        assert!(with(&[0xff; 32]).is_err());
        // Has no length and no end.
        assert!(matches!(Keys::read(Path::new("/dev/zero")), Err(KeyError::Content { .. })));
        let error = Keys::read(Path::new("/nowhere/key")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/key"), "{error}");
    }

    #[test]
    fn an_absent_file_is_made_once_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let made = Keys::read_or_make(&path).unwrap();
        assert_eq!(Keys::read_or_make(&path).unwrap(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        // A key that came in between is kept.
        Keys::generate().unwrap().write_new(&path).unwrap();
        assert_eq!(Keys::read(&path).unwrap(), made);
        // What is there, and is no key, is not replaced.
        fs::write(&path, "").unwrap();
        assert!(matches!(Keys::read_or_make(&path), Err(KeyError::Content { .. })));
        assert!(matches!(Keys::rotate(&path), Err(KeyError::Content { .. })));
    }

    #[test]
    fn a_new_key_comes_in_front_while_there_is_room() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let first = Keys::read_or_make(&path).unwrap();
        for count in 2..=MAX_KEYS {
            let rotated = Keys::rotate(&path).unwrap();
            assert_eq!((rotated.all().len(), rotated.oldest()), (count, first.oldest()));
            assert_eq!(Keys::read(&path).unwrap(), rotated);
        }
        let full = Keys::read(&path).unwrap();
        assert!(matches!(Keys::rotate(&path), Err(KeyError::Full { .. })));
        assert_eq!(Keys::read(&path).unwrap(), full);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
    #[test]
    fn a_rotated_file_is_where_it_was_and_its_readers_can_read_it_still() {
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        Keys::read_or_make(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        let rotated = Keys::rotate(&link).unwrap();
        assert_eq!(Keys::read(&file).unwrap(), rotated);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    }

    #[test]
    fn all_who_make_a_file_at_once_have_the_same_key() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let made: Vec<Keys> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Keys::read_or_make(&path).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let kept = Keys::read(&path).unwrap();
        assert!(made.iter().all(|keys| *keys == kept));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
