//! Runs candidates for a smaller scenario on all threads, and finds the first in order that still fails.

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

/// A run that fails in the right way.
#[derive(Clone, Debug)]
pub(super) struct FailingRun {
    pub(super) resolved: Resolved,
    /// With its trace.
    pub(super) outcome: Outcome,
    pub(super) violation: Violation,
}

impl FailingRun {
    pub(super) fn scenario(&self) -> &Scenario {
        &self.resolved.scenario
    }
}

/// Whether to continue, and a callback for progress.
pub(super) struct Caller<'a> {
    pub(super) go_on: &'a (dyn Fn() -> bool + Sync),
    pub(super) tell: &'a (dyn Fn(ShrinkProgress) + Sync),
}

pub(super) struct CandidateRunner<'a> {
    subject: AnySubject,
    profile: Profile,
    kind: Kind,
    /// The maximum number of records of a candidate; one with more is interrupted.
    most: u64,
    baseline: Baseline,
    strict: Strictness,
    /// The number of seeds, its own and the next ones, with which a small scenario must hold without its flaws.
    seeds: u64,
    pool: Option<ThreadPool>,
    caller: Caller<'a>,
    runs: AtomicU64,
}

/// Prevents that a small run fails only because it was made too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Baseline {
    /// The invariant holds without the flaws, and must do so in every smaller run.
    HoldsWithoutFlaws,
    /// The run must last at least this long after quiescence, because the violation is something that is missing at its end.
    Quiescent(Span),
}

/// What else is required of a small run that must hold without its flaws, so that it does not contain operations that are
/// wrong in themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strictness {
    /// Nothing else.
    No,
    /// Without the flaws, no invariant is violated.
    Sound,
    /// In addition, each client waits for an answer before it starts its next operation.
    Orderly,
}

/// The number of seeds with which the final scenario must hold without its flaws.
const SEEDS: u64 = 20;

/// The number of records between two checks whether to continue a run.
const PATIENCE: u64 = 1_024;

impl<'a> CandidateRunner<'a> {
    /// Accepts runs that fail in this way, as the whole one does.
    pub(super) fn new(subject: AnySubject, kind: Kind, whole: &FailingRun, threads: usize, caller: Caller<'a>) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads.max(1)).build().ok();
        let setup = &whole.resolved.setup;
        let end = whole.outcome.end;
        let at_the_end = whole.violation.time >= end;
        let baseline = Baseline::Quiescent(if at_the_end { end.since(setup.quiescence) } else { Span::ZERO });
        let profile = whole.resolved.profile;
        let (strict, runs) = (Strictness::No, AtomicU64::new(0));
        let mut runner =
            Self { subject, profile, kind, most: u64::MAX, baseline, strict, seeds: 1, pool, caller, runs };
        let mut longest = whole.outcome.records;
        if whole.scenario().has_flaws()
            && let Some(flawless) = runner.without_flaws(whole.scenario())
        {
            // No violation ends this run early, so it may be longer than the whole one.
            longest = longest.max(flawless.records);
            if !runner.breaks(&flawless) {
                runner.baseline = Baseline::HoldsWithoutFlaws;
            }
        }
        runner.most = longest.saturating_mul(2) + 20_000;
        runner
    }

    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Whether to continue.
    pub(super) fn goes_on(&self) -> bool {
        (self.caller.go_on)()
    }

    pub(super) fn tell(&self, size: Size) {
        (self.caller.tell)(ShrinkProgress { runs: self.runs(), size });
    }

    /// The run of a scenario, if it fails in the same way.
    pub(super) fn judge(&self, scenario: Scenario) -> Option<FailingRun> {
        if !self.goes_on() {
            return None;
        }
        let resolved = Resolved::of(scenario, self.profile)?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let outcome = self.run(&resolved, Keep::Trace);
        let violation = self.violation(&outcome)?;
        let found = FailingRun { resolved, outcome, violation };
        self.is_acceptable(&found).then_some(found)
    }

    /// Runs a candidate, and interrupts it if it has too many records.
    fn run(&self, resolved: &Resolved, keep: Keep) -> Outcome {
        let asked = Cell::new(0);
        let bounded = || {
            asked.set(asked.get() + PATIENCE);
            asked.get() <= self.most && self.goes_on()
        };
        self.subject.run_while(resolved, keep, &bounded)
    }

    fn is_acceptable(&self, found: &FailingRun) -> bool {
        let setup = &found.resolved.setup;
        match self.baseline {
            Baseline::HoldsWithoutFlaws if self.strict == Strictness::Orderly && asks_at_once(found) => false,
            Baseline::HoldsWithoutFlaws => !self.breaks_without_flaws(found.scenario()),
            Baseline::Quiescent(least) => found.outcome.end.since(setup.quiescence) >= least,
        }
    }

    /// Becomes as strict as the best run so far allows, and returns that strictness.
    pub(super) fn grow_strict(&mut self, best: &FailingRun) -> Strictness {
        for strict in [Strictness::Orderly, Strictness::Sound, Strictness::No] {
            self.strict = strict;
            if self.is_acceptable(best) {
                break;
            }
        }
        self.strict
    }

    /// Sets the strictness.
    pub(super) const fn set_strict(&mut self, strict: Strictness) {
        self.strict = strict;
    }

    /// From now on requires that a small scenario holds without its flaws with many seeds; returns whether the best run so
    /// far does.
    pub(super) fn ask_many_seeds(&mut self, best: &FailingRun) -> bool {
        self.seeds = SEEDS;
        self.is_acceptable(best)
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

    /// Whether a run without flaws violates an invariant that must hold.
    fn breaks(&self, outcome: &Outcome) -> bool {
        let asked = |invariant: &str| self.strict > Strictness::No || invariant == self.kind.invariant;
        let mut asked = outcome.judgements.iter().filter(|judged| asked(&judged.invariant));
        outcome.interrupted || asked.any(|judged| judged.verdict.violation().is_some())
    }

    fn violation(&self, outcome: &Outcome) -> Option<Violation> {
        let trace = outcome.trace.as_ref().filter(|_| !outcome.interrupted)?;
        let judged = outcome.judgements.iter().find(|judged| judged.invariant == self.kind.invariant)?;
        let violation = judged.verdict.violation()?;
        (Kind::of(&judged.invariant, violation, trace) == self.kind).then(|| violation.clone())
    }

    /// The first of `count` scenarios that fails in the same way, and its index. An invalid scenario does not fail.
    pub(super) fn first(
        &self,
        count: usize,
        scenario: &(dyn Fn(usize) -> Option<Scenario> + Sync),
    ) -> Option<(usize, FailingRun)> {
        let judge = |at: usize| Some((at, self.judge(scenario(at)?)?));
        match &self.pool {
            Some(pool) => pool.install(|| (0..count).into_par_iter().find_map_first(judge)),
            None => (0..count).find_map(judge),
        }
    }
}

/// Whether a client starts an operation while it waits for an answer.
fn asks_at_once(found: &FailingRun) -> bool {
    let mut waiting: BTreeSet<ClientId> = BTreeSet::new();
    let trace = found.outcome.trace.iter();
    trace.flat_map(Trace::raw_records).any(|record| {
        if let Event::Returned { op, .. } | Event::GaveUp { op } = record.event {
            waiting.remove(&op.client);
        }
        matches!(record.event, Event::Invoked { op, .. } if !waiting.insert(op.client))
    })
}
