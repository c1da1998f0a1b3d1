//! The observers of a run: the jury counts, feeds the checkers, and knows when the verdict is final; the observer also
//! records, and ends the run then.

use std::ops::ControlFlow;

use super::{BLOCK, GoOn, Keep};
use crate::check::{Census, Panel};
use crate::sim::Witness;
use crate::time::Time;
use crate::trace::{Digest, Judgement, Record, Recorder};

/// The checkers of one run, live or from a file, and the census.
pub(super) struct Jury<F> {
    panel: Panel<F>,
    pub(super) census: Census,
    /// The invariants that must be violated; if there are none, the first violation ends the run.
    waits_for: Vec<&'static str>,
    /// Whether the verdict was final before the end.
    over: bool,
}

impl<F> Jury<F> {
    pub(super) fn new(panel: Panel<F>, waits_for: Vec<&'static str>) -> Self {
        Self { panel, census: Census::default(), waits_for, over: false }
    }

    /// Receives one record; returns whether the verdict is final.
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

    /// Whether nothing is open for which a quiescent run should continue.
    pub(super) fn is_settled(&self) -> bool {
        self.panel.is_settled()
    }

    /// Concludes a run that ended at `end`.
    pub(super) fn conclude(self, end: Time) -> (Vec<Judgement>, Census) {
        let judgements = if self.over { self.panel.conclude_stopped(end) } else { self.panel.conclude(end) };
        (judgements, self.census)
    }

    /// Concludes a run that was stopped at `end`.
    pub(super) fn stop(self, end: Time) -> (Vec<Judgement>, Census) {
        (self.panel.conclude_stopped(end), self.census)
    }

    /// Whether the verdict was final before the end.
    pub(super) const fn over(&self) -> bool {
        self.over
    }
}

/// The witness of a judged run.
pub(super) struct Observer<'a, F> {
    pub(super) recorder: Recorder,
    pub(super) keep: Keep,
    pub(super) marks: Vec<Digest>,
    pub(super) jury: Jury<F>,
    pub(super) go_on: GoOn<'a>,
    /// Whether the run was stopped.
    pub(super) interrupted: bool,
}

impl<F> Observer<'_, F> {
    /// Called after every block of records.
    fn pause(&mut self) {
        self.interrupted |= !(self.go_on)();
        if self.keep.marks() {
            self.marks.push(self.recorder.digest());
            self.recorder.keep(self.keep.records().contains(&self.recorder.records()));
        }
    }
}

impl<F> Witness<F> for Observer<'_, F> {
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()> {
        self.recorder.push(record);
        if self.recorder.records().is_multiple_of(BLOCK) {
            self.pause();
        }
        if self.jury.see(record, fact) || self.interrupted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn is_settled(&self) -> bool {
        self.jury.is_settled()
    }

    fn reads(&self) -> bool {
        true
    }
}
