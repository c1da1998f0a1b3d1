//! Runs many seeds of one scenario on all threads; the sum is the same whichever thread ran which seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::tally::SweepTally;
use crate::chance::Seed;
use crate::run::{AnySubject, Keep};
use crate::scenario::{Problem, ScenarioFile};

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
    /// Failures so far.
    pub failures: u64,
}

impl Sweep<'_> {
    /// Runs the seeds. `go_on` is asked before each one, and `tell` is told after it; the seeds that were run are always
    /// the first ones, without a gap.
    ///
    /// # Errors
    /// If what a seed draws from the scenario's ranges does not go together.
    pub fn run(
        &self,
        go_on: &(dyn Fn() -> bool + Sync),
        tell: &(dyn Fn(SweepProgress) + Sync),
    ) -> Result<SweepTally, Problem> {
        let next = AtomicU64::new(0);
        let failures = AtomicU64::new(0);
        let progress = Mutex::new(SweepProgress { runs: 0, records: 0, failures: 0 });
        let stopped = AtomicBool::new(false);
        let problem = Mutex::new(None);
        let work = || {
            let mut tally = SweepTally::default();
            let violates = self.violates();
            let enough = || self.max_failures.is_some_and(|most| failures.load(Ordering::Relaxed) >= most);
            while !stopped.load(Ordering::Relaxed) && !enough() && go_on() {
                // A seed that was taken is run, so that the seeds that were run leave no gap.
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= self.count {
                    break;
                }
                let resolved = match self.file.resolve(Seed(self.first.wrapping_add(at))) {
                    Ok(resolved) => resolved,
                    Err(error) => {
                        stopped.store(true, Ordering::Relaxed);
                        problem.lock().expect("no thread panics with it").get_or_insert(error);
                        break;
                    }
                };
                let outcome = self.subject.run(&resolved, Keep::Verdicts);
                let failed = violates.is_empty() && super::tally::breaks(&outcome.shortfalls(&resolved));
                tally.add(&resolved, &outcome);
                if failed {
                    failures.fetch_add(1, Ordering::Relaxed);
                }
                let mut progress = progress.lock().expect("no thread panics with it");
                progress.runs += 1;
                progress.records += outcome.records;
                progress.failures += u64::from(failed);
                tell(*progress);
            }
            tally
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.max(1)).build();
        let tallies = match pool {
            Ok(pool) => pool.broadcast(|_| work()),
            Err(_) => vec![work()],
        };
        if let Some(problem) = problem.into_inner().expect("no thread panics with it") {
            return Err(problem);
        }
        let mut sum = SweepTally::default();
        for tally in tallies {
            sum.merge(tally);
        }
        Ok(sum)
    }

    fn violates(&self) -> Vec<String> {
        self.file.scenario().expect.violates.clone()
    }
}
