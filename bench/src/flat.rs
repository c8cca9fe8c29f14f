//! What must not depend on how large a directory is.

use std::time::{Duration, Instant};

use http::Method;

use crate::{
    Error,
    load::{self, Length},
    scenarios::{Operation, PAGE, Population, ensure},
    statistics::{middle, ratio},
    target::Target,
    wire::Wire,
};

/// Clients that create.
const CREATORS: usize = 16;

/// How much longer the last page takes than the first, by cursor and by `startIndex`.
pub(crate) async fn pages(target: &Target, people: &Population, turns: usize) -> Result<(f64, f64), Error> {
    let mut wire = Wire::open(&target.endpoint).await?;
    let list = |rest: &str| format!("/Users?count={PAGE}&{rest}");
    // By cursor to the end: the last page is the one after which there is none.
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let answer = wire.send(Method::GET, &list(&format!("cursor={cursor}")), None).await?;
        ensure(answer.status == 200, || answer.wrong("no page"))?;
        let page: serde_json::Value = serde_json::from_str(&answer.body)?;
        seen += answer.count("userName");
        match page.get("nextCursor").and_then(serde_json::Value::as_str) {
            Some(next) if seen + PAGE < people.len() => next.clone_into(&mut cursor),
            Some(next) => {
                next.clone_into(&mut cursor);
                break;
            }
            None => break,
        }
    }
    let rest = people.len() - seen;
    let last_start = seen + 1;
    let cursors = [(list("cursor="), PAGE), (list(&format!("cursor={cursor}")), rest)];
    let starts = [(list("startIndex=1"), PAGE), (list(&format!("startIndex={last_start}")), rest)];
    let mut ratios = vec![];
    for pair in [cursors, starts] {
        let mut times = [vec![], vec![]];
        for _ in 0..turns {
            for ((path, expected), times) in pair.iter().zip(&mut times) {
                let begun = Instant::now();
                let answer = wire.send(Method::GET, path, None).await?;
                times.push(begun.elapsed().as_secs_f64() / *expected as f64);
                let right = answer.status == 200 && answer.count("userName") == *expected;
                ensure(right, || answer.wrong(&format!("not {expected} users at {path}")))?;
            }
        }
        let [first, last] = times.map(middle);
        ratios.push(last / first);
    }
    match ratios.as_slice() {
        [cursor, start] => Ok((*cursor, *start)),
        _ => Err("no ratio".into()),
    }
}

/// The rate of creates in a large directory beside that in an empty one.
pub(crate) async fn creates(
    empty: &Target,
    large: &Target,
    rounds: usize,
    span: Duration,
) -> Result<f64, Error> {
    let (in_empty, in_large) = (Population::default(), Population::default());
    let mut rates = [vec![], vec![]];
    for _ in 0..rounds {
        for ((target, people), rates) in [(empty, &in_empty), (large, &in_large)].into_iter().zip(&mut rates)
        {
            let sample = load::run(target, people, Operation::Create, CREATORS, Length::Time(span))?;
            ensure(sample.wrong == 0, || sample.first_wrong.clone().unwrap_or_default())?;
            people.hold(target).await?;
            rates.push(sample.rate());
        }
    }
    let [in_empty, in_large] = rates;
    Ok(ratio(&in_empty, &in_large))
}
