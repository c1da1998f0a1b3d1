//! Why a command failed.

use std::io;

use serde_json::{Value, json};

use super::exit::Exit;
use crate::check::linearizability::history::HistoryError;
use crate::hunt::RunIdError;
use crate::scenario::Problem;
use crate::time::Time;
use crate::trace::jsonl::ReadError;

/// Why a command failed; its text names the file or the flag, and how to correct the mistake.
#[derive(Debug)]
pub(super) enum Failure {
    /// The scenario can't be used.
    Problem(Box<Problem>),
    /// The command line can't be used.
    Usage { message: String, help: Option<String> },
    /// A trace can't be read.
    Trace { file: String, error: ReadError },
    /// A history can't be read.
    History { file: String, error: HistoryError },
    /// A file can't be read or written.
    Io { what: String, error: io::Error, help: Option<String> },
    /// No seed was selected.
    Nothing(String),
    /// A result is incomplete; what is missing can still be made.
    Incomplete(String),
    /// One run gave two digests.
    NotDeterministic(String),
    /// A signal stopped a run.
    Early { exit: Exit, at: Time },
}

pub(super) type Outcome = Result<Exit, Failure>;

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    pub(super) fn helped(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// A file could not be read; a missing file is a usage error.
    pub(super) fn unreadable(name: &str, error: io::Error) -> Self {
        let what = format!("can't read `{name}`");
        if names_no_file(&error) {
            Self::usage(format!("{what}: {error}"))
        } else {
            Self::Io { what, error, help: None }
        }
    }

    /// The results could not be written.
    pub(super) fn stdout(error: io::Error) -> Self {
        Self::Io { what: "can't write to standard output".to_owned(), error, help: None }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Problem(_) | Self::Usage { .. } => Exit::Usage,
            Self::Trace { error: ReadError::Io(error), .. } if !names_no_file(error) => Exit::Io,
            Self::History { error: HistoryError::Io(error), .. } if !names_no_file(error) => Exit::Io,
            Self::Trace { .. } | Self::History { .. } => Exit::Usage,
            Self::Io { .. } => Exit::Io,
            Self::Nothing(_) => Exit::Nothing,
            Self::Incomplete(_) => Exit::Stopped,
            Self::NotDeterministic(_) => Exit::NotDeterministic,
            Self::Early { exit, .. } => *exit,
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::Problem(problem) => problem.to_string(),
            Self::Usage { message, .. }
            | Self::Nothing(message)
            | Self::Incomplete(message)
            | Self::NotDeterministic(message) => message.clone(),
            Self::Trace { file, error: ReadError::Io(error) } => format!("can't read `{file}`: {error}"),
            Self::History { file, error: HistoryError::Io(error) } => format!("can't read `{file}`: {error}"),
            Self::Trace { file, error } => format!("{file}: {error}"),
            Self::History { file, error } => format!("{file}: {error}"),
            Self::Io { what, error, .. } => format!("{what}: {error}"),
            Self::Early { at, .. } => format!("stopped at {at}ms of virtual time, without a verdict"),
        }
    }

    pub(super) fn help(&self) -> Option<&str> {
        match self {
            Self::Usage { help, .. } | Self::Io { help, .. } => help.as_deref(),
            Self::Problem(_)
            | Self::Trace { .. }
            | Self::History { .. }
            | Self::Nothing(_)
            | Self::Incomplete(_)
            | Self::NotDeterministic(_)
            | Self::Early { .. } => None,
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut error = json!({ "message": self.message(), "exit_code": self.exit().code() });
        if let Some(help) = self.help() {
            error["help"] = json!(help);
        }
        if let Self::Problem(problem) = self {
            error["problem"] = json!(problem);
        }
        json!({ "error": error })
    }
}

/// Whether the path itself is wrong, and not the disk.
fn names_no_file(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory)
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<RunIdError> for Failure {
    fn from(error: RunIdError) -> Self {
        Self::usage(error.to_string())
    }
}

/// An error of a command's own `write!` is an error of standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::stdout(error)
    }
}
