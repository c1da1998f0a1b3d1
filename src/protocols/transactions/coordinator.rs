//! The coordinator: it asks all owners of a transaction's keys for their votes, decides, and tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Transactions;
use super::journal::Then;
use super::locks::Wanted;
use super::participant::versions;
use super::words::{
    Commit, Known, Malformed, Operation, Part, Read, TransactionEntry, TransactionMessage, TransactionReply,
    TransactionTimer, Vote,
};
use crate::codex::{Key, Value};
use crate::identity::{NodeId, OpId};
use crate::observation::{TransactionId, TransactionRefusal, TransactionSeen, TransactionStamp};
use crate::protocols::Port;
use crate::time::Span;

/// A client's transaction, over all attempts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Try {
    operations: Vec<Operation>,
    /// That of the first attempt.
    stamp: Option<TransactionStamp>,
    /// How many attempts were made.
    tries: u32,
}

/// An attempt that is not decided, or whose commit record is not durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Open {
    op: OpId,
    parts: BTreeMap<NodeId, Arc<Part>>,
    votes: BTreeMap<NodeId, Arc<Vec<Read>>>,
    /// What was decided, once all votes are in, and yes.
    pub(super) commit: Option<Arc<Commit>>,
    /// How often what was not answered was sent again.
    again: u32,
}

/// A commit that not all who write have acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Telling {
    pub(super) commit: Arc<Commit>,
    missing: BTreeSet<NodeId>,
    again: u32,
}

impl Telling {
    pub(super) fn new(commit: Arc<Commit>) -> Self {
        Self { missing: commit.writers.iter().copied().collect(), commit, again: 0 }
    }
}

/// What is wrong with operations, if anything is.
fn malformed(operations: &[Operation], owns: impl Fn(&Key) -> bool) -> Option<Malformed> {
    let mut known = BTreeSet::new();
    for operation in operations {
        let key = operation.key();
        if !owns(key) {
            return Some(Malformed::NotOwned(key.clone()));
        }
        if !known.insert((key, operation.writes())) {
            return Some(Malformed::Twice(key.clone()));
        }
    }
    operations.is_empty().then_some(Malformed::Empty)
}

impl Transactions {
    /// A client asks for a transaction.
    pub(super) fn on_transact(&mut self, op: OpId, operations: Vec<Operation>, port: &mut impl Port<Self>) {
        if let Some(reply) = self.answered.get(&op) {
            return self.then(Then::Reply(op, reply.clone()), port);
        }
        if self.tries.contains_key(&op) {
            return;
        }
        // Flaw x05: whether a client asks again is not looked at.
        if port.attempt() > 1 && !self.rules.x05 {
            // An earlier attempt may have come to something, at a node that knows nothing of it any more.
            return self.answer(op, TransactionReply::Unknown, port);
        }
        if let Some(reason) = malformed(&operations, |key| self.rules.owns(key)) {
            return self.answer(op, TransactionReply::Refused { reason }, port);
        }
        self.tries.insert(op, Try { operations, stamp: None, tries: 0 });
        self.begin(op, port);
    }

    pub(super) fn answer(&mut self, op: OpId, reply: TransactionReply, port: &mut impl Port<Self>) {
        self.tries.remove(&op);
        self.answered.insert(op, reply.clone());
        self.then(Then::Reply(op, reply), port);
    }

    /// The next attempt of a transaction begins.
    pub(super) fn begin(&mut self, op: OpId, port: &mut impl Port<Self>) {
        let Some(known) = self.tries.get_mut(&op) else { return };
        let id = TransactionId { coordinator: self.me, number: self.next };
        self.next += 1;
        known.tries += 1;
        // Flaw x09: each attempt is as late as it is.
        if known.stamp.is_none() || self.rules.x09 {
            known.stamp = Some(TransactionStamp { time: self.clock.tick(port.wall()), first: id });
        }
        let (stamp, tries) = (known.stamp.expect("it was just given"), known.tries);
        let mut by_owner: BTreeMap<NodeId, Vec<Operation>> = BTreeMap::new();
        for operation in &known.operations {
            by_owner.entry(self.rules.owner(operation.key())).or_default().push(operation.clone());
        }
        if self.rules.everything {
            // Flaw x12: each participant is sent all operations.
            by_owner.values_mut().for_each(|operations| operations.clone_from(&known.operations));
        }
        let writes = |operations: &[Operation]| operations.iter().any(Operation::writes);
        let writers: Vec<NodeId> =
            by_owner.iter().filter(|(_, operations)| writes(operations)).map(|(node, _)| *node).collect();
        let sole = by_owner.len() == 1;
        let part = |operations| Arc::new(Part { stamp, operations, writers: writers.clone(), sole });
        let parts: BTreeMap<NodeId, Arc<Part>> =
            by_owner.into_iter().map(|(node, operations)| (node, part(operations))).collect();
        let told = parts.iter().map(|(node, part)| (*node, part.writes())).collect();
        port.note(TransactionSeen::Begun { id, op, stamp, parts: told });
        let own = parts.get(&self.me.node).cloned();
        let open = Open { op, parts: parts.clone(), votes: BTreeMap::new(), commit: None, again: 0 };
        self.open.insert(id, open);
        let below = self.watermark();
        for (node, part) in parts.into_iter().filter(|(node, _)| *node != self.me.node) {
            self.involved.entry(node).or_default();
            port.send(node, TransactionMessage::Prepare { id, part, below });
        }
        // Flaw e14: nothing is waited for only so long.
        if !self.rules.e14 {
            port.set_timer(TransactionTimer::Patience(id), self.rules.patience_of(tries));
            port.set_timer(TransactionTimer::Again(id), self.rules.resend);
        }
        if let Some(part) = own {
            self.on_prepare(id, part, port);
        }
    }

    /// The least of this coordinator's transactions that is open, or committed and not acknowledged by all that write.
    pub(super) fn watermark(&self) -> TransactionId {
        let next = TransactionId { coordinator: self.me, number: self.next };
        self.open.keys().chain(self.telling.keys()).copied().fold(next, TransactionId::min)
    }

    /// A participant votes.
    pub(super) fn on_vote(&mut self, from: NodeId, id: TransactionId, vote: Vote, port: &mut impl Port<Self>) {
        let below = self.watermark();
        let Some(open) = self.open.get_mut(&id) else {
            let message = match self.telling.get(&id) {
                Some(telling) if telling.missing.contains(&from) => {
                    TransactionMessage::Decide { id, commits: true, below }
                }
                // It has acknowledged, or only reads.
                Some(_) => TransactionMessage::Release { id, below },
                None => TransactionMessage::Decide { id, commits: false, below },
            };
            if let Vote::Yes { .. } = vote
                && from != self.me.node
            {
                self.then(Then::Send(from, message), port);
            }
            return;
        };
        if open.commit.is_some() || !open.parts.contains_key(&from) {
            return;
        }
        match vote {
            Vote::No { reason } => self.abort(id, reason, Some(from), port),
            Vote::Yes { reads } => {
                open.votes.insert(from, reads);
                if open.votes.len() == open.parts.len() {
                    self.commit(id, port);
                }
            }
        }
    }

    /// All votes are in, and yes.
    fn commit(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        let me = self.me.node;
        let Some(open) = self.open.get(&id) else { return };
        port.cancel_timer(TransactionTimer::Patience(id));
        port.cancel_timer(TransactionTimer::Again(id));
        let writers = open.parts.iter().filter(|(node, part)| part.writes() && **node != me);
        let own = open.parts.get(&me).filter(|_| self.in_doubt.contains_key(&id));
        let commit = Commit {
            writers: writers.map(|(node, _)| *node).collect(),
            reads: open.votes.values().flat_map(|reads| reads.iter().cloned()).collect(),
            installs: own.map(|part| self.installs(part)).unwrap_or_default(),
            own: own.map(|part| (Arc::clone(part), Arc::clone(&open.votes[&me]))),
        };
        let (writes, commit) = (open.parts.values().any(|part| part.writes()), Arc::new(commit));
        if let Some(open) = self.open.get_mut(&id) {
            open.commit = Some(Arc::clone(&commit));
        }
        // Flaw e13: the decision is not logged before it is sent. One that writes nothing needs no record.
        if writes && !self.rules.e13 {
            self.journal.append(TransactionEntry::Committed { id, commit });
        }
        self.then(Then::Committed(id), port);
    }

    /// What a durable commit record says is told: now, or again after a start.
    pub(super) fn note_commit(&self, id: TransactionId, commit: &Commit, port: &mut impl Port<Self>) {
        if let Some((part, reads)) = &commit.own {
            let (reads, locks) = (versions(reads), Wanted::of(part).modes());
            port.note(TransactionSeen::Prepared { id, reads, locks, writes: part.writes() });
        }
        port.note(TransactionSeen::Decided { id, commits: true, reads: versions(&commit.reads) });
        commit.installs.iter().for_each(|install| port.note(install.seen(id)));
    }

    /// The commit record is durable, if one was needed: all are told.
    pub(super) fn committed(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        let Some(Open { op, parts, commit: Some(commit), .. }) = self.open.remove(&id) else { return };
        self.note_commit(id, &commit, port);
        if !commit.writers.is_empty() {
            self.telling.insert(id, Telling::new(Arc::clone(&commit)));
            port.set_timer(TransactionTimer::Again(id), self.rules.resend);
        }
        let below = self.watermark();
        for (node, part) in parts.iter().filter(|(node, _)| **node != self.me.node) {
            if part.writes() {
                port.send(*node, TransactionMessage::Decide { id, commits: true, below });
            } else if !part.sole {
                port.send(*node, TransactionMessage::Release { id, below });
            }
        }
        let asked = self.tries.remove(&op).map(|known| known.operations).unwrap_or_default();
        let shown = asked.iter().filter(|operation| !operation.writes()).map(Operation::key);
        let mut reads: Vec<_> = shown.map(|key| (key.clone(), value_of(&commit.reads, key))).collect();
        reads.sort_by(|(one, _), (other, _)| one.cmp(other));
        let reply = TransactionReply::Committed { reads };
        self.answered.insert(op, reply.clone());
        port.reply(op, reply);
        if self.in_doubt.remove(&id).is_some() {
            self.hold(&commit.installs);
            self.unlock(id, port);
        }
        self.settled(port);
    }

    /// An attempt has come to nothing.
    fn abort(&mut self, id: TransactionId, reason: TransactionRefusal, by: Option<NodeId>, port: &mut impl Port<Self>) {
        let Some(Open { op, parts, .. }) = self.open.remove(&id) else { return };
        port.cancel_timer(TransactionTimer::Patience(id));
        port.cancel_timer(TransactionTimer::Again(id));
        self.note(TransactionSeen::Decided { id, commits: false, reads: Vec::new() }, port);
        let below = self.watermark();
        let me = self.me.node;
        for node in parts.keys().copied().filter(|node| *node != me && Some(*node) != by) {
            self.then(Then::Send(node, TransactionMessage::Decide { id, commits: false, below }), port);
        }
        self.in_doubt.remove(&id);
        self.parked.remove(&id);
        self.unlock(id, port);
        self.follow(op, reason, port);
        self.settled(port);
    }

    /// After an aborted attempt comes the next, or the client is told.
    fn follow(&mut self, op: OpId, reason: TransactionRefusal, port: &mut impl Port<Self>) {
        let lasts = match reason {
            TransactionRefusal::InvalidOperations | TransactionRefusal::AnchorViolation => true,
            TransactionRefusal::ResourceConflict | TransactionRefusal::Stale | TransactionRefusal::Timeout => false,
        };
        let Some(known) = self.tries.get(&op) else { return };
        if lasts || known.tries >= self.rules.tries {
            return self.answer(op, TransactionReply::Aborted { reason }, port);
        }
        let most = self.rules.doubled(self.rules.backoff, known.tries - 1);
        let after = port.jitter("transactions.backoff", Span::from_nanos(1), most);
        port.set_timer(TransactionTimer::Retry(op), after);
    }

    /// Not all votes came in time.
    pub(super) fn on_patience(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        if self.open.get(&id).is_some_and(|open| open.commit.is_none()) {
            self.abort(id, TransactionRefusal::Timeout, None, port);
        }
    }

    /// What was not answered is sent again.
    pub(super) fn on_again(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        let below = self.watermark();
        let resend = self.rules.resend;
        if let Some(open) = self.open.get_mut(&id).filter(|open| open.commit.is_none()) {
            open.again += 1;
            let after = self.rules.doubled(resend, open.again);
            let missing = open.parts.iter().filter(|(node, _)| !open.votes.contains_key(node));
            for (node, part) in missing.filter(|(node, _)| **node != self.me.node) {
                port.send(*node, TransactionMessage::Prepare { id, part: Arc::clone(part), below });
            }
            port.set_timer(TransactionTimer::Again(id), after);
        } else if let Some(telling) = self.telling.get_mut(&id) {
            telling.again += 1;
            let after = self.rules.doubled(resend, telling.again);
            for node in &telling.missing {
                port.send(*node, TransactionMessage::Decide { id, commits: true, below });
            }
            port.set_timer(TransactionTimer::Again(id), after);
        }
    }

    /// A commit is durable at a participant.
    pub(super) fn on_acknowledged(&mut self, from: NodeId, id: TransactionId, port: &mut impl Port<Self>) {
        let Some(telling) = self.telling.get_mut(&id) else { return };
        telling.missing.remove(&from);
        // Flaw x06: the first acknowledgement is enough.
        if telling.missing.is_empty() || self.rules.x06 {
            self.telling.remove(&id);
            port.cancel_timer(TransactionTimer::Again(id));
            self.settled(port);
        }
    }

    /// A participant asks about one of this coordinator's transactions, of any boot.
    pub(super) fn on_asked_about_own(&mut self, from: NodeId, id: TransactionId, port: &mut impl Port<Self>) {
        let known = if self.telling.contains_key(&id) {
            Known::Committed
        } else if self.open.contains_key(&id) && !self.rules.x02 {
            Known::Undecided
        } else {
            // Without a record of a commit there was none. Flaw x02: or there is none yet.
            Known::Aborted
        };
        self.then(Then::Send(from, TransactionMessage::Tell { id, known }), port);
    }

    /// Something is over: an idle coordinator tells its watermark before long.
    pub(super) fn settled(&mut self, port: &mut impl Port<Self>) {
        if self.is_idle() && self.untold().next().is_some() {
            port.set_timer(TransactionTimer::Watermark, self.rules.watermark);
        }
    }

    fn is_idle(&self) -> bool {
        self.open.is_empty() && self.telling.is_empty()
    }

    /// The participants that may not know of the watermark.
    fn untold(&self) -> impl Iterator<Item = NodeId> + '_ {
        let below = self.watermark();
        self.involved.iter().filter(move |(_, heard)| **heard < below).map(|(node, _)| *node)
    }

    pub(super) fn on_watermark(&mut self, port: &mut impl Port<Self>) {
        if !self.is_idle() {
            return;
        }
        let below = self.watermark();
        for node in self.untold().collect::<Vec<_>>() {
            port.send(node, TransactionMessage::Watermark { below });
        }
        self.settled(port);
    }

    /// A participant knows of a watermark.
    pub(super) fn on_heard(&mut self, from: NodeId, below: TransactionId) {
        if let Some(heard) = self.involved.get_mut(&from).filter(|_| below.coordinator.node == self.me.node) {
            *heard = below.max(*heard);
        }
    }
}

fn value_of(reads: &[Read], key: &Key) -> Option<Value> {
    reads.iter().filter(|read| read.key == *key).find_map(|read| read.value.clone())
}
