//! Whether the size of a group matters to those who change one member of it, and to those who read it.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    Error,
    client::{Client, patch},
    report,
    target::Target,
};

/// PATCHes of each group; they alternate, so that both groups see the same machine.
const ROUNDS: usize = 400;
/// The members of the small group.
pub(crate) const SMALL: usize = 1_000;

pub(crate) async fn run(client: &Client, server: &Target, size: usize) -> Result<(), Error> {
    let begun = Instant::now();
    let ids = client.fill("member", size).await?;
    let rate = ids.len() as f64 / begun.elapsed().as_secs_f64();
    report(&format!("{size} users created by 64 clients over gRPC: {rate:.0} a second"));
    let (stranger, rest) = ids.split_first().ok_or("no users")?;
    let small = client.group("Small", rest.get(..SMALL.min(rest.len())).unwrap_or_default()).await?;
    let large = client.group("Large", rest).await?;

    let (small_time, large_time) = of_one_member(client, &small, &large, stranger, ROUNDS).await?;
    report(&format!(
        "PATCH of one member: {:.3} ms in a group of {SMALL}, {:.3} ms in a group of {}: ratio {:.2}",
        small_time.as_secs_f64() * 1e3,
        large_time.as_secs_f64() * 1e3,
        rest.len(),
        large_time.as_secs_f64() / small_time.as_secs_f64(),
    ));

    let before = server.resident()?.max(server.peak()?);
    let begun = Instant::now();
    let body = client.send(Method::GET, &large, None, StatusCode::OK).await?;
    let took = begun.elapsed();
    let grown = server.peak()?.saturating_sub(before);
    let group: Value = serde_json::from_slice(&body)?;
    let members = group.get("members").and_then(Value::as_array).map_or(0, Vec::len);
    if members != rest.len() {
        return Err(format!("the group has {members} members instead of {}", rest.len()).into());
    }
    report(&format!(
        "GET of the group of {members}: {:.0} ms, {} MiB of JSON; the peak memory of the server grew by {} MiB",
        took.as_secs_f64() * 1e3,
        body.len() >> 20,
        grown >> 10,
    ));
    Ok(())
}

/// The medians of one-member PATCHes of two groups.
pub(crate) async fn of_one_member(
    client: &Client,
    small: &str,
    large: &str,
    stranger: &str,
    rounds: usize,
) -> Result<(Duration, Duration), Error> {
    let (mut of_small, mut of_large) = (vec![], vec![]);
    for _ in 0..rounds {
        for (path, times) in [(small, &mut of_small), (large, &mut of_large)] {
            for op in ["add", "remove"] {
                let body = patch(op, vec![json!({"value": stranger})]);
                let begun = Instant::now();
                client.send(Method::PATCH, path, Some(&body), StatusCode::NO_CONTENT).await?;
                times.push(begun.elapsed());
            }
        }
    }
    Ok((median(&mut of_small), median(&mut of_large)))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
