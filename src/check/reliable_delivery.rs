//! `reliable-delivery`: after quiescence, every broadcast reaches every node that is up.

use std::collections::BTreeMap;

use super::core::Core;
use super::event_class::EventClass;
use super::number_set::SeenNumbers;
use super::slots::Slots;
use super::{Checker, End, Invariant, Shown, event_of};
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::Observation;
use crate::time::Time;
use crate::trace::{Event, Kinds, Verdict, Violation};

/// Checks that at the end of a run with quiescence, every owed broadcast is delivered at every live node. A broadcast
/// is owed if its origin is alive at the end, or if some live node has delivered it (validity and agreement of
/// Hadzilacos and Toueg 1994). Exercised by pairs of an owed broadcast and another node.
///
/// If quiescence heals a core only, its nodes count as those that are alive.
///
/// A node's own broadcasts count as delivered there, and so do the deliveries on its disk at a start (`Resumed`).
/// Without quiescence nothing is owed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReliableDelivery {
    nodes: Slots<Node>,
    quiescence: Option<Time>,
    core: Core,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness(
    "reliable-delivery",
    "after quiescence, every broadcast is delivered at every node that is alive at the end",
);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    alive: bool,
    /// By number: the number of the event that noted it.
    broadcasts: BTreeMap<u64, u32>,
    /// By origin.
    delivered: Slots<SeenNumbers>,
}

/// A broadcast that a node lacks at the end.
struct Missing {
    origin: NodeId,
    number: u64,
    broadcast: EventId,
    at: NodeId,
}

/// The maximum number of missing broadcasts in a sentence.
const NAMED: usize = 3;

impl ReliableDelivery {
    fn has(&self, at: &Node, index: usize, origin: usize, number: u64) -> bool {
        index == origin || at.delivered.get(origin).is_some_and(|seen| seen.contains(number))
    }

    fn alive(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().filter(|(index, node)| node.alive && self.core.has(NodeId::new(*index as u32)))
    }

    /// The missing deliveries, and the number of pairs of a broadcast and a node.
    fn judge(&self) -> (Vec<Missing>, u64) {
        let (mut missing, mut pairs) = (Vec::new(), 0);
        for (origin, source) in self.nodes.iter() {
            for (number, event) in &source.broadcasts {
                let lacking: Vec<usize> = self
                    .alive()
                    .filter(|(index, node)| !self.has(node, *index, origin, *number))
                    .map(|(index, _)| index)
                    .collect();
                let others = self.alive().filter(|(index, _)| *index != origin).count();
                let lives = source.alive && self.core.has(NodeId::new(origin as u32));
                if !lives && lacking.len() == others {
                    continue;
                }
                pairs += others as u64;
                let origin = NodeId::new(origin as u32);
                missing.extend(lacking.into_iter().map(|at| Missing {
                    origin,
                    number: *number,
                    broadcast: event_of(origin, *event),
                    at: NodeId::new(at as u32),
                }));
            }
        }
        (missing, pairs)
    }
}

fn violation(quiescence: Time, end: Time, missing: &[Missing]) -> Violation {
    let named = missing.iter().take(NAMED);
    let list: Vec<String> =
        named.clone().map(|one| format!("{}'s broadcast {} at {}", one.origin, one.number, one.at)).collect();
    let more = missing.len() - list.len();
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    let quiescence = Time::ZERO + end.since(quiescence);
    let sentence = format!("not delivered {quiescence}ms after quiescence: {}{rest}", list.join(", "));
    let mut witnesses: Vec<EventId> = named.map(|one| one.broadcast).collect();
    witnesses.dedup();
    Violation { time: end, sentence, witnesses }
}

impl<F> Checker<F> for ReliableDelivery {
    const WANTS: Kinds = Kinds::BROADCAST
        .with(Kinds::DELIVERED)
        .with(Kinds::RESUMED)
        .with(Kinds::CALM)
        .with(Core::WANTS)
        .with(Kinds::START)
        .with(Kinds::DEATHS);

    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else {
            self.core.see(&record.event);
            if matches!(record.event, Event::Calm) {
                self.quiescence = Some(record.time);
            }
            return Ok(());
        };
        match EventClass::of(&record.event) {
            EventClass::Start => self.nodes.at(node.index()).alive = true,
            EventClass::Death => self.nodes.at(node.index()).alive = false,
            EventClass::Input
            | EventClass::Answer
            | EventClass::Effect
            | EventClass::Pause
            | EventClass::Unpause
            | EventClass::World => {}
        }
        let Event::Fact { fact } = &record.event else { return Ok(()) };
        let own = self.nodes.at(node.index());
        for observation in fact.observations.iter() {
            match observation {
                Observation::Broadcast { number, .. } => {
                    own.broadcasts.entry(*number).or_insert(record.id.number);
                }
                Observation::Delivered { origin, number } => own.delivered.at(origin.index()).insert(*number),
                Observation::Resumed { delivered } => {
                    for (origin, number) in delivered {
                        own.delivered.at(origin.index()).insert_all(*number);
                    }
                }
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

    fn is_settled(&self) -> bool {
        self.judge().0.is_empty()
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let end = end.time;
        let Some(quiescence) = self.quiescence else {
            return Verdict::Vacuous { why: "the run never quiesces, so nothing has to be delivered".to_owned() };
        };
        match self.judge() {
            (missing, _) if !missing.is_empty() => Verdict::Violated(violation(quiescence, end, &missing)),
            (_, 0) => Verdict::Vacuous { why: "no broadcast was owed to another node".to_owned() },
            (_, exercised) => Verdict::Holds { exercised },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::history::*;

    fn three_nodes() -> History {
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("n3", start(1)).on("n1", broadcast(1));
        history
    }

    #[test]
    fn all_have_all_in_the_end() {
        let mut history = three_nodes();
        history.on("env", Event::Calm).on("n2", delivered("n1", 1)).on("n3", resumed(&[("n1", 1)]));
        assert_holds(&history, ReliableDelivery::default(), 2);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut history = three_nodes();
        history.at(9).on("env", Event::Calm).on("n2", delivered("n1", 1));
        let sentence = "not delivered 0.000ms after quiescence: n1's broadcast 1 at n3";
        assert_broken(&history, ReliableDelivery::default(), sentence, "n1#2");
        history.on("n1", broadcast(2)).on("n1", broadcast(3));
        let sentence = "not delivered 0.000ms after quiescence: n1's broadcast 1 at n3, n1's \
                        broadcast 2 at n2, n1's broadcast 2 at n3, and 2 more";
        assert_broken(&history, ReliableDelivery::default(), sentence, "n1#2 n1#3");
    }

    #[test]
    fn the_dead_are_owed_nothing_and_owe_what_the_living_know() {
        let mut history = three_nodes();
        history.on("env", Event::Calm).on("n3", killed()).on("n2", delivered("n1", 1));
        assert_holds(&history, ReliableDelivery::default(), 1);
        let mut history = three_nodes();
        history.on("env", Event::Calm).on("n1", killed());
        let unowed = history.clone();
        assert_vacuous(&unowed, ReliableDelivery::default(), "no broadcast was owed to another node");
        history.on("n2", delivered("n1", 1));
        let sentence = "not delivered 0.000ms after quiescence: n1's broadcast 1 at n3";
        assert_broken(&history, ReliableDelivery::default(), sentence, "n1#2");
    }

    #[test]
    fn with_a_core_only_its_nodes_are_owed() {
        let mut history = three_nodes();
        history.on("env", core(&["n1", "n2"])).on("env", Event::Calm).on("n2", delivered("n1", 1));
        assert_holds(&history, ReliableDelivery::default(), 1);
        let mut history = three_nodes();
        history.on("env", core(&["n2", "n3"])).on("env", Event::Calm);
        assert_vacuous(&history, ReliableDelivery::default(), "no broadcast was owed to another node");
        history.on("n2", delivered("n1", 1));
        let sentence = "not delivered 0.000ms after quiescence: n1's broadcast 1 at n3";
        assert_broken(&history, ReliableDelivery::default(), sentence, "n1#2");
    }

    #[test]
    fn a_run_without_a_calm_or_a_broadcast_proves_nothing() {
        let why = "the run never quiesces, so nothing has to be delivered";
        assert_vacuous(&three_nodes(), ReliableDelivery::default(), why);
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("env", Event::Calm);
        assert_vacuous(&history, ReliableDelivery::default(), "no broadcast was owed to another node");
    }
}
