//! `causality`: nodes' clocks agree with happens-before.

mod difference;
mod line;
mod reference;
mod step;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ledger::{Known, Messages};
use super::slots::Slots;
use super::{Checker, End, Invariant, Shown, broken, event_of};
use crate::clocks::Causality as Relation;
use crate::identity::{Actor, Incarnation, MessageId, NodeId};
use crate::observation::{ChannelSeen, Observation};
use crate::trace::{Event, Record, Verdict, Violation};
use difference::relation;
use line::Line;
use reference::Reference;
use step::{Kind, Sent, Step, is_frame};

/// Checks that the vector on every stamped event counts exactly the events that happened before it, that every traced
/// comparison of two vectors agrees with happens-before, and that hybrid stamps increase along program order within a
/// boot and from each send to its receipts. Exercised by comparisons that correctly returned "concurrent".
///
/// The reference comes from the trace alone. Each node's records are sorted by their numbers (effects that waited for
/// the disk are late in the trace), and clocks advance by three kinds of edges:
///
/// 1. *program order* within a boot: a start, a send (even if a kill dropped it), a receipt, a timer step and a command
///    tick, nothing else does. Frames of a channel do not count as messages; its payloads do: they are sent at the
///    channel's fact `sent`, and received at its fact `delivered`;
/// 2. *send to receipt*: a receipt knows what the send knew. A corrupted one learns nothing, because no node can trust
///    its content, but ticks;
/// 3. *the disk over a restart*: a start knows what the node knew when it called the last sync that the disk answered.
///    It knows nothing if no entry is intact: on a wiped disk, an empty one, or one that is damaged throughout. If some
///    entries are intact and some damaged, the trace does not say whether the one with the vector is damaged: the
///    start's own stamp is accepted if it is a part of what was durable.
///
/// If a node crashed before it noted a payload that it had sent or delivered, the trace does not say which payload it
/// was: the stamp is accepted if it counts the node's own events correctly and no other entry decreases.
///
/// It costs one pass over a vector per event, and keeps the vectors of messages with a copy under way and of payloads
/// that may still be delivered, and no others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Causality {
    nodes: Slots<Node>,
    messages: Messages<Box<Sent>>,
    /// Payloads that were sent and not delivered, by sender, receiver and number in their session.
    payloads: BTreeMap<(Incarnation, Incarnation, u64), Box<Sent>>,
    comparisons: u64,
    concurrent: u64,
    lost_thread: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    /// Boxed, since a map moves what it holds.
    line: Line<Box<Step<'static>>>,
    reference: Reference,
}

/// Its name and sentence, for `list` and `explain`.
pub const ABOUT: Invariant = Invariant::safety(
    "causality",
    "each vector counts exactly the events that happened before its own, and comparisons agree",
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

    /// The meaning of the record for its node's clock; a receipt takes the sent message from the ledger at once, in the
    /// trace's order. `None` if the trace does not show that the message was sent.
    fn kind(&mut self, node: NodeId, record: &Record<'_>) -> Option<Kind> {
        let is_stamped = record.stamp.is_some();
        if let Event::Receive { message, corrupted, .. } = &record.event {
            let sent = self.arrived(*message)?;
            return Some(match corrupted {
                Some(became) if is_frame(became) => Kind::Rest,
                Some(_) => Kind::of(&record.event, is_stamped),
                None if sent.is_frame => Kind::Rest,
                None => Kind::Hear(sent),
            });
        }
        if let Event::Fact { fact } = &record.event
            && is_stamped
            && let Some((from, number)) = fact.observations.iter().find_map(delivered)
        {
            let here = self.nodes.at(node.index()).reference.incarnation(node);
            return self.payloads.remove(&(from, here, number)).map(Kind::Hear);
        }
        if let Event::Lost { message, .. } | Event::Garbled { message, .. } = record.event {
            self.ended(message);
            return Some(Kind::Rest);
        }
        Some(Kind::of(&record.event, is_stamped))
    }

    fn arrived(&mut self, message: MessageId) -> Option<Box<Sent>> {
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
        match step.kind {
            Kind::Send { message, copies } | Kind::Frame { message, copies } if copies > 0 => {
                self.messages.of(message).open(message.number, reference.sent(step, copies));
            }
            Kind::Post { to, number } => {
                self.payloads.insert((reference.incarnation(node), to, number), reference.sent(step, 1));
            }
            // Payloads sent to an earlier incarnation are no longer delivered; those sent by one may be.
            Kind::Start(_) => self.payloads.retain(|(_, to, _), _| to.node != node),
            Kind::Send { .. }
            | Kind::Frame { .. }
            | Kind::Hear(_)
            | Kind::Tick(_)
            | Kind::Cut
            | Kind::Unsaid
            | Kind::Sync
            | Kind::Synced(_)
            | Kind::Panicked
            | Kind::Rest => {}
        }
        Ok(())
    }

    /// Why the verdict is undecided, if it is.
    fn undecided(&self) -> Option<String> {
        let hole = || {
            let (index, number) = self.nodes.iter().find_map(|(index, node)| Some((index, node.line.missing()?)))?;
            let id = event_of(NodeId::new(index as u32), number);
            Some(format!("the trace has no {id}, so that what follows it is open"))
        };
        self.lost_thread.clone().or_else(hole)
    }

    /// Why the run is vacuous, if it is.
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

/// The sending incarnation and the number in its session, if the observation is a delivered payload.
const fn delivered(seen: &Observation) -> Option<(Incarnation, u64)> {
    if let Observation::Channel(ChannelSeen::Delivered { from, number, .. }) = seen {
        Some((*from, *number))
    } else {
        None
    }
}

impl<F> Checker<F> for Causality {
    fn see(&mut self, shown: &Shown<'_, F>) -> Result<(), Violation> {
        let record = shown.record;
        let Actor::Node(node) = record.id.actor else { return Ok(()) };
        if self.lost_thread.is_some() {
            return Ok(());
        }
        if let Event::Fact { fact } = &record.event {
            self.compared(record, &fact.observations)?;
        }
        let Some(kind) = self.kind(node, record) else {
            self.lost_thread = Some(format!("{} received what the trace does not show as under way", record.id));
            return Ok(());
        };
        let step = Step { time: record.time, id: record.id, stamp: record.stamp.as_deref().map(Cow::Borrowed), kind };
        let line = &mut self.nodes.at(node.index()).line;
        if !line.turn(record.id.number) {
            line.wait(record.id.number, Box::new(step.into_owned()));
            return Ok(());
        }
        self.take(node, &step)?;
        while let Some((_, step)) = self.nodes.at(node.index()).line.next() {
            self.take(node, &step)?;
        }
        Ok(())
    }

    fn conclude(&mut self, end: &End<'_>) -> Verdict {
        let end = end.time;
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
