//! Runs many seeds of one scenario on all threads; the sum does not depend on which thread ran which seed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::tally::SweepTally;
use super::{Kind, SeedRange};
use crate::chance::Seed;
use crate::run::{AnySubject, Keep, Outcome};
use crate::scenario::{Problem, Resolved, ScenarioFile};
use crate::trace::Violation;

/// Many seeds of one scenario.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    /// The scenario.
    pub file: &'a ScenarioFile,
    /// Its subject.
    pub subject: AnySubject,
    /// The seeds.
    pub seeds: SeedRange,
    /// The sum over the first seeds, from an earlier sweep; these seeds are not run again.
    pub done: SweepTally,
    /// The number of threads.
    pub threads: usize,
    /// The number of failures after which no new seed is started.
    pub max_failures: Option<u64>,
}

/// Observes and stops a sweep; called from all its threads.
pub trait Watch: Sync {
    /// Whether to start another seed.
    fn go_on(&self) -> bool;

    /// Whether to continue runs that were started; an interrupted run does not count.
    fn hurry_on(&self) -> bool;

    /// Called after each run with the sum over the first seeds, without a gap.
    fn ran(&self, tally: &SweepTally);
}

impl Sweep<'_> {
    /// Runs the seeds. The sum is always over the first ones, without a gap.
    ///
    /// # Errors
    /// If a seed draws only incompatible settings from the scenario's ranges.
    pub fn run(&self, watch: &dyn Watch) -> Result<SweepTally, Problem> {
        let rest = self.seeds.after(self.done.runs);
        let expects_a_fall = !self.file.scenario().expect.violates.is_empty();
        let failures = AtomicU64::new(self.done.failed(expects_a_fall));
        let enough = || self.max_failures.is_some_and(|most| failures.load(Ordering::Relaxed) >= most);
        let sum = Mutex::new(InOrder { tally: self.done.clone(), next: 0, early: BTreeMap::new() });
        each(
            &Seeds { file: self.file, first: rest.first, count: rest.count, threads: self.threads },
            &|| !enough() && watch.go_on() && watch.hurry_on(),
            &|(): &mut (), at, resolved| {
                let hurry_on = || watch.hurry_on();
                let mut outcome = self.subject.run_while(resolved, Keep::Verdicts, &hurry_on);
                self.subject.find_idle_flaws(resolved, &mut outcome, &hurry_on);
                let kinds = if outcome.interrupted { None } else { kinds(self.subject, resolved, &outcome, &hurry_on) };
                let Some(kinds) = kinds else {
                    return;
                };
                let mut sum = sum.lock().expect("no thread panics with it");
                if !kinds.is_empty() && !expects_a_fall {
                    failures.fetch_add(1, Ordering::Relaxed);
                }
                sum.add(at, |tally| tally.add(resolved, &outcome, kinds));
                watch.ran(&sum.tally);
            },
        )?;
        Ok(sum.into_inner().expect("no thread panics with it").tally)
    }
}

/// The violations, in order; other shortfalls are judged over all seeds.
fn violations(outcome: &Outcome) -> impl Iterator<Item = (&str, &Violation)> {
    let judged = outcome.judgements.iter();
    judged.filter_map(|judged| Some((judged.invariant.as_str(), judged.verdict.violation()?)))
}

/// The kinds of a run's violations; a run with violations is repeated with its trace for this. `None` if that run was
/// interrupted.
fn kinds(
    subject: AnySubject,
    resolved: &Resolved,
    outcome: &Outcome,
    hurry_on: &dyn Fn() -> bool,
) -> Option<Vec<Kind>> {
    if violations(outcome).next().is_none() {
        return Some(Vec::new());
    }
    let again = subject.run_while(resolved, Keep::Trace, hurry_on);
    let trace = again.trace.filter(|_| !again.interrupted)?;
    let kinds = violations(outcome).map(|(invariant, violation)| Kind::of(invariant, violation, &trace));
    Some(kinds.collect())
}

/// A sum of runs in the order of their seeds, so that it has no gap wherever it stops.
struct InOrder {
    /// The sum over the first runs.
    tally: SweepTally,
    /// The number of those.
    next: u64,
    /// Runs that ended before one with a smaller seed: by the index of the first run, the index after the last run and the
    /// sum of each stretch. There are never more stretches than threads.
    early: BTreeMap<u64, (u64, SweepTally)>,
}

impl InOrder {
    fn add(&mut self, at: u64, add: impl FnOnce(&mut SweepTally)) {
        if at == self.next {
            add(&mut self.tally);
            self.next += 1;
        } else if let Some((_, (end, tally))) =
            self.early.range_mut(..at).next_back().filter(|(_, (end, _))| *end == at)
        {
            add(tally);
            *end += 1;
        } else {
            let mut tally = SweepTally::default();
            add(&mut tally);
            self.early.insert(at, (at + 1, tally));
        }
        self.close_up(at + 1);
    }

    /// Joins the stretch that starts at `at` to the one that ends there.
    fn close_up(&mut self, at: u64) {
        let Some((end, tally)) = self.early.remove(&at) else {
            return;
        };
        if at == self.next {
            self.tally.merge(tally);
            self.next = end;
        } else {
            let before = self.early.range_mut(..at).next_back();
            let (_, before) = before.expect("the run before was just added to a stretch");
            before.1.merge(tally);
            before.0 = end;
        }
    }
}

/// Consecutive seeds, and the number of threads that share them.
pub(super) struct Seeds<'a> {
    pub(super) file: &'a ScenarioFile,
    pub(super) first: u64,
    pub(super) count: u64,
    pub(super) threads: usize,
}

/// Does `work` for each seed, with its index, on all threads, while `go_on` returns true; each thread collects into its own
/// value.
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
            // Every seed that was taken is run, so that there is no gap.
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
    let gathered = match rayon::ThreadPoolBuilder::new()
        .num_threads(seeds.threads.min(usize::try_from(seeds.count).unwrap_or(usize::MAX)).max(1))
        .build()
    {
        Ok(pool) => pool.broadcast(|_| thread()),
        Err(_) => vec![thread()],
    };
    match problem.into_inner().expect("no thread panics with it") {
        Some(problem) => Err(problem),
        None => Ok(gathered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_summed_in_order_and_without_a_gap() {
        let mut sum = InOrder { tally: SweepTally::default(), next: 0, early: BTreeMap::new() };
        let counts = [(5, 0), (3, 0), (1, 0), (6, 0), (0, 2), (2, 4), (4, 7), (7, 8)];
        for (at, counted) in counts {
            sum.add(at, |tally| tally.runs += 1);
            assert_eq!(sum.tally.runs, counted, "after {at}");
            assert!(sum.early.len() <= 3);
        }
        assert!(sum.early.is_empty());
    }

    #[test]
    fn a_slow_run_holds_up_one_stretch_and_not_as_many_sums_as_there_are_runs() {
        let mut sum = InOrder { tally: SweepTally::default(), next: 0, early: BTreeMap::new() };
        (1..1_000).for_each(|at| sum.add(at, |tally| tally.runs += 1));
        assert_eq!((sum.early.len(), sum.tally.runs), (1, 0));
        sum.add(0, |tally| tally.runs += 1);
        assert_eq!((sum.early.len(), sum.tally.runs), (0, 1_000));
    }
}
