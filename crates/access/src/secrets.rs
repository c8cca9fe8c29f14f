//! The secrets by which callers are known where there are no certificates.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rollcall_serve::reload::{ReadError, Watched};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::role::{Grant, NoRole};

/// The fewest characters of a secret.
const SHORTEST: usize = 16;

/// A file of secrets that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not text.
    #[error("{} is not UTF-8", .0.display())]
    NotText(PathBuf),
    /// A line is not `ROLE SECRET`.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong, without the secret.
        problem: String,
    },
    /// It has no line.
    #[error("{} holds no secret: write a line `ROLE SECRET`; `openssl rand -base64 32` makes one", .0.display())]
    Empty(PathBuf),
}

/// The secrets that are accepted, as hashes: comparing those takes the same time for every secret.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<([u8; 32], Grant)>);

impl Secrets {
    /// Reads a file and follows it.
    pub(crate) fn follow(path: PathBuf, interval: Duration) -> Result<Arc<Watched<Self>>, SecretsError> {
        let started = AtomicBool::new(false);
        Watched::start(vec![path.clone()], interval, move |contents| {
            match Self::parse(&path, contents.first().map_or(&[][..], Vec::as_slice)) {
                // Emptied while it runs: from here on it is nobody.
                Err(SecretsError::Empty(_)) if started.load(Ordering::Relaxed) => Ok(Self(Vec::new())),
                parsed => {
                    started.store(true, Ordering::Relaxed);
                    parsed
                }
            }
        })
    }

    /// Lines `ROLE SECRET` or `station ACCOUNT/NAME SECRET`; empty ones and those that begin with `#` are skipped.
    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, SecretsError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SecretsError::NotText(path.to_owned()))?;
        let mut secrets = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong =
                |problem: String| SecretsError::Line { path: path.to_owned(), line: number + 1, problem };
            let words: Vec<&str> = line.split_whitespace().collect();
            let (role, secret) = match words.as_slice() {
                ["station", station, secret] => (format!("station/{station}"), *secret),
                [role, secret] => ((*role).to_owned(), *secret),
                _ => return Err(wrong("write `ROLE SECRET` or `station ACCOUNT/NAME SECRET`".to_owned())),
            };
            let grant = role.parse().map_err(|no: NoRole| wrong(format!("its role {no}")))?;
            if secret.len() < SHORTEST {
                return Err(wrong(format!("the secret has fewer than {SHORTEST} characters")));
            }
            secrets.push((Sha256::digest(secret).into(), grant));
        }
        if secrets.is_empty() { Err(SecretsError::Empty(path.to_owned())) } else { Ok(Self(secrets)) }
    }

    /// What a secret gives; several lines may have the same secret.
    pub(crate) fn grants(&self, secret: &[u8]) -> Vec<Grant> {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        let fits = |(known, _): &&([u8; 32], Grant)| bool::from(known.ct_eq(&hash));
        self.0.iter().filter(fits).map(|(_, grant)| grant.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    fn parse(text: &[u8]) -> Result<Secrets, String> {
        Secrets::parse(Path::new("f"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn lines() {
        let text = b"# who may call\n\ngateway 0123456789abcdef\nconsole 0123456789abcdef\nstation acme/lobby fedcba9876543210\n";
        let secrets = parse(text).unwrap();
        assert_eq!(
            secrets.grants(b"0123456789abcdef"),
            [Grant::Role(Role::Gateway), Grant::Role(Role::Console)]
        );
        assert_eq!(secrets.grants(b"fedcba9876543210")[0].role(), Role::Station);
        assert!(secrets.grants(b"0123456789abcdeX").is_empty() && secrets.grants(b"").is_empty());
    }

    #[test]
    fn mistakes_are_named_without_the_secret() {
        for (text, problem) in [
            (&b""[..], "holds no secret"),
            (b"# nothing\n", "holds no secret"),
            (b"gateway\n", "line 1: write `ROLE SECRET`"),
            (b"\ngateway short-secret\n", "line 2: the secret has fewer than 16"),
            (b"gatewy 0123456789abcdef", "line 1: its role is none of gateway"),
            (b"0123456789abcdef gateway", "line 1: its role is none of"),
            (b"station acme 0123456789abcdef", "its role is none of"),
            (b"gateway 0123456789abcdef and more", "line 1: write"),
            (b"\xff\xfe", "not UTF-8"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(problem) && !message.contains("0123456789"), "{message}");
        }
    }
}
