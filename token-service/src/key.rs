//! The key of the installation: 32 random bytes in a file outside of the database. What is derived from it need not be
//! stored, so a copy of the database is not enough to sign in Rollcall's name.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The size of the key, and of everything derived from it, in bytes.
pub const SIZE: usize = 32;
/// A key file that is larger is none: it is not read whole.
const MAX_FILE: u64 = 1024;

/// The key of the installation.
#[derive(Clone)]
pub struct Key([u8; SIZE]);

/// Why there is no key.
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
    /// The file cannot be made.
    #[error("cannot make the key file {}: {source}", .path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not a key file: it must hold {SIZE} random bytes in Base64; make one with `openssl rand -base64 32`", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = [0; SIZE];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads the key from its file; warns where others than its owner may read it.
    ///
    /// # Errors
    /// [`KeyError::Read`], [`KeyError::Content`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Read { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(failed)?;
        let other = || KeyError::Content { path: path.to_owned() };
        if metadata.len() > MAX_FILE {
            return Err(other());
        }
        warn_if_open(path, &metadata);
        let text = fs::read(path).map_err(failed)?;
        let bytes = STANDARD.decode(text.trim_ascii()).map_err(|_| other())?;
        Ok(Self(bytes.try_into().map_err(|_| other())?))
    }

    /// Reads the key from its file, which is made where it is absent: whole or not at all, for its owner alone.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read_or_make(path: &Path) -> Result<Self, KeyError> {
        match Self::read(path) {
            Err(KeyError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
        let key = Self::generate()?;
        key.write_new(path).map_err(|source| KeyError::Make { path: path.to_owned(), source })?;
        // Another process may have been faster: what the file holds counts.
        Self::read(path)
    }

    /// Writes a file beside it first, and gives it the name by a link, which never replaces a key that is there.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let beside = path.with_file_name(name);
        write_private(&beside, format!("{}\n", STANDARD.encode(self.0)).as_bytes())?;
        let linked = fs::hard_link(&beside, path);
        fs::remove_file(&beside)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// A key for one purpose; keys for different purposes tell nothing of each other.
    pub fn derive(&self, purpose: &str) -> [u8; SIZE] {
        mac(&self.0, &[purpose.as_bytes()])
    }
}

/// HMAC-SHA-256 (RFC 2104) of the parts, one after another.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; SIZE] {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; SIZE] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn warn_if_open(path: &Path, metadata: &fs::Metadata) {
    use std::os::unix::fs::PermissionsExt as _;

    if metadata.permissions().mode() & 0o077 != 0 {
        tracing::warn!("others may read the key file {0}; run `chmod 600 {0}`", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(content: &[u8]) -> Result<Key, KeyError> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        fs::write(&path, content).unwrap();
        Key::read(&path)
    }

    #[test]
    fn a_file_holds_32_bytes_in_base64() {
        let good = STANDARD.encode([7; SIZE]);
        assert_eq!(with(good.as_bytes()).unwrap().0, [7; SIZE]);
        assert_eq!(with(format!("  {good}\n").as_bytes()).unwrap().0, [7; SIZE]);
        for bad in [
            "",
            "\n",
            "secret",
            &STANDARD.encode([7; 31]),
            &STANDARD.encode([7; 33]),
            &format!("{good}{good}"),
            &"A".repeat(2000),
        ] {
            let error = with(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("is not a key file") && error.contains("openssl rand"), "{error}");
            assert!(bad.trim().is_empty() || !error.contains(bad), "{error}");
        }
        assert!(with(&[0xff; 32]).is_err());
        let error = Key::read(Path::new("/nowhere/key")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/key"), "{error}");
    }

    #[test]
    fn an_absent_file_is_made_once_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let made = Key::read_or_make(&path).unwrap();
        assert_eq!(Key::read_or_make(&path).unwrap().0, made.0);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        // A key that came in between is kept.
        Key::generate().unwrap().write_new(&path).unwrap();
        assert_eq!(Key::read(&path).unwrap().0, made.0);
        // What is there, and is no key, is not replaced.
        fs::write(&path, "").unwrap();
        assert!(matches!(Key::read_or_make(&path), Err(KeyError::Content { .. })));
    }

    #[test]
    fn derived_keys_differ_and_stay() {
        let key = Key([1; SIZE]);
        assert_eq!(key.derive("a"), key.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), Key([2; SIZE]).derive("a"));
        assert_eq!(format!("{key:?}"), "Key(..)");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_mac_is_that_of_the_rfc() {
        let expected = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        assert_eq!(STANDARD.encode(mac(b"Jefe", &[b"what do ya want ", b"for nothing?"])), expected);
    }
}
