//! What is read from the person or file in front of the terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::{error::Error, output};

/// An argument as it is; `-` is a line of standard input, so that others on the machine do not see it among the processes.
pub(crate) fn argument(text: String, what: &str) -> Result<String, Error> {
    if text == "-" { line(what) } else { Ok(text) }
}

/// A line of standard input, without its end.
pub(crate) fn line(what: &str) -> Result<String, Error> {
    if io::stdin().is_terminal() {
        output::progress(&format!("{what}: "), false);
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|source| Error::Input { what: what.to_owned(), source })?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        return Err(Error::Refused(format!("{what}: nothing was given on standard input")));
    }
    Ok(line.to_owned())
}

/// All lines of standard input that are not empty.
pub(crate) fn lines(what: &str) -> Result<Vec<String>, Error> {
    let lines = io::stdin().lock().lines().collect::<Result<Vec<String>, _>>();
    let lines = lines.map_err(|source| Error::Input { what: what.to_owned(), source })?;
    Ok(lines.into_iter().filter(|line| !line.trim().is_empty()).collect())
}
