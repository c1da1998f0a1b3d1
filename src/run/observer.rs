//! The witness of a judged run: records, counts, and asks the checkers; ends the run when the verdict is clear.

use std::ops::ControlFlow;

use crate::check::{Census, Panel};
use crate::sim::Witness;
use crate::trace::{Record, Recorder};

pub(super) struct Observer<F> {
    pub(super) recorder: Recorder,
    pub(super) panel: Panel<F>,
    pub(super) census: Census,
    /// The invariants that must fall; without any the first violation ends the run.
    waits_for: Vec<&'static str>,
    /// Whether the verdict was clear before the end.
    pub(super) over: bool,
}

impl<F> Observer<F> {
    pub(super) fn new(recorder: Recorder, panel: Panel<F>, waits_for: Vec<&'static str>) -> Self {
        Self { recorder, panel, census: Census::default(), waits_for, over: false }
    }

    #[cold]
    fn fell(&mut self) {
        let fallen = |name: &str| self.panel.fallen().any(|(invariant, _)| invariant == name);
        self.over = self.waits_for.iter().all(|name| fallen(name));
    }
}

impl<F> Witness<F> for Observer<F> {
    fn see(&mut self, record: &Record<'_>, fact: Option<&F>) -> ControlFlow<()> {
        self.recorder.push(record);
        self.census.see(record);
        if !self.over && self.panel.see(record, fact) {
            self.fell();
        }
        if self.over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn reads(&self) -> bool {
        true
    }
}
