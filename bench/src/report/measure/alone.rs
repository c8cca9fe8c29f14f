//! What is measured of Rollcall alone, each on servers of its own. What fails is said, and the rest goes on.

use std::time::Duration;

use super::Plan;
use crate::{
    Error,
    client::Client,
    flat, groups,
    limits::{pgbench, rows::Scratch},
    load::{self, Length},
    lookups::{self, Ask},
    memory, progress,
    report::{
        findings::Findings,
        targets::{Bound, Verdict, short},
    },
    scenarios::{Operation, Population, ensure},
    statistics::{middle, ratio},
    usage::await_quiet,
    watch,
};

/// How long a new server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(3);
const MIB: f64 = 1024.0;
/// Groups of a first cycle, one for so many users.
const USERS_OF_A_GROUP: usize = 100;

pub(super) async fn all(plan: &Plan, findings: &mut Findings) -> Result<(), Error> {
    let mut large = plan.installation.together(None).await?;
    tokio::time::sleep(IDLE).await;
    let idle = large.peak().map(|kib| kib as f64 / MIB);
    memory_of(findings, "memory, one process, idle, at most", 40.0, " MiB", said(idle));

    progress("first cycle");
    let groups = plan.size / USERS_OF_A_GROUP;
    let (people, rate) = Population::provision(&large, plan.size, groups)?;
    let what = format!("first cycle: {} users and {groups} groups, 16 clients, objects a second", plan.size);
    fact(findings, what, Ok(short(rate)));

    await_quiet(plan.patience)?;
    progress("pages");
    let pages = flat::pages(&large, &people, if plan.size < 10_000 { 50 } else { 200 }).await;
    let (cursor, start) = match pages {
        Ok((cursor, start)) => (Ok(cursor), Ok(start)),
        Err(error) => (Err(error.to_string()), Err(error.to_string())),
    };
    let what = |how: &str| format!("last page of {} users beside the first, {how}", people.len());
    flat_of(findings, what("by cursor"), cursor);
    flat_of(findings, what("by startIndex"), start);

    await_quiet(plan.patience)?;
    progress("members");
    let members = of_members(&large, &people, plan.rounds * 40).await;
    flat_of(
        findings,
        format!(
            "PATCH of one member: {} members beside {}",
            people.len() - 1,
            groups::SMALL.min(people.len())
        ),
        said(members),
    );

    await_quiet(plan.patience)?;
    progress("stations");
    let copy = watch::first_copy(&large).await;
    let copy = copy.map(|(rate, objects)| format!("{} a second, {objects} of them", short(rate)));
    fact(findings, "first copy of a station, users and groups".to_owned(), said(copy));
    let delays = watch::fan_out(&large, &people, plan.stations, 20).await;
    let delays = delays.map(|delays| {
        format!(
            "half of the events after {} ms, the last station after {} ms, at worst {} ms",
            short(delays.median),
            short(delays.last),
            short(delays.worst)
        )
    });
    let what = format!("{} stations hear of a write after it was acknowledged", plan.stations);
    fact(findings, what, said(delays));

    await_quiet(plan.patience)?;
    progress("look-ups");
    of_lookups(plan, &large, findings).await;
    large.processes.clear();
    drop(large);

    progress("connections");
    let connection = of_a_connection(plan).await.map(|bytes| bytes / 1024.0);
    let what = format!("memory of one of {} idle connections of the gateway", plan.connections);
    memory_of(findings, &what, 64.0, " KiB", said(connection));

    of_largest(plan, findings).await?;

    progress("pgbench");
    let part = match of_pgbench(plan, findings).await {
        Ok(part) => part.ok_or_else(|| "not run: --postgres and --pgbench".to_owned()),
        Err(error) => Err(format!("failed: {error}")),
    };
    let what = "create, 16 clients, PostgreSQL, beside pgbench with the same statements";
    findings.verdicts.push(Verdict::new(what, Bound::AtLeast(0.8), "", part));
    Ok(())
}

/// Creates over SCIM beside those of pgbench on the same server, where that is wanted.
async fn of_pgbench(plan: &Plan, findings: &mut Findings) -> Result<Option<f64>, Error> {
    let Some(url) = plan.postgres.as_ref().filter(|_| plan.pgbench) else { return Ok(None) };
    let (own, bare) = (Scratch::create(url, "creates")?, Scratch::create(url, "pgbench")?);
    pgbench::prepare(&bare.url)?;
    let rollcall = plan.installation.together(Some(&own.url)).await?;
    let people = Population::default();
    let home = tempfile::tempdir_in(&plan.installation.directory)?;
    let mut rates = [vec![], vec![], vec![]];
    for _ in 0..plan.rounds {
        await_quiet(plan.patience)?;
        let sample = load::run(&rollcall, &people, Operation::Create, 16, Length::Time(plan.span))?;
        ensure(sample.wrong == 0, || sample.first_wrong.clone().unwrap_or_default())?;
        rates[0].push(sample.rate());
        rates[1].push(pgbench::creates(&bare.url, home.path(), false, plan.span)?);
        rates[2].push(pgbench::creates(&bare.url, home.path(), true, plan.span)?);
    }
    let [ours, one, each] = rates;
    let what = "the same, beside pgbench with an account for each client".to_owned();
    fact(findings, what, Ok(short(ratio(&ours, &each))));
    Ok(Some(ratio(&ours, &one)))
}

/// Creates and memory with as many users as are ever measured.
async fn of_largest(plan: &Plan, findings: &mut Findings) -> Result<(), Error> {
    progress("the largest directory");
    let (empty, largest) = (plan.installation.together(None).await?, plan.installation.together(None).await?);
    let start = std::time::Instant::now();
    let filled = Client::connect(&largest)?.fill_people(10_000_000, plan.users).await;
    let rate = plan.users as f64 / start.elapsed().as_secs_f64();
    fact(
        findings,
        format!("{} users created over gRPC by 64 callers, a second", plan.users),
        said(filled.map(|()| short(rate))),
    );
    await_quiet(plan.patience)?;
    let creates = flat::creates(&empty, &largest, plan.rounds, plan.span).await;
    flat_of(findings, format!("creates a second: 0 users beside {}", plan.users), said(creates));
    let peak = largest.peak().map(|kib| kib as f64 / MIB);
    let what = format!("memory, one process, {} users, at most", plan.users);
    memory_of(findings, &what, 200.0, " MiB", said(peak));
    let now = largest.resident().map(|kib| format!("{} MiB", short(kib as f64 / MIB)));
    fact(findings, format!("memory now, with {} users", plan.users), said(now));
    Ok(())
}

async fn of_members(target: &crate::target::Target, people: &Population, turns: usize) -> Result<f64, Error> {
    let client = Client::connect(target)?;
    let ids: Vec<String> = people.people().iter().map(|person| person.id.clone()).collect();
    let (stranger, rest) = ids.split_first().ok_or("nobody")?;
    let small = client.group("Small", rest.get(..groups::SMALL).unwrap_or(rest)).await?;
    let large = client.group("Large", rest).await?;
    let (small, large) = groups::of_one_member(&client, &small, &large, stranger, turns).await?;
    Ok(large.as_secs_f64() / small.as_secs_f64())
}

async fn of_a_connection(plan: &Plan) -> Result<f64, Error> {
    let apart = plan.installation.apart(None).await?;
    let people = Population::fill(&apart, 16)?;
    memory::of_a_connection(&apart, &people, plan.connections).await
}

async fn of_lookups(plan: &Plan, target: &crate::target::Target, findings: &mut Findings) {
    let found = async {
        let client = Client::connect(target)?;
        let directory = &plan.installation.directory;
        lookups::measure(&client, target, directory, plan.size, plan.rounds, plan.span).await
    };
    let found = said(found.await);
    for (ask, what) in [
        (Ask::Card, "look-up by card over loopback, beside an echo"),
        (Ask::UserName, "look-up by user name over loopback, beside an echo"),
        (Ask::Membership, "membership over loopback, beside an echo"),
    ] {
        let part = found.as_ref().map(|found| found.part(ask)).map_err(Clone::clone);
        if matches!(ask, Ask::Card) {
            findings.verdicts.push(Verdict::new(what, Bound::AtLeast(0.6), "", part));
        } else {
            fact(findings, what.to_owned(), part.map(short));
        }
    }
    let median = |place: usize| {
        let found = found.as_ref().map_err(Clone::clone)?;
        Ok(middle(found.medians.get(place).cloned().unwrap_or_default()))
    };
    findings.verdicts.push(Verdict::new(
        "look-up by card in process, median",
        Bound::Below(30.0),
        " µs",
        median(2),
    ));
    for (place, what) in [
        (3, "echo in process, median in µs"),
        (0, "look-up by card over loopback, 1 caller, median in µs"),
        (1, "echo over loopback, 1 caller, median in µs"),
    ] {
        fact(findings, what.to_owned(), median(place).map(short));
    }
}

fn said<T>(found: Result<T, Error>) -> Result<T, String> {
    found.map_err(|error| format!("failed: {error}"))
}

fn fact(findings: &mut Findings, what: String, found: Result<String, String>) {
    progress(&format!("  {what}: {found:?}"));
    findings.facts.push((what, found));
}

fn flat_of(findings: &mut Findings, what: String, found: Result<f64, String>) {
    progress(&format!("  {what}: {found:?}"));
    findings.verdicts.push(Verdict::new(what, Bound::AtMost(1.3), " times", found));
}

fn memory_of(
    findings: &mut Findings,
    what: &str,
    bound: f64,
    unit: &'static str,
    found: Result<f64, String>,
) {
    progress(&format!("  {what}: {found:?}"));
    findings.verdicts.push(Verdict::new(what, Bound::Below(bound), unit, found));
}
