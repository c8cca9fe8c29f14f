//! What a read costs beside a server that answers a fixed document: quick to run again after a change, and long enough for a profiler.

use std::{path::Path, time::Duration};

use http::Method;

use crate::{
    Error,
    load::{self, Length},
    report,
    scenarios::{Operation, Population, ensure},
    statistics::{middle, ratio},
    target::{Target, fixed},
    wire::Wire,
};

const CLIENTS: usize = 16;
const ROUNDS: usize = 5;
const SPAN: Duration = Duration::from_secs(2);

/// Asks this server and one that answers a fixed document, in turn.
pub(crate) async fn run(server: &Target, directory: &Path, size: usize) -> Result<(), Error> {
    let people = Population::fill(server, size)?;
    let (fixed, one) = answering_like(server, &people, directory).await?;
    for (operation, what) in [
        (Operation::Get, "GET by id"),
        (Operation::FilterUserName, "filter by userName, hit"),
        (Operation::FilterUserNameMiss, "filter by userName, miss"),
    ] {
        let ask = |target, people| load::run(target, people, operation, CLIENTS, Length::Time(SPAN));
        let (mut rates, mut costs) = ([vec![], vec![]], vec![]);
        for _ in 0..ROUNDS {
            let sample = ask(server, &people)?;
            ensure(sample.wrong == 0, || sample.first_wrong.clone().unwrap_or_default())?;
            rates[0].push(sample.rate());
            costs.push(sample.cpu_each());
            if operation != Operation::FilterUserNameMiss {
                rates[1].push(ask(&fixed, &one)?.rate());
            }
        }
        let [own, limit] = &rates;
        let beside = if limit.is_empty() {
            String::new()
        } else {
            format!("; a fixed document {:.0}/s; ratio {:.2}", middle(limit.clone()), ratio(own, limit))
        };
        report(&format!(
            "{what}, {CLIENTS} clients, {size} users: {:.0}/s, {:.0} µs of CPU each{beside}",
            middle(own.clone()),
            middle(costs)
        ));
    }
    Ok(())
}

/// A server that always answers what this one answered once, and whom it knows.
pub(crate) async fn answering_like(
    server: &Target,
    people: &Population,
    directory: &Path,
) -> Result<(Target, Population), Error> {
    let person = people.people().first().ok_or("nobody")?.clone();
    let mut wire = Wire::open(&server.endpoint).await?;
    let document = wire.send(Method::GET, &format!("/Users/{}", person.id), None).await?;
    let filter = format!("/Users?filter=userName%20eq%20%22{}%22", person.user_name());
    let list = wire.send(Method::GET, &filter, None).await?;
    report(&format!("a user is {} bytes of JSON, a list of one {}", document.body.len(), list.body.len()));
    let fixed = fixed::start(directory, &document.body, &list.body)?;
    Ok((fixed, Population::of_one(person)))
}
