//! `decision-stability`: a decision stands.

use std::collections::BTreeMap;

use super::{answered, told};
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId, OpId};
use crate::observation::{TransactionAnswer, TransactionId, TransactionSeen};
use crate::trace::{Kinds, Record, Verdict, Violation};

/// Checks that no node takes back what it has decided, that a name is given to one attempt only, and that a client is told
/// what was decided: that its transaction is committed only if the coordinator has committed an attempt of it, and that it is
/// aborted only if none was. Exercised by answers.
#[derive(Clone, Debug, Default, Hash)]
pub struct DecisionStability {
    decided: BTreeMap<(TransactionId, NodeId), (bool, Witness<EventId>)>,
    begun: BTreeMap<TransactionId, (OpId, Witness<EventId>)>,
    committed: BTreeMap<OpId, (TransactionId, Witness<EventId>)>,
    aborted: BTreeMap<OpId, Witness<EventId>>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("decision-stability", "no decision is taken back, and clients are told what was decided");

impl DecisionStability {
    fn decided(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        id: TransactionId,
        commits: bool,
    ) -> Result<(), Violation> {
        let (before, event) = self.decided.entry((id, node)).or_insert((commits, Witness(record.id)));
        if *before != commits {
            let word = if commits { "commits" } else { "aborts" };
            let sentence = format!("{node} {word} {id}, after it had decided the contrary");
            return Err(broken(record, sentence, &[event.0, record.id]));
        }
        let Some((op, _)) = self.begun.get(&id).filter(|_| commits && node == id.coordinator.node) else {
            return Ok(());
        };
        if let Some((other, event)) = self.committed.get(op).filter(|(other, _)| *other != id) {
            let sentence = format!("{node} commits {id} for {op}, which {other} had done");
            return Err(broken(record, sentence, &[event.0, record.id]));
        }
        if let Some(told) = self.aborted.get(op) {
            let sentence = format!("{node} commits {id} for {op}, whose client was told that it is aborted");
            return Err(broken(record, sentence, &[told.0, record.id]));
        }
        self.committed.entry(*op).or_insert((id, Witness(record.id)));
        Ok(())
    }

    fn answered(&mut self, record: &Record<'_>, op: OpId, answer: &TransactionAnswer) -> Result<(), Violation> {
        self.exercised += true;
        match (answer, self.committed.get(&op)) {
            (TransactionAnswer::Committed { .. }, None) => {
                let sentence = format!("{op} was told that it is committed, and no coordinator had decided that");
                Err(broken(record, sentence, &[record.id]))
            }
            (TransactionAnswer::Aborted, Some((id, event))) => {
                let sentence = format!("{op} was told that it is aborted, and {id} had committed it");
                Err(broken(record, sentence, &[event.0, record.id]))
            }
            (TransactionAnswer::Aborted, None) => {
                self.aborted.insert(op, Witness(record.id));
                Ok(())
            }
            (TransactionAnswer::Committed { .. }, Some(_)) | (TransactionAnswer::Unknown, _) => Ok(()),
        }
    }
}

impl<F> Checker<F> for DecisionStability {
    const WANTS: Kinds =
        Kinds::TRANSACTION_BEGUN.with(Kinds::TRANSACTION_DECIDED).with(Kinds::RETURNED).with(Kinds::TRANSACTION_TOLD);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        for (node, seen) in told(record) {
            if let TransactionSeen::Begun { id, op, .. } = seen {
                let (known, event) = self.begun.entry(*id).or_insert((*op, Witness(record.id)));
                if event.0 != record.id {
                    let sentence = format!("{node} begins {id} for {op}, and has given that name for {known}");
                    return Err(broken(record, sentence, &[event.0, record.id]));
                }
            } else if let TransactionSeen::Decided { id, commits, .. } = seen {
                self.decided(record, node, *id, *commits)?;
            }
        }
        if let Some((op, answer)) = answered(record) {
            self.answered(record, op, answer)?;
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no client was told of a decision")
    }
}
