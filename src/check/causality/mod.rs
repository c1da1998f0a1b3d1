//! `causality`: what nodes' clocks say is what could have caused what.

mod difference;
mod line;
mod reference;
mod step;

use std::borrow::Cow;

use super::ledger::{Known, Messages};
use super::passage::Passage;
use super::slots::Slots;
use super::{Checker, Invariant, broken, event_of};
use crate::clocks::Causality as Relation;
use crate::identity::{Actor, MessageId, NodeId};
use crate::observation::Observation;
use crate::time::Time;
use crate::trace::{Event, Record, Verdict, Violation};
use difference::relation;
use line::Line;
use reference::Reference;
use step::{Kind, Sent, Step};

/// Says that the vector on every stamped event counts exactly the events that happened before it, that every traced
/// comparison of two vectors says what happens-before says, and that hybrid stamps rise along program order within a
/// boot and from each send to its receipts. Exercised by comparisons that rightly said "concurrent".
///
/// The reference comes from the trace alone. Each node's records are put into the order of their numbers (effects that
/// waited for the disk stand late in the trace), and clocks advance by three kinds of edges:
///
/// 1. *program order* within a boot: a start, a send (also one that a kill dropped), a receipt, a timer step and a
///    command tick, nothing else does;
/// 2. *send to receipt*: a receipt knows what the send knew. A corrupted one learns nothing, since no node can believe
///    what it says, but ticks;
/// 3. *the disk over a restart*: a start knows what the node knew at the call of the last sync that the disk answered.
///    It knows nothing where no entry is intact: a wiped disk, an empty one, one damaged throughout. Where some
///    entries are intact and some damaged, the trace does not tell whether the one with the vector is among these: the
///    start's own claim is taken if it is a part of what was durable.
///
/// It costs one pass over a vector per event, and keeps the vectors of messages with a copy under way, and no others.
#[derive(Clone, Debug, Default)]
pub struct Causality {
    nodes: Slots<Node>,
    messages: Messages<Sent>,
    comparisons: u64,
    concurrent: u64,
    lost_thread: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    line: Line<Step<'static>>,
    reference: Reference,
}

/// What it is, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "causality",
    "every stamped event's vector counts exactly what happened before it, and every comparison says so",
);

impl Causality {
    fn compared(&mut self, record: &Record<'_>, seen: &[Observation]) -> Result<(), Violation> {
        for observation in seen {
            let Observation::Compared { left, right, answer } = observation else { continue };
            let truth = relation(left, right);
            if *answer != truth {
                let sentence = format!(
                    "at {} {} took [{left}] and [{right}] for {answer}, but they are {truth}",
                    record.id, record.id.actor
                );
                return Err(broken(record, sentence, &[record.id]));
            }
            self.comparisons += 1;
            self.concurrent += u64::from(truth == Relation::Concurrent);
        }
        Ok(())
    }

    /// What the record means for its node; a receipt takes what was sent from the ledger at once, in the trace's order.
    /// `None` if the trace does not show that it was sent.
    fn kind(&mut self, record: &Record<'_>) -> Option<Kind> {
        match Passage::of(&record.event) {
            Some(Passage::Received { message, corrupted, .. }) => {
                let sent = self.arrived(message)?;
                Some(if corrupted { Kind::of(&record.event) } else { Kind::Hear(sent) })
            }
            Some(Passage::Lost { message, .. } | Passage::Garbled { message, .. }) => {
                self.ended(message);
                Some(Kind::Rest)
            }
            Some(Passage::Sent { .. } | Passage::Dropped { .. } | Passage::Held { .. }) | None => {
                Some(Kind::of(&record.event))
            }
        }
    }

    fn arrived(&mut self, message: MessageId) -> Option<Sent> {
        let ledger = self.messages.of(message);
        let Known::Live(sent) = ledger.get(message.number) else { return None };
        if sent.left > 1 {
            sent.left -= 1;
            return Some(sent.clone());
        }
        ledger.end(message.number)
    }

    fn ended(&mut self, message: MessageId) {
        let ledger = self.messages.of(message);
        if let Known::Live(sent) = ledger.get(message.number) {
            sent.left -= 1;
            if sent.left == 0 {
                ledger.end(message.number);
            }
        }
    }

    fn take(&mut self, node: NodeId, step: &Step<'_>) -> Result<(), Violation> {
        let reference = &mut self.nodes.at(node.index()).reference;
        reference.take(node, step)?;
        if let Kind::Send { message, copies } = step.kind
            && copies > 0
        {
            self.messages.of(message).open(message.number, reference.sent(step, copies));
        }
        Ok(())
    }

    /// What the trace does not tell, if there is something.
    fn undecided(&self) -> Option<String> {
        let hole = || {
            let (index, number) = self.nodes.iter().find_map(|(index, node)| Some((index, node.line.missing()?)))?;
            let id = event_of(NodeId::new(index as u32), number);
            Some(format!("the trace has no {id}, so that what follows it is open"))
        };
        self.lost_thread.clone().or_else(hole)
    }

    /// Why there is nothing to say, if so.
    fn vacuous(&self) -> Option<String> {
        let stamped: u64 = self.nodes.iter().map(|(_, node)| node.reference.stamped()).sum();
        let silent = self.nodes.iter().find_map(|(_, node)| node.reference.bare());
        if stamped == 0 {
            return Some("no event bears a stamp".to_owned());
        }
        if let Some(event) = silent {
            return Some(format!("{} stamps none of its events", event.actor));
        }
        let compared = self.comparisons;
        (self.concurrent == 0).then(|| format!("none of the {compared} comparisons was of concurrent clocks"))
    }
}

impl<F> Checker<F> for Causality {
    fn see(&mut self, record: &Record<'_>, _fact: Option<&F>) -> Result<(), Violation> {
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        if self.lost_thread.is_some() {
            return Ok(());
        }
        if let Event::Fact { fact } = &record.event {
            self.compared(record, &fact.observations)?;
        }
        let Some(kind) = self.kind(record) else {
            self.lost_thread = Some(format!("{} received what the trace does not show as under way", record.id));
            return Ok(());
        };
        let step = Step { time: record.time, id: record.id, stamp: record.stamp.as_deref().map(Cow::Borrowed), kind };
        let line = &mut self.nodes.at(node.index()).line;
        if !line.turn(record.id.number) {
            line.wait(record.id.number, step.into_owned());
            return Ok(());
        }
        self.take(node, &step)?;
        while let Some((_, step)) = self.nodes.at(node.index()).line.next() {
            self.take(node, &step)?;
        }
        Ok(())
    }

    fn conclude(&mut self, end: Time) -> Verdict {
        for (index, node) in self.nodes.iter() {
            if let Err(violation) = node.reference.conclude(NodeId::new(index as u32), end) {
                return Verdict::Violated(violation);
            }
        }
        match (self.undecided(), self.vacuous()) {
            (Some(why), _) => Verdict::Undecided { why },
            (None, Some(why)) => Verdict::Vacuous { why },
            (None, None) => Verdict::Holds { exercised: self.concurrent },
        }
    }
}

#[cfg(test)]
mod executions;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
