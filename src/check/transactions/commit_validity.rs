//! `commit-validity`: nothing is committed that not all have prepared.

use std::collections::BTreeMap;

use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId};
use crate::observation::{LockMode, TransactionId, TransactionRead, TransactionSeen};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that before a coordinator commits a transaction each participant has told that it is prepared, or has served the
/// only part; that what was read is what they have read; that a participant that tells so again after a start names the same
/// versions; and that none is prepared after it knew the outcome. Exercised by commits.
#[derive(Clone, Debug, Default, Hash)]
pub struct CommitValidity {
    begun: BTreeMap<TransactionId, Begun>,
    prepared: BTreeMap<(TransactionId, NodeId), Told>,
    /// What sole participants have read, each time they were asked: any of these may be the vote that counts.
    served: BTreeMap<TransactionId, Vec<Vec<TransactionRead>>>,
    over: BTreeMap<(TransactionId, NodeId), Witness<EventId>>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("commit-validity", "before a commit all participants are prepared, as it says, and only once");

#[derive(Clone, Debug, Hash)]
struct Begun {
    /// The participants, and whether each writes.
    parts: Vec<(NodeId, bool)>,
    event: Witness<EventId>,
}

#[derive(Clone, Debug, Hash)]
struct Told {
    reads: Vec<TransactionRead>,
    writes: bool,
    event: Witness<EventId>,
}

impl CommitValidity {
    fn prepared(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        id: TransactionId,
        reads: &[TransactionRead],
        locks: &[(std::sync::Arc<str>, LockMode)],
        writes: bool,
    ) -> Result<(), Violation> {
        // The coordinator's own part is told of with its commit, and again after a start.
        let is_own = id.coordinator.node == node;
        if let Some(over) = self.over.get(&(id, node)).filter(|_| !is_own) {
            let sentence = format!("{node} is prepared for {id}, of which it knew the outcome");
            return Err(broken(record, sentence, &[over.0, record.id]));
        }
        let locked = |key: &str| locks.iter().any(|(locked, _)| **locked == *key);
        if let Some(read) = reads.iter().find(|read| !locked(&read.key)) {
            let sentence = format!("{node} is prepared for {id}, has read {}, and has not locked it", read.key);
            return Err(broken(record, sentence, &[record.id]));
        }
        let told = Told { reads: reads.to_vec(), writes, event: Witness(record.id) };
        let known = self.prepared.entry((id, node)).or_insert_with(|| told.clone());
        if (&known.reads, known.writes) != (&told.reads, told.writes) {
            let sentence = format!("{node} is prepared for {id}, and names other versions than before");
            return Err(broken(record, sentence, &[known.event.0, record.id]));
        }
        Ok(())
    }

    fn committed(
        &mut self,
        record: &Record<'_>,
        id: TransactionId,
        reads: &[TransactionRead],
    ) -> Result<(), Violation> {
        let Some(Begun { parts, event: begun }) = self.begun.get(&id) else {
            let sentence = format!("{id} is committed, and was never begun");
            return Err(broken(record, sentence, &[record.id]));
        };
        self.exercised += true;
        let sorted = |reads: &[TransactionRead]| {
            let mut reads = reads.to_vec();
            reads.sort_unstable();
            reads
        };
        if let (Some(served), [(_, false)]) = (self.served.get(&id), &parts[..])
            && served.iter().any(|served| sorted(served) == sorted(reads))
        {
            return Ok(());
        }
        let mut all = Vec::new();
        for (node, writes) in parts {
            let Some(told) = self.prepared.get(&(id, *node)) else {
                let sentence =
                    format!("{id} is committed, and its participant {node} has not told that it is prepared");
                return Err(broken(record, sentence, &[begun.0, record.id]));
            };
            if told.writes != *writes {
                let sentence = format!("{id} is committed, and its participant {node} is prepared for something else");
                return Err(broken(record, sentence, &[told.event.0, record.id]));
            }
            all.extend(told.reads.iter().cloned());
        }
        if sorted(&all) != sorted(reads) {
            let sentence = format!("{id} is committed with reads that its participants have not told of");
            return Err(broken(record, sentence, &[begun.0, record.id]));
        }
        Ok(())
    }
}

impl<F> Checker<F> for CommitValidity {
    const WANTS: Kinds = Kinds::TRANSACTION_BEGUN
        .with(Kinds::TRANSACTION_PREPARED)
        .with(Kinds::TRANSACTION_SERVED)
        .with(Kinds::TRANSACTION_DECIDED)
        .with(Kinds::TRANSACTION_RELEASED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        for (node, seen) in told(record) {
            if let TransactionSeen::Begun { id, parts, .. } = seen {
                self.begun.insert(*id, Begun { parts: parts.clone(), event: Witness(record.id) });
            } else if let TransactionSeen::Prepared { id, reads, locks, writes } = seen {
                self.prepared(record, node, *id, reads, locks, *writes)?;
            } else if let TransactionSeen::Served { id, reads } = seen {
                self.served.entry(*id).or_default().push(reads.clone());
            } else if let TransactionSeen::Decided { id, commits, reads } = seen {
                if *commits && node == id.coordinator.node {
                    self.committed(record, *id, reads)?;
                }
                self.over.entry((*id, node)).or_insert(Witness(record.id));
            } else if let TransactionSeen::Released { id } = seen {
                self.over.entry((*id, node)).or_insert(Witness(record.id));
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "nothing was committed")
    }
}
