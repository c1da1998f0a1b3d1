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
    /// It is empty.
    Empty,
    /// It is a file of another kind.
    Foreign,
    /// It is a file of stemmata, but not a trace.
    Kind {
        /// The kind that it names.
        found: String,
    },
    /// It has another version.
    Version {
        /// Which one.
        found: u64,
    },
    /// It is truncated: it ends in the middle of a line, or without a footer.
    Cut {
        /// The line that is incomplete or missing.
        line: u64,
        /// The number of complete records before it.
        records: u64,
    },
    /// A line is invalid.
    Malformed {
        /// Which line.
        line: u64,
        /// The byte in it, from 1; 0 if that is unknown.
        column: usize,
        /// Why.
        why: String,
    },
    /// A line has no end within [`LONGEST_LINE`].
    Long {
        /// Which line.
        line: u64,
    },
    /// The footer has another number of records than the file.
    Count {
        /// The number in the footer.
        footer: u64,
        /// The number in the file.
        found: u64,
    },
    /// All lines are readable, but were changed after they were written.
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
                write!(f, "a trace of version {found}, but this build reads version {VERSION}: use a newer build")
            }
            Self::Version { found } => {
                write!(f, "a trace of version {found}, but this build reads version {VERSION}: record the run again")
            }
            Self::Cut { line, records } => {
                write!(f, "line {line}: the trace is truncated here, after {records} complete records")
            }
            Self::Malformed { line, column, why } => {
                write!(f, "line {line}, column {column}: not a line of a trace: {}", Short(why))
            }
            Self::Long { line } => write!(f, "line {line}: longer than {} MiB", LONGEST_LINE >> 20),
            Self::Count { footer, found } => {
                write!(f, "the trace's last line says {footer} records, but there are {found}")
            }
            Self::Changed => {
                f.write_str("the trace was changed after it was written: the hash on its last line does not match")
            }
            Self::Beyond { line } => write!(f, "line {line}: the trace has already ended"),
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

/// A text from an untrusted file, made safe for a terminal and shortened.
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
