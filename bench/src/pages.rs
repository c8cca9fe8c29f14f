//! Whether a list by cursor misses or doubles anybody while others write, and whether its last page costs more.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Error, client::Client, report};

/// Who writes meanwhile.
const WRITERS: usize = 16;
/// Users on a page.
const PAGE: usize = 100;

pub(crate) async fn run(client: &Client, size: usize) -> Result<(), Error> {
    let there = client.fill("listed", size).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let writes = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(client.clone(), writer, stop.clone(), writes.clone())))
        .collect();

    let mut seen: HashMap<String, usize> = HashMap::with_capacity(size);
    let mut times: Vec<Duration> = vec![];
    let mut cursor = String::new();
    loop {
        let path = format!("/Users?count={PAGE}&attributes=id&cursor={cursor}");
        let begun = Instant::now();
        let page: Value =
            serde_json::from_slice(&client.send(Method::GET, &path, None, StatusCode::OK).await?)?;
        times.push(begun.elapsed());
        for user in page.get("Resources").and_then(Value::as_array).into_iter().flatten() {
            let id = user.get("id").and_then(Value::as_str).ok_or("a user without an id")?;
            *seen.entry(id.to_owned()).or_default() += 1;
        }
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
        // The writers add users at the end of the list: it would never end.
        if times.len() * PAGE > size / 2 {
            stop.store(true, Ordering::Relaxed);
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await??;
    }
    let missing = there.iter().filter(|id| !seen.contains_key(*id)).count();
    let doubled = seen.values().filter(|&&times| times > 1).count();
    let tenth = (times.len() / 10).max(1);
    let mean = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64() / times.len().max(1) as f64;
    let (first, last) = (mean(&times[..tenth]), mean(&times[times.len() - tenth..]));
    report(&format!(
        "{size} users in {} pages while {WRITERS} clients made {} writes: {missing} missing, {doubled} doubled",
        times.len(),
        writes.load(Ordering::Relaxed),
    ));
    report(&format!(
        "a page: {:.2} ms in the first tenth (beside the writers), {:.2} ms in the last: ratio {:.2}",
        first * 1e3,
        last * 1e3,
        last / first,
    ));
    if missing + doubled > 0 { Err("the list was not stable".into()) } else { Ok(()) }
}

/// Creates a user and deletes it, again and again.
async fn write(
    client: Client,
    writer: usize,
    stop: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
) -> Result<(), Error> {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("passing-{writer}-{number}"),
        });
        let created = client.send(Method::POST, "/Users", Some(&body), StatusCode::CREATED).await?;
        let created: Value = serde_json::from_slice(&created)?;
        let id = created.get("id").and_then(Value::as_str).ok_or("a user without an id")?;
        client.send(Method::DELETE, &format!("/Users/{id}"), None, StatusCode::NO_CONTENT).await?;
        writes.fetch_add(2, Ordering::Relaxed);
    }
    Ok(())
}
