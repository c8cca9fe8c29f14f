//! `rollcall backup` and `rollcall restore`, for SQLite.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chrono::{SecondsFormat, Utc};
use rollcall_db::{Address, Migrations, copy};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    databases::{self, KEY_FILE},
    error::Error,
    output,
};

/// The file that says what a backup is; it is written last.
const MANIFEST: &str = "manifest.json";
/// The format of a backup.
const FORMAT: u64 = 1;
/// The files of the databases.
const FILES: [&str; 2] = ["identity.db", "token.db"];

/// Copy both SQLite databases into a directory, while a server uses them
///
/// Each copy is of one moment and whole. The directory appears when the backup is complete, and not before. The key file is left out unless
/// it is asked for: keep it apart, for with both all card numbers can be read. For PostgreSQL, see docs/operator/backup.md.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall backup --to /backup/2026-11-25
  rollcall backup --data-dir /var/lib/rollcall --to /backup/today --with-key")]
pub(crate) struct Backup {
    #[command(flatten)]
    databases: databases::Options,
    /// The directory, which must not be there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Put the key file of the data directory into it as well
    #[arg(long)]
    with_key: bool,
}

/// Put a backup into the data directory
///
/// Refused while a server uses the directory, and while there is data in it, unless that is to be replaced: then what was there is moved
/// aside, beside it. Identity providers and stations must be told afterwards: see docs/operator/backup.md.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(after_long_help = "\
Examples:
  rollcall restore --from /backup/2026-11-25
  rollcall restore --data-dir /var/lib/rollcall --from /backup/2026-11-25 --replace")]
pub(crate) struct Restore {
    #[command(flatten)]
    databases: databases::Options,
    /// The directory of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Move what is in the data directory aside
    #[arg(long)]
    replace: bool,
}

fn refused<T>(what: String) -> Result<T, Error> {
    Err(Error::Refused(what))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error + use<'_> {
    move |source| Error::File { path: path.to_owned(), source }
}

/// The files of the databases; a sentence where they are on PostgreSQL.
fn files(options: &databases::Options) -> Result<[PathBuf; 2], Error> {
    let file = |url: &Option<Address>, name: &str| match url {
        None => Ok(options.data_dir.join(name)),
        Some(Address::Sqlite(path)) => Ok(path.clone()),
        Some(address @ Address::Postgres(_)) => refused(format!(
            "{address} is PostgreSQL: back it up by pg_dump, or by archiving its log; docs/operator/backup.md says how"
        )),
    };
    let [identity, token] = FILES;
    Ok([file(&options.identity_database_url, identity)?, file(&options.token_database_url, token)?])
}

pub(crate) fn backup(options: &Backup) -> Result<(), Error> {
    let sources = files(&options.databases)?;
    if let Some(missing) = sources.iter().find(|path| !path.is_file()) {
        return refused(format!(
            "there is no database {}; name its directory with --data-dir",
            missing.display()
        ));
    }
    if options.to.exists() {
        return refused(format!("{} is there already; name another directory", options.to.display()));
    }
    let name = options.to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let unfinished = options.to.with_file_name(format!(".{name}.unfinished-{}", std::process::id()));
    DirBuilder::new().recursive(true).mode(0o700).create(&unfinished).map_err(failed(&unfinished))?;
    let done = fill(&unfinished, &sources, options).and_then(|()| {
        fs::rename(&unfinished, &options.to).map_err(failed(&options.to))?;
        let parent = options.to.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync(parent.unwrap_or(Path::new(".")))
    });
    if done.is_err() {
        // What is left of it is nobody's backup.
        let _ = fs::remove_dir_all(&unfinished);
        return done;
    }
    output::print(&format!("backed up to {}", options.to.display()))
}

fn fill(directory: &Path, sources: &[PathBuf; 2], options: &Backup) -> Result<(), Error> {
    let mut listed = Vec::new();
    for (source, name) in sources.iter().zip(FILES) {
        let copied = directory.join(name);
        // SQLite makes the file by the umask: made before, it is its owner's alone.
        create(&copied)?;
        copy::copy(source, &copied)?;
        sync(&copied)?;
        listed.push(json!({ "name": name, "sha256": hash(&copied)? }));
    }
    if options.with_key {
        let key = options.databases.data_dir.join(KEY_FILE);
        let bytes = fs::read(&key).map_err(failed(&key))?;
        write(&directory.join(KEY_FILE), &bytes)?;
    }
    let manifest = json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "time": Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        "files": listed,
        "withKey": options.with_key,
    });
    write(&directory.join(MANIFEST), format!("{manifest:#}\n").as_bytes())?;
    sync(directory)
}

pub(crate) fn restore(options: &Restore) -> Result<(), Error> {
    let targets = files(&options.databases)?;
    let manifest = read_manifest(&options.from)?;
    for (name, migrations) in
        FILES.into_iter().zip([rollcall_identity_service::migrations(), rollcall_token_service::migrations()])
    {
        check(&options.from, name, &manifest, migrations)?;
    }
    let databases = options.databases.prepare()?;
    let _lock = databases.lock()?;
    let stamp = Utc::now().format("%Y%m%dT%H%M%SZ").to_string();
    if let Some(there) =
        targets.iter().flat_map(|target| beside(target)).find(|file| !options.replace && file.exists())
    {
        return refused(format!(
            "{} is there already: move it away, or add --replace to have it moved aside",
            there.display()
        ));
    }
    // All that takes room or time comes first; what follows are names.
    for (name, target) in FILES.into_iter().zip(&targets) {
        copy_unfinished(&options.from.join(name), target)?;
    }
    for target in &targets {
        set_aside(target, &stamp)?;
    }
    for target in &targets {
        finish(target)?;
    }
    let (kept, key) = (options.from.join(KEY_FILE), options.databases.data_dir.join(KEY_FILE));
    let what_of_the_key = match (key.exists(), kept.exists()) {
        (true, _) => "the key file that was there is kept",
        (false, true) => {
            put(&kept, &key)?;
            "with its key file"
        }
        (false, false) => "put the key file back before the server is started: without it no card works",
    };
    output::print(&format!(
        "restored the backup of {} to {}; {what_of_the_key}",
        manifest.get("time").and_then(Value::as_str).unwrap_or("an unknown time"),
        options.databases.data_dir.display()
    ))
}

fn read_manifest(directory: &Path) -> Result<Value, Error> {
    let path = directory.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(failed(&path))?;
    let manifest: Value = match serde_json::from_str(&text) {
        Ok(manifest) => manifest,
        Err(problem) => return refused(format!("{} is no manifest: {problem}", path.display())),
    };
    match manifest.get("format").and_then(Value::as_u64) {
        Some(FORMAT) => Ok(manifest),
        _ => refused(format!("{} is of another format than this version reads", path.display())),
    }
}

/// Refuses a file that is not as it was written, is damaged, or is of a newer version.
fn check(directory: &Path, name: &str, manifest: &Value, migrations: Migrations) -> Result<(), Error> {
    let path = directory.join(name);
    let listed = manifest.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let wanted = listed.iter().find(|file| file.get("name").is_some_and(|own| own == name));
    let wanted = wanted.and_then(|file| file.get("sha256")).and_then(Value::as_str).unwrap_or_default();
    if hash(&path)? != wanted {
        return refused(format!("{} is not as it was written: the backup is damaged", path.display()));
    }
    // SQLite may want to write beside it: a copy is looked at, not the backup, where nobody else can lay anything.
    let place = tempfile::tempdir().map_err(failed(&path))?;
    let looked_at = place.path().join(name);
    put(&path, &looked_at).and_then(|()| {
        if let Some(damage) = copy::damage(&looked_at)? {
            return refused(format!("{} is damaged: {damage}", path.display()));
        }
        match migrations.unknown(&Address::Sqlite(looked_at.clone()))?.as_slice() {
            [] => Ok(()),
            newer => refused(format!(
                "{} is of a newer version (it has the migration {}): restore it by that version",
                path.display(),
                newer.join(", ")
            )),
        }
    })
}

/// A database, and what SQLite keeps beside it.
fn beside(target: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| with_end(target, end))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(end);
    name.into()
}

/// Moves a database and what SQLite keeps beside it out of the way, on the same file system.
fn set_aside(target: &Path, stamp: &str) -> Result<(), Error> {
    for file in beside(target) {
        if file.exists() {
            let kept = with_end(&file, &format!(".replaced-{stamp}"));
            fs::rename(&file, &kept).map_err(failed(&file))?;
        }
    }
    Ok(())
}

/// Copies a file so that it is there whole or not at all.
fn put(from: &Path, to: &Path) -> Result<(), Error> {
    copy_unfinished(from, to)?;
    finish(to)
}

/// The first half: the copy under another name, on the disk.
fn copy_unfinished(from: &Path, to: &Path) -> Result<(), Error> {
    let unfinished = with_end(to, ".unfinished");
    let _ = fs::remove_file(&unfinished);
    let mut source = File::open(from).map_err(failed(from))?;
    let mut target = create(&unfinished)?;
    io::copy(&mut source, &mut target).and_then(|_| target.sync_all()).map_err(failed(&unfinished))
}

/// The second half: its name.
fn finish(to: &Path) -> Result<(), Error> {
    fs::rename(with_end(to, ".unfinished"), to).map_err(failed(to))?;
    sync(to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = create(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed(path))
}

/// A new file, its owner's alone.
fn create(path: &Path) -> Result<File, Error> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed(path))
}

fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(failed(path))
}

/// SHA-256 of a file, in hexadecimal.
fn hash(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(failed(path))?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut buffer).map_err(failed(path))?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
    Ok(format!("{:x}", hasher.finalize()))
}
