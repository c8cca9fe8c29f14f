//! A closed loop: each client sends its next request once it has the answer to the one before.

use std::{
    sync::Barrier,
    time::{Duration, Instant},
};

use crate::{
    Error,
    scenarios::{Operation, Population},
    target::Target,
    usage::{self, Shares},
    wire::Wire,
};

/// Wrong answers after which a client gives up: what it measures is failed anyway.
const PATIENCE: usize = 20;

/// How long the loop goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// So long.
    Time(Duration),
    /// So many requests by each client.
    Turns(usize),
}

/// What a loop saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// Right answers.
    pub(crate) done: usize,
    /// Wrong answers, and what the first of them was.
    pub(crate) wrong: usize,
    pub(crate) first_wrong: Option<String>,
    pub(crate) seconds: f64,
    /// How long each right answer took, in order.
    times: Vec<Duration>,
    /// The CPU time of the server's processes.
    pub(crate) cpu: Duration,
    /// The part of the machine that others used meanwhile.
    pub(crate) others: f64,
}

impl Sample {
    /// Right answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }

    /// The time within which this part of the answers came, in milliseconds.
    pub(crate) fn within(&self, part: usize, of: usize) -> f64 {
        let place = (self.times.len() * part / of).min(self.times.len().saturating_sub(1));
        self.times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }

    /// CPU time of the server for each right answer, in microseconds.
    pub(crate) fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.done as f64
    }

    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.wrong += other.wrong;
        self.first_wrong = self.first_wrong.take().or(other.first_wrong);
        self.times.extend(other.times);
    }
}

/// Runs an operation with so many clients. They share as many threads as there are cores, none of which waits for another.
pub(crate) fn run(
    target: &Target,
    people: &Population,
    operation: Operation,
    clients: usize,
    length: Length,
) -> Result<Sample, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(clients);
    // This thread too.
    let barrier = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let mine: Vec<usize> = (thread..clients).step_by(threads).collect();
                let barrier = &barrier;
                scope.spawn(move || thread_of(target, people, operation, &mine, length, barrier))
            })
            .collect();
        barrier.wait();
        let (shares, before, start) = (Shares::now(), usage::cpu(&target.pids), Instant::now());
        barrier.wait();
        let mut all = Sample::default();
        for thread in threads {
            all.add(thread.join().map_err(|_| "a client panicked")??);
        }
        all.seconds = start.elapsed().as_secs_f64();
        all.cpu = usage::cpu(&target.pids).saturating_sub(before);
        all.others = shares?.of_others()?;
        all.times.sort_unstable();
        Ok(all)
    })
}

fn thread_of(
    target: &Target,
    people: &Population,
    operation: Operation,
    clients: &[usize],
    length: Length,
    barrier: &Barrier,
) -> Result<Sample, Error> {
    let ready = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let open = clients.iter().map(|_| Wire::open(&target.endpoint));
        let wires = runtime.block_on(futures::future::try_join_all(open))?;
        Ok::<_, Error>((runtime, wires))
    };
    let made = ready();
    // Twice, or the others would wait for ever.
    barrier.wait();
    barrier.wait();
    let (runtime, wires) = made?;
    let start = Instant::now();
    let loops = wires.into_iter().map(|wire| one_client(wire, people, operation, length, start));
    let samples = runtime.block_on(futures::future::join_all(loops));
    let mut all = Sample::default();
    for sample in samples {
        all.add(sample);
    }
    Ok(all)
}

async fn one_client(
    mut wire: Wire,
    people: &Population,
    operation: Operation,
    length: Length,
    start: Instant,
) -> Sample {
    let mut sample = Sample::default();
    let mut turn = 0;
    while match length {
        Length::Time(span) => start.elapsed() < span,
        Length::Turns(turns) => turn < turns,
    } {
        let begun = Instant::now();
        match operation.perform(&mut wire, people).await {
            Ok(true) => {
                sample.times.push(begun.elapsed());
                sample.done += 1;
            }
            Ok(false) => break,
            Err(wrong) => {
                sample.wrong += 1;
                sample.first_wrong.get_or_insert(wrong.to_string());
                if sample.wrong >= PATIENCE {
                    break;
                }
            }
        }
        turn += 1;
    }
    sample
}
