//! What a sweep shows while it runs: a bar on a terminal, and the first failures as they come.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Limits;
use crate::cli::chosen::Chosen;
use crate::cli::environment::Stopwatch;
use crate::cli::shell::{BAD, Shell};
use crate::cli::table::{count, counted};
use crate::hunt::{Fresh, SweepProgress};

/// So many failures of one invariant are announced.
const ANNOUNCED: u64 = 3;

pub(super) struct Meter<'a> {
    bar: ProgressBar,
    /// The time that there is, if that is the measure.
    time: Option<Duration>,
    watch: Stopwatch,
    announced: Mutex<BTreeMap<String, u64>>,
    chosen: &'a Chosen,
    shell: &'a Shell,
}

impl<'a> Meter<'a> {
    pub(super) fn new(chosen: &'a Chosen, limits: &Limits, watch: Stopwatch, shell: &'a Shell) -> Self {
        let (length, shape) = match limits.time {
            Some(time) => (u64::try_from(time.as_millis()).unwrap_or(u64::MAX), "{prefix} {wide_bar} {msg}"),
            None => (limits.seeds.count, "{prefix} {wide_bar} {percent}% {msg}, {eta} left"),
        };
        let target = if shell.progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template(shape).expect("a template of ours").progress_chars("##-");
        let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
        bar.set_prefix(chosen.file.name().to_owned());
        Self { bar, time: limits.time, watch, announced: Mutex::default(), chosen, shell }
    }

    pub(super) fn tell(&self, progress: SweepProgress, fresh: Option<Fresh<'_>>) {
        if let Some(fresh) = fresh {
            self.announce(fresh);
        }
        if self.bar.is_hidden() {
            return;
        }
        let elapsed = self.watch.elapsed();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.bar.set_position(if self.time.is_some() { millis } else { progress.runs });
        // The message is made ten times a second at most: every so many runs.
        let rate = progress.runs.saturating_mul(1_000) / millis.max(1);
        if progress.runs.is_multiple_of((rate / 10).max(1)) {
            let failures = counted(progress.failures, "failure");
            self.bar.set_message(format!("{} runs, {}/s, {failures}", count(progress.runs), count(rate)));
        }
    }

    fn announce(&self, fresh: Fresh<'_>) {
        let Fresh { seed, digest, invariant, violation } = fresh;
        let mut announced = self.announced.lock().expect("no thread panics with it");
        let times = announced.entry(invariant.to_owned()).or_default();
        *times += 1;
        if *times > ANNOUNCED || self.shell.quiet {
            return;
        }
        let run = self.chosen.run_id(seed, digest);
        let more = if *times == ANNOUNCED { "\n  (further ones of this kind are counted)" } else { "" };
        let line = format!("{BAD}violated{BAD:#} {invariant}: {}\n  {run}{more}", violation.sentence);
        self.bar.suspend(|| self.shell.say(&line));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
