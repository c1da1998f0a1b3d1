//! What became of the transactions of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::identity::NodeId;
use crate::observation::{TransactionId, TransactionRead, TransactionRefusal, TransactionSeen};

/// The transactions of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionCensus {
    count: TransactionCount,
    /// The numbers that stood on disks before the first start, version by version.
    numbers: BTreeMap<Arc<str>, Vec<i64>>,
    committed: BTreeSet<TransactionId>,
}

/// What became of transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TransactionCount {
    /// Attempts that were begun.
    pub attempts: u64,
    /// Those that were committed.
    pub committed: u64,
    /// Those that the coordinator has aborted.
    pub aborted: u64,
    /// Waits of a participant for locks.
    pub waited: u64,
    /// Votes against a transaction because somebody who is not later holds its locks, or waits for them.
    pub died: u64,
    /// Other votes against one.
    pub refused: u64,
    /// How often all numbers that stood on disks before the first start were read at once, by their sum.
    pub sums: BTreeMap<i64, u64>,
}

impl TransactionCensus {
    /// Counts what a fact of a node tells.
    pub(super) fn see(&mut self, node: NodeId, seen: &TransactionSeen) {
        if let TransactionSeen::Begun { .. } = seen {
            self.count.attempts += 1;
        } else if let TransactionSeen::Waits { .. } = seen {
            self.count.waited += 1;
        } else if let TransactionSeen::Refused { reason, .. } = seen {
            let dies = *reason == TransactionRefusal::ResourceConflict;
            self.count.died += u64::from(dies);
            self.count.refused += u64::from(!dies);
        } else if let TransactionSeen::Decided { id, commits, reads } = seen {
            if node == id.coordinator.node {
                self.decided(*id, *commits, reads);
            }
        } else if let TransactionSeen::Preloaded { key, value } = seen {
            if let Ok(number) = value.parse() {
                self.numbers.insert(Arc::clone(key), vec![number]);
            }
        } else if let TransactionSeen::Installed { key, version, value: Some(value), .. } = seen
            && let (Some(versions), Ok(number)) = (self.numbers.get_mut(key), value.parse())
            && *version == versions.len() as u64 + 1
        {
            versions.push(number);
        }
    }

    /// A coordinator that starts again tells again of a commit.
    fn decided(&mut self, id: TransactionId, commits: bool, reads: &[TransactionRead]) {
        if !commits {
            self.count.aborted += 1;
        } else if self.committed.insert(id) {
            self.count.committed += 1;
            if let Some(sum) = self.sum(reads) {
                *self.count.sums.entry(sum).or_default() += 1;
            }
        }
    }

    /// What all numbers add up to, if all of them were read.
    fn sum(&self, reads: &[TransactionRead]) -> Option<i64> {
        if self.numbers.is_empty() || reads.len() < self.numbers.len() {
            return None;
        }
        let read = |(key, versions): (&Arc<str>, &Vec<i64>)| {
            let version = reads.iter().find(|read| read.key == *key)?.version;
            versions.get(usize::try_from(version.checked_sub(1)?).ok()?).copied()
        };
        self.numbers.iter().map(read).sum()
    }

    /// What became of them; none if there were none.
    #[must_use]
    pub fn count(&self) -> Option<&TransactionCount> {
        Some(&self.count).filter(|count| count.attempts > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_is_told_again_counts_once_and_what_reads_all_is_added_up() {
        let mut census = TransactionCensus::default();
        assert_eq!(census.count(), None);
        let (one, id) = (NodeId::new(0), "n1.t1".parse().expect("a transaction"));
        for (key, value) in [("a", "5"), ("b", "7")] {
            census.see(one, &TransactionSeen::Preloaded { key: key.into(), value: value.into() });
        }
        let stamp = crate::observation::TransactionStamp::default();
        let op = "c1#1".parse().expect("an operation");
        census.see(one, &TransactionSeen::Begun { id, op, stamp, parts: Vec::new() });
        let installed = TransactionSeen::Installed { id, key: "a".into(), version: 2, value: Some("4".into()) };
        census.see(one, &installed);
        let read = |key: &str, version| TransactionRead { key: key.into(), version };
        let reads = vec![read("a", 2), read("b", 1)];
        for node in [0, 0, 1] {
            let decided = TransactionSeen::Decided { id, commits: true, reads: reads.clone() };
            census.see(NodeId::new(node), &decided);
        }
        let count = census.count().expect("there was one");
        assert_eq!((count.attempts, count.committed, count.aborted), (1, 1, 0));
        assert_eq!(count.sums, BTreeMap::from([(11, 1)]));
    }
}
