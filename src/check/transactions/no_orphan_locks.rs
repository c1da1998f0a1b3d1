//! `no-orphan-locks`: locks do not outlive their transactions.

use std::collections::BTreeMap;

use super::told;
use crate::check::core::Core;
use crate::check::event_class::EventClass;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::{TransactionId, TransactionSeen};
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that no participant locks for a transaction whose outcome it has known, and that after quiescence no locks are
/// held. Exercised by participants that lock.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoOrphanLocks {
    held: BTreeMap<(NodeId, TransactionId), Witness<EventId>>,
    over: BTreeMap<(NodeId, TransactionId), Witness<EventId>>,
    core: Core,
    calm: bool,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness(
    "no-orphan-locks",
    "nothing is locked for what is over, and after quiescence nothing is locked",
);

impl<F> Checker<F> for NoOrphanLocks {
    const WANTS: Kinds = Kinds::TRANSACTION_PREPARED
        .with(Kinds::TRANSACTION_DECIDED)
        .with(Kinds::TRANSACTION_RELEASED)
        .with(Kinds::TRANSACTION_UNLOCKED)
        .with(Kinds::DEATHS)
        .with(Kinds::CALM)
        .with(Core::WANTS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.core.see(&record.event);
        self.calm |= matches!(record.event, Event::Calm);
        if let Actor::Node(node) = record.id.actor
            && EventClass::of(&record.event) == EventClass::Death
        {
            self.held.retain(|(at, _), _| *at != node);
        }
        for (node, seen) in told(record) {
            if let TransactionSeen::Prepared { id, .. } = seen {
                if node == id.coordinator.node {
                    // Its own part is told of with the commit, when its locks end.
                    continue;
                }
                if let Some(over) = self.over.get(&(node, *id)) {
                    let sentence = format!("{node} locks for {id}, of which it knew the outcome");
                    return Err(broken(record, sentence, &[over.0, record.id]));
                }
                self.exercised += true;
                self.held.entry((node, *id)).or_insert(Witness(record.id));
            } else if let TransactionSeen::Decided { id, .. } | TransactionSeen::Released { id } = seen {
                self.over.entry((node, *id)).or_insert(Witness(record.id));
            } else if let TransactionSeen::Unlocked { id } = seen {
                self.held.remove(&(node, *id));
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        !self.held.keys().any(|(node, _)| self.core.has(*node))
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let held = self.held.iter().find(|((node, _), _)| self.core.has(*node));
        if self.calm
            && let Some(((node, id), event)) = held
        {
            let count = self.held.keys().filter(|(node, _)| self.core.has(*node)).count();
            let more = if count > 1 { format!(", and {} more are", count - 1) } else { String::new() };
            let sentence = format!("{node} still holds the locks of {id}{more}");
            return Verdict::Violated(Violation { time: end.time, sentence, witnesses: vec![event.0] });
        }
        Verdict::of(self.exercised.0, "no participant has locked anything")
    }
}
