//! The memory that connections take.

use futures::future::try_join_all;
use http::Method;

use crate::{
    Error,
    scenarios::{Population, ensure},
    target::Target,
    usage,
    wire::Wire,
};

/// Connections that warm the process up: what it takes once is not what each takes.
const WARM: usize = 64;

/// What a connection that made one request and is idle takes of the gateway, in bytes.
pub(crate) async fn of_a_connection(
    target: &Target,
    people: &Population,
    connections: usize,
) -> Result<f64, Error> {
    // The gateway is the last of the three.
    let gateway = target.pids.last().copied().ok_or("no process")?;
    let person = people.people().first().ok_or("nobody")?;
    let open = async |count: usize| {
        let mut wires = try_join_all((0..count).map(|_| Wire::open(&target.endpoint))).await?;
        for wire in &mut wires {
            let answer = wire.send(Method::GET, &format!("/Users/{}", person.id), None).await?;
            ensure(answer.status == 200, || answer.wrong("not the user"))?;
        }
        Ok::<_, Error>(wires)
    };
    drop(open(WARM).await?);
    let before = usage::resident(&[gateway])?;
    let wires = open(connections).await?;
    let after = usage::resident(&[gateway])?;
    drop(wires);
    Ok(after.saturating_sub(before) as f64 * 1024.0 / connections as f64)
}
