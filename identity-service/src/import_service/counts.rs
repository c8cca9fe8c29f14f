//! What is counted of an import.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rollcall_proto::identity::ImportProgress;

use crate::store::import::{Done, Outcome};

/// How often progress is told.
const INTERVAL: Duration = Duration::from_secs(1);

/// Counts, and when they were last told.
pub(super) struct Counts {
    progress: ImportProgress,
    bytes: Arc<AtomicU64>,
    told: Instant,
}

impl Counts {
    pub(super) fn new(bytes: Arc<AtomicU64>) -> Self {
        Self { progress: ImportProgress::default(), bytes, told: Instant::now() }
    }

    pub(super) fn read(&mut self) {
        self.progress.rows += 1;
    }

    pub(super) fn failed(&mut self) {
        self.progress.failed += 1;
    }

    pub(super) fn done(&mut self, done: &Done) {
        match done.outcome {
            Outcome::Created => self.progress.created += 1,
            Outcome::Updated => self.progress.updated += 1,
            Outcome::Unchanged => self.progress.unchanged += 1,
        }
        self.progress.cards += done.cards;
    }

    pub(super) fn removed(&mut self, count: i64) {
        self.progress.removed += count;
    }

    pub(super) fn has_failures(&self) -> bool {
        self.progress.failed > 0
    }

    pub(super) fn now(&self) -> ImportProgress {
        let bytes = i64::try_from(self.bytes.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        ImportProgress { bytes, ..self.progress }
    }

    /// The counts, when it is time to tell them again.
    pub(super) fn due(&mut self) -> Option<ImportProgress> {
        if self.told.elapsed() < INTERVAL {
            return None;
        }
        self.told = Instant::now();
        Some(self.now())
    }
}
