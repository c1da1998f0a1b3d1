//! `validity`: only what was proposed is decided, and only what was asked takes effect.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher};

use super::store::Store;
use super::{tells, told, writes, written};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{Bid, ConsensusSeen, Slot, ValueId, ValueText};
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that what is decided for a slot was proposed for it before, and that an operation which takes effect was asked by
/// its client before; and that the root which stands for the state changes exactly where what keys hold does, by what
/// clients asked. Exercised by decisions.
///
/// A confirmation that a proposer writes down of its own pre-commit tells of a proposal too: where it is the only voter,
/// one sync makes the decision durable, and a crash behind it may cut off the fact that it has proposed.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    proposed: BTreeMap<Slot, Vec<ValueId>>,
    asked: BTreeSet<OpId>,
    store: Store,
    /// The last slot that was applied, by whomever first, with the root after it and where that stands.
    root: Option<(Slot, u64, EventId)>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("validity", "only what was proposed is decided, only what was asked takes effect");

impl Validity {
    fn propose(&mut self, bid: &Bid) {
        let known = self.proposed.entry(bid.slot).or_default();
        if !known.contains(&bid.value) {
            known.push(bid.value);
        }
    }

    /// A slot was applied, by whomever first: the root tells whether anything has changed.
    fn applied(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        (slot, root): (Slot, u64),
        done: &[OpId],
    ) -> Result<(), Violation> {
        let Some(changes) = self.store.apply(slot, done) else { return Ok(()) };
        let before = self.root.replace((slot, root, record.id));
        let Some((_, before, event)) = before.filter(|(last, ..)| last.next() == slot && self.store.is_whole()) else {
            return Ok(());
        };
        if !changes.is_whole {
            return Ok(());
        }
        let mut first: BTreeMap<&str, Option<&ValueText>> = BTreeMap::new();
        for change in &changes.all {
            first.entry(&change.asked.key).or_insert(change.before.as_ref());
        }
        let changed = first.iter().find(|(key, before)| self.store.held(key) != Some(**before));
        let sentence = match changed {
            Some((key, _)) if root == before => {
                format!("slot {slot} changed what {key} holds, and the root of {node}'s state is the one before it")
            }
            None if root != before => {
                format!("slot {slot} changed nothing, and the root of {node}'s state is not the one before it")
            }
            Some(_) | None => return Ok(()),
        };
        Err(broken(record, sentence, &[event, record.id]))
    }
}

/// The confirmations that a proposer writes down of its own pre-commits.
fn own_confirmations<'r>(record: &'r Record<'_>) -> impl Iterator<Item = &'r Bid> {
    let confirmed =
        |seen: &'r ConsensusSeen| if let ConsensusSeen::WroteConfirmed { bid } = seen { Some(bid) } else { None };
    written(record).filter_map(confirmed).filter(|bid| record.id.actor == Actor::Node(bid.ballot.round.node))
}

impl<F> Checker<F> for Validity {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        self.store.see(record);
        if let Event::Invoked { op, .. } = record.event {
            self.asked.insert(op);
            return Ok(());
        }
        own_confirmations(record).for_each(|bid| self.propose(bid));
        for (node, seen) in told(record) {
            match seen {
                ConsensusSeen::Proposed { bid, .. } => self.propose(bid),
                ConsensusSeen::Committed { bid } => {
                    self.exercised += 1;
                    if !self.proposed.get(&bid.slot).is_some_and(|known| known.contains(&bid.value)) {
                        let sentence = format!("{node} has {bid}, and nobody has proposed that for the slot");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                }
                ConsensusSeen::Applied { slot, root, done, .. } => {
                    if let Some(op) = done.iter().find(|op| !self.asked.contains(op)) {
                        let sentence = format!("{op} took effect at {node} in slot {slot}, and no client has asked it");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                    self.applied(record, node, (*slot, *root), done)?;
                }
                ConsensusSeen::Started { slot: Slot(0), root, .. } => {
                    self.root.get_or_insert((Slot(0), *root, record.id));
                }
                ConsensusSeen::Started { .. }
                | ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::Installed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT.with(Kinds::APPEND).with(Kinds::INVOKED).with(Kinds::RETURNED)
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "nothing was decided")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for Validity {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (slot, values) in &self.proposed {
            let mut values = values.clone();
            values.sort_unstable();
            (slot, values).hash(&mut state);
        }
        self.asked.hash(&mut state);
        self.store.memory(state);
        self.root.map(|(slot, root, _)| (slot, root)).hash(&mut state);
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        Store::heeds(event)
            || writes(event, |seen| matches!(seen, ConsensusSeen::WroteConfirmed { .. }))
            || tells(event, |seen| {
                matches!(
                    seen,
                    ConsensusSeen::Started { .. }
                        | ConsensusSeen::Proposed { .. }
                        | ConsensusSeen::Committed { .. }
                        | ConsensusSeen::Applied { .. }
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::observation::{StoreAnswer, StoreCall};

    #[test]
    fn what_nobody_proposed_is_not_decided() {
        let mut history = History::default();
        history.on("n1", proposed(1, "1.n1", 7)).on("n2", committed(1, "1.n1", 7));
        assert_holds(&history, Validity::default(), 1);
        history.on("n2", committed(2, "1.n1", 7));
        let sentence = "n2 has 0000000000000007 in slot 2 under 1.n1, and nobody has proposed that for the slot";
        assert_broken(&history, Validity::default(), sentence, "n2#2");
    }

    #[test]
    fn what_the_only_voter_has_written_down_as_confirmed_it_has_proposed() {
        let mut history = History::default();
        history.on("n1", wrote(1, "1.n1", 7)).on("n1", killed()).on("n1", start(2)).on("n2", committed(1, "1.n1", 7));
        assert_holds(&history, Validity::default(), 1);
        history.on("n2", wrote(2, "1.n1", 8)).on("n2", committed(2, "1.n1", 8));
        let sentence = "n2 has 0000000000000008 in slot 2 under 1.n1, and nobody has proposed that for the slot";
        assert_broken(&history, Validity::default(), sentence, "n2#3");
    }

    #[test]
    fn what_no_client_asked_has_no_effect() {
        let mut history = History::default();
        history.on("n1", applied_with(1, 7, 5, &["c1#1"]));
        let sentence = "c1#1 took effect at n1 in slot 1, and no client has asked it";
        assert_broken(&history, Validity::default(), sentence, "n1#1");
    }

    #[test]
    fn the_root_changes_exactly_where_the_state_does() {
        let put = |value: &str| StoreCall::Put { value: value.into() };
        let mut history = History::default();
        history.on("n1", started(1)).on("c1", asked_store("c1#1", "k", put("1")));
        history.on("n1", applied_with(1, 7, 5, &["c1#1"])).on("n1", applied(2, 7, 5));
        history.on("c1", asked_store("c1#2", "k", put("1"))).on("n1", applied_with(3, 7, 5, &["c1#2"]));
        assert!(history.judged_by(Validity::default()).violation().is_none());
        let mut same = history.clone();
        same.on("c1", asked_store("c1#3", "k", put("2"))).on("n1", applied_with(4, 7, 5, &["c1#3"]));
        let sentence = "slot 4 changed what k holds, and the root of n1's state is the one before it";
        assert_broken(&same, Validity::default(), sentence, "n1#4 n1#5");
        history.on("n1", applied(4, 7, 6));
        let sentence = "slot 4 changed nothing, and the root of n1's state is not the one before it";
        assert_broken(&history, Validity::default(), sentence, "n1#4 n1#5");
    }

    #[test]
    fn what_is_answered_before_anybody_tells_of_its_slot_counts_all_the_same() {
        let mut history = History::default();
        history.on("n1", started(1)).on("c1", asked_store("c1#1", "k", StoreCall::Put { value: "1".into() }));
        history.on("n1", applied_with(1, 7, 5, &["c1#1"])).on("c1", returned_store("c1#1", StoreAnswer::Done));
        history
            .on("c1", asked_store("c1#2", "k", StoreCall::Delete))
            .on("c1", returned_store("c1#2", StoreAnswer::Done));
        history.on("n1", applied_with(2, 7, 6, &["c1#2"])).on("c2", asked_store("c2#1", "k", StoreCall::Delete));
        let mut again = history.clone();
        history.on("n1", applied_with(3, 7, 6, &["c2#1"]));
        assert!(history.judged_by(Validity::default()).violation().is_none());
        again.on("n1", applied_with(3, 7, 8, &["c2#1"]));
        let sentence = "slot 3 changed nothing, and the root of n1's state is not the one before it";
        assert_broken(&again, Validity::default(), sentence, "n1#3 n1#4");
    }
}
