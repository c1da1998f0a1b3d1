//! `exactly-once`: no operation takes effect twice, and all answers to it are the same.

use std::collections::BTreeMap;

use super::sessions::{SessionState, Sessions};
use super::told;
use crate::check::slots::Slots;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{Actor, EventId, NodeId, OpId};
use crate::observation::{ConsensusSeen, DecreeId, Observation, Slot, StoreAnswer, StoreSeen, ValueId};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that a client's operation, and a node's decree, has an outcome in at most one slot, and that all answers to
/// it are the same and give that outcome. An unknown outcome is not an answer, and a read without a slot may happen
/// twice. Also checks that an operation of an ended session has no outcome, and that a node tells a client that its
/// session has ended only if that is so after the slots that this node has applied. Exercised by operations that take
/// effect.
#[derive(Clone, Debug, Default, Hash)]
pub struct ExactlyOnce {
    done: BTreeMap<OpId, (Slot, Witness<EventId>)>,
    refused: BTreeMap<OpId, (Slot, Witness<EventId>)>,
    decrees: BTreeMap<DecreeId, (Slot, Witness<EventId>)>,
    sessions: Sessions,
    /// By node: the last applied slot.
    applied: Slots<Slot>,
    answers: BTreeMap<OpId, (StoreAnswer, Witness<EventId>)>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("exactly-once", "no operation takes effect twice, and all answers to it agree");

impl ExactlyOnce {
    fn done(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, op: OpId) -> Result<(), Violation> {
        if let Some((first, event)) = self.refused.get(&op).filter(|(first, _)| *first != slot) {
            let sentence = format!("{op} took effect at {node} in slot {slot}, and was refused in slot {first}");
            return Err(broken(record, sentence, &[**event, record.id]));
        }
        let (first, event) = *self.done.entry(op).or_insert((slot, Witness(record.id)));
        if first != slot {
            let sentence = format!("{op} took effect at {node} in slot {slot}, and has taken effect in slot {first}");
            return Err(broken(record, sentence, &[*event, record.id]));
        }
        self.exercised += true;
        Ok(())
    }

    fn decreed(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, id: DecreeId) -> Result<(), Violation> {
        let (first, event) = *self.decrees.entry(id).or_insert((slot, Witness(record.id)));
        if first == slot {
            return Ok(());
        }
        let DecreeId { of, number } = id;
        let sentence = format!(
            "decree {number} of {of} took effect at {node} in slot {slot}, and has taken effect in slot {first}"
        );
        Err(broken(record, sentence, &[*event, record.id]))
    }

    fn refused(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, op: OpId) -> Result<(), Violation> {
        if let Some((first, event)) = self.done.get(&op).filter(|(first, _)| *first != slot) {
            let sentence = format!("{op} was refused at {node} in slot {slot}, and has taken effect in slot {first}");
            return Err(broken(record, sentence, &[**event, record.id]));
        }
        self.refused.entry(op).or_insert((slot, Witness(record.id)));
        Ok(())
    }

    /// A slot was applied: an operation whose session is not open must have no outcome.
    fn applied(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        (slot, value): (Slot, ValueId),
        came_to_something: impl Fn(OpId) -> bool,
    ) -> Result<(), Violation> {
        for (op, standing) in self.sessions.apply(slot, value) {
            if came_to_something(op) {
                let sentence = format!("{op} came to something at {node} in slot {slot}, {}", outside(standing));
                return Err(broken(record, sentence, &[record.id]));
            }
        }
        Ok(())
    }

    /// A node tells a client that its session has ended.
    fn expired(&self, record: &Record<'_>, op: OpId) -> Result<(), Violation> {
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        let applied = self.applied.get(node.index()).copied().unwrap_or_default();
        let is_so = match self.sessions.state(op) {
            Some(SessionState::Lives) => false,
            Some(SessionState::Ended(slot) | SessionState::NeverOpened(slot)) => slot <= applied,
            None => true,
        };
        if is_so {
            return Ok(());
        }
        let sentence = format!("{node} tells {op} that its session has ended, and by slot {applied} it has not");
        Err(broken(record, sentence, &[record.id]))
    }

    /// An answer to a client must be the outcome of its operation in a slot.
    fn came_to(&self, record: &Record<'_>, op: OpId, answer: &StoreAnswer) -> Result<(), Violation> {
        let (is_so, what) = match answer {
            StoreAnswer::Done => (self.done.contains_key(&op), "has taken effect"),
            StoreAnswer::Refused { reason: Some(reason) } if reason.is_local() => return self.local(record, op),
            StoreAnswer::Mismatch | StoreAnswer::Refused { .. } => (self.refused.contains_key(&op), "was refused"),
            StoreAnswer::Value { .. } | StoreAnswer::Unknown | StoreAnswer::Expired => return Ok(()),
        };
        if is_so || !self.sessions.is_whole() {
            return Ok(());
        }
        let sentence = format!("{} tells {op} that it {what}, and in no slot it has", record.id.actor);
        Err(broken(record, sentence, &[record.id]))
    }

    /// An operation that the client's own node has refused must not take effect.
    fn local(&self, record: &Record<'_>, op: OpId) -> Result<(), Violation> {
        if !self.done.contains_key(&op) {
            return Ok(());
        }
        let sentence = format!("{} tells {op} that it was refused, and it has taken effect", record.id.actor);
        Err(broken(record, sentence, &[record.id]))
    }

    fn answered(&mut self, record: &Record<'_>, op: OpId, answer: &StoreAnswer) -> Result<(), Violation> {
        if *answer == StoreAnswer::Expired {
            return self.expired(record, op);
        }
        self.came_to(record, op, answer)?;
        if *answer == StoreAnswer::Unknown || (reads(answer) && !self.done.contains_key(&op)) {
            return Ok(());
        }
        let (first, event) = self.answers.entry(op).or_insert_with(|| (answer.clone(), Witness(record.id)));
        if first != answer {
            let sentence = format!("{} answers {op} otherwise than it was answered before", record.id.actor);
            return Err(broken(record, sentence, &[**event, record.id]));
        }
        Ok(())
    }
}

/// The state of an operation whose session is not open, as a text.
fn outside(standing: SessionState) -> String {
    match standing {
        SessionState::Lives => "in a live session".to_owned(),
        SessionState::Ended(slot) => format!("in a session that slot {slot} had ended"),
        SessionState::NeverOpened(slot) => format!("in a session that slot {slot} has not opened"),
    }
}

const fn reads(answer: &StoreAnswer) -> bool {
    matches!(answer, StoreAnswer::Value { .. })
}

impl<F> Checker<F> for ExactlyOnce {
    const WANTS: Kinds = Kinds::CONSENSUS_STARTED
        .with(Kinds::CONSENSUS_PROPOSED)
        .with(Kinds::CONSENSUS_APPLIED)
        .with(Kinds::CONSENSUS_INSTALLED)
        .with(Kinds::REPLY)
        .with(Kinds::INVOKED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.sessions.see(record);
        if let Event::Reply { op, reply } = &record.event {
            for seen in reply.observations.iter() {
                if let Observation::Store(StoreSeen::Told { answer }) = seen {
                    self.answered(record, *op, answer)?;
                }
            }
            return Ok(());
        }
        for (node, seen) in told(record) {
            self.sessions.hear(seen);
            if let ConsensusSeen::Applied { slot, value, done, refused, decrees, .. } = seen {
                *self.applied.at(node.index()) = *slot;
                self.applied(record, node, (*slot, *value), |op| {
                    done.contains(&op) || refused.iter().any(|(other, _)| *other == op)
                })?;
                done.iter().try_for_each(|op| self.done(record, node, *slot, *op))?;
                refused.iter().try_for_each(|(op, _)| self.refused(record, node, *slot, *op))?;
                decrees.iter().try_for_each(|id| self.decreed(record, node, *slot, *id))?;
            } else if let ConsensusSeen::Started { slot, .. } | ConsensusSeen::Installed { slot, .. } = seen {
                *self.applied.at(node.index()) = *slot;
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no operation took effect")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;
    use crate::observation::StoreCall;

    #[test]
    fn an_operation_takes_effect_in_one_slot() {
        let mut history = History::default();
        history.on("n1", applied_with(1, 7, 5, &["c1#2"])).on("n2", applied_with(1, 7, 5, &["c1#2"]));
        assert_holds(&history, ExactlyOnce::default(), 2);
        history.on("n1", applied_with(2, 8, 6, &["c1#2"]));
        let sentence = "c1#2 took effect at n1 in slot 2, and has taken effect in slot 1";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#1 n1#2");
    }

    #[test]
    fn all_answers_to_it_agree() {
        let mut history = History::default();
        history.on("n1", applied_with(1, 7, 5, &["c1#2"]));
        history.on("n1", told_store("c1#2", StoreAnswer::Done)).on("n2", told_store("c1#2", StoreAnswer::Unknown));
        assert_holds(&history, ExactlyOnce::default(), 1);
        let mut otherwise = history.clone();
        otherwise.on("n3", told_store("c1#2", StoreAnswer::Value { value: None }));
        let sentence = "n3 answers c1#2 otherwise than it was answered before";
        assert_broken(&otherwise, ExactlyOnce::default(), sentence, "n1#2 n3#1");
        history.on("n3", told_store("c1#2", StoreAnswer::Mismatch));
        let sentence = "n3 tells c1#2 that it was refused, and in no slot it has";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n3#1");
    }

    fn op(name: &str) -> OpId {
        name.parse().expect("an operation")
    }

    fn begun(name: &str) -> Event<'static> {
        let command = said(vec![Observation::Store(StoreSeen::Begun)]);
        Event::Invoked { op: op(name), to: node("n1"), command }
    }

    fn asked_within(name: &str, slot: u64) -> Event<'static> {
        let (key, call) = ("k".into(), StoreCall::Delete);
        let asked = StoreSeen::Asked { key, call, session: Some(Slot(slot)), token: None };
        Event::Invoked { op: op(name), to: node("n1"), command: said(vec![Observation::Store(asked)]) }
    }

    /// A proposal with these operations; the value of each slot is its number.
    fn proposed_with(slot: u64, ops: &[&str]) -> Event<'static> {
        let ops = ops.iter().map(|name| op(name)).collect();
        consensus(ConsensusSeen::Proposed { bid: bid(slot, "1.n1", slot), ops })
    }

    /// A session ends after three slots without use. c1's is opened in slot 1, and used in slot 3.
    fn session() -> History {
        let mut history = History::default();
        let started = ConsensusSeen::Started { voters: 1, slot: Slot(0), root: 0, session_slots: Some(3) };
        history.on("n1", consensus(started)).on("c1", begun("c1#1")).on("c1", asked_within("c1#2", 1));
        history.on("n1", proposed_with(1, &["c1#1"])).on("n1", applied(1, 1, 0));
        history.on("n1", proposed_with(2, &[])).on("n1", applied(2, 2, 0));
        history.on("n1", proposed_with(3, &["c1#2"])).on("n1", applied_with(3, 3, 0, &["c1#2"]));
        history
    }

    fn idle(history: &mut History, slots: std::ops::RangeInclusive<u64>) {
        for slot in slots {
            history.on("n1", proposed_with(slot, &[])).on("n1", applied(slot, slot, 0));
        }
    }

    #[test]
    fn a_session_ends_after_so_many_slots_without_use_and_not_before() {
        for (last, has_ended) in [(5, false), (6, true)] {
            let mut history = session();
            idle(&mut history, 4..=last);
            history.on("c1", asked_within("c1#3", 1)).on("n1", told_store("c1#3", StoreAnswer::Expired));
            let verdict = history.judged_by(ExactlyOnce::default());
            assert_eq!(verdict.violation().is_none(), has_ended, "slot {last}: {verdict:?}");
        }
        let mut early = session();
        idle(&mut early, 4..=5);
        early.on("c1", asked_within("c1#3", 1)).on("n1", told_store("c1#3", StoreAnswer::Expired));
        let sentence = "n1 tells c1#3 that its session has ended, and by slot 5 it has not";
        assert_broken(&early, ExactlyOnce::default(), sentence, "n1#12");
    }

    #[test]
    fn what_a_node_has_not_applied_has_not_ended_for_it() {
        let mut history = session();
        idle(&mut history, 4..=6);
        history.on("n2", applied(1, 1, 0)).on("c1", asked_within("c1#3", 1));
        history.on("n2", told_store("c1#3", StoreAnswer::Expired));
        let sentence = "n2 tells c1#3 that its session has ended, and by slot 1 it has not";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n2#2");
    }

    #[test]
    fn a_standing_session_never_ends_and_one_that_no_slot_opened_never_was() {
        for (slot, is_right) in [(0, false), (2, true), (9, false)] {
            let mut history = session();
            history.on("c2", asked_within("c2#1", slot)).on("n1", told_store("c2#1", StoreAnswer::Expired));
            assert_eq!(history.judged_by(ExactlyOnce::default()).violation().is_none(), is_right, "slot {slot}");
        }
    }

    #[test]
    fn what_stands_in_an_ended_session_comes_to_nothing() {
        let mut history = session();
        idle(&mut history, 4..=6);
        history.on("c1", asked_within("c1#3", 1)).on("n1", proposed_with(7, &["c1#3"]));
        let mut right = history.clone();
        right.on("n1", applied(7, 7, 0));
        assert_holds(&right, ExactlyOnce::default(), 1);
        history.on("n1", applied_with(7, 7, 0, &["c1#3"]));
        let sentence = "c1#3 came to something at n1 in slot 7, in a session that slot 6 had ended";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#15");
    }

    #[test]
    fn behind_a_slot_that_nobody_told_of_no_session_is_known() {
        let mut history = session();
        history.on("n1", proposed_with(5, &[])).on("n1", applied(5, 5, 0));
        history.on("c1", asked_within("c1#3", 1)).on("n1", told_store("c1#3", StoreAnswer::Expired));
        assert_holds(&history, ExactlyOnce::default(), 1);
    }

    #[test]
    fn a_decree_takes_effect_once() {
        let mut history = History::default();
        history.on("n1", decree_applied(1, 1, 5, "n1", 2)).on("n2", decree_applied(1, 1, 5, "n1", 2));
        history.on("n1", decree_applied(2, 2, 6, "n1/2", 2));
        assert!(history.judged_by(ExactlyOnce::default()).violation().is_none());
        history.on("n1", decree_applied(3, 3, 7, "n1", 2));
        let sentence = "decree 2 of n1 took effect at n1 in slot 3, and has taken effect in slot 1";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#1 n1#3");
    }

    #[test]
    fn what_took_effect_is_not_refused_and_what_is_told_happened() {
        let refused = |slot| {
            let refused = vec![(op("c1#2"), None)];
            let (slot, value) = (Slot(slot), ValueId(slot));
            consensus(ConsensusSeen::Applied { slot, value, root: 0, done: Vec::new(), refused, decrees: Vec::new() })
        };
        let mut history = History::default();
        history.on("n1", applied_with(1, 1, 5, &["c1#2"])).on("n1", refused(2));
        let sentence = "c1#2 was refused at n1 in slot 2, and has taken effect in slot 1";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#1 n1#2");
        let mut history = History::default();
        history.on("n1", refused(1)).on("n1", applied_with(2, 2, 5, &["c1#2"]));
        let sentence = "c1#2 took effect at n1 in slot 2, and was refused in slot 1";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#1 n1#2");
        let mut history = History::default();
        history.on("n1", told_store("c1#2", StoreAnswer::Done));
        let sentence = "n1 tells c1#2 that it has taken effect, and in no slot it has";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#1");
    }

    /// A node crashed after a decision was durable and before it noted it. It starts after the slot, and knows the
    /// outcomes of its operations and the sessions that it ended.
    #[test]
    fn what_a_node_starts_behind_may_have_come_to_anything() {
        let started = |slot| {
            let started = ConsensusSeen::Started { voters: 1, slot: Slot(slot), root: 0, session_slots: Some(3) };
            consensus(started)
        };
        let mut history = session();
        idle(&mut history, 4..=5);
        history.on("c1", asked_within("c1#3", 1)).on("n1", killed()).on("n1", start(2));
        for answer in [StoreAnswer::Done, StoreAnswer::Refused { reason: None }, StoreAnswer::Expired] {
            let mut behind = history.clone();
            behind.on("n1", started(6)).on("n1", told_store("c1#3", answer.clone()));
            assert_holds(&behind, ExactlyOnce::default(), 1);
            let mut level = history.clone();
            level.on("n1", started(5)).on("n1", told_store("c1#3", answer));
            assert!(level.judged_by(ExactlyOnce::default()).violation().is_some());
        }
    }
}
