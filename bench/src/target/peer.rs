//! Other SCIM servers, started by `bench/peers/start`, which says in one line of JSON how they are reached.

use std::{
    collections::HashMap,
    fs::{File, Permissions},
    io::BufRead as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{Process, Target, drain};
use crate::{Error, wire::Endpoint};

/// A peer that is known, installed or not.
pub(crate) struct Peer {
    pub(crate) name: String,
    scripts: PathBuf,
    lacks: HashMap<String, String>,
    absent: Option<String>,
}

/// The peers of `peers.toml`.
pub(crate) fn known(scripts: &Path) -> Result<Vec<Peer>, Error> {
    let file = scripts.join("peers.toml");
    let text =
        std::fs::read_to_string(&file).map_err(|cause| format!("cannot read {}: {cause}", file.display()))?;
    let table: toml::Table = toml::from_str(&text)?;
    let peer = |(name, says): (String, toml::Value)| {
        let says = says.as_table().cloned().unwrap_or_default();
        let absent = says.get("absent").and_then(toml::Value::as_str).map(ToOwned::to_owned);
        let instead = |(operation, answer): (String, toml::Value)| match answer {
            toml::Value::Boolean(false) => Some((operation, "not supported".to_owned())),
            toml::Value::String(answer) => Some((operation, answer)),
            _ => None,
        };
        Peer {
            name,
            scripts: scripts.to_owned(),
            absent,
            lacks: says.into_iter().filter_map(instead).collect(),
        }
    };
    Ok(table.into_iter().map(peer).collect())
}

impl Peer {
    /// Starts it, or says why it cannot be.
    pub(crate) fn start(&self, directory: &Path) -> Result<Target, Error> {
        if let Some(reason) = &self.absent {
            return Err(format!("not installed: it {reason}").into());
        }
        // Its database may run as another user, who must be able to pass.
        let data = tempfile::Builder::new()
            .prefix(&self.name)
            .permissions(Permissions::from_mode(0o711))
            .tempdir_in(directory)?;
        let complaints = data.path().join("start.log");
        let mut command = Command::new(self.scripts.join("start"));
        command.arg(&self.name).arg(data.path().join("data")).stderr(File::create(&complaints)?);
        let (process, mut output) = Process::start(&mut command)?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Ok(told) = serde_json::from_str::<Value>(&line) else {
            let complaint = std::fs::read_to_string(&complaints)?;
            return Err(complaint.trim().trim_start_matches("start: ").to_owned().into());
        };
        drain(output);
        let text = |key: &str| {
            let value = told.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
            value.ok_or_else(|| Error::from(format!("{} does not say `{key}`", self.name)))
        };
        let pids = told.get("pids").and_then(Value::as_array).into_iter().flatten();
        Ok(Target {
            name: format!("{} {}", self.name, text("version")?),
            store: text("store")?,
            durable: told.get("durable").and_then(Value::as_bool).unwrap_or_default(),
            endpoint: Endpoint::new(&text("base")?, &text("token")?)?,
            pids: pids.filter_map(Value::as_u64).filter_map(|pid| u32::try_from(pid).ok()).collect(),
            lacks: self.lacks.clone(),
            identity: None,
            processes: vec![process],
            _data: Some(data),
        })
    }
}
