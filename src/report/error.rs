//! Why a report can't be made.

use std::io;
use std::ops::ControlFlow;

use crate::trace::jsonl::ReadError;
use crate::trace::{Record, Source};

/// Why a report can't be made.
#[derive(Debug)]
pub enum ReportError {
    /// The trace can't be read.
    Read(ReadError),
    /// The report can't be written.
    Write(io::Error),
    /// The report is longer than the program that it is for accepts; the sentence gives the limit.
    TooLong(String),
}

impl From<ReadError> for ReportError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for ReportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Calls `see` with every record, until it fails.
pub(super) fn each(
    source: &mut dyn Source,
    see: &mut dyn FnMut(&Record<'_>) -> io::Result<()>,
) -> Result<(), ReportError> {
    let mut failed = None;
    source.walk(&mut |record| match see(record) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), |error| Err(ReportError::Write(error)))
}
