//! The process that is measured.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::Error;

/// A server of its own, on free ports and fresh data, gone with this value.
pub(crate) struct Server {
    process: Child,
    pub(crate) scim: String,
    pub(crate) identity: String,
    pub(crate) token: String,
    _data: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(binary: &Path, postgres: Option<&str>) -> Result<Self, Error> {
        let data = tempfile::tempdir()?;
        let key = data.path().join("key");
        rollcall_key::Keys::read_or_make(&key)?;
        let mut command = Command::new(binary);
        command
            .args([
                "--scim-listen",
                "127.0.0.1:0",
                "--identity-listen",
                "127.0.0.1:0",
                "--token-listen",
                "127.0.0.1:0",
            ])
            .args(["--log-filter", "warn", "--data-dir"])
            .arg(data.path())
            .arg("--key-file")
            .arg(&key)
            .stdout(Stdio::piped());
        if let Some(url) = postgres {
            command.args(["--identity-database-url", url, "--token-database-url", url]);
        }
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or("the server has no standard output")?;
        let mut address = {
            let mut lines = BufReader::new(output).lines();
            move |name: &str| -> Result<String, Error> {
                let line = lines.next().ok_or("the server ended before it said where it is")??;
                let address =
                    line.strip_prefix(name).ok_or_else(|| format!("expected `{name}`, read `{line}`"))?;
                Ok(address.trim().to_owned())
            }
        };
        let (scim, identity, token) = (address("scim ")?, address("identity ")?, address("token ")?);
        // The rest of its output is not read; a pipe holds more than it says.
        Ok(Self { process, scim, identity, token, _data: data })
    }

    /// The memory of the process that is resident now, in KiB.
    pub(crate) fn resident(&self) -> Result<u64, Error> {
        self.status("VmRSS:")
    }

    /// The most that was ever resident, in KiB.
    pub(crate) fn peak(&self) -> Result<u64, Error> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> Result<u64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such field in /proc")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
