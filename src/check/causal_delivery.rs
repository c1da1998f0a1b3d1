//! `causal-delivery`: broadcasts are delivered in causal order.

use std::collections::BTreeMap;

use super::slots::Slots;
use super::{Checker, End, Exercised, Exploring, Invariant, Shown, Witness, broken, event_of};
use crate::identity::{Actor, NodeId};
use crate::observation::Observation;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Checks that before a node delivers a broadcast, it has delivered everything that the broadcast's origin had
/// broadcast or delivered before broadcasting it (Birman, Schiper and Stephenson 1991). Exercised by deliveries, at
/// nodes other than the origin, of broadcasts that had such predecessors.
///
/// The reference is computed from the facts alone, in program order of each node, which is the order of its facts in
/// the trace. A node's own broadcasts count as delivered there. After a restart, everything that had been delivered
/// before still counts, and so does everything that the disk has as delivered (`Resumed`), because a kill may have
/// dropped the fact. The origin's previous broadcast has its own predecessors, so only those since then are kept and
/// compared.
#[derive(Clone, Debug, Default, Hash)]
pub struct CausalDelivery {
    nodes: Slots<Node>,
    exercised: Exercised,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "causal-delivery",
    "a broadcast is delivered only after all that its origin had broadcast or delivered before it",
);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    /// For each origin, the highest number delivered, including the node's own broadcasts.
    known: Slots<u64>,
    broadcasts: BTreeMap<u64, Broadcast>,
    /// The deliveries since its last broadcast.
    since: Vec<Predecessor>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Broadcast {
    /// The number of the event that noted it.
    event: Witness<u32>,
    /// The deliveries of its origin since the broadcast before.
    after: Box<[Predecessor]>,
}

/// A delivered broadcast of another origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Predecessor {
    origin: NodeId,
    /// The number of the event that noted the delivery.
    event: Witness<u32>,
    number: u64,
}

impl CausalDelivery {
    fn broadcast(&mut self, node: NodeId, event: u32, number: u64) {
        let own = self.nodes.at(node.index());
        let known = own.known.at(node.index());
        *known = number.max(*known);
        if let std::collections::btree_map::Entry::Vacant(place) = own.broadcasts.entry(number) {
            place.insert(Broadcast { event: Witness(event), after: own.since.drain(..).collect() });
        }
    }

    fn known(&self, node: NodeId, origin: NodeId) -> u64 {
        self.nodes.get(node.index()).and_then(|own| own.known.get(origin.index())).copied().unwrap_or(0)
    }

    /// The node has delivered all broadcasts of `origin` up to `number`.
    fn learn(&mut self, node: NodeId, origin: NodeId, number: u64, event: u32) {
        let own = self.nodes.at(node.index());
        let known = own.known.at(origin.index());
        if number > *known {
            *known = number;
            if origin != node {
                own.since.push(Predecessor { origin, event: Witness(event), number });
            }
        }
    }

    fn delivered(&mut self, record: &Record<'_>, at: NodeId, origin: NodeId, number: u64) -> Result<(), Violation> {
        let before = self.known(at, origin);
        if number <= before {
            return Ok(());
        }
        self.follows(record, at, origin, number, before)?;
        self.learn(at, origin, number, record.id.number);
        Ok(())
    }

    /// Judges a delivery of `number`, given that all broadcasts up to `before` had been delivered.
    fn follows(&mut self, record: &Record<'_>, at: NodeId, origin: NodeId, number: u64, before: u64) -> Judged {
        let Some(source) = self.nodes.get(origin.index()) else { return Ok(()) };
        let Some(broadcast) = source.broadcasts.get(&number) else { return Ok(()) };
        let cast = event_of(origin, *broadcast.event);
        if let Some((skipped, other)) = source.broadcasts.range(before + 1..number).next() {
            let sentence =
                format!("{at} delivered {origin}'s broadcast {number} before {origin}'s broadcast {skipped}");
            return Err(broken(record, sentence, &[record.id, event_of(origin, *other.event), cast]));
        }
        for past in &broadcast.after {
            if self.known(at, past.origin) < past.number {
                let sentence = format!(
                    "{at} delivered {origin}'s broadcast {number} before {}'s broadcast {}, which {origin} had \
                     delivered before broadcasting it",
                    past.origin, past.number
                );
                return Err(broken(record, sentence, &[record.id, event_of(origin, *past.event), cast]));
            }
        }
        if at != origin && (!broadcast.after.is_empty() || source.broadcasts.range(..number).next().is_some()) {
            self.exercised += true;
        }
        Ok(())
    }

    /// The deliveries on the disk count as one delivery of all of them at once: the set must be causally closed.
    fn resumed(&mut self, record: &Record<'_>, at: NodeId, delivered: &[(NodeId, u64)]) -> Result<(), Violation> {
        let before: Vec<u64> = delivered.iter().map(|(origin, _)| self.known(at, *origin)).collect();
        for (origin, number) in delivered {
            self.learn(at, *origin, *number, record.id.number);
        }
        for ((origin, number), before) in delivered.iter().zip(before) {
            let Some(source) = self.nodes.get(origin.index()) else { continue };
            if before >= *number {
                continue;
            }
            for (new, broadcast) in source.broadcasts.range(before + 1..=*number) {
                for past in &broadcast.after {
                    if self.known(at, past.origin) < past.number {
                        let sentence = format!(
                            "{at} resumed with {origin}'s broadcast {new} delivered but not {}'s broadcast {}, which \
                             {origin} had delivered before broadcasting it",
                            past.origin, past.number
                        );
                        let cast = event_of(*origin, *broadcast.event);
                        return Err(broken(record, sentence, &[record.id, event_of(*origin, *past.event), cast]));
                    }
                }
            }
        }
        Ok(())
    }
}

type Judged = Result<(), Violation>;

impl<F> Checker<F> for CausalDelivery {
    const WANTS: Kinds = Kinds::BROADCAST.with(Kinds::DELIVERED).with(Kinds::RESUMED);
    const EXPLORED: Exploring = Exploring::Always;

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let (Event::Fact { fact }, Actor::Node(node)) = (&record.event, record.id.actor) else { return Ok(()) };
        for observation in fact.observations.iter() {
            match observation {
                Observation::Broadcast { number, .. } => self.broadcast(node, record.id.number, *number),
                Observation::Delivered { origin, number } => self.delivered(record, node, *origin, *number)?,
                Observation::Resumed { delivered } => self.resumed(record, node, delivered)?,
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
        Verdict::of(self.exercised.0, "no broadcast that follows another was delivered")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    /// n1 broadcasts 1; n2 delivers it and broadcasts its own 1.
    fn question_and_answer() -> History {
        let mut history = History::default();
        history.on("n1", broadcast(1)).on("n2", delivered("n1", 1)).on("n2", broadcast(1));
        history
    }

    #[test]
    fn an_answer_after_its_question_holds() {
        let mut history = question_and_answer();
        history.on("n3", delivered("n1", 1)).on("n3", delivered("n2", 1)).on("n1", delivered("n2", 1));
        assert_holds(&history, CausalDelivery::default(), 2);
    }

    #[test]
    fn an_answer_before_its_question_breaks_it() {
        let mut history = question_and_answer();
        history.on("n3", delivered("n2", 1));
        let sentence =
            "n3 delivered n2's broadcast 1 before n1's broadcast 1, which n2 had delivered before broadcasting it";
        assert_broken(&history, CausalDelivery::default(), sentence, "n3#1 n2#1 n2#2");
    }

    #[test]
    fn a_broadcast_brings_the_past_of_the_one_before_along() {
        let mut history = question_and_answer();
        history.on("n2", broadcast(2)).on("n3", delivered("n1", 1)).on("n3", delivered("n2", 2));
        let sentence = "n3 delivered n2's broadcast 2 before n2's broadcast 1";
        assert_broken(&history, CausalDelivery::default(), sentence, "n3#2 n2#2 n2#3");
    }

    #[test]
    fn what_is_delivered_after_a_broadcast_is_no_predecessor() {
        let mut history = History::default();
        history.on("n1", broadcast(1)).on("n2", broadcast(1)).on("n2", delivered("n1", 1));
        history.on("n3", delivered("n2", 1));
        assert_vacuous(&history, CausalDelivery::default(), "no broadcast that follows another was delivered");
    }

    #[test]
    fn a_broadcast_noted_again_after_a_restart_keeps_its_place() {
        let mut history = History::default();
        history.on("n1", broadcast(1)).on("n2", broadcast(1)).on("n2", killed()).on("n2", start_from(2, 1, 0));
        history.on("n2", delivered("n1", 1)).on("n2", broadcast(1)).on("n3", delivered("n2", 1));
        history.on("n2", broadcast(2)).on("n3", delivered("n2", 2));
        let sentence =
            "n3 delivered n2's broadcast 2 before n1's broadcast 1, which n2 had delivered before broadcasting it";
        assert_broken(&history, CausalDelivery::default(), sentence, "n3#2 n2#4 n2#6");
    }

    #[test]
    fn what_a_node_resumed_with_counts_as_delivered_by_and_at_it() {
        let mut history = History::default();
        history.on("n1", broadcast(1)).on("n1", broadcast(2)).on("n2", resumed(&[("n1", 2)])).on("n2", broadcast(1));
        history.on("n3", resumed(&[("n1", 2)])).on("n3", delivered("n2", 1));
        history.on("n4", delivered("n1", 1));
        let mut early = history.clone();
        history.on("n4", delivered("n1", 2)).on("n4", delivered("n2", 1));
        assert_holds(&history, CausalDelivery::default(), 3);
        early.on("n4", delivered("n2", 1));
        let sentence =
            "n4 delivered n2's broadcast 1 before n1's broadcast 2, which n2 had delivered before broadcasting it";
        assert_broken(&early, CausalDelivery::default(), sentence, "n4#2 n2#1 n2#2");
    }

    #[test]
    fn a_disk_that_knows_the_answer_without_the_question_breaks_it() {
        let mut history = question_and_answer();
        history.on("n3", resumed(&[("n2", 1)]));
        let sentence = "n3 resumed with n2's broadcast 1 delivered but not n1's broadcast 1, which n2 had delivered before \
                        broadcasting it";
        assert_broken(&history, CausalDelivery::default(), sentence, "n3#1 n2#1 n2#2");
    }

    #[test]
    fn a_nodes_own_broadcasts_are_delivered_there() {
        let mut history = question_and_answer();
        history.on("n1", delivered("n2", 1)).on("n1", delivered("n1", 1));
        assert_holds(&history, CausalDelivery::default(), 1);
    }
}
