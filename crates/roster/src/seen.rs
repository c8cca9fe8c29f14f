//! Who and which card stood in the file before. What is remembered is a hash and a line: whoever wrote the file cannot choose
//! texts that collide, because the hash has a random key.

use std::{
    collections::{HashMap, hash_map::Entry, hash_map::RandomState},
    hash::{BuildHasher as _, BuildHasherDefault, Hasher},
};

use rollcall_scim::fold;

/// Texts that were seen, and the line on which each was first.
#[derive(Default)]
pub(crate) struct Seen {
    key: RandomState,
    lines: HashMap<u64, u32, BuildHasherDefault<Already>>,
}

/// The key of the map is a hash already.
#[derive(Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only numbers are hashed here; should it ever be more, this is still a hash.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl Seen {
    /// Takes note of a text; the line on which it stood before, if it did.
    pub(crate) fn note(&mut self, text: &str, line: u64) -> Option<u64> {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        match self.lines.entry(self.key.hash_one(text)) {
            Entry::Occupied(before) => Some(u64::from(*before.get())),
            Entry::Vacant(vacant) => {
                vacant.insert(line);
                None
            }
        }
    }

    /// The same for a name in which case does not count.
    pub(crate) fn note_folded(&mut self, text: &str, line: u64) -> Option<u64> {
        self.note(&fold(text), line)
    }
}
