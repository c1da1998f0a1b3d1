//! Where smaller scenarios are tried: on all threads, and yet the first in order that still breaks is the one.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{ShrinkProgress, Size};
use crate::chance::Seed;
use crate::hunt::Kind;
use crate::identity::ClientId;
use crate::run::{AnySubject, Keep, Outcome};
use crate::scenario::{Resolved, Scenario};
use crate::subject::Profile;
use crate::time::Span;
use crate::trace::{Event, Trace, Violation};

/// A run that breaks as it should.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) resolved: Resolved,
    /// With its trace.
    pub(super) outcome: Outcome,
    pub(super) violation: Violation,
}

impl Found {
    pub(super) fn scenario(&self) -> &Scenario {
        &self.resolved.scenario
    }
}

/// Whether to go on, and whom to tell.
pub(super) struct Caller<'a> {
    pub(super) go_on: &'a (dyn Fn() -> bool + Sync),
    pub(super) tell: &'a (dyn Fn(ShrinkProgress) + Sync),
}

pub(super) struct Lab<'a> {
    subject: AnySubject,
    profile: Profile,
    kind: Kind,
    /// A candidate that makes more records than this has gone astray.
    most: u64,
    fair: Fair,
    strict: Strict,
    /// From so many seeds, its own and those that follow, a small run must hold without its flaws.
    seeds: u64,
    pool: Option<ThreadPool>,
    caller: Caller<'a>,
    runs: AtomicU64,
}

/// What keeps a small run from breaking only because it was cut too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fair {
    /// The invariant holds without the flaws that are switched on, and so it must in every smaller run.
    Flawless,
    /// What is missing at the end, and is not bounded, was waited for so long after quiescence.
    Calm(Span),
}

/// What else is asked of a small run that must hold without its flaws: whoever reads it is not to wonder whether it was
/// asked what nobody should ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strict {
    /// Nothing.
    No,
    /// Nothing else is violated without the flaws either.
    Sound,
    /// Nor does a client ask before it has its last answer.
    Orderly,
}

/// From so many seeds what is handed out must hold without its flaws.
const SEEDS: u64 = 20;

/// How many records there are between two questions whether a run is to go on.
const PATIENCE: u64 = 1_024;

impl<'a> Lab<'a> {
    /// A lab in which runs break in this `kind` of way, as the whole one does.
    pub(super) fn new(subject: AnySubject, kind: Kind, whole: &Found, threads: usize, caller: Caller<'a>) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads.max(1)).build().ok();
        let setup = &whole.resolved.setup;
        let end = whole.outcome.end;
        let at_the_end = whole.violation.time >= end;
        let fair = Fair::Calm(if at_the_end { end.since(setup.calm) } else { Span::ZERO });
        let profile = whole.resolved.profile;
        let (strict, runs) = (Strict::No, AtomicU64::new(0));
        let mut lab = Self { subject, profile, kind, most: u64::MAX, fair, strict, seeds: 1, pool, caller, runs };
        let mut longest = whole.outcome.records;
        if whole.scenario().has_flaws()
            && let Some(flawless) = lab.without_flaws(whole.scenario())
        {
            // Nothing ends it early, as the violation ends the whole run.
            longest = longest.max(flawless.records);
            if !lab.breaks(&flawless) {
                lab.fair = Fair::Flawless;
            }
        }
        lab.most = longest.saturating_mul(2) + 20_000;
        lab
    }

    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Whether the caller wants more.
    pub(super) fn goes_on(&self) -> bool {
        (self.caller.go_on)()
    }

    pub(super) fn tell(&self, size: Size) {
        (self.caller.tell)(ShrinkProgress { runs: self.runs(), size });
    }

    /// The run of a scenario, if it breaks in the same way.
    pub(super) fn judge(&self, scenario: Scenario) -> Option<Found> {
        if !self.goes_on() {
            return None;
        }
        let resolved = Resolved::of(scenario, self.profile)?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let outcome = self.run(&resolved, Keep::Trace);
        let violation = self.violation(&outcome)?;
        let found = Found { resolved, outcome, violation };
        self.is_fair(&found).then_some(found)
    }

    /// Runs a candidate, which is interrupted where it goes astray.
    fn run(&self, resolved: &Resolved, keep: Keep) -> Outcome {
        let asked = Cell::new(0);
        let bounded = || {
            asked.set(asked.get() + PATIENCE);
            asked.get() <= self.most && self.goes_on()
        };
        self.subject.run_while(resolved, keep, &bounded)
    }

    fn is_fair(&self, found: &Found) -> bool {
        let setup = &found.resolved.setup;
        match self.fair {
            Fair::Flawless if self.strict == Strict::Orderly && asks_at_once(found) => false,
            Fair::Flawless => !self.breaks_without_flaws(found.scenario()),
            Fair::Calm(least) => found.outcome.end.since(setup.calm) >= least,
        }
    }

    /// Is as strict from now on as it can be: as the best so far is. How strict that is.
    pub(super) fn grow_strict(&mut self, best: &Found) -> Strict {
        for strict in [Strict::Orderly, Strict::Sound, Strict::No] {
            self.strict = strict;
            if self.is_fair(best) {
                break;
            }
        }
        self.strict
    }

    /// Is so strict from now on.
    pub(super) const fn set_strict(&mut self, strict: Strict) {
        self.strict = strict;
    }

    /// Asks from now on that a small run holds from many seeds without its flaws. Whether the best so far does.
    pub(super) fn ask_many_seeds(&mut self, best: &Found) -> bool {
        self.seeds = SEEDS;
        self.is_fair(best)
    }

    fn breaks_without_flaws(&self, scenario: &Scenario) -> bool {
        let mut scenario = scenario.clone();
        let first = scenario.run.seed.0;
        (0..self.seeds).any(|more| {
            scenario.run.seed = Seed(first.wrapping_add(more));
            self.without_flaws(&scenario).is_none_or(|outcome| self.breaks(&outcome))
        })
    }

    fn without_flaws(&self, scenario: &Scenario) -> Option<Outcome> {
        let resolved = Resolved::of(scenario.without_flaws(), self.profile)?;
        Some(self.run(&resolved, Keep::Verdicts))
    }

    /// Whether a run without flaws violates what it should not.
    fn breaks(&self, outcome: &Outcome) -> bool {
        let asked = |invariant: &str| self.strict > Strict::No || invariant == self.kind.invariant;
        let mut asked = outcome.judgements.iter().filter(|judged| asked(&judged.invariant));
        outcome.interrupted || asked.any(|judged| judged.verdict.violation().is_some())
    }

    fn violation(&self, outcome: &Outcome) -> Option<Violation> {
        let trace = outcome.trace.as_ref().filter(|_| !outcome.interrupted)?;
        let judged = outcome.judgements.iter().find(|judged| judged.invariant == self.kind.invariant)?;
        let violation = judged.verdict.violation()?;
        (Kind::of(&judged.invariant, violation, trace) == self.kind).then(|| violation.clone())
    }

    /// The first of `count` scenarios that breaks in the same way, and its place. What is no scenario breaks nothing.
    pub(super) fn first(
        &self,
        count: usize,
        scenario: &(dyn Fn(usize) -> Option<Scenario> + Sync),
    ) -> Option<(usize, Found)> {
        let judge = |at: usize| Some((at, self.judge(scenario(at)?)?));
        match &self.pool {
            Some(pool) => pool.install(|| (0..count).into_par_iter().find_map_first(judge)),
            None => (0..count).find_map(judge),
        }
    }
}

/// Whether a client asks something while it waits for an answer.
fn asks_at_once(found: &Found) -> bool {
    let mut waiting: BTreeSet<ClientId> = BTreeSet::new();
    let trace = found.outcome.trace.iter();
    trace.flat_map(Trace::raw_records).any(|record| {
        if let Event::Returned { op, .. } | Event::GaveUp { op } = record.event {
            waiting.remove(&op.client);
        }
        matches!(record.event, Event::Invoked { op, .. } if !waiting.insert(op.client))
    })
}
