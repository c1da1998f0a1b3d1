//! The progress of an exploration on a terminal: how many states it has visited.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::cli::environment::Stopwatch;
use crate::cli::heartbeat::{Beat, Heartbeat};
use crate::cli::shell::Shell;
use crate::cli::table::{count, counted};
use crate::hunt::explore::{Limits, Progress};

pub(super) struct Meter {
    bar: ProgressBar,
    watch: Stopwatch,
    /// The tenth of a second of the last message.
    told: Cell<u128>,
    heartbeat: Heartbeat,
    name: String,
}

impl Meter {
    pub(super) fn new(name: &str, limits: &Limits, watch: Stopwatch, shell: &Shell) -> Self {
        let target = if shell.progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(limits.states, target).with_prefix(name.to_owned());
        let template = if limits.states.is_some() { "{prefix} {bar:30} {msg}" } else { "{prefix} {spinner} {msg}" };
        bar.set_style(ProgressStyle::with_template(template).expect("a constant that is right"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, watch, told: Cell::new(0), heartbeat: Heartbeat::new(shell), name: name.to_owned() }
    }

    pub(super) fn tell(&self, progress: Progress) {
        self.heartbeat.beat(&self.name, || Beat {
            text: format!("{}, depth {}", counted(progress.states, "state"), count(progress.depth.into())),
            counts: json!({ "states": progress.states, "depth": progress.depth }),
        });
        let tenths = self.watch.elapsed().as_millis() / 100;
        if self.bar.is_hidden() || self.told.replace(tenths) == tenths {
            return;
        }
        let Progress { states, generated, depth, waiting } = progress;
        let rate = u128::from(generated) * 10 / tenths.max(1);
        self.bar.set_position(states);
        self.bar.set_message(format!(
            "{}, depth {}, {} waiting, {} generated/s",
            counted(states, "state"),
            count(depth.into()),
            count(waiting),
            count(u64::try_from(rate).unwrap_or(u64::MAX))
        ));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
