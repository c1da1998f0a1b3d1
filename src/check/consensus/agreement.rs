//! `agreement`: one value a slot, and one state after it.
//!
//! A value is chosen when a quorum has confirmed it durably under one ballot, whether or not anybody knows. That two values
//! are chosen for a slot is a disagreement before anybody has learnt both.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::evidence::Evidence;
use super::{tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{EventId, NodeId};
use crate::observation::{Bid, ConsensusSeen, Slot, ValueId};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that no two values are chosen for one slot, that no two nodes know different ones to be decided for it, and that
/// all have the same state after it. Exercised by every word of a second node on a slot.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    evidence: Evidence,
    /// By slot: what a quorum confirmed durably, and by which event.
    chosen: BTreeMap<Slot, (Bid, EventId)>,
    values: BTreeMap<Slot, (ValueId, NodeId, EventId)>,
    roots: BTreeMap<Slot, (u64, NodeId, EventId)>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("agreement", "one value is decided for a slot, and one state follows from it");

impl Agreement {
    /// Looks at what is durable since this record.
    fn confirmed(&mut self, record: &Record<'_>) -> Result<(), Violation> {
        let quorum = self.evidence.quorum() as usize;
        let mut news = Vec::new();
        self.evidence.see(record, |bid, holders| {
            if holders.len() >= quorum {
                news.push(bid);
            }
        });
        for bid in news {
            let (first, event) = *self.chosen.entry(bid.slot).or_insert((bid, record.id));
            if first.value != bid.value {
                let sentence = format!("a quorum has confirmed {bid}, and a quorum had confirmed {first}");
                return Err(broken(record, sentence, &[event, record.id]));
            }
        }
        Ok(())
    }

    fn decided(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, value: ValueId) -> Result<(), Violation> {
        let (first, by, event) = *self.values.entry(slot).or_insert((value, node, record.id));
        if first != value {
            let sentence = format!("{node} has {value} in slot {slot}, for which {by} has {first}");
            return Err(broken(record, sentence, &[event, record.id]));
        }
        self.exercised += u64::from(by != node);
        Ok(())
    }

    fn state(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, root: u64) -> Result<(), Violation> {
        let (first, by, event) = *self.roots.entry(slot).or_insert((root, node, record.id));
        if first != root {
            let sentence =
                format!("the state of {node} after slot {slot} is not that of {by}: {root:016x}, {first:016x}");
            return Err(broken(record, sentence, &[event, record.id]));
        }
        self.exercised += u64::from(by != node);
        Ok(())
    }
}

impl<F> Checker<F> for Agreement {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        self.confirmed(record)?;
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
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT.with(Kinds::APPEND).with(Kinds::SYNCED).with(Kinds::DEATHS)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no two nodes spoke of one slot")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for Agreement {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        self.evidence.memory(&mut state);
        for (slot, (bid, _)) in &self.chosen {
            (slot, bid.value).hash(&mut state);
        }
        for (slot, (value, ..)) in &self.values {
            (slot, value).hash(&mut state);
        }
        for (slot, (root, ..)) in &self.roots {
            (slot, root).hash(&mut state);
        }
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        Evidence::heeds(event)
            || tells(event, |seen| match seen {
                ConsensusSeen::Committed { .. }
                | ConsensusSeen::Applied { .. }
                | ConsensusSeen::Installed { .. }
                | ConsensusSeen::Started { .. } => true,
                ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Proposed { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => false,
            })
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

    /// n1, n2 and n3 vote; these write and sync.
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
        assert_vacuous(&history, Agreement::default(), "no two nodes spoke of one slot");
    }
}
