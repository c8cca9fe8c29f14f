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

/// How much longer the last full page takes than the first, by cursor and by `startIndex`.
pub(crate) async fn pages(target: &Target, people: &Population, turns: usize) -> Result<(f64, f64), Error> {
    let mut wire = Wire::open(&target.endpoint).await?;
    let list = |rest: &str| format!("/Users?count={PAGE}&{rest}");
    let (mut cursor, mut seen) = (String::new(), 0);
    while seen + 2 * PAGE <= people.len() {
        let answer = wire.send(Method::GET, &list(&format!("cursor={cursor}")), None).await?;
        ensure(answer.status == 200, || answer.wrong("no page"))?;
        let page: serde_json::Value = serde_json::from_str(&answer.body)?;
        seen += answer.count("userName");
        let next = page.get("nextCursor").and_then(serde_json::Value::as_str);
        next.ok_or("the list ends too soon")?.clone_into(&mut cursor);
    }
    let cursors = [list("cursor="), list(&format!("cursor={cursor}"))];
    let starts = [list("startIndex=1"), list(&format!("startIndex={}", seen + 1))];
    let mut ratios = vec![];
    for pair in [cursors, starts] {
        let mut times = [vec![], vec![]];
        for _ in 0..turns {
            for (path, times) in pair.iter().zip(&mut times) {
                let begun = Instant::now();
                let answer = wire.send(Method::GET, path, None).await?;
                times.push(begun.elapsed().as_secs_f64());
                let right = answer.status == 200 && answer.count("userName") == PAGE;
                ensure(right, || answer.wrong(&format!("not {PAGE} users at {path}")))?;
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
