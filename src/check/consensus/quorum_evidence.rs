//! `quorum-evidence`: a decision was durably confirmed by a quorum.

use std::collections::BTreeSet;

use super::{Evidence, told};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, Shown, broken};
use crate::identity::NodeId;
use crate::observation::{ConsensusSeen, ProposalId, Slot};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that before any node learns that a slot is decided, a quorum of distinct configured voters has durably
/// confirmed it under that ballot, according to the records of their disks. Exercised by decisions.
#[derive(Clone, Debug, Default, Hash)]
pub struct QuorumEvidence {
    decided: BTreeSet<Slot>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "quorum-evidence",
    "a quorum of voters has durably confirmed a decision before any node learns it",
);

impl QuorumEvidence {
    fn decided(
        &mut self,
        record: &Record<'_>,
        disks: &Evidence,
        node: NodeId,
        bid: ProposalId,
    ) -> Result<(), Violation> {
        if !self.decided.insert(bid.slot) {
            return Ok(());
        }
        let (voters, quorum) = (disks.voters(), disks.quorum());
        let holders = disks.holders(bid);
        if (holders.len() as u64) < u64::from(quorum) {
            let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
            let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
            let sentence = format!(
                "{node} has {bid} for decided, and of {voters} voters {names} had confirmed it durably: a quorum is {quorum}"
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        self.exercised += 1;
        Ok(())
    }
}

impl<F> Checker<F> for QuorumEvidence {
    const WANTS: Kinds = Kinds::CONSENSUS_COMMITTED;
    const READS: Parts = Parts::DISKS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        for (node, seen) in told(record) {
            if let ConsensusSeen::Committed { bid } = seen {
                self.decided(record, shown.common.disks(), node, *bid)?;
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "nothing was decided")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::trace::Event;

    /// Voters n1 and n2 of three have written; n1 has synced.
    fn written() -> History {
        let mut history = History::default();
        for node in ["n1", "n2", "n3"] {
            history.on(node, started(3));
        }
        history.on("n1", wrote(1, "1.n1", 7)).on("n1", Event::Sync).on("n1", Event::Synced { sync: 3 });
        history.on("n2", wrote(1, "1.n1", 7)).on("n2", Event::Sync);
        history
    }

    #[test]
    fn a_durable_quorum_is_evidence() {
        let mut history = written();
        history.on("n2", Event::Synced { sync: 3 }).on("n1", committed(1, "1.n1", 7));
        assert_holds(&history, QuorumEvidence::default(), 1);
    }

    #[test]
    fn what_is_written_and_not_durable_is_none() {
        let mut history = written();
        history.on("n1", committed(1, "1.n1", 7));
        let sentence = "n1 has 0000000000000007 in slot 1 under 1.n1 for decided, and of 3 voters n1 had confirmed it \
                        durably: a quorum is 2";
        assert_broken(&history, QuorumEvidence::default(), sentence, "n1#5");
    }

    #[test]
    fn what_a_crash_took_is_none() {
        let mut history = written();
        history.on("n2", killed()).on("n2", Event::Synced { sync: 3 }).on("n1", committed(1, "1.n1", 7));
        let (sentence, _) = history.broken_by(QuorumEvidence::default());
        assert!(sentence.contains("of 3 voters n1 had"), "{sentence}");
    }

    #[test]
    fn another_ballot_is_none() {
        let mut history = written();
        history.on("n2", Event::Synced { sync: 3 }).on("n1", committed(1, "2.n1", 7));
        let (sentence, _) = history.broken_by(QuorumEvidence::default());
        assert!(sentence.contains("nobody had"), "{sentence}");
    }
}
