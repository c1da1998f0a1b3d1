//! The search: the smallest run so far, and the operations that make it smaller.

use std::ops::Range;

use super::Size;
use super::candidates::{CandidateRunner, FailingRun};
use crate::chance::Seed;
use crate::scenario::Scenario;

/// The number of other seeds that are tried if nothing more can be removed with the current one.
const SEEDS: usize = 24;

/// The maximum length of lists for which other seeds are tried.
const MOST_LUCKY: usize = 24;

/// Makes faults that wait for the n-th fact wait for the previous one.
fn sooner(scenario: &mut Scenario) {
    for when in scenario.faults.iter_mut().filter_map(|entry| entry.when.as_mut()) {
        when.n = when.n.saturating_sub(1);
    }
}

pub(super) struct Search<'a> {
    pub(super) runner: CandidateRunner<'a>,
    pub(super) best: FailingRun,
}

impl Search<'_> {
    pub(super) fn scenario(&self) -> &Scenario {
        self.best.scenario()
    }

    /// Takes the first of `count` changed scenarios that still fails, and returns its index.
    pub(super) fn take(
        &mut self,
        count: usize,
        change: impl Fn(&mut Scenario, usize) -> Option<()> + Sync,
    ) -> Option<usize> {
        let scenario = self.best.scenario();
        let changed = |at: usize| {
            let mut changed = scenario.clone();
            change(&mut changed, at)?;
            (changed != *scenario).then_some(changed)
        };
        let (at, found) = self.runner.first(count, &changed)?;
        self.best = found;
        self.runner.tell(Size::of(&self.best.resolved, &self.best.outcome));
        Some(at)
    }

    /// Makes a change if the run still fails with it.
    pub(super) fn attempt(&mut self, change: impl Fn(&mut Scenario) + Sync) -> bool {
        let change = |scenario: &mut Scenario, _| {
            change(scenario);
            Some(())
        };
        self.take(1, change).is_some()
    }

    /// Removes everything from a list that is not necessary (delta debugging: halves, quarters, and so on to single items).
    /// The last items are tried first, because later items are more rarely necessary.
    pub(super) fn thin(
        &mut self,
        length: impl Fn(&Scenario) -> usize,
        cut: impl Fn(&mut Scenario, Range<usize>) + Sync,
    ) -> bool {
        let before = length(self.scenario());
        let mut chunk = before;
        while chunk > 0 {
            // Everything from here on is known to be necessary at this size.
            let mut end = length(self.scenario());
            loop {
                let ends: Vec<usize> = (1..=end).rev().step_by(chunk).collect();
                let range = |at: usize| ends[at].saturating_sub(chunk)..ends[at];
                let cut = |scenario: &mut Scenario, at| {
                    cut(scenario, range(at));
                    Some(())
                };
                match self.take(ends.len(), cut) {
                    Some(at) => end = range(at).start,
                    None => break,
                }
            }
            chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
        }
        self.thin_with_luck(&length, &cut);
        length(self.scenario()) < before
    }

    /// Removes single items if the rest fails with faults that wait for an earlier fact, or with another seed. Draws are keyed
    /// by the numbers of messages, so the only effect of an item may be that a later message has another fate.
    fn thin_with_luck(
        &mut self,
        length: &impl Fn(&Scenario) -> usize,
        cut: &(impl Fn(&mut Scenario, Range<usize>) + Sync),
    ) {
        loop {
            let items = length(self.scenario());
            if items == 0 || items > MOST_LUCKY {
                return;
            }
            let change = |scenario: &mut Scenario, at: usize| {
                let (luck, item) = (at / items, at % items);
                cut(scenario, item..item + 1);
                match luck.checked_sub(1) {
                    Some(seed) => scenario.run.seed = Seed(seed as u64),
                    None => sooner(scenario),
                }
                Some(())
            };
            if self.take(items * (SEEDS + 1), change).is_none() {
                return;
            }
        }
    }
}
