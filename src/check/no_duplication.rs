//! `no-duplication`: no node delivers a broadcast twice, one that was never sent, or two of one operation.

use std::collections::BTreeMap;

use super::number_set::SeenNumbers;
use super::slots::Slots;
use super::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken, event_of};
use crate::identity::{Actor, NodeId, OpId};
use crate::observation::Observation;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that each node delivers each broadcast at most once, over all its boots, and only broadcasts that were sent
/// before; and that a node makes at most one broadcast of an operation, which its client may have retried. Exercised by
/// deliveries.
///
/// The deliveries on the disk at a start (`Resumed`) count as delivered, because a kill may have dropped the fact; so
/// do earlier deliveries, whatever the disk holds.
#[derive(Clone, Debug, Default, Hash)]
pub struct NoDuplication {
    broadcasts: Slots<SeenNumbers>,
    /// By origin and operation: the first broadcast of the operation, and the number of the event that noted it.
    ops: BTreeMap<(NodeId, OpId), First>,
    /// Broadcasts, by origin and number, of operations that had been broadcast before.
    again: BTreeMap<(NodeId, u64), Witness<(OpId, First)>>,
    /// By node, then by origin.
    delivered: Slots<Slots<Delivered>>,
    deliveries: Exercised,
}

/// The number of a broadcast, and of the event that noted it.
type First = (u64, Witness<u32>);

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "no-duplication",
    "a node delivers each broadcast at most once, only broadcasts that were made, and one per operation",
);

/// One node's deliveries of one origin's broadcasts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Delivered {
    /// By number: the number of the event that noted it.
    events: BTreeMap<u64, Witness<u32>>,
    /// The deliveries up to this number were on the disk at a start, with the number of the event that noted it.
    resumed: (u64, Witness<u32>),
}

impl Delivered {
    /// The number of the event that shows that `number` is delivered, if there is one.
    fn before(&self, number: u64) -> Option<u32> {
        let (resumed, event) = self.resumed;
        self.events.get(&number).copied().or_else(|| (number <= resumed).then_some(event)).map(|event| event.0)
    }
}

impl NoDuplication {
    /// A node broadcasts; after a restart it may note the last one again.
    fn broadcast(&mut self, origin: NodeId, number: u64, op: Option<OpId>, event: u32) {
        self.broadcasts.at(origin.index()).insert(number);
        let Some(op) = op else { return };
        let first = *self.ops.entry((origin, op)).or_insert((number, Witness(event)));
        if first.0 != number {
            self.again.insert((origin, number), Witness((op, first)));
        }
    }

    fn deliver(&mut self, record: &Record<'_>, at: NodeId, origin: NodeId, number: u64) -> Result<(), Violation> {
        self.was_broadcast(record, at, origin, number, "delivered")?;
        let delivered = self.delivered.at(at.index()).at(origin.index());
        if let Some(before) = delivered.before(number) {
            let sentence = format!("{at} delivered {origin}'s broadcast {number} twice");
            return Err(broken(record, sentence, &[event_of(at, before), record.id]));
        }
        if let Some(Witness((op, (first, event)))) = self.again.get(&(origin, number)) {
            let sentence = format!("{at} delivered {op} of {origin} twice: as its broadcast {first}, and as {number}");
            return Err(broken(record, sentence, &[event_of(origin, **event), record.id]));
        }
        delivered.events.insert(number, Witness(record.id.number));
        self.deliveries += true;
        Ok(())
    }

    fn resume(&mut self, record: &Record<'_>, at: NodeId, delivered: &[(NodeId, u64)]) -> Result<(), Violation> {
        for (origin, number) in delivered {
            // A node may note its own broadcasts only after this.
            if *origin != at && *number > 0 {
                self.was_broadcast(record, at, *origin, *number, "resumed with")?;
            }
            let known = self.delivered.at(at.index()).at(origin.index());
            if *number > known.resumed.0 {
                known.resumed = (*number, Witness(record.id.number));
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
        if self.broadcasts.at(origin.index()).contains(number) {
            return Ok(());
        }
        let sentence = format!("{at} {verb} {origin}'s broadcast {number}, which {origin} had not broadcast");
        Err(broken(record, sentence, &[record.id]))
    }
}

impl<F> Checker<F> for NoDuplication {
    const WANTS: Kinds = Kinds::BROADCAST.with(Kinds::DELIVERED).with(Kinds::RESUMED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let (Event::Fact { fact }, Actor::Node(node)) = (&record.event, record.id.actor) else { return Ok(()) };
        for observation in fact.observations.iter() {
            match observation {
                Observation::Broadcast { number, op } => self.broadcast(node, *number, *op, record.id.number),
                Observation::Delivered { origin, number } => self.deliver(record, node, *origin, *number)?,
                Observation::Resumed { delivered } => self.resume(record, node, delivered)?,
                Observation::Compared { .. }
                | Observation::Forged
                | Observation::Replica(_)
                | Observation::Transaction(_)
                | Observation::Channel(_)
                | Observation::Lock(_)
                | Observation::Consensus(_)
                | Observation::Store(_) => {}
            }
        }
        Ok(())
    }

    fn conclude(&mut self, _end: &End<'_>) -> Verdict {
        Verdict::of(self.deliveries.0, "no broadcast was delivered")
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
