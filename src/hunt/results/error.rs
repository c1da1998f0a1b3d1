//! Why a file holds no results.

use std::fmt;

use super::VERSION;

/// Why a file holds no results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultsError {
    /// It is something else.
    Foreign,
    /// It is of another version.
    Version(u64),
    /// It ends before its end: it was cut off.
    Cut,
    /// It was changed after it was written.
    Changed,
    /// A line, from 1, is not what stands there.
    Line(usize, String),
}

impl fmt::Display for ResultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("these are not the results of a sweep"),
            Self::Version(version) => {
                write!(f, "results of version {version}; this build reads {VERSION}: use the build that made them")
            }
            Self::Cut => f.write_str("the results are cut off: their end is missing"),
            Self::Changed => f.write_str("the results were changed after they were written"),
            Self::Line(line, why) => write!(f, "line {line} is not what stands there in results: {why}"),
        }
    }
}

impl std::error::Error for ResultsError {}
