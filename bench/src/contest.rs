//! The same requests to every server, in turn, round after round.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    Error,
    limits::{Pace, disk::Disk, rows::Rows},
    load::{self, Length, Sample},
    progress,
    scenarios::{Operation, Population},
    statistics::{middle, ratio},
    target::Target,
    usage::await_quiet,
};

/// What is asked, by how many clients at once, and what it is called.
pub(crate) const EVENTS: [(Operation, usize, &str); 15] = [
    (Operation::Get, 16, "GET by id"),
    (Operation::FilterUserName, 16, "filter by userName, hit"),
    (Operation::FilterUserNameMiss, 16, "filter by userName, miss"),
    (Operation::FilterExternalId, 16, "filter by externalId"),
    (Operation::FilterEmail, 16, "filter by work e-mail"),
    (Operation::PageFirst, 16, "first page of 100"),
    (Operation::PageLast, 16, "last page of 100"),
    (Operation::ListGroups, 16, "list groups without members"),
    (Operation::PatchActive, 16, "PATCH active"),
    (Operation::Put, 16, "PUT"),
    (Operation::GroupGrowth, 1, "PATCH of one member, 1 client"),
    (Operation::Create, 1, "create, 1 client"),
    (Operation::Create, 16, "create"),
    (Operation::NewUser, 16, "new user: look-up, create, PATCH, GET"),
    (Operation::Delete, 16, "delete"),
];

/// Members that a group grows by in a round.
const GROWTH: usize = 50;

/// Users that can be deleted in a round.
const DELETED: usize = 320;

/// A server, and who is in it.
pub(crate) struct Contestant {
    pub(crate) target: Target,
    pub(crate) people: Population,
    /// Whether it only answers a fixed document.
    pub(crate) fixed: bool,
}

/// What a server did in an event.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// A sample for each round.
    Ran(Vec<Sample>),
    /// It answers something else, as is known.
    Lacks(String),
    /// An answer was wrong, or there was none.
    Failed(String),
    /// Nothing to compare.
    Nothing,
}

impl Cell {
    pub(crate) fn rates(&self) -> Option<Vec<f64>> {
        match self {
            Self::Ran(samples) => Some(samples.iter().map(Sample::rate).collect()),
            _ => None,
        }
    }

    /// The median over rounds of something.
    pub(crate) fn middle(&self, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        match self {
            Self::Ran(samples) => Some(middle(samples.iter().map(of).collect())),
            _ => None,
        }
    }

    /// How many times the rate of the other it has, the median of the rounds.
    pub(crate) fn times(&self, other: &Self) -> Option<f64> {
        Some(ratio(&self.rates()?, &other.rates()?))
    }
}

/// What the machine did in the same rounds as creates.
pub(crate) struct Bounds {
    pub(crate) disk: Disk,
    pub(crate) sqlite: Rows,
    pub(crate) postgres: Option<Rows>,
    /// Round for round, by name.
    pub(crate) paces: BTreeMap<&'static str, Vec<Pace>>,
}

impl Bounds {
    /// Beside creates of one client, and of 16.
    fn round(&mut self, clients: usize, span: Duration) -> Result<(), Error> {
        let mut keep = |name, pace| self.paces.entry(name).or_default().push(pace);
        if clients == 1 {
            keep(APPEND, self.disk.append(span)?);
            keep(OVERWRITE, self.disk.overwrite(span)?);
            keep(SQLITE, self.sqlite.commits(1, span)?);
            if let Some(postgres) = &mut self.postgres {
                keep(POSTGRES, postgres.commits(1, span)?);
            }
        } else {
            keep(SQLITE_16, self.sqlite.commits(16, span)?);
            if let Some(postgres) = &mut self.postgres {
                keep(POSTGRES_16, postgres.commits(16, span)?);
            }
        }
        Ok(())
    }
}

pub(crate) const APPEND: &str = "append of 512 bytes and fsync";
pub(crate) const OVERWRITE: &str = "512 bytes over others and fdatasync";
pub(crate) const SQLITE: &str = "SQLite, a row in each commit";
pub(crate) const SQLITE_16: &str = "SQLite, 16 rows in each commit";
pub(crate) const POSTGRES: &str = "PostgreSQL, a row in each commit";
pub(crate) const POSTGRES_16: &str = "PostgreSQL, 16 rows in each commit";

/// Runs every event: a cell for each contestant.
pub(crate) async fn run(
    contestants: &[Contestant],
    bounds: &mut Bounds,
    rounds: usize,
    span: Duration,
    patience: Duration,
) -> Result<Vec<Vec<Cell>>, Error> {
    let mut rows = vec![];
    for (operation, clients, title) in EVENTS {
        progress(title);
        let mut cells: Vec<Cell> =
            contestants.iter().map(|contestant| contestant.prepared(operation)).collect();
        for round in 0..rounds {
            await_quiet(patience)?;
            if operation == Operation::Create {
                bounds.round(clients, span / 2)?;
            }
            for (contestant, cell) in contestants.iter().zip(&mut cells) {
                let Cell::Ran(samples) = cell else { continue };
                match contestant.round(operation, clients, round, span).await {
                    Ok(sample) => {
                        progress(&format!(
                            "  {:26} {:9.0}/s  p50 {:.2} ms  p99 {:.2} ms  {:.0} µs of CPU each, others {:.0} %",
                            contestant.target.name,
                            sample.rate(),
                            sample.within(1, 2),
                            sample.within(99, 100),
                            sample.cpu_each(),
                            sample.others * 100.0
                        ));
                        samples.push(sample);
                    }
                    Err(error) => {
                        progress(&format!("  {:26} failed: {error}", contestant.target.name));
                        *cell = Cell::Failed(error.to_string());
                    }
                }
            }
        }
        rows.push(cells);
    }
    Ok(rows)
}

impl Contestant {
    fn prepared(&self, operation: Operation) -> Cell {
        if self.fixed && !matches!(operation, Operation::Get | Operation::FilterUserName) {
            return Cell::Nothing;
        }
        match self.target.lacks.get(operation.key()) {
            Some(instead) => Cell::Lacks(instead.clone()),
            None => Cell::Ran(vec![]),
        }
    }

    /// One round, and what it acknowledged read again.
    async fn round(
        &self,
        operation: Operation,
        clients: usize,
        round: usize,
        span: Duration,
    ) -> Result<Sample, Error> {
        let growth = operation == Operation::GroupGrowth;
        let length = if growth { Length::Turns(GROWTH) } else { Length::Time(span) };
        if growth {
            self.people.begin_group(&self.target, &format!("Growing {round}")).await?;
        } else if operation == Operation::Delete {
            // So many that no server runs out of them within a round.
            self.people.replenish(&self.target, DELETED)?;
        } else if round == 0 {
            // What is cold at first is not what is measured.
            load::run(&self.target, &self.people, operation, clients, Length::Time(span / 4))?;
        }
        let sample = load::run(&self.target, &self.people, operation, clients, length)?;
        if let Some(wrong) = &sample.first_wrong {
            return Err(format!("{} of {} wrong: {wrong}", sample.wrong, sample.wrong + sample.done).into());
        }
        if sample.done == 0 {
            return Err("nothing was answered".into());
        }
        self.people.hold(&self.target).await?;
        if growth {
            self.people.end_group(&self.target).await?;
        }
        Ok(sample)
    }
}
