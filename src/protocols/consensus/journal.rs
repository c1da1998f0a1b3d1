//! Group commit: while a sync of this node is open, the effects of consensus are gathered, and performed in one batch
//! when the disk has answered.
//!
//! A sync delays all later effects of its node. If each step asked for its own sync, a disk slower than the rate of
//! steps would fall behind forever; with one batch for all effects in the meantime, no effect waits for more than two
//! syncs. Effects after a gathered entry are gathered with it, so that nothing is announced before the entries that it
//! depends on are durable. The order of effects is kept, except that entries go first, because one sync is to cover all
//! of them.

use super::machine::{Consensus, ConsensusOutcome, Written};
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer};
use super::request::Answer;
use crate::identity::{Boot, NodeId, OpId};
use crate::process::Never;
use crate::protocols::Port;
use crate::protocols::replica::ReplicaPort;
use crate::time::{LocalTime, Span};

/// The open sync, and the effects that wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Journal {
    /// When the open sync was called.
    open: Option<LocalTime>,
    /// The gathered effects, in the order of the calls; the first is an entry or a sync.
    gathered: Vec<Gathered>,
    /// The outcomes that wait for the open sync. A port tells at once, and they rest on what that sync covers.
    untold: Vec<ConsensusOutcome>,
}

/// One effect that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Gathered {
    Append(ConsensusEntry),
    Sync,
    Send(NodeId, ConsensusMessage),
    Note(ConsensusFact),
    Answer(OpId, Answer),
    Tell(ConsensusOutcome),
}

impl Journal {
    /// Whether a sync is open.
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether any effect waits for the next batch: until it is written, the node's state is ahead of its disk and of
    /// the trace.
    pub(super) const fn has_gathered(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// The disk has answered: tells the outcomes that waited, and returns when the sync was called, and the waiting batch,
    /// to be [written](Self::write) next.
    pub(super) fn close(&mut self, port: &mut impl Port<Consensus>) -> (Option<LocalTime>, Batch) {
        std::mem::take(&mut self.untold).into_iter().for_each(|outcome| port.tell(outcome));
        (self.open.take(), Batch(std::mem::take(&mut self.gathered)))
    }

    /// Writes a batch: its entries, one sync if any of them asked for one, and the effects after them.
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

/// The effects that were gathered during one sync.
#[derive(Debug)]
pub(super) struct Batch(Vec<Gathered>);

impl Batch {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A port that gathers effects while a sync is open.
pub(super) struct Gathering<'j, 'p, P> {
    pub(super) journal: &'j mut Journal,
    pub(super) port: &'p mut P,
}

impl<P: Port<Consensus>> Gathering<'_, '_, P> {
    /// Performs a gathered effect; the sync has been called before.
    fn perform(&mut self, effect: Gathered) {
        match effect {
            Gathered::Append(entry) => self.append(entry),
            Gathered::Sync => {}
            Gathered::Send(to, message) => self.send(to, message),
            Gathered::Note(fact) => self.note(fact),
            Gathered::Answer(op, answer) => self.answer(op, answer),
            Gathered::Tell(outcome) => self.tell(outcome),
        }
    }
}

impl<P: Port<Consensus>> ReplicaPort for Gathering<'_, '_, P> {}

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
    fn attempt(&self) -> u32 {
        self.port.attempt()
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

    fn rewrite(&mut self, entries: Vec<ConsensusEntry>) {
        assert!(!self.journal.has_gathered(), "what is gathered stands in no rewritten file");
        self.port.rewrite(entries);
    }

    fn sync(&mut self) {
        if self.journal.is_open() {
            self.journal.gathered.push(Gathered::Sync);
        } else {
            self.journal.open = Some(self.port.monotonic());
            self.port.sync_then(Written);
        }
    }

    fn sync_then(&mut self, Written: Written) {
        self.sync();
    }

    fn choose(&mut self, label: &str, n: u64) -> u64 {
        self.port.choose(label, n)
    }
    fn send(&mut self, to: NodeId, message: ConsensusMessage) {
        if self.journal.has_gathered() {
            self.journal.gathered.push(Gathered::Send(to, message));
        } else {
            self.port.send(to, message);
        }
    }

    fn note(&mut self, fact: ConsensusFact) {
        // What a node decrees rests on nothing, and must be in the trace before it can take effect anywhere.
        let rests = !matches!(fact, ConsensusFact::Decreed { .. });
        if self.journal.has_gathered() && rests {
            self.journal.gathered.push(Gathered::Note(fact));
        } else {
            self.port.note(fact);
        }
    }

    fn post(&mut self, _: NodeId, payload: Never) {
        match payload {}
    }

    fn tell(&mut self, outcome: ConsensusOutcome) {
        if self.journal.has_gathered() {
            self.journal.gathered.push(Gathered::Tell(outcome));
        } else if self.journal.is_open() {
            self.journal.untold.push(outcome);
        } else {
            self.port.tell(outcome);
        }
    }

    fn reply(&mut self, _: OpId, reply: Never) {
        match reply {}
    }

    fn answer(&mut self, op: OpId, answer: Answer) {
        if self.journal.has_gathered() {
            self.journal.gathered.push(Gathered::Answer(op, answer));
        } else {
            self.port.answer(op, answer);
        }
    }
}
