//! Why a history can't be read.

use std::{fmt, io};

/// Why a history can't be read.
#[derive(Debug)]
pub enum HistoryError {
    /// The input failed.
    Io(io::Error),
    /// It is empty.
    Empty,
    /// The initial value of registers is not JSON.
    Initial(String),
    /// A line is invalid.
    Line {
        /// The line, from 1.
        line: u64,
        /// The reason.
        why: String,
    },
}

impl HistoryError {
    pub(super) fn at(line: u64, why: impl Into<String>) -> Self {
        Self::Line { line, why: why.into() }
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the history can't be read: {error}"),
            Self::Empty => f.write_str("not a history: there is no line in it"),
            Self::Initial(why) => write!(f, "the initial value is not JSON: {why}; a text stands in quotation marks"),
            Self::Line { line, why } => write!(f, "line {line}: {why}"),
        }
    }
}

impl std::error::Error for HistoryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Empty | Self::Initial(_) | Self::Line { .. } => None,
        }
    }
}
