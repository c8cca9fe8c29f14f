//! The result of an import as a file.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use rollcall_proto::identity::ImportProblem;
use rollcall_roster::outcome;

use crate::error::Error;

/// The file, if one is wanted.
pub(super) struct Report(Option<BufWriter<File>>);

impl Report {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self(None)) };
        let mut report = Self(Some(BufWriter::new(File::create(path).map_err(Error::Output)?)));
        report.write(outcome::MARK)?;
        report.write(&outcome::header())?;
        Ok(report)
    }

    pub(super) fn problem(&mut self, problem: &ImportProblem) -> Result<(), Error> {
        let ImportProblem { line, column, who, message, warning } = problem;
        self.write(&outcome::row(*line, who, *warning, column, message))
    }

    pub(super) fn notes(&mut self, notes: &[String]) -> Result<(), Error> {
        notes.iter().try_for_each(|note| self.write(&outcome::note(note)))
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), |mut file| file.flush().map_err(Error::Output))
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        match &mut self.0 {
            Some(file) => file.write_all(text.as_bytes()).map_err(Error::Output),
            None => Ok(()),
        }
    }
}
