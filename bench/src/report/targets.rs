//! What Rollcall is to reach, and whether it did.

use super::findings::{Findings, Kind};
use crate::{
    contest::{APPEND, Cell, EVENTS},
    scenarios::Operation,
    statistics::middle,
};

/// On which side of its bound a number is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

/// A target beside what was measured.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    pub(crate) bound: Bound,
    pub(crate) unit: &'static str,
    /// What was measured, or why nothing was.
    pub(crate) found: Result<f64, String>,
}

impl Verdict {
    pub(crate) fn new(
        what: impl Into<String>,
        bound: Bound,
        unit: &'static str,
        found: Result<f64, String>,
    ) -> Self {
        Self { what: what.into(), bound, unit, found }
    }

    pub(crate) fn wanted(&self) -> String {
        match self.bound {
            Bound::AtLeast(bound) => format!("≥ {bound}{}", self.unit),
            Bound::AtMost(bound) => format!("≤ {bound}{}", self.unit),
            Bound::Below(bound) => format!("< {bound}{}", self.unit),
        }
    }

    pub(crate) fn measured(&self) -> String {
        match &self.found {
            Ok(found) => format!("{}{}", short(*found), self.unit),
            Err(reason) => reason.clone(),
        }
    }

    pub(crate) fn outcome(&self) -> &'static str {
        match (&self.found, self.bound) {
            (Err(_), _) => "not measured",
            (Ok(found), Bound::AtLeast(bound)) if *found >= bound => "met",
            (Ok(found), Bound::AtMost(bound)) if *found <= bound => "met",
            (Ok(found), Bound::Below(bound)) if *found < bound => "met",
            (Ok(_), _) => "missed",
        }
    }

    pub(crate) fn line(&self) -> String {
        format!("{:12} {}: {}, target {}", self.outcome(), self.what, self.measured(), self.wanted())
    }
}

/// A number with as many digits as say something.
pub(crate) fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// The targets that the comparison decides.
pub(crate) fn of_contest(findings: &Findings) -> Vec<Verdict> {
    let mut all = vec![];
    for (operation, title) in
        [(Operation::Get, "GET by id"), (Operation::FilterUserName, "filter by userName")]
    {
        let beside = |kind| times(findings, operation, 16, kind, Kind::Fixed);
        all.push(Verdict::new(
            format!("{title}, 16 clients, beside a fixed document: one process"),
            Bound::AtLeast(0.35),
            "",
            beside(Kind::Together),
        ));
        all.push(Verdict::new(
            format!("{title}, 16 clients, beside a fixed document: three services"),
            Bound::AtLeast(0.18),
            "",
            beside(Kind::Apart),
        ));
        all.push(Verdict::new(
            format!("{title}, 16 clients, beside the fastest durable peer"),
            Bound::AtLeast(10.0),
            " times",
            beside_fastest(findings, operation, 16),
        ));
    }
    all.push(Verdict::new(
        "create, 16 clients, beside the fastest durable peer",
        Bound::AtLeast(10.0),
        " times",
        beside_fastest(findings, Operation::Create, 16),
    ));
    all.push(Verdict::new(
        "create, 1 client, beside one fsync + 0.5 ms",
        Bound::AtMost(1.5),
        "",
        beside_fsync(findings),
    ));
    all
}

fn event(operation: Operation, clients: usize) -> Option<usize> {
    EVENTS.iter().position(|event| event.0 == operation && event.1 == clients)
}

fn cell(findings: &Findings, operation: Operation, clients: usize, kind: Kind) -> Result<&Cell, String> {
    event(operation, clients)
        .zip(findings.place(kind))
        .and_then(|(event, place)| findings.cell(event, place))
        .ok_or_else(|| "not run".to_owned())
}

fn times(
    findings: &Findings,
    operation: Operation,
    clients: usize,
    ours: Kind,
    theirs: Kind,
) -> Result<f64, String> {
    let (ours, theirs) =
        (cell(findings, operation, clients, ours)?, cell(findings, operation, clients, theirs)?);
    ours.times(theirs).ok_or_else(|| "a wrong answer".to_owned())
}

/// Beside whichever durable peer is the fastest at it.
fn beside_fastest(findings: &Findings, operation: Operation, clients: usize) -> Result<f64, String> {
    let ours = cell(findings, operation, clients, Kind::Together)?;
    let row = event(operation, clients).and_then(|event| findings.rows.get(event)).ok_or("not run")?;
    let ratios = findings
        .names
        .iter()
        .zip(row)
        .filter(|(name, _)| name.kind == Kind::Peer && name.durable)
        .filter_map(|(_, theirs)| ours.times(theirs));
    ratios.min_by(f64::total_cmp).ok_or_else(|| "no durable peer ran".to_owned())
}

fn beside_fsync(findings: &Findings) -> Result<f64, String> {
    let Cell::Ran(samples) = cell(findings, Operation::Create, 1, Kind::Together)? else {
        return Err("a wrong answer".to_owned());
    };
    let paces = findings.paces.get(APPEND).ok_or("not run")?;
    let rounds = samples.iter().zip(paces);
    Ok(middle(rounds.map(|(sample, pace)| sample.within(1, 2) / (pace.median + 0.5)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_met_or_missed() {
        for (bound, found, outcome) in [
            (Bound::AtLeast(0.35), Ok(0.35), "met"),
            (Bound::AtLeast(0.35), Ok(0.34), "missed"),
            (Bound::AtMost(1.3), Ok(1.3), "met"),
            (Bound::AtMost(1.3), Ok(f64::NAN), "missed"),
            (Bound::Below(40.0), Ok(40.0), "missed"),
            (Bound::Below(40.0), Err("not run".to_owned()), "not measured"),
        ] {
            assert_eq!(Verdict::new("x", bound, "", found).outcome(), outcome);
        }
    }

    #[test]
    fn nothing_is_measured_where_nothing_ran() {
        for verdict in of_contest(&Findings::default()) {
            assert_eq!(verdict.outcome(), "not measured", "{}", verdict.what);
        }
    }
}
