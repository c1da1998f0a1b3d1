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
/// If no draw of a seed from the scenario's ranges can work.
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

/// The first block of records in which two runs of one seed differ, found by bisection: each run gives its digest of all
/// records so far after every whole block. Where all that both have agree, it is the block that comes next.
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
