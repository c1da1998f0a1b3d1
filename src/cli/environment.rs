//! What the commands take from the world outside: variables, arguments, the wall clock, the number of cores.
//!
//! Nothing below the command line may; here is the one place that does.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "the command line lives in the world outside")]

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The arguments, the program's name first.
pub(super) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The program as it was called, for commands that are to be typed again.
pub(super) fn program() -> String {
    std::env::args_os().next().map_or_else(|| "stemmata".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The program's own file, to be started a second time.
pub(super) fn executable() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Where temporary files go.
pub(super) fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// Whether a program reads what we write, and no person: the variable `CI` is set.
pub(super) fn unattended() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// The text of a variable.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The names of our own variables that are set.
pub(super) fn own_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.to_string_lossy().starts_with("STEMMATA_")).collect()
}

/// How many threads can run at once.
pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
