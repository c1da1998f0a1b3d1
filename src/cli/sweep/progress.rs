//! The progress of a sweep: a bar on a terminal, and the first failures as they happen.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Limits;
use super::results_file::ResultsFile;
use crate::cli::chosen::Chosen;
use crate::cli::environment::Stopwatch;
use crate::cli::heartbeat::Heartbeat;
use crate::cli::shell::{BAD, Shell};
use crate::cli::signals::Signals;
use crate::cli::table::{count, counted};
use crate::hunt::{End, Fresh, Header, Kind, Results, SweepTally, Watch};

/// The number of failures of one kind that are announced.
const ANNOUNCED: u64 = 3;
/// The number of kinds that are announced.
const KINDS: usize = 10;

pub(super) struct Meter<'a> {
    bar: ProgressBar,
    limits: &'a Limits,
    watch: Stopwatch,
    signals: &'a Signals,
    /// The tenth of a second of the last message.
    told: AtomicU64,
    announced: Mutex<BTreeMap<Kind, u64>>,
    chosen: &'a Chosen,
    header: &'a Header,
    results_file: &'a ResultsFile,
    shell: &'a Shell,
    heartbeat: Heartbeat,
    /// The number of runs in the earlier results.
    done: u64,
}

impl<'a> Meter<'a> {
    pub(super) fn new(
        (chosen, header): (&'a Chosen, &'a Header),
        done: u64,
        limits: &'a Limits,
        signals: &'a Signals,
        results_file: &'a ResultsFile,
        shell: &'a Shell,
    ) -> Self {
        let (length, shape) = match limits.time {
            Some(time) => (millis(time), "{prefix} {wide_bar} {msg}"),
            None => (header.part().count, "{prefix} {wide_bar} {percent}% {msg}, {eta} left"),
        };
        let target = if shell.progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template(shape).expect("a template of ours").progress_chars("##-");
        let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
        bar.set_prefix(chosen.file.name().to_owned());
        Self {
            bar,
            limits,
            watch: Stopwatch::start(),
            signals,
            told: AtomicU64::new(0),
            announced: Mutex::default(),
            chosen,
            header,
            results_file,
            shell,
            heartbeat: Heartbeat::new(shell),
            done,
        }
    }

    pub(super) fn in_time(&self) -> bool {
        self.limits.time.is_none_or(|time| self.watch.elapsed() < time)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.watch.elapsed()
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Updates the message at most ten times a second.
    fn show(&self, tally: &SweepTally) {
        let elapsed = millis(self.watch.elapsed());
        self.bar.set_position(if self.limits.time.is_some() { elapsed } else { tally.runs });
        let tenth = elapsed / 100 + 1;
        if self.told.fetch_max(tenth, Ordering::Relaxed) < tenth {
            let rate = (tally.runs - self.done).saturating_mul(1_000) / elapsed.max(1);
            let failures = counted(tally.failed(!self.header.violates.is_empty()), "failure");
            self.bar.set_message(format!("{} runs, {}/s, {failures}", count(tally.runs), count(rate)));
        }
    }
}

impl Watch for Meter<'_> {
    fn go_on(&self) -> bool {
        self.in_time()
    }

    fn hurry_on(&self) -> bool {
        self.signals.exit().is_none()
    }

    fn broke(&self, fresh: Fresh<'_>) {
        let Fresh { seed, digest, kind, violation } = fresh;
        let mut announced = self.announced.lock().expect("no thread panics with it");
        if self.shell.quiet || announced.len() >= KINDS && !announced.contains_key(kind) {
            return;
        }
        let times = announced.entry(kind.clone()).or_default();
        *times += 1;
        if *times > ANNOUNCED {
            return;
        }
        let run = self.chosen.run_id(seed, digest);
        let more = if *times == ANNOUNCED { "\n  (further failures of this kind are only counted)" } else { "" };
        let line = format!("{BAD}violated{BAD:#} {}: {}\n  {run}{more}", kind.invariant, violation.sentence);
        self.bar.suspend(|| self.shell.tell(&line));
    }

    fn ran(&self, tally: &SweepTally) {
        if self.bar.is_hidden() {
            self.heartbeat.beat(self.chosen.file.name(), || {
                let failures = counted(tally.failed(!self.header.violates.is_empty()), "failure");
                format!("{}, {failures}", counted(tally.runs, "run"))
            });
        } else {
            self.show(tally);
        }
        let results = || Results { header: self.header.clone(), tally: tally.clone(), end: End::Unfinished };
        self.results_file.checkpoint(results, self.shell);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
