//! Runs many seeds of one scenario on all threads; the sum is the same whichever thread ran which seed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::tally::SweepTally;
use crate::chance::Seed;
use crate::run::{AnySubject, Keep, Outcome, Shortfall};
use crate::scenario::{Problem, Resolved, ScenarioFile};
use crate::trace::{Digest, Violation};

/// Many seeds of one scenario.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// The scenario.
    pub file: &'a ScenarioFile,
    /// Its subject.
    pub subject: AnySubject,
    /// The first seed.
    pub first: u64,
    /// How many seeds at most; they follow one another.
    pub count: u64,
    /// How many threads.
    pub threads: usize,
    /// After how many failures no further seed is begun.
    pub max_failures: Option<u64>,
}

/// How far a sweep has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepProgress {
    /// Runs so far.
    pub runs: u64,
    /// Records so far.
    pub records: u64,
    /// Failing runs so far.
    pub failures: u64,
}

/// A run that has just broken what its scenario expects to hold.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    /// Its seed.
    pub seed: Seed,
    /// Its digest.
    pub digest: Digest,
    /// The invariant.
    pub invariant: &'a str,
    /// How it broke.
    pub violation: &'a Violation,
}

/// What is told after each run: how far the sweep has come, and what broke in this run.
pub type Tell<'a> = &'a (dyn Fn(SweepProgress, Option<Fresh<'_>>) + Sync);

impl Sweep<'_> {
    /// Runs the seeds. `go_on` is asked before each one, `hurry_on` also within: a run that it breaks off does not count.
    /// `tell` is told after each. The seeds that count are always the first ones, without a gap.
    ///
    /// # Errors
    /// If what a seed draws from the scenario's ranges does not go together.
    pub fn run(
        &self,
        go_on: &(dyn Fn() -> bool + Sync),
        hurry_on: &(dyn Fn() -> bool + Sync),
        tell: Tell<'_>,
    ) -> Result<SweepTally, Problem> {
        let sum = Mutex::new(InOrder::default());
        let failures = AtomicU64::new(0);
        let enough = || self.max_failures.is_some_and(|most| failures.load(Ordering::Relaxed) >= most);
        let expects_a_fall = !self.file.scenario().expect.violates.is_empty();
        each(
            &Seeds { file: self.file, first: self.first, count: self.count, threads: self.threads },
            &|| !enough() && go_on() && hurry_on(),
            &|(): &mut (), at, resolved| {
                let outcome = self.subject.run_while(resolved, Keep::Verdicts, hurry_on);
                if outcome.interrupted {
                    return;
                }
                let broke = if expects_a_fall { None } else { broke(&outcome, resolved) };
                failures.fetch_add(u64::from(broke.is_some()), Ordering::Relaxed);
                let mut tally = SweepTally::default();
                tally.add(resolved, &outcome);
                let fresh = broke.as_ref().map(|(invariant, violation)| Fresh {
                    seed: resolved.seed,
                    digest: outcome.digest,
                    invariant,
                    violation,
                });
                let mut sum = sum.lock().expect("no thread panics with it");
                sum.add(at, tally);
                let SweepTally { runs, records, .. } = sum.tally;
                tell(SweepProgress { runs, records, failures: failures.load(Ordering::Relaxed) }, fresh);
            },
        )?;
        Ok(sum.into_inner().expect("no thread panics with it").tally)
    }
}

/// A sum of runs that takes them in the order of their seeds, so that it leaves no gap wherever it is broken off.
#[derive(Default)]
struct InOrder {
    tally: SweepTally,
    /// How many seeds have been added.
    next: u64,
    /// Runs that ended before one of a smaller seed.
    early: BTreeMap<u64, SweepTally>,
}

impl InOrder {
    fn add(&mut self, at: u64, tally: SweepTally) {
        self.early.insert(at, tally);
        while let Some(tally) = self.early.remove(&self.next) {
            self.tally.merge(tally);
            self.next += 1;
        }
    }
}

/// The first violation in a run that should have none. What is merely unproven is judged over all seeds.
fn broke(outcome: &Outcome, resolved: &Resolved) -> Option<(String, Violation)> {
    outcome.shortfalls(resolved).into_iter().find_map(|shortfall| match shortfall {
        Shortfall::Violated { invariant, violation } => Some((invariant, violation)),
        Shortfall::StillHolds { .. }
        | Shortfall::Undecided { .. }
        | Shortfall::Vacuous { .. }
        | Shortfall::Untouched { .. }
        | Shortfall::Unmet { .. }
        | Shortfall::Never { .. } => None,
    })
}

/// Seeds that follow one another, and the threads that share them.
pub(super) struct Seeds<'a> {
    pub(super) file: &'a ScenarioFile,
    pub(super) first: u64,
    pub(super) count: u64,
    pub(super) threads: usize,
}

/// Does `work` for each seed, with its place among them, while `go_on` agrees, on all threads, each of which gathers into a value of its own.
pub(super) fn each<T: Default + Send>(
    seeds: &Seeds<'_>,
    go_on: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(&mut T, u64, &Resolved) + Sync),
) -> Result<Vec<T>, Problem> {
    let next = AtomicU64::new(0);
    let stopped = AtomicBool::new(false);
    let problem = Mutex::new(None);
    let thread = || {
        let mut gathered = T::default();
        while !stopped.load(Ordering::Relaxed) && go_on() {
            // A seed that was taken is run, so that the seeds that were run leave no gap.
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= seeds.count {
                break;
            }
            match seeds.file.resolve(Seed(seeds.first.wrapping_add(at))) {
                Ok(resolved) => work(&mut gathered, at, &resolved),
                Err(error) => {
                    stopped.store(true, Ordering::Relaxed);
                    problem.lock().expect("no thread panics with it").get_or_insert(error);
                }
            }
        }
        gathered
    };
    let gathered = match rayon::ThreadPoolBuilder::new().num_threads(seeds.threads.max(1)).build() {
        Ok(pool) => pool.broadcast(|_| thread()),
        Err(_) => vec![thread()],
    };
    match problem.into_inner().expect("no thread panics with it") {
        Some(problem) => Err(problem),
        None => Ok(gathered),
    }
}
