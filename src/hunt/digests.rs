//! The digests of many seeds, which are compared with those of another process.

use super::sweep::{Seeds, each};
use crate::chance::Seed;
use crate::run::{AnySubject, Keep};
use crate::scenario::{Problem, ScenarioFile};
use crate::trace::Digest;

/// Runs `count` seeds, starting at `first`, and returns each with its digest, in order; stops early when `go_on` returns
/// false.
///
/// # Errors
/// If a seed draws only incompatible settings from the scenario's ranges.
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

/// The first block of records in which two runs of one seed differ, found by bisection: each run gives, after every whole
/// block, the digest of all records so far. If all common digests agree, it is the next block.
#[must_use]
pub fn first_differing_block(here: &[Digest], there: &[Digest]) -> u64 {
    let (mut same, mut differs) = (0, here.len().min(there.len()));
    while same < differs {
        let middle = same + (differs - same) / 2;
        if here[middle] == there[middle] { same = middle + 1 } else { differs = middle }
    }
    same as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_block_is_found_wherever_it_is() {
        for length in 0..20 {
            let here: Vec<_> = (0..length).map(Digest).collect();
            for first in 0..=length {
                let there: Vec<_> =
                    (0..length).map(|block| Digest(if block < first { block } else { block + 100 })).collect();
                assert_eq!(first_differing_block(&here, &there), first);
                assert_eq!(first_differing_block(&here, &there[..first as usize]), first);
            }
        }
    }
}
