//! `atomicity`: all who write decide alike.

use std::collections::{BTreeMap, BTreeSet};

use super::told;
use crate::check::core::Core;
use crate::check::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken};
use crate::identity::{EventId, NodeId};
use crate::observation::{TransactionId, TransactionSeen};
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that no two of a transaction's coordinator and the participants that write decide differently, and that after
/// quiescence, if one of them has committed, all have. Exercised by decisions of participants.
#[derive(Clone, Debug, Default, Hash)]
pub struct Atomicity {
    known: BTreeMap<TransactionId, Known>,
    /// Those that somebody has committed, and not yet all who write.
    open: BTreeSet<TransactionId>,
    core: Core,
    calm: bool,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant =
    Invariant::liveness("atomicity", "all who write in a transaction decide alike, and after quiescence all decide");

#[derive(Clone, Debug, Default, Hash)]
struct Known {
    /// The participants that write.
    writers: Vec<NodeId>,
    decided: BTreeMap<NodeId, (bool, Witness<EventId>)>,
}

impl Known {
    /// Who writes, and has not decided.
    fn missing(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.writers.iter().copied().filter(|node| !self.decided.contains_key(node))
    }
}

const fn word(commits: bool) -> &'static str {
    if commits { "committed" } else { "aborted" }
}

impl Atomicity {
    fn decided(
        &mut self,
        record: &Record<'_>,
        node: NodeId,
        id: TransactionId,
        commits: bool,
    ) -> Result<(), Violation> {
        let known = self.known.entry(id).or_default();
        self.exercised += node != id.coordinator.node;
        if let Some((other, (_, event))) = known.decided.iter().find(|(_, (other, _))| *other != commits) {
            let sentence = format!("{node} {} {id}, which {other} has {}", word(commits), word(!commits));
            return Err(broken(record, sentence, &[event.0, record.id]));
        }
        known.decided.entry(node).or_insert((commits, Witness(record.id)));
        if commits && known.missing().next().is_some() {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
        Ok(())
    }

    /// The transactions that not all have committed who must, and one who has not.
    fn open(&self) -> impl Iterator<Item = (TransactionId, &Known, NodeId)> {
        self.open.iter().filter_map(|id| {
            let known = &self.known[id];
            Some((*id, known, known.missing().find(|node| self.core.has(*node))?))
        })
    }
}

impl<F> Checker<F> for Atomicity {
    const WANTS: Kinds = Kinds::TRANSACTION_BEGUN.with(Kinds::TRANSACTION_DECIDED).with(Kinds::CALM).with(Core::WANTS);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        self.core.see(&record.event);
        self.calm |= matches!(record.event, Event::Calm);
        for (node, seen) in told(record) {
            if let TransactionSeen::Begun { id, parts, .. } = seen {
                let writers = parts.iter().filter(|(_, writes)| *writes).map(|(node, _)| *node).collect();
                self.known.entry(*id).or_default().writers = writers;
            } else if let TransactionSeen::Decided { id, commits, .. } = seen {
                self.decided(record, node, *id, *commits)?;
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        self.open().next().is_none()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        if self.calm
            && let Some((id, known, node)) = self.open().next()
        {
            let (by, (_, event)) = known.decided.iter().find(|(_, (commits, _))| *commits).expect("somebody has");
            let sentence = format!("{by} committed {id}, in which {node} writes, and {node} has not decided");
            return Verdict::Violated(Violation { time: end.time, sentence, witnesses: vec![event.0] });
        }
        Verdict::of(self.exercised.0, "no participant decided")
    }
}
