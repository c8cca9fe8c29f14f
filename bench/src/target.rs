//! What is measured: a server that speaks SCIM, started for it and gone with it.

pub(crate) mod fixed;
pub(crate) mod peer;
pub(crate) mod rollcall;

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Error, usage, wire::Endpoint};

/// How long a process may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs.
pub(crate) struct Target {
    pub(crate) name: String,
    /// Where its data are, for a person to read.
    pub(crate) store: String,
    /// Whether a user that it acknowledged is on the disk.
    pub(crate) durable: bool,
    pub(crate) endpoint: Endpoint,
    pub(crate) pids: Vec<u32>,
    /// What it answers instead, by operation.
    pub(crate) lacks: HashMap<String, String>,
    /// Its gRPC address, where it is Rollcall.
    pub(crate) identity: Option<String>,
    pub(crate) processes: Vec<Process>,
    pub(crate) _data: Option<tempfile::TempDir>,
}

impl Target {
    pub(crate) fn resident(&self) -> Result<u64, Error> {
        usage::resident(&self.pids)
    }

    pub(crate) fn peak(&self) -> Result<u64, Error> {
        usage::peak(&self.pids)
    }

    /// The gRPC address.
    pub(crate) fn grpc(&self) -> Result<&str, Error> {
        Ok(self.identity.as_deref().ok_or("no gRPC")?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // The last one first: it needs those before it. The data go after the processes.
        while let Some(process) = self.processes.pop() {
            drop(process);
        }
    }
}

/// A process, asked to end when this value goes.
pub(crate) struct Process(Child);

impl Process {
    /// Starts it; what it prints on standard output is for whoever reads the second value.
    pub(crate) fn start(command: &mut Command) -> Result<(Self, BufReader<ChildStdout>), Error> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("{} does not start: {cause}", command.get_program().display()))?;
        let output = child.stdout.take().ok_or("no standard output")?;
        Ok((Self(child), BufReader::new(output)))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).stderr(Stdio::null()).status();
        let end = Instant::now() + PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The next line that begins with `name`, without it.
pub(crate) fn announced(output: &mut BufReader<ChildStdout>, name: &str) -> Result<String, Error> {
    for line in output.lines() {
        if let Some(address) = line?.strip_prefix(name) {
            return Ok(address.trim().to_owned());
        }
    }
    Err(format!("the server ended before it said `{name}`").into())
}

/// Reads what else it prints, so that it never waits for that.
pub(crate) fn drain(output: BufReader<ChildStdout>) {
    std::thread::spawn(move || output.lines().for_each(drop));
}
