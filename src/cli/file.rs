//! Saved traces, opened for reading.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::failure::Failure;
use super::run::is_stdout;
use crate::trace::jsonl::{ReadError, Reader};

/// A trace from a file, or from the standard input.
pub(super) fn open(path: &Path) -> Result<Reader<Box<dyn BufRead>>, Failure> {
    let input: Box<dyn BufRead> = if is_stdout(path) {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let failed = |error| unreadable(path, ReadError::Io(error));
        Box::new(BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?))
    };
    Reader::open(input).map_err(|error| unreadable(path, error))
}

/// The failure to read this trace.
pub(super) fn unreadable(path: &Path, error: ReadError) -> Failure {
    let file = if is_stdout(path) { "the standard input".to_owned() } else { path.display().to_string() };
    Failure::Trace { file, error }
}
