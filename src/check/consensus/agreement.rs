//! `agreement`: one value per slot, and one state after it.
//!
//! A value is chosen when a quorum has confirmed it durably under one ballot, whether or not any node knows. Two chosen
//! values for a slot are a violation even before any node has learnt both.

use std::collections::BTreeMap;

use super::{Evidence, told};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Parts, Shown, Witness, broken};
use crate::identity::{EventId, NodeId};
use crate::observation::{ConsensusSeen, ProposalId, Slot, ValueId};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that no two values are chosen for one slot, that no two nodes learn different decisions for it, and that all
/// nodes have the same state after it. Exercised by every report of a second node on a slot.
#[derive(Clone, Debug, Default, Hash)]
pub struct Agreement {
    /// By slot: the value that a quorum confirmed durably, and the deciding event.
    chosen: BTreeMap<Slot, (ValueId, Witness<(ProposalId, EventId)>)>,
    values: BTreeMap<Slot, (ValueId, Witness<(NodeId, EventId)>)>,
    roots: BTreeMap<Slot, (u64, Witness<(NodeId, EventId)>)>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("agreement", "one value is decided for a slot, and one state follows from it");

impl Agreement {
    /// Processes the confirmations that this record made durable.
    fn confirmed(&mut self, record: &Record<'_>, disks: &Evidence) -> Result<(), Violation> {
        for bid in disks.confirmed_by(record) {
            let (value, Witness((first, event))) =
                *self.chosen.entry(bid.slot).or_insert((bid.value, Witness((bid, record.id))));
            if value != bid.value {
                let sentence = format!("a quorum has confirmed {bid}, and a quorum had confirmed {first}");
                return Err(broken(record, sentence, &[event, record.id]));
            }
        }
        Ok(())
    }

    fn decided(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, value: ValueId) -> Result<(), Violation> {
        let (first, Witness((by, event))) = *self.values.entry(slot).or_insert((value, Witness((node, record.id))));
        if first != value {
            let sentence = format!("{node} has {value} in slot {slot}, for which {by} has {first}");
            return Err(broken(record, sentence, &[event, record.id]));
        }
        self.exercised += by != node;
        Ok(())
    }

    fn state(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, root: u64) -> Result<(), Violation> {
        let (first, Witness((by, event))) = *self.roots.entry(slot).or_insert((root, Witness((node, record.id))));
        if first != root {
            let sentence =
                format!("the state of {node} after slot {slot} is not that of {by}: {root:016x}, {first:016x}");
            return Err(broken(record, sentence, &[event, record.id]));
        }
        self.exercised += by != node;
        Ok(())
    }
}

impl<F> Checker<F> for Agreement {
    const WANTS: Kinds = Kinds::CONSENSUS_STARTED
        .with(Kinds::CONSENSUS_COMMITTED)
        .with(Kinds::CONSENSUS_APPLIED)
        .with(Kinds::CONSENSUS_INSTALLED)
        .with(Kinds::SYNCED);
    const READS: Parts = Parts::DISKS;
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        if let Event::Synced { .. } = record.event {
            return self.confirmed(record, shown.common.disks());
        }
        for (node, seen) in told(record) {
            match seen {
                ConsensusSeen::Committed { bid } => self.decided(record, node, bid.slot, bid.value)?,
                ConsensusSeen::Applied { slot, value, root, .. } => {
                    self.decided(record, node, *slot, *value)?;
                    self.state(record, node, *slot, *root)?;
                }
                ConsensusSeen::Installed { slot, root } | ConsensusSeen::Started { slot, root, .. } => {
                    self.state(record, node, *slot, *root)?;
                }
                ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Proposed { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::Decreed { .. }
                | ConsensusSeen::Blessed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no two nodes reported the same slot")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    #[test]
    fn one_slot_has_one_value() {
        let mut history = History::default();
        history.on("n1", committed(1, "1.n1", 7)).on("n2", committed(1, "2.n2", 7));
        assert_holds(&history, Agreement::default(), 1);
        history.on("n3", applied(1, 8, 5));
        let sentence = "n3 has 0000000000000008 in slot 1, for which n1 has 0000000000000007";
        assert_broken(&history, Agreement::default(), sentence, "n1#1 n3#1");
    }

    #[test]
    fn one_slot_has_one_state() {
        let mut history = History::default();
        history.on("n1", applied(1, 7, 5)).on("n2", installed(1, 6));
        let sentence = "the state of n2 after slot 1 is not that of n1: 0000000000000006, 0000000000000005";
        assert_broken(&history, Agreement::default(), sentence, "n1#1 n2#1");
    }

    /// n1, n2 and n3 are voters; this one writes a confirmation and syncs.
    fn confirmed(history: &mut History, node: &str, ballot: &str, value: u64, before: u32) {
        let sync = before + 2;
        history.on(node, wrote(1, ballot, value)).on(node, Event::Sync).on(node, Event::Synced { sync });
    }

    #[test]
    fn two_values_are_not_chosen_though_nobody_knows_either() {
        let mut history = History::default();
        for node in ["n1", "n2", "n3"] {
            history.on(node, started(3));
        }
        confirmed(&mut history, "n1", "1.n1", 7, 1);
        confirmed(&mut history, "n2", "1.n1", 7, 1);
        confirmed(&mut history, "n3", "2.n3", 8, 1);
        assert_holds(&history, Agreement::default(), 2);
        confirmed(&mut history, "n2", "2.n3", 8, 4);
        let sentence = "a quorum has confirmed 0000000000000008 in slot 1 under 2.n3, and a quorum had confirmed \
                        0000000000000007 in slot 1 under 1.n1";
        assert_broken(&history, Agreement::default(), sentence, "n2#4 n2#7");
    }

    #[test]
    fn one_node_alone_proves_nothing() {
        let mut history = History::default();
        history.on("n1", committed(1, "1.n1", 7)).on("n1", applied(1, 7, 5));
        assert_vacuous(&history, Agreement::default(), "no two nodes reported the same slot");
    }
}
