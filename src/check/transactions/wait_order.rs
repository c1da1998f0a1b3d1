//! `wait-order`: transactions wait only for later ones, and keep their place.

use std::collections::BTreeMap;

use super::told;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, OpId};
use crate::observation::{TransactionId, TransactionSeen, TransactionStamp};
use crate::trace::{Kinds, Verdict, Violation};

/// Checks that a transaction waits only for transactions that are all later than itself, so that no two wait for each other;
/// and that each attempt of an operation has the place of the first, so that it becomes the earliest some day. Exercised by
/// waits, and by attempts after the first.
#[derive(Clone, Debug, Default, Hash)]
pub struct WaitOrder {
    begun: BTreeMap<TransactionId, (TransactionStamp, Witness<EventId>)>,
    by_op: BTreeMap<OpId, (TransactionStamp, Witness<EventId>)>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::safety("wait-order", "transactions wait only for later ones, and keep their place over all attempts");

impl<F> Checker<F> for WaitOrder {
    const WANTS: Kinds = Kinds::TRANSACTION_BEGUN.with(Kinds::TRANSACTION_WAITS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        for (node, seen) in told(record) {
            if let TransactionSeen::Begun { id, op, stamp, .. } = seen {
                self.begun.insert(*id, (*stamp, Witness(record.id)));
                let (first, event) = self.by_op.entry(*op).or_insert((*stamp, Witness(record.id)));
                self.exercised += event.0 != record.id;
                if first != stamp {
                    let sentence = format!("{id} is an attempt of {op}, and has not the place of the first");
                    return Err(broken(record, sentence, &[event.0, record.id]));
                }
            } else if let TransactionSeen::Waits { id, behind } = seen {
                self.exercised += true;
                let (Some((mine, one)), Some((other, two))) = (self.begun.get(id), self.begun.get(behind)) else {
                    continue;
                };
                if mine >= other {
                    let sentence = format!("{id} waits at {node} for {behind}, which is not later");
                    return Err(broken(record, sentence, &[one.0, two.0, record.id]));
                }
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.exercised.0, "no transaction waited, and none was tried again")
    }
}
