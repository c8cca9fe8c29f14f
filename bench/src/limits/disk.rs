//! What it takes until a few bytes are on the disk.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    time::Duration,
};

use super::{Pace, pace};
use crate::Error;

/// As much as a small write is.
const BYTES: [u8; 512] = [b'x'; 512];

/// A file beside the data.
pub(crate) struct Disk {
    file: File,
    _directory: tempfile::TempDir,
}

impl Disk {
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let directory = tempfile::tempdir_in(directory)?;
        Ok(Self { file: File::create(directory.path().join("file"))?, _directory: directory })
    }

    /// A small append, then fsync.
    pub(crate) fn append(&mut self, span: Duration) -> Result<Pace, Error> {
        self.file.seek(SeekFrom::End(0))?;
        pace(span, 1, || {
            self.file.write_all(&BYTES)?;
            Ok(self.file.sync_all()?)
        })
    }

    /// The same bytes over what is there, then fdatasync: the least that there is.
    pub(crate) fn overwrite(&mut self, span: Duration) -> Result<Pace, Error> {
        pace(span, 1, || {
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&BYTES)?;
            Ok(self.file.sync_data()?)
        })
    }
}
