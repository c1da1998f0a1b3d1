//! Why a report can't be made.

use std::io;
use std::ops::ControlFlow;

use crate::trace::jsonl::ReadError;
use crate::trace::{Record, Source};

/// Why a report can't be made.
#[derive(Debug)]
pub enum Refused {
    /// The trace can't be read.
    Read(ReadError),
    /// The report can't be written.
    Write(io::Error),
    /// The report would be longer than the program that it is for takes; the sentence says by how much.
    TooLong(String),
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Shows every record, until one can't be written.
pub(super) fn each(source: &mut dyn Source, see: &mut dyn FnMut(&Record<'_>) -> io::Result<()>) -> Result<(), Refused> {
    let mut failed = None;
    source.walk(&mut |record| match see(record) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), |error| Err(Refused::Write(error)))
}
