//! `exactly-once`: no operation takes effect twice, and all answers to it agree.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::{tells, told};
use crate::check::{Branch, Checker, Invariant, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{ConsensusSeen, Observation, Slot, StoreAnswer, StoreSeen};
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};

/// Says that a client's operation takes effect in one slot at most, and that all answers which nodes give to it are the
/// same; that an outcome is unknown is no answer, and a read that stands in no slot may be made twice. Exercised by operations that take effect.
#[derive(Clone, Debug, Default)]
pub struct ExactlyOnce {
    done: BTreeMap<OpId, (Slot, EventId)>,
    answers: BTreeMap<OpId, (StoreAnswer, EventId)>,
    exercised: u64,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("exactly-once", "consensus", "no operation takes effect twice, and all answers to it agree");

impl ExactlyOnce {
    fn done(&mut self, record: &Record<'_>, node: NodeId, slot: Slot, op: OpId) -> Result<(), Violation> {
        let (first, event) = *self.done.entry(op).or_insert((slot, record.id));
        if first != slot {
            let sentence = format!("{op} took effect at {node} in slot {slot}, and has taken effect in slot {first}");
            return Err(broken(record, sentence, &[event, record.id]));
        }
        self.exercised += 1;
        Ok(())
    }

    fn answered(&mut self, record: &Record<'_>, op: OpId, answer: &StoreAnswer) -> Result<(), Violation> {
        if *answer == StoreAnswer::Unknown || (reads(answer) && !self.done.contains_key(&op)) {
            return Ok(());
        }
        let (first, event) = self.answers.entry(op).or_insert_with(|| (answer.clone(), record.id));
        if first != answer {
            let sentence = format!("{} answers {op} otherwise than it was answered before", record.id.actor);
            return Err(broken(record, sentence, &[*event, record.id]));
        }
        Ok(())
    }
}

const fn reads(answer: &StoreAnswer) -> bool {
    matches!(answer, StoreAnswer::Value { .. })
}

impl<F> Checker<F> for ExactlyOnce {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        if let Event::Reply { op, reply } = &record.event {
            for seen in reply.observations.iter() {
                if let Observation::Store(StoreSeen::Told { answer }) = seen {
                    self.answered(record, *op, answer)?;
                }
            }
            return Ok(());
        }
        for (node, seen) in told(record) {
            if let ConsensusSeen::Applied { slot, done, .. } = seen {
                done.iter().try_for_each(|op| self.done(record, node, *slot, *op))?;
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        Verdict::of(self.exercised, "no operation took effect")
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for ExactlyOnce {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (op, (slot, _)) in &self.done {
            (op, slot).hash(&mut state);
        }
        for (op, (answer, _)) in &self.answers {
            (op, answer).hash(&mut state);
        }
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        matches!(event, Event::Reply { .. }) || tells(event, |seen| matches!(seen, ConsensusSeen::Applied { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

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
        history.on("n3", told_store("c1#2", StoreAnswer::Mismatch));
        let sentence = "n3 answers c1#2 otherwise than it was answered before";
        assert_broken(&history, ExactlyOnce::default(), sentence, "n1#2 n3#1");
    }
}
