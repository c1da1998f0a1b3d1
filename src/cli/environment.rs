//! What the commands take from the operating system: variables, arguments, the wall clock, the number of cores.
//!
//! This is the only place that may use them; nothing below the command line does.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the command line talks to the operating system"
)]

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The arguments, the program's name first.
pub(super) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The program as it was called, for the commands that are printed.
pub(super) fn program() -> String {
    std::env::args_os().next().map_or_else(|| "stemmata".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The program's own file, with which a second process is started.
pub(super) fn executable() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// The folder for temporary files.
pub(super) fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// Whether a program reads the output, and not a person: the variable `CI` is set.
pub(super) fn unattended() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// The text of a variable.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The names of the `STEMMATA_` variables that are set.
pub(super) fn own_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.to_string_lossy().starts_with("STEMMATA_")).collect()
}

/// The number of threads that can run at once.
pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Measures elapsed time.
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
