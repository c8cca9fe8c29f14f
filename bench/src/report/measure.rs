//! The order in which everything is measured.

use std::{path::PathBuf, time::Duration};

use super::{
    findings::{Findings, Kind, Participant},
    targets::of_contest,
};
use crate::{
    Error, contest,
    contest::{Bounds, Contestant},
    limits::{
        disk::Disk,
        rows::{Rows, Scratch},
    },
    progress, reads,
    scenarios::Population,
    target::{Target, peer, rollcall::Installation},
};

mod alone;

/// What to measure, and how much of it.
pub(crate) struct Plan {
    pub(crate) installation: Installation,
    pub(crate) peers: Option<PathBuf>,
    pub(crate) postgres: Option<String>,
    /// Whether creates on PostgreSQL are held against pgbench.
    pub(crate) pgbench: bool,
    pub(crate) directory: usize,
    pub(crate) size: usize,
    pub(crate) users: usize,
    pub(crate) rounds: usize,
    pub(crate) span: Duration,
    /// How long to wait before a round for others to leave the machine alone.
    pub(crate) patience: Duration,
    pub(crate) stations: usize,
    pub(crate) connections: usize,
}

pub(crate) async fn all(plan: &Plan) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    compare(plan, &mut findings).await?;
    findings.verdicts = of_contest(&findings);
    alone::all(plan, &mut findings).await?;
    Ok(findings)
}

/// Everybody beside everybody.
async fn compare(plan: &Plan, findings: &mut Findings) -> Result<(), Error> {
    let data = &plan.installation.directory;
    // Dropped last: the servers are connected to it.
    let scratch = match &plan.postgres {
        Some(url) => Some((Scratch::create(url, "rollcall")?, Scratch::create(url, "rows")?)),
        None => None,
    };
    let mut bounds = Bounds {
        disk: Disk::open(data)?,
        sqlite: Rows::sqlite(data)?,
        postgres: scratch.as_ref().map(|(_, rows)| Rows::postgres(&rows.url)).transpose()?,
        paces: std::collections::BTreeMap::new(),
    };
    let mut contestants = vec![];
    let mut kinds = vec![];
    let together = filled(plan.installation.together(None).await?, plan).await?;
    let (target, people) = reads::answering_like(&together.target, &together.people, data).await?;
    contestants.push(Contestant { target, people, fixed: true });
    kinds.push(Kind::Fixed);
    contestants.push(together);
    kinds.push(Kind::Together);
    contestants.push(filled(plan.installation.apart(None).await?, plan).await?);
    kinds.push(Kind::Apart);
    if let Some((rollcall, _)) = &scratch {
        contestants.push(filled(plan.installation.apart(Some(&rollcall.url)).await?, plan).await?);
        kinds.push(Kind::OnPostgres);
    }
    let known = plan.peers.as_deref().map(peer::known).transpose()?.unwrap_or_default();
    for peer in known {
        let started = match peer.start(data) {
            Ok(target) => filled(target, plan).await,
            Err(error) => Err(error),
        };
        match started {
            Ok(contestant) => {
                contestants.push(contestant);
                kinds.push(Kind::Peer);
            }
            Err(error) => {
                progress(&format!("{}: {error}", peer.name));
                findings.absent.push((peer.name.clone(), error.to_string()));
            }
        }
    }
    findings.rows = contest::run(&contestants, &mut bounds, plan.rounds, plan.span, plan.patience).await?;
    findings.names = contestants
        .iter()
        .zip(kinds)
        .map(|(contestant, kind)| Participant {
            name: contestant.target.name.clone(),
            store: contestant.target.store.clone(),
            durable: contestant.target.durable,
            kind,
            peak: contestant.target.peak().ok(),
        })
        .collect();
    findings.paces = bounds.paces;
    Ok(())
}

/// A server with people and groups in it.
async fn filled(target: Target, plan: &Plan) -> Result<Contestant, Error> {
    progress(&format!("filling {}", target.name));
    let mut people = Population::fill(&target, plan.directory)?;
    if !target.lacks.contains_key("list_groups") {
        people.gather(&target).await?;
    }
    Ok(Contestant { target, people, fixed: false })
}
