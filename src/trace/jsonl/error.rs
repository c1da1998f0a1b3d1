//! Why a trace can't be read.

use std::{fmt, io};

use super::super::VERSION;
use super::super::text::Plain;
use super::LONGEST_LINE;

/// Why a trace can't be read; lines count from 1.
#[derive(Debug)]
pub enum ReadError {
    /// The input failed.
    Io(io::Error),
    /// There is nothing in it.
    Empty,
    /// It is something else.
    Foreign,
    /// It is of stemmata, but no trace.
    Kind {
        /// What it says that it is.
        found: String,
    },
    /// It is of another version.
    Version {
        /// Which one.
        found: u64,
    },
    /// It ends before its end: in the middle of a line, or without a footer.
    Cut {
        /// The line that is cut, or missing.
        line: u64,
        /// How many records stand whole before it.
        records: u64,
    },
    /// A line is not what it must be.
    Malformed {
        /// Which line.
        line: u64,
        /// Where in it, in bytes from 1; 0 if that is unknown.
        column: usize,
        /// Why.
        why: String,
    },
    /// A line has no end within [`LONGEST_LINE`].
    Long {
        /// Which line.
        line: u64,
    },
    /// The footer counts other records than there are.
    Count {
        /// How many there should be.
        footer: u64,
        /// How many there are.
        found: u64,
    },
    /// All lines are readable, but not as they were written.
    Changed,
    /// Something follows the footer.
    Beyond {
        /// The first line that follows.
        line: u64,
    },
}

impl ReadError {
    pub(super) fn malformed(line: u64, error: &serde_json::Error) -> Self {
        let why = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let why = why.strip_suffix(&place).unwrap_or(&why).to_owned();
        Self::Malformed { line, column: error.column(), why }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the trace can't be read: {error}"),
            Self::Empty => f.write_str("not a stemmata trace: it is empty"),
            Self::Foreign => f.write_str("not a stemmata trace: it does not begin with `{\"stemmata\":\"trace\",`"),
            Self::Kind { found } => write!(f, "not a trace, but stemmata's `{}`", Short(found)),
            Self::Version { found } if *found > u64::from(VERSION) => {
                write!(
                    f,
                    "a trace of version {found}, and this stemmata reads version {VERSION}: a newer one is needed"
                )
            }
            Self::Version { found } => {
                write!(f, "a trace of version {found}, and this stemmata reads version {VERSION}: record the run again")
            }
            Self::Cut { line, records } => {
                write!(f, "line {line}: the trace is cut off here; {records} records stand whole before")
            }
            Self::Malformed { line, column, why } => {
                write!(f, "line {line}, column {column}: no line of a trace: {}", Short(why))
            }
            Self::Long { line } => write!(f, "line {line}: longer than {} MiB", LONGEST_LINE >> 20),
            Self::Count { footer, found } => {
                write!(f, "the trace's last line counts {footer} records, and there are {found}")
            }
            Self::Changed => f.write_str("the trace is not as it was written: its last line has the hash of another"),
            Self::Beyond { line } => write!(f, "line {line}: the trace had ended before"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Empty
            | Self::Foreign
            | Self::Kind { .. }
            | Self::Version { .. }
            | Self::Cut { .. }
            | Self::Malformed { .. }
            | Self::Long { .. }
            | Self::Count { .. }
            | Self::Changed
            | Self::Beyond { .. } => None,
        }
    }
}

/// A text from a file that may hold anything: fit for a terminal, and not too long.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 200;
        match self.0.char_indices().nth(LONGEST) {
            None => Plain(self.0).fmt(f),
            Some((end, _)) => write!(f, "{}...", Plain(&self.0[..end])),
        }
    }
}
