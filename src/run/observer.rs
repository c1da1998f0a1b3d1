//! Who watches a run: the jury counts and asks the checkers, and knows when the verdict is clear; the observer also
//! records, and ends the run then.

use std::ops::ControlFlow;

use crate::check::{Census, Panel};
use crate::sim::Witness;
use crate::time::Time;
use crate::trace::{Judgement, Record, Recorder};

/// The checkers of one run, live or from a file, and the counts.
pub(super) struct Jury<F> {
    panel: Panel<F>,
    pub(super) census: Census,
    /// The invariants that must fall; without any the first violation ends the run.
    waits_for: Vec<&'static str>,
    /// Whether the verdict was clear before the end.
    over: bool,
}

impl<F> Jury<F> {
    pub(super) fn new(panel: Panel<F>, waits_for: Vec<&'static str>) -> Self {
        Self { panel, census: Census::default(), waits_for, over: false }
    }

    /// Takes in one record; tells whether the verdict is clear.
    pub(super) fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> bool {
        self.census.see(record);
        if !self.over && self.panel.see(record, fact) {
            self.fell();
        }
        self.over
    }

    #[cold]
    fn fell(&mut self) {
        let fallen = |name: &str| self.panel.fallen().any(|(invariant, _)| invariant == name);
        self.over = self.waits_for.iter().all(|name| fallen(name));
    }

    /// Concludes a run that ended at `end`.
    pub(super) fn conclude(self, end: Time) -> (Vec<Judgement>, Census) {
        let judgements = if self.over { self.panel.conclude_stopped(end) } else { self.panel.conclude(end) };
        (judgements, self.census)
    }

    /// Whether the verdict was clear before the end.
    pub(super) const fn over(&self) -> bool {
        self.over
    }
}

/// The witness of a judged run.
pub(super) struct Observer<F> {
    pub(super) recorder: Recorder,
    pub(super) jury: Jury<F>,
}

impl<F> Witness<F> for Observer<F> {
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()> {
        self.recorder.push(record);
        if self.jury.see(record, fact) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn reads(&self) -> bool {
        true
    }
}
