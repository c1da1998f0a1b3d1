//! A line of progress every ten seconds, where no bar can be drawn.

use std::sync::atomic::{AtomicU64, Ordering};

use super::environment::Stopwatch;
use super::shell::{FAINT, Shell};

/// The time between two lines, in seconds.
const OFTEN: u64 = 10;

#[derive(Debug)]
pub(super) struct Heartbeat {
    watch: Stopwatch,
    /// How many times ten seconds had passed at the last line.
    told: AtomicU64,
    shell: Shell,
}

impl Heartbeat {
    pub(super) fn new(shell: &Shell) -> Self {
        Self { watch: Stopwatch::start(), told: AtomicU64::new(0), shell: shell.clone() }
    }

    /// Says how far the work has come, if the last line is old enough; any thread may call this.
    pub(super) fn beat(&self, name: &str, progress: impl FnOnce() -> String) {
        if !self.shell.says_progress() {
            return;
        }
        let seconds = self.watch.elapsed().as_secs();
        let times = seconds / OFTEN;
        if self.told.fetch_max(times, Ordering::Relaxed) < times {
            self.shell.say(&format!("{FAINT}{name}: {} after {seconds} s{FAINT:#}", progress()));
        }
    }
}
