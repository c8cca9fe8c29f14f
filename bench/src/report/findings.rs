//! What a run found.

use std::collections::BTreeMap;

use super::targets::Verdict;
use crate::{
    contest::{Cell, EVENTS, SQLITE, SQLITE_16},
    limits::Pace,
    scenarios::Operation,
    statistics::ratio,
};

/// Who took part in the comparison.
#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) name: String,
    pub(crate) store: String,
    pub(crate) durable: bool,
    pub(crate) kind: Kind,
    /// The most memory, in KiB, after everything.
    pub(crate) peak: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fixed,
    Together,
    Apart,
    OnPostgres,
    Peer,
}

/// Everything that goes on the page.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) names: Vec<Participant>,
    /// Peers that did not start, and why.
    pub(crate) absent: Vec<(String, String)>,
    /// For each event a cell for each name.
    pub(crate) rows: Vec<Vec<Cell>>,
    pub(crate) paces: BTreeMap<&'static str, Vec<Pace>>,
    /// What was measured of Rollcall alone: what, and what was found.
    pub(crate) facts: Vec<(String, Result<String, String>)>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Findings {
    pub(crate) fn place(&self, kind: Kind) -> Option<usize> {
        self.names.iter().position(|name| name.kind == kind)
    }

    /// Rollcall's rate beside the limit of an event, if it has one: a fixed document, or bare commits.
    pub(crate) fn beside_limit(&self, event: usize) -> Option<f64> {
        let ours = self.cell(event, self.place(Kind::Together)?)?;
        let paces = |name| self.paces.get(name);
        let limit = match EVENTS.get(event)? {
            (Operation::Create, 1, _) => paces(SQLITE)?,
            (Operation::Create, _, _) => paces(SQLITE_16)?,
            _ => return ours.times(self.cell(event, self.place(Kind::Fixed)?)?),
        };
        let limit: Vec<f64> = limit.iter().map(|pace| pace.rate).collect();
        Some(ratio(&ours.rates()?, &limit))
    }

    /// Rollcall's rate beside that of another in an event.
    pub(crate) fn beside(&self, event: usize, place: usize) -> Option<f64> {
        self.cell(event, self.place(Kind::Together)?)?.times(self.cell(event, place)?)
    }

    /// The others that Rollcall in one process is held against: its own other forms, then the peers.
    pub(crate) fn others(&self) -> Vec<(usize, &Participant)> {
        let others = self.names.iter().enumerate();
        others.filter(|(_, name)| !matches!(name.kind, Kind::Together | Kind::Fixed)).collect()
    }

    pub(crate) fn cell(&self, event: usize, place: usize) -> Option<&Cell> {
        self.rows.get(event)?.get(place)
    }
}
