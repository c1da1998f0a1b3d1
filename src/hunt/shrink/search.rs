//! The search: the smallest so far, and the ways to make it smaller.

use std::ops::Range;

use super::Size;
use super::lab::{Found, Lab};
use crate::chance::Seed;
use crate::scenario::Scenario;

/// So many other seeds are tried where nothing more can be taken away with the one at hand.
const SEEDS: usize = 24;

/// And only for lists that are no longer than this.
const MOST_LUCKY: usize = 24;

/// Lets what waits for the n-th fact wait for one less.
fn sooner(scenario: &mut Scenario) {
    for when in scenario.faults.iter_mut().filter_map(|entry| entry.when.as_mut()) {
        when.n = when.n.saturating_sub(1);
    }
}

pub(super) struct Search<'a> {
    pub(super) lab: Lab<'a>,
    pub(super) best: Found,
}

impl Search<'_> {
    pub(super) fn scenario(&self) -> &Scenario {
        self.best.scenario()
    }

    /// Takes the first of `count` changed scenarios that still breaks; its place.
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
        let (at, found) = self.lab.first(count, &changed)?;
        self.best = found;
        self.lab.tell(Size::of(&self.best.resolved, &self.best.outcome));
        Some(at)
    }

    /// Makes a change if the run still breaks with it.
    pub(super) fn attempt(&mut self, change: impl Fn(&mut Scenario) + Sync) -> bool {
        let change = |scenario: &mut Scenario, _| {
            change(scenario);
            Some(())
        };
        self.take(1, change).is_some()
    }

    /// Takes away from a list all that can be missing (delta debugging: halves, quarters, and so on to single items).
    /// The last items are tried first, since what comes later is needed more rarely.
    pub(super) fn thin(
        &mut self,
        length: impl Fn(&Scenario) -> usize,
        cut: impl Fn(&mut Scenario, Range<usize>) + Sync,
    ) -> bool {
        let before = length(self.scenario());
        let mut chunk = before;
        while chunk > 0 {
            // All from here on is known to be needed at this size.
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

    /// Takes away single items where the rest breaks with faults that wait for a fact less, or from another seed. Chance
    /// is keyed by the messages before, so that what an item did may be no more than to shift the luck of a later message.
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
