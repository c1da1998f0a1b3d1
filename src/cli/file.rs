//! Saved traces, opened for reading.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::failure::Failure;
use super::run::is_stdout;
use crate::identity::EventId;
use crate::trace::jsonl::{ReadError, Reader};
use crate::trace::text::Renderer;
use crate::trace::{Detail, Source};

/// A trace from a file, or from standard input.
pub(super) fn open(path: &Path) -> Result<Reader<Box<dyn BufRead>>, Failure> {
    let input: Box<dyn BufRead> = if is_stdout(path) {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let failed = |error| unreadable(path, ReadError::Io(error));
        Box::new(BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?))
    };
    Reader::open(input).map_err(|error| unreadable(path, error))
}

/// The lines of these events, which are sorted; reads the trace again, so there are none for a trace from standard input.
pub(super) fn lines_of(path: &Path, events: &[EventId]) -> Result<BTreeMap<EventId, String>, Failure> {
    let mut lines = BTreeMap::new();
    if events.is_empty() || is_stdout(path) {
        return Ok(lines);
    }
    let mut reader = open(path)?;
    let renderer = Renderer::new(&reader.header().lanes, Detail::All);
    let read = reader.for_each(&mut |record| {
        if events.binary_search(&record.id).is_ok() {
            lines.insert(record.id, renderer.alone(record));
        }
    });
    read.map_err(|error| unreadable(path, error))?;
    Ok(lines)
}

/// The failure to read this trace.
pub(super) fn unreadable(path: &Path, error: ReadError) -> Failure {
    let file = if is_stdout(path) { "standard input".to_owned() } else { path.display().to_string() };
    Failure::Trace { file, error }
}
