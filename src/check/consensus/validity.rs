//! `validity`: only proposed values are decided, and only requested operations take effect.

use std::collections::{BTreeMap, BTreeSet};

use super::store::Store;
use super::{told, written};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{ConsensusSeen, DecreeId, ProposalId, Slot, ValueId, ValueText};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that a decided value was proposed for its slot before; that an operation that takes effect was invoked by its
/// client before, and a decree was made by its node; and that the root of the state changes exactly when the clients'
/// operations change the values of keys. Exercised by decisions.
///
/// A proposer's confirmation of its own pre-commit counts as a proposal too: if it is the only voter, one sync makes
/// the decision durable, and a crash after it may drop the fact of the proposal.
#[derive(Clone, Debug, Default, Hash)]
pub struct Validity {
    proposed: BTreeMap<Slot, BTreeSet<ValueId>>,
    asked: BTreeSet<OpId>,
    decreed: BTreeSet<DecreeId>,
    store: Store,
    /// The last applied slot, as the first node reported it, with the root after it and the event.
    root: Option<(Slot, u64, Witness<EventId>)>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("validity", "only proposed values are decided, and only requested operations take effect");

impl Validity {
    fn propose(&mut self, bid: &ProposalId) {
        self.proposed.entry(bid.slot).or_default().insert(bid.value);
    }

    /// A slot was applied by the first node: the root shows whether anything has changed, if only clients' operations
    /// took effect in it. The trace does not show what a decree changes.
    fn applied(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        (slot, root): (Slot, u64),
        done: &[OpId],
        by_clients: bool,
    ) -> Result<(), Violation> {
        let Some(changes) = self.store.apply(slot, done) else { return Ok(()) };
        let before = self.root.replace((slot, root, Witness(record.id)));
        let Some((_, before, event)) = before.filter(|(last, ..)| last.next() == slot && self.store.is_whole()) else {
            return Ok(());
        };
        if !changes.is_whole || !by_clients {
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
        Err(broken(record, sentence, &[*event, record.id]))
    }
}

/// The confirmations that a proposer writes for its own pre-commits.
fn own_confirmations<'r>(record: &'r Record<'_>) -> impl Iterator<Item = &'r ProposalId> {
    let confirmed =
        |seen: &'r ConsensusSeen| if let ConsensusSeen::WroteConfirmed { bid } = seen { Some(bid) } else { None };
    written(record).filter_map(confirmed).filter(|bid| record.id.actor == Actor::Node(bid.ballot.round.node))
}

impl<F> Checker<F> for Validity {
    const WANTS: Kinds = Kinds::CONSENSUS_STARTED
        .with(Kinds::CONSENSUS_PROPOSED)
        .with(Kinds::CONSENSUS_COMMITTED)
        .with(Kinds::CONSENSUS_APPLIED)
        .with(Kinds::CONSENSUS_DECREED)
        .with(Kinds::CONSENSUS_WROTE_CONFIRMED)
        .with(Store::WANTS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
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
                ConsensusSeen::Decreed { id } => {
                    self.decreed.insert(*id);
                }
                ConsensusSeen::Applied { slot, root, done, decrees, .. } => {
                    if let Some(DecreeId { of, number }) = decrees.iter().find(|id| !self.decreed.contains(id)) {
                        let sentence = format!(
                            "decree {number} of {of} took effect at {node} in slot {slot}, and {of} has not decreed it"
                        );
                        return Err(broken(record, sentence, &[record.id]));
                    }
                    if let Some(op) = done.iter().find(|op| !self.asked.contains(op)) {
                        let sentence = format!("{op} took effect at {node} in slot {slot}, and no client has asked it");
                        return Err(broken(record, sentence, &[record.id]));
                    }
                    self.applied(record, node, (*slot, *root), done, decrees.is_empty())?;
                }
                ConsensusSeen::Started { slot: Slot(0), root, .. } => {
                    self.root.get_or_insert((Slot(0), *root, Witness(record.id)));
                }
                ConsensusSeen::Started { .. }
                | ConsensusSeen::Lost
                | ConsensusSeen::Promised { .. }
                | ConsensusSeen::Elected { .. }
                | ConsensusSeen::Voted { .. }
                | ConsensusSeen::Confirmed { .. }
                | ConsensusSeen::Installed { .. }
                | ConsensusSeen::Blessed { .. }
                | ConsensusSeen::WroteConfirmed { .. }
                | ConsensusSeen::WroteDecided { .. } => {}
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
    fn what_no_node_decreed_has_no_effect_and_what_it_changes_is_not_held_against_the_root() {
        let mut history = History::default();
        history.on("n1", started(1)).on("n1", applied(1, 7, 0)).on("n1", decreed("n1", 2));
        history.on("n1", decree_applied(2, 7, 6, "n1", 2)).on("n1", applied(3, 7, 6));
        assert!(history.judged_by(Validity::default()).violation().is_none());
        history.on("n1", decree_applied(4, 7, 9, "n1/2", 2));
        let sentence = "decree 2 of n1/2 took effect at n1 in slot 4, and n1/2 has not decreed it";
        assert_broken(&history, Validity::default(), sentence, "n1#6");
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
