//! Group commit: while a sync of this node's own is open, what consensus would write is gathered, and written in one batch
//! when the disk has answered.
//!
//! A sync holds up all later effects of its node. If each step asked for its own, a disk that is slower than the steps come
//! would fall behind for ever; with one batch for all that came meanwhile nothing waits for more than two syncs. What
//! follows a gathered entry is gathered with it, so that nothing is told before what it rests on is durable, and all keeps
//! its order; but for the entries, which go first, since one sync is to cover them all.

use std::convert::Infallible;

use super::machine::{Consensus, ConsensusOutcome};
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer};
use super::request::Answer;
use crate::identity::{Boot, NodeId, OpId};
use crate::protocols::Port;
use crate::time::{LocalTime, Span};

/// What is under way to the disk, and what waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Journal {
    /// When the sync was asked for that the disk has not answered.
    open: Option<LocalTime>,
    /// What was gathered meanwhile, in the order of the calls; it begins with an entry or a sync.
    gathered: Vec<Gathered>,
}

/// One effect that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Gathered {
    Append(ConsensusEntry),
    Sync,
    Send(NodeId, ConsensusMessage),
    Note(ConsensusFact),
    Reply(OpId, Answer),
}

impl Journal {
    /// Whether the disk is at work.
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether anything waits for the next batch: until it is written, the node knows more than its disk and the trace do.
    pub(super) const fn has_gathered(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// The disk has answered: when it had been asked, and what waits, to be [written](Self::write) next.
    pub(super) fn close(&mut self) -> (Option<LocalTime>, Batch) {
        (self.open.take(), Batch(std::mem::take(&mut self.gathered)))
    }

    /// Writes a batch: its entries, one sync if any of them asked for one, and what followed them.
    pub(super) fn write(&mut self, batch: Batch, port: &mut impl Port<Consensus>) {
        let syncs = batch.0.iter().any(|effect| matches!(effect, Gathered::Sync));
        let (entries, others): (Vec<_>, Vec<_>) =
            batch.0.into_iter().partition(|effect| matches!(effect, Gathered::Append(_)));
        let mut port = Gathering { journal: self, port };
        entries.into_iter().for_each(|effect| port.perform(effect));
        if syncs {
            port.sync();
        }
        others.into_iter().for_each(|effect| port.perform(effect));
    }
}

/// What was gathered during one sync.
#[derive(Debug)]
pub(super) struct Batch(Vec<Gathered>);

impl Batch {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A port that gathers.
pub(super) struct Gathering<'j, 'p, P> {
    pub(super) journal: &'j mut Journal,
    pub(super) port: &'p mut P,
}

impl<P: Port<Consensus>> Gathering<'_, '_, P> {
    /// Performs what was gathered; a sync stands before all of it already.
    fn perform(&mut self, effect: Gathered) {
        match effect {
            Gathered::Append(entry) => self.append(entry),
            Gathered::Sync => {}
            Gathered::Send(to, message) => self.send(to, message),
            Gathered::Note(fact) => self.note(fact),
            Gathered::Reply(op, answer) => self.reply(op, answer),
        }
    }
}

impl<P: Port<Consensus>> Port<Consensus> for Gathering<'_, '_, P> {
    fn me(&self) -> NodeId {
        self.port.me()
    }
    fn boot(&self) -> Boot {
        self.port.boot()
    }
    fn node_count(&self) -> u32 {
        self.port.node_count()
    }
    fn wall(&self) -> LocalTime {
        self.port.wall()
    }
    fn monotonic(&self) -> LocalTime {
        self.port.monotonic()
    }
    fn jitter(&mut self, label: &str, low: Span, high: Span) -> Span {
        self.port.jitter(label, low, high)
    }
    fn set_timer(&mut self, timer: ConsensusTimer, after: Span) {
        self.port.set_timer(timer, after);
    }
    fn cancel_timer(&mut self, timer: ConsensusTimer) {
        self.port.cancel_timer(timer);
    }

    fn append(&mut self, entry: ConsensusEntry) {
        if self.journal.is_open() {
            self.journal.gathered.push(Gathered::Append(entry));
        } else {
            self.port.append(entry);
        }
    }

    fn sync(&mut self) {
        if self.journal.is_open() {
            self.journal.gathered.push(Gathered::Sync);
        } else {
            self.journal.open = Some(self.port.monotonic());
            self.port.sync_then();
        }
    }

    fn sync_then(&mut self) {
        self.sync();
    }

    fn send(&mut self, to: NodeId, message: ConsensusMessage) {
        if self.journal.has_gathered() {
            self.journal.gathered.push(Gathered::Send(to, message));
        } else {
            self.port.send(to, message);
        }
    }

    fn note(&mut self, fact: ConsensusFact) {
        if self.journal.has_gathered() {
            self.journal.gathered.push(Gathered::Note(fact));
        } else {
            self.port.note(fact);
        }
    }

    fn post(&mut self, _: NodeId, payload: Infallible) {
        match payload {}
    }

    fn tell(&mut self, outcome: ConsensusOutcome) {
        self.port.tell(outcome);
    }

    fn reply(&mut self, op: OpId, answer: Answer) {
        if self.journal.has_gathered() {
            self.journal.gathered.push(Gathered::Reply(op, answer));
        } else {
            self.port.reply(op, answer);
        }
    }
}
