//! `no-duplication`: no node delivers a broadcast twice, nor one that was never broadcast, nor two of one operation.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher};

use super::numbers::Seen;
use super::slots::Slots;
use super::{Branch, Checker, Invariant, broken, event_of};
use crate::identity::{Actor, NodeId, OpId};
use crate::observation::Observation;
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that each node delivers each broadcast at most once, over all its boots, and only what was broadcast before; and
/// so with the operation that a node made it of, which its client may have asked again. Exercised by deliveries.
///
/// What the disk knows as delivered when a node starts (`Resumed`) counts as delivered, since a kill may have cut the
/// fact off; so does what was delivered before, whatever the disk says.
#[derive(Clone, Debug, Default)]
pub struct NoDuplication {
    broadcasts: Slots<Seen>,
    /// By origin and operation: which broadcast it became first, and the number of the event that noted it.
    ops: BTreeMap<(NodeId, OpId), First>,
    /// Broadcasts, by origin and number, of operations that had become others before.
    again: BTreeMap<(NodeId, u64), (OpId, First)>,
    /// By node, then by origin.
    delivered: Slots<Slots<Delivered>>,
    deliveries: u64,
}

/// The number of a broadcast, and of the event that noted it.
type First = (u64, u32);

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "no-duplication",
    "no node delivers a broadcast twice, nor one never made, nor two of one operation",
);

/// One node's deliveries of one origin's broadcasts.
#[derive(Clone, Debug, Default)]
struct Delivered {
    /// By number: the number of the event that noted it.
    events: BTreeMap<u64, u32>,
    /// All up to this number were on the disk at a start, and the number of the event that noted it.
    resumed: (u64, u32),
}

impl Delivered {
    /// The number of the event that tells that `number` is delivered, if there is one.
    fn before(&self, number: u64) -> Option<u32> {
        let (resumed, event) = self.resumed;
        self.events.get(&number).copied().or_else(|| (number <= resumed).then_some(event))
    }
}

impl NoDuplication {
    /// A node broadcasts; after a restart it may tell of the last one once more.
    fn broadcast(&mut self, origin: NodeId, number: u64, op: Option<OpId>, event: u32) {
        self.broadcasts.at(origin.index()).put(number);
        let Some(op) = op else { return };
        let first = *self.ops.entry((origin, op)).or_insert((number, event));
        if first.0 != number {
            self.again.insert((origin, number), (op, first));
        }
    }

    fn deliver(&mut self, record: &Record<'_>, at: NodeId, origin: NodeId, number: u64) -> Result<(), Violation> {
        self.was_broadcast(record, at, origin, number, "delivered")?;
        let delivered = self.delivered.at(at.index()).at(origin.index());
        if let Some(before) = delivered.before(number) {
            let sentence = format!("{at} delivered {origin}'s broadcast {number} twice");
            return Err(broken(record, sentence, &[event_of(at, before), record.id]));
        }
        if let Some((op, (first, event))) = self.again.get(&(origin, number)) {
            let sentence = format!("{at} delivered {op} of {origin} twice: as its broadcast {first}, and as {number}");
            return Err(broken(record, sentence, &[event_of(origin, *event), record.id]));
        }
        delivered.events.insert(number, record.id.number);
        self.deliveries += 1;
        Ok(())
    }

    fn resume(&mut self, record: &Record<'_>, at: NodeId, delivered: &[(NodeId, u64)]) -> Result<(), Violation> {
        for (origin, number) in delivered {
            // Its own broadcasts a node may note only after this.
            if *origin != at && *number > 0 {
                self.was_broadcast(record, at, *origin, *number, "resumed with")?;
            }
            let known = self.delivered.at(at.index()).at(origin.index());
            if *number > known.resumed.0 {
                known.resumed = (*number, record.id.number);
            }
        }
        Ok(())
    }

    fn was_broadcast(
        &mut self,
        record: &Record<'_>,
        at: NodeId,
        origin: NodeId,
        number: u64,
        verb: &str,
    ) -> Result<(), Violation> {
        if self.broadcasts.at(origin.index()).has(number) {
            return Ok(());
        }
        let sentence = format!("{at} {verb} {origin}'s broadcast {number}, which {origin} had not broadcast");
        Err(broken(record, sentence, &[record.id]))
    }
}

impl<F> Checker<F> for NoDuplication {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        let (Event::Fact { fact }, Actor::Node(node)) = (&record.event, record.id.actor) else { return Ok(()) };
        for observation in fact.observations.iter() {
            match observation {
                Observation::Broadcast { number, op } => self.broadcast(node, *number, *op, record.id.number),
                Observation::Delivered { origin, number } => self.deliver(record, node, *origin, *number)?,
                Observation::Resumed { delivered } => self.resume(record, node, delivered)?,
                Observation::Compared { .. }
                | Observation::Forged
                | Observation::Channel(_)
                | Observation::Lock(_)
                | Observation::Consensus(_)
                | Observation::Store(_) => {}
            }
        }
        Ok(())
    }

    fn wants(&self) -> Kinds {
        Kinds::FACT
    }

    fn conclude(&mut self, _end: Time) -> Verdict {
        match self.deliveries {
            0 => Verdict::Vacuous { why: "no broadcast was delivered".to_owned() },
            exercised => Verdict::Holds { exercised },
        }
    }

    fn branch(&self) -> Option<Box<dyn Branch<F>>> {
        Some(Box::new(self.clone()))
    }
}

impl<F> Branch<F> for NoDuplication {
    fn fork(&self) -> Box<dyn Branch<F>> {
        Box::new(self.clone())
    }

    fn memory(&self, mut state: &mut dyn Hasher) {
        for (origin, seen) in self.broadcasts.iter().filter(|(_, seen)| !seen.is_empty()) {
            ('b', origin, seen).hash(&mut state);
        }
        self.ops.iter().for_each(|(asked, (number, _))| ('o', asked, number).hash(&mut state));
        self.again.keys().for_each(|again| ('a', again).hash(&mut state));
        for (at, origins) in self.delivered.iter() {
            for (origin, Delivered { events, resumed: (upto, _) }) in origins.iter() {
                if !events.is_empty() || *upto > 0 {
                    ('d', at, origin, upto, events.len()).hash(&mut state);
                    events.keys().for_each(|number| number.hash(&mut state));
                }
            }
        }
    }

    fn heeds(&self, event: &Event<'_>) -> bool {
        matches!(event, Event::Fact { fact } if !fact.observations.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn one_delivered() -> History {
        let mut history = History::default();
        history.on("n1", broadcast(1)).on("n1", broadcast(2)).on("n2", delivered("n1", 1));
        history
    }

    #[test]
    fn each_broadcast_once_holds_in_any_order() {
        let mut history = one_delivered();
        history.on("n3", delivered("n1", 2)).on("n3", delivered("n1", 1)).on("n1", delivered("n1", 1));
        history
            .on("n1", broadcast(2))
            .on("n2", resumed(&[("n1", 1), ("n2", 7), ("n3", 0)]))
            .on("n2", delivered("n1", 2));
        assert_holds(&history, NoDuplication::default(), 5);
    }

    #[test]
    fn a_second_delivery_breaks_it() {
        let mut history = one_delivered();
        history.on("n2", delivered("n1", 1));
        assert_broken(&history, NoDuplication::default(), "n2 delivered n1's broadcast 1 twice", "n2#1 n2#2");
    }

    #[test]
    fn a_second_delivery_after_a_restart_breaks_it() {
        let mut history = one_delivered();
        history.on("n2", killed()).on("n2", start(2)).on("n2", resumed(&[])).on("n2", delivered("n1", 1));
        assert_broken(&history, NoDuplication::default(), "n2 delivered n1's broadcast 1 twice", "n2#1 n2#5");
    }

    #[test]
    fn a_delivery_of_what_the_disk_knows_breaks_it() {
        let mut history = one_delivered();
        history.on("n2", resumed(&[("n1", 2)])).on("n2", delivered("n1", 2));
        assert_broken(&history, NoDuplication::default(), "n2 delivered n1's broadcast 2 twice", "n2#2 n2#3");
    }

    #[test]
    fn a_delivery_of_what_was_never_broadcast_breaks_it() {
        let mut history = one_delivered();
        history.on("n2", delivered("n1", 3));
        let sentence = "n2 delivered n1's broadcast 3, which n1 had not broadcast";
        assert_broken(&history, NoDuplication::default(), sentence, "n2#2");
        let mut history = one_delivered();
        history.on("n2", resumed(&[("n1", 3)]));
        let sentence = "n2 resumed with n1's broadcast 3, which n1 had not broadcast";
        assert_broken(&history, NoDuplication::default(), sentence, "n2#2");
    }

    #[test]
    fn an_operation_that_is_asked_again_is_delivered_once() {
        let mut history = History::default();
        history.on("n1", broadcast_for(3, "c1#3")).on("n1", broadcast_for(4, "c1#4")).on("n2", delivered("n1", 3));
        history.on("n1", killed()).on("n1", start(2)).on("n1", broadcast_for(4, "c1#4")).on("n2", delivered("n1", 4));
        history.on("n3", broadcast_for(1, "c1#4")).on("n2", delivered("n3", 1));
        assert_holds(&history, NoDuplication::default(), 3);
        history.on("n1", broadcast_for(5, "c1#3")).on("n2", delivered("n1", 5));
        let sentence = "n2 delivered c1#3 of n1 twice: as its broadcast 3, and as 5";
        assert_broken(&history, NoDuplication::default(), sentence, "n1#1 n2#4");
    }

    #[test]
    fn a_run_without_deliveries_proves_nothing() {
        let mut history = History::default();
        history.on("n1", broadcast(1));
        assert_vacuous(&history, NoDuplication::default(), "no broadcast was delivered");
    }
}
