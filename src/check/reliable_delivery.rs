//! `reliable-delivery`: after the calm, every broadcast reaches every node that is up.

use std::collections::BTreeMap;

use super::deed::Deed;
use super::numbers::Seen;
use super::slots::Slots;
use super::{Checker, Invariant, event_of};
use crate::identity::{Actor, EventId, NodeId};
use crate::observation::Observation;
use crate::time::Time;
use crate::trace::{Event, Kinds, Record, Verdict, Violation};

/// Says that at the end of a run that has been calm, every broadcast that is owed is delivered at every node that is
/// alive. Owed are the broadcasts of origins that are alive at the end, and those that some node alive has delivered
/// (validity and agreement of Hadzilacos and Toueg 1994). Exercised by pairs of a broadcast and a node that owed it.
///
/// A node's own broadcasts count as delivered there, and so does what its disk knows as delivered at a start
/// (`Resumed`). Without a calm nothing is owed yet.
#[derive(Clone, Debug, Default)]
pub struct ReliableDelivery {
    nodes: Slots<Node>,
    calm: Option<Time>,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::liveness(
    "reliable-delivery",
    "after the calm every broadcast is delivered at every node that is alive at the end",
);

#[derive(Clone, Debug, Default)]
struct Node {
    alive: bool,
    /// By number: the number of the event that noted it.
    broadcasts: BTreeMap<u64, u32>,
    /// By origin.
    delivered: Slots<Seen>,
}

/// A broadcast that a node lacks at the end.
struct Missing {
    origin: NodeId,
    number: u64,
    broadcast: EventId,
    at: NodeId,
}

/// How many of the missing a sentence names.
const NAMED: usize = 3;

impl ReliableDelivery {
    fn has(&self, at: &Node, index: usize, origin: usize, number: u64) -> bool {
        index == origin || at.delivered.get(origin).is_some_and(|seen| seen.has(number))
    }

    fn alive(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().filter(|(_, node)| node.alive)
    }

    /// What is missing, and how many pairs of a broadcast and a node there were.
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
                if !source.alive && lacking.len() == others {
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

fn violation(calm: Time, end: Time, missing: &[Missing]) -> Violation {
    let named = missing.iter().take(NAMED);
    let list: Vec<String> =
        named.clone().map(|one| format!("{}'s broadcast {} at {}", one.origin, one.number, one.at)).collect();
    let more = missing.len() - list.len();
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    let calm = Time::ZERO + end.since(calm);
    let sentence = format!("never delivered, though all has been calm for {calm}ms: {}{rest}", list.join(", "));
    let mut witnesses: Vec<EventId> = named.map(|one| one.broadcast).collect();
    witnesses.dedup();
    Violation { time: end, sentence, witnesses }
}

impl<F> Checker<F> for ReliableDelivery {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        let Actor::Node(node) = record.id.actor else {
            if matches!(record.event, Event::Calm) {
                self.calm = Some(record.time);
            }
            return Ok(());
        };
        match Deed::of(&record.event) {
            Deed::Start => self.nodes.at(node.index()).alive = true,
            Deed::Death => self.nodes.at(node.index()).alive = false,
            Deed::Input | Deed::Answer | Deed::Effect | Deed::Pause | Deed::Unpause | Deed::World => {}
        }
        let Event::Fact { fact } = &record.event else { return Ok(()) };
        let own = self.nodes.at(node.index());
        for observation in fact.observations.iter() {
            match observation {
                Observation::Broadcast { number, .. } => {
                    own.broadcasts.entry(*number).or_insert(record.id.number);
                }
                Observation::Delivered { origin, number } => own.delivered.at(origin.index()).put(*number),
                Observation::Resumed { delivered } => {
                    for (origin, number) in delivered {
                        own.delivered.at(origin.index()).put_all(*number);
                    }
                }
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
        Kinds::CALM.with(Kinds::START).with(Kinds::DEATHS).with(Kinds::FACT)
    }

    fn is_settled(&self) -> bool {
        self.judge().0.is_empty()
    }

    fn conclude(&mut self, end: Time) -> Verdict {
        let Some(calm) = self.calm else {
            return Verdict::Vacuous { why: "the run has no calm, after which delivery is owed".to_owned() };
        };
        match self.judge() {
            (missing, _) if !missing.is_empty() => Verdict::Violated(violation(calm, end, &missing)),
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
        let sentence = "never delivered, though all has been calm for 0.000ms: n1's broadcast 1 at n3";
        assert_broken(&history, ReliableDelivery::default(), sentence, "n1#2");
        history.on("n1", broadcast(2)).on("n1", broadcast(3));
        let sentence = "never delivered, though all has been calm for 0.000ms: n1's broadcast 1 at n3, n1's \
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
        let sentence = "never delivered, though all has been calm for 0.000ms: n1's broadcast 1 at n3";
        assert_broken(&history, ReliableDelivery::default(), sentence, "n1#2");
    }

    #[test]
    fn a_run_without_a_calm_or_a_broadcast_proves_nothing() {
        let why = "the run has no calm, after which delivery is owed";
        assert_vacuous(&three_nodes(), ReliableDelivery::default(), why);
        let mut history = History::default();
        history.on("n1", start(1)).on("n2", start(1)).on("env", Event::Calm);
        assert_vacuous(&history, ReliableDelivery::default(), "no broadcast was owed to another node");
    }
}
