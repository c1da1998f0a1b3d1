//! The digest of each of many seeds, to be compared with another process's.

use super::sweep::{Seeds, each};
use crate::chance::Seed;
use crate::run::{AnySubject, Keep};
use crate::scenario::{Problem, ScenarioFile};
use crate::trace::Digest;

/// Runs `count` seeds from `first` on, and returns each with its digest, in order; those that were run before `go_on`
/// disagreed.
///
/// # Errors
/// If what a seed draws from the scenario's ranges does not go together.
pub fn digests(
    file: &ScenarioFile,
    subject: AnySubject,
    (first, count): (u64, u64),
    threads: usize,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<(Seed, Digest)>, Problem> {
    let seeds = Seeds { file, first, count, threads };
    let gathered = each(&seeds, go_on, &|gathered: &mut Vec<_>, _, resolved| {
        gathered.push((resolved.seed, subject.run(resolved, Keep::Verdicts).digest));
    })?;
    let mut all: Vec<_> = gathered.into_iter().flatten().collect();
    all.sort_unstable();
    Ok(all)
}
