//! `rollcall key`.

use std::path::{Path, PathBuf};

use rollcall_card::keyring::Keyring;
use rollcall_key::Keys;

use crate::{databases::KEY_FILE, error::Error, output};

/// `rollcall key`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Put a new key in front of those in the file
    ///
    /// Start the services again afterwards: they seal cards by the new key within minutes, and hash a PIN by it the next time
    /// that it is typed. The log of the identity service says when all cards are done. Leave the old key in the file as long
    /// as there are PINs that were not typed since.
    #[command(after_long_help = "\
Examples:
  rollcall key rotate
  rollcall key rotate --key-file /etc/rollcall/key")]
    Rotate(File),
    /// Show the ids of the keys, which tell nothing of them
    Show(File),
}

/// Where the keys are.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct File {
    /// File with the keys [default: key in the data directory]
    #[arg(long, env = "ROLLCALL_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Directory of the SQLite files
    #[arg(long, env = "ROLLCALL_DATA_DIR", default_value = "./data", value_name = "DIR")]
    data_dir: PathBuf,
}

impl File {
    fn path(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.data_dir.join(KEY_FILE))
    }
}

pub(crate) fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::Rotate(file) => {
            let path = file.path();
            let keys = Keys::rotate(&path)?;
            print(&path, &keys)?;
            output::print("Start the services again: they write by the new key then.")
        }
        Command::Show(file) => {
            let path = file.path();
            print(&path, &Keys::read(&path)?)
        }
    }
}

fn print(path: &Path, keys: &Keys) -> Result<(), Error> {
    let ring = Keyring::new(keys);
    let rows = ring.ids().enumerate().map(|(at, id)| {
        [id.to_owned(), if at == 0 { "writes and reads" } else { "reads what it wrote before" }.to_owned()]
    });
    output::print(&path.display().to_string())?;
    output::print_table(["KEY", "USE"], rows.collect())
}
