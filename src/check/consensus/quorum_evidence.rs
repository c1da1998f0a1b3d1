//! `quorum-evidence`: what is decided was confirmed by a quorum, durably.

use std::collections::BTreeSet;
use std::hash::{Hash as _, Hasher};

use super::evidence::Evidence;
use super::{tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::NodeId;
use crate::observation::{Bid, ConsensusSeen, Slot};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that before a node first knows a slot to be decided, a quorum of distinct configured voters had confirmed that
/// ballot durably, by the records of their disks. Exercised by decisions.
#[derive(Clone, Debug, Default)]
pub struct QuorumEvidence {
    evidence: Evidence,
    decided: BTreeSet<Slot>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "quorum-evidence",
    "a quorum of voters has confirmed durably what is decided, before anybody knows it",
);

impl QuorumEvidence {
    fn decided(&mut self, record: &Record<'_>, node: NodeId, bid: Bid) -> Result<(), Violation> {
        if !self.decided.insert(bid.slot) {
            return Ok(());
        }
        let (voters, quorum) = (self.evidence.voters(), self.evidence.quorum());
        let holders = self.evidence.holders(bid);
        if (holders.len() as u64) < u64::from(quorum) {
            let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
            let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
            let sentence = format!(
                "{node} has {bid} for decided, and of {voters} voters {names} had confirmed it durably: a quorum is {quorum}"
            );
            return Err(broken(record, sentence, &[record.id]));
        }
        self.evidence.forget(bid.slot);
        self.exercised += 1;
        Ok(())
    }
}

impl<F> Checker<F> for QuorumEvidence {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        self.evidence.see(record, |_, _| {});
        for (node, seen) in told(record) {
            if let ConsensusSeen::Committed { bid } = seen {
                self.decided(record, node, *bid)?;
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT.with(Kinds::APPEND).with(Kinds::SYNCED).with(Kinds::DEATHS)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "nothing was decided")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for QuorumEvidence {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        self.evidence.memory(&mut state);
        self.decided.hash(&mut state);
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        Evidence::heeds(event) || tells(event, |seen| matches!(seen, ConsensusSeen::Committed { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

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
