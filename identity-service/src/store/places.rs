//! Where in a list the pages begin that were read of late, for clients that page by `startIndex`.
//!
//! To skip so many rows costs as much as to read their keys. A client that goes through a list asks for the page behind the one it has
//! just read, so its place is remembered, together with the revision of the account: once anything has changed, it counts for nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// The most places remembered, of all accounts: some 200 bytes each.
const CAPACITY: usize = 4096;

/// Which list, and after how many of its resources.
type Key = (String, i64);

/// The places of a process.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The id of the last resource before the place, at a revision.
    ids: HashMap<Key, (i64, String)>,
    /// The keys by age, the oldest first.
    order: VecDeque<Key>,
}

impl Places {
    /// The id after which the resources come that follow the first `skip` of a list, if it is known for this revision.
    pub(crate) fn find(&self, list: &str, skip: i64, revision: i64) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, id) = known.ids.get(&(list.to_owned(), skip))?;
        (*of == revision).then(|| id.clone())
    }

    /// Remembers a place. The oldest makes room for it.
    pub(crate) fn remember(&self, list: &str, skip: i64, revision: i64, id: &str) {
        let key = (list.to_owned(), skip);
        // Whole after every statement, so a panic elsewhere does not spoil it.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.ids.insert(key.clone(), (revision, id.to_owned())).is_none() {
            known.order.push_back(key);
        }
        while known.order.len() > CAPACITY {
            if let Some(oldest) = known.order.pop_front() {
                known.ids.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_for_its_list_and_revision() {
        let places = Places::default();
        places.remember("a", 100, 7, "x");
        for (list, skip, revision, expected) in
            [("a", 100, 7, Some("x")), ("a", 100, 8, None), ("a", 101, 7, None), ("b", 100, 7, None)]
        {
            assert_eq!(places.find(list, skip, revision).as_deref(), expected, "{list} {skip} {revision}");
        }
        places.remember("a", 100, 8, "y");
        assert_eq!(places.find("a", 100, 8).as_deref(), Some("y"));
    }

    #[test]
    fn they_are_bounded() {
        let places = Places::default();
        for skip in 0..10_000 {
            places.remember("a", skip, 1, "x");
        }
        let known = places.0.lock().unwrap();
        assert_eq!((known.ids.len(), known.order.len()), (CAPACITY, CAPACITY));
        assert!(known.ids.contains_key(&("a".to_owned(), 9_999)));
    }
}
