//! The page.

use super::{
    findings::{Findings, Kind},
    measure::Plan,
    targets::short,
};
use crate::{
    contest::{Cell, EVENTS},
    load::Sample,
    statistics::middle,
};

const DASH: &str = "–";

/// Everything that was found, as Markdown.
pub(crate) fn page(
    findings: &Findings,
    plan: &Plan,
    machine: &[(&str, String)],
    command: &str,
    picture: &str,
) -> String {
    let machine: Vec<_> = machine.iter().map(|(what, is)| vec![(*what).to_owned(), is.clone()]).collect();
    [
        "# How fast it is".to_owned(),
        format!(
            "Written by `{command}`. Server, database and load shared one machine, so a time by itself says little: what counts are \
             the ratios, of what was measured in turn in {} rounds of {} ms, the median of the rounds. An answer counts when its status \
             and its content are right; a wrong one fails what it belongs to. CPU is that of the server's processes.\n\n{}",
            plan.rounds,
            plan.span.as_millis(),
            others(findings)
        ),
        table(&["machine", ""], &machine),
        "## Targets".to_owned(),
        targets(findings),
        "[Where the time goes](profile.md), and what would get to the targets that are missed.".to_owned(),
        "## Beside others".to_owned(),
        format!(
            "Directories of {} users, 16 clients unless said otherwise. The columns on the right say how many times the rate of the \
             other Rollcall in one process has. The limit is a server that answers a fixed document of the same size; for creates, bare \
             commits of one row, and of 16 rows each.",
            plan.directory
        ),
        format!("![ratios]({picture})"),
        beside(findings),
        "## CPU for each request, in µs".to_owned(),
        cpu(findings),
        "## Who took part".to_owned(),
        participants(findings),
        instead(findings),
        "## Limits".to_owned(),
        limits(findings),
        "## Rollcall alone".to_owned(),
        alone(findings),
    ]
    .join("\n\n")
        + "\n"
}

/// How much others used of the machine meanwhile: what was measured beside them is worth less.
fn others(findings: &Findings) -> String {
    let cells = findings.rows.iter().flatten();
    let shares = cells.filter_map(|cell| match cell {
        Cell::Ran(samples) => Some(samples.iter().map(|sample| sample.others * 100.0)),
        _ => None,
    });
    let shares: Vec<f64> = shares.flatten().collect();
    let most = shares.iter().copied().fold(0.0, f64::max);
    format!(
        "Other programs used {:.0} % of the machine in the median round, and {most:.0} % in the worst.",
        middle(shares)
    )
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(head.to_vec()), format!("|{}", "---|".repeat(head.len()))];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

fn targets(findings: &Findings) -> String {
    let rows: Vec<_> = findings
        .verdicts
        .iter()
        .map(|verdict| {
            let outcome = match verdict.outcome() {
                "missed" => "**missed**",
                other => other,
            };
            vec![verdict.what.clone(), verdict.wanted(), verdict.measured(), outcome.to_owned()]
        })
        .collect();
    table(&["", "target", "measured", ""], &rows)
}

fn number(found: Option<f64>) -> String {
    found.map_or_else(|| DASH.to_owned(), short)
}

fn beside(findings: &Findings) -> String {
    let others = findings.others();
    let mut head = vec!["", "a second", "p50 ms", "p99 ms", "CPU µs", "of the limit"];
    head.extend(others.iter().map(|(_, name)| name.name.as_str()));
    let ours = findings.place(Kind::Together).unwrap_or_default();
    let mut rows = vec![];
    for (event, (_, _, title)) in EVENTS.iter().enumerate() {
        let Some(cell) = findings.cell(event, ours) else { continue };
        let mut row = vec![(*title).to_owned()];
        row.extend(
            [
                cell.middle(Sample::rate),
                cell.middle(|sample| sample.within(1, 2)),
                cell.middle(|sample| sample.within(99, 100)),
                cell.middle(Sample::cpu_each),
                findings.beside_limit(event),
            ]
            .map(number),
        );
        row.extend(others.iter().map(|(place, _)| {
            match findings.cell(event, *place) {
                Some(Cell::Ran(_)) => findings
                    .beside(event, *place)
                    .map_or_else(|| DASH.to_owned(), |ratio| format!("× {}", short(ratio))),
                Some(Cell::Lacks(_)) => "lacks it".to_owned(),
                Some(Cell::Failed(_)) => "failed".to_owned(),
                _ => DASH.to_owned(),
            }
        }));
        rows.push(row);
    }
    table(&head, &rows)
}

fn cpu(findings: &Findings) -> String {
    let mut head = vec![""];
    head.extend(findings.names.iter().map(|name| name.name.as_str()));
    let rows: Vec<Vec<String>> = EVENTS
        .iter()
        .zip(&findings.rows)
        .map(|((_, _, title), cells)| {
            let each = cells.iter().map(|cell| number(cell.middle(Sample::cpu_each)));
            std::iter::once((*title).to_owned()).chain(each).collect()
        })
        .collect();
    table(&head, &rows)
}

fn participants(findings: &Findings) -> String {
    let mut rows: Vec<_> = findings
        .names
        .iter()
        .map(|name| {
            let peak = name
                .peak
                .map_or_else(|| DASH.to_owned(), |kib| format!("{} MiB", short(kib as f64 / 1024.0)));
            let durable = if name.durable { "yes" } else { "no" };
            vec![name.name.clone(), name.store.clone(), durable.to_owned(), peak]
        })
        .collect();
    for (name, reason) in &findings.absent {
        rows.push(vec![name.clone(), reason.clone(), DASH.to_owned(), DASH.to_owned()]);
    }
    table(&["", "store", "durable", "peak memory"], &rows)
}

/// What was not measured of somebody, and why.
fn instead(findings: &Findings) -> String {
    let mut lines = vec![];
    for (place, name) in findings.names.iter().enumerate() {
        for (event, (_, _, title)) in EVENTS.iter().enumerate() {
            match findings.cell(event, place) {
                Some(Cell::Lacks(why)) => lines.push(format!("- {}, {title}: {why}", name.name)),
                Some(Cell::Failed(why)) => lines.push(format!("- {}, {title}: failed: {why}", name.name)),
                _ => {}
            }
        }
    }
    if lines.is_empty() {
        return "Every answer of each was right.".to_owned();
    }
    format!("Not measured, since something else is answered:\n\n{}", lines.join("\n"))
}

fn limits(findings: &Findings) -> String {
    let row = |(name, paces): (&&str, &Vec<crate::limits::Pace>)| {
        let of = |of: fn(&crate::limits::Pace) -> f64| short(middle(paces.iter().map(of).collect()));
        vec![(*name).to_owned(), of(|pace| pace.rate), of(|pace| pace.median)]
    };
    let mut rows: Vec<_> = findings.paces.iter().map(row).collect();
    if let Some((event, place)) = Some(0).zip(findings.place(Kind::Fixed))
        && let Some(cell) = findings.cell(event, place)
    {
        let rate = number(cell.middle(Sample::rate));
        rows.push(vec![
            "fixed document, 16 clients".to_owned(),
            rate,
            number(cell.middle(|sample| sample.within(1, 2))),
        ]);
    }
    table(&["", "a second", "median ms"], &rows)
}

fn alone(findings: &Findings) -> String {
    let rows: Vec<_> = findings
        .facts
        .iter()
        .map(|(what, found)| vec![what.clone(), found.clone().unwrap_or_else(|reason| reason)])
        .collect();
    table(&["", ""], &rows)
}
