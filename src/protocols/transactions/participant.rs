//! The owner of keys: it locks, prepares, and does what is decided.

use std::sync::Arc;

use super::journal::Then;
use super::locks::{Answer, Wanted};
use super::words::{
    Install, Known, Operation, Part, Read, TransactionEntry, TransactionMessage, TransactionTimer, Vote,
};
use super::{Held, Mark, Transactions};
use crate::codex::{Key, MOST_NESTED, Value};
use crate::identity::NodeId;
use crate::observation::{TransactionId, TransactionRead, TransactionRefusal, TransactionSeen};
use crate::protocols::Port;

/// A transaction that this node has voted for, and whose outcome it does not know; or this coordinator's own part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct InDoubt {
    pub(super) part: Arc<Part>,
    pub(super) reads: Arc<Vec<Read>>,
    /// How often it has asked.
    asked: u32,
}

/// How a transaction ended here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ending {
    Committed,
    Aborted,
    Released,
}

/// What this node knows of a transaction that is over here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Over {
    pub(super) end: Ending,
    pub(super) installs: Vec<Install>,
}

impl Over {
    pub(super) const fn nothing(end: Ending) -> Self {
        Self { end, installs: Vec::new() }
    }
}

impl InDoubt {
    pub(super) const fn new(part: Arc<Part>, reads: Arc<Vec<Read>>) -> Self {
        Self { part, reads, asked: 0 }
    }
}

/// What was read, as checkers see it.
pub(super) fn versions(reads: &[Read]) -> Vec<TransactionRead> {
    let read = |read: &Read| TransactionRead { key: read.key.shared(), version: read.version };
    reads.iter().map(read).collect()
}

impl Transactions {
    /// A coordinator asks for a vote.
    pub(super) fn on_prepare(&mut self, id: TransactionId, part: Arc<Part>, port: &mut impl Port<Self>) {
        self.clock.receive(part.stamp.time, port.wall());
        if let Some(mark) = self.marks.get_mut(&id.coordinator.node) {
            mark.boot = mark.boot.max(id.coordinator.boot);
        }
        if self.in_doubt.contains_key(&id) {
            return self.vote_again(id, port);
        }
        if self.parked.contains_key(&id) {
            return;
        }
        match self.over.get(&id).map(|over| over.end) {
            // Flaw e30: the outcome is not looked at.
            Some(_) if self.rules.e30 => {}
            Some(Ending::Committed | Ending::Released) => return,
            Some(Ending::Aborted) => return self.refuse(id, TransactionRefusal::Stale, None, port),
            // Flaw x10: nor is the watermark.
            None if self.is_past(id) && !self.rules.x10 => {
                return self.refuse(id, TransactionRefusal::Stale, None, port);
            }
            None => {}
        }
        // Flaw x13: the anchors are looked at now, and not when the locks are held.
        if self.rules.x13
            && let Err(reason) = self.outcome(&part.operations, true)
        {
            return self.refuse(id, reason, None, port);
        }
        match self.locks.request(id, Wanted::of(&part), self.rules.x08) {
            Answer::Granted => self.prepare(id, part, port),
            Answer::Waits(behind) => {
                self.parked.insert(id, part);
                self.note(TransactionSeen::Waits { id, behind }, port);
            }
            Answer::Dies(by) => self.refuse(id, TransactionRefusal::ResourceConflict, Some(by), port),
        }
    }

    /// Whether a transaction is over without a record here: it is below its coordinator's watermark, or of an earlier boot
    /// than is known of that coordinator.
    pub(super) fn is_past(&self, id: TransactionId) -> bool {
        let Some(mark) = self.marks.get(&id.coordinator.node) else { return false };
        id < mark.below || id.coordinator.boot < mark.boot
    }

    pub(super) fn is_below(&self, id: TransactionId) -> bool {
        self.marks.get(&id.coordinator.node).is_some_and(|mark| id < mark.below)
    }

    fn refuse(
        &mut self,
        id: TransactionId,
        reason: TransactionRefusal,
        by: Option<TransactionId>,
        port: &mut impl Port<Self>,
    ) {
        self.note(TransactionSeen::Refused { id, reason, by }, port);
        self.vote(id, Vote::No { reason }, port);
    }

    /// The vote of this node goes to the coordinator, which may be itself.
    fn vote(&mut self, id: TransactionId, vote: Vote, port: &mut impl Port<Self>) {
        if id.coordinator == self.me {
            self.on_vote(self.me.node, id, vote, port);
        } else {
            self.then(Then::Send(id.coordinator.node, TransactionMessage::Vote { id, vote }), port);
        }
    }

    fn vote_again(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        if id.coordinator.node == self.me.node {
            return;
        }
        let reads = Arc::clone(&self.in_doubt[&id].reads);
        self.then(Then::Send(id.coordinator.node, TransactionMessage::Vote { id, vote: Vote::Yes { reads } }), port);
    }

    /// All locks are held: the operations are checked, the record is written, and then this node votes.
    fn prepare(&mut self, id: TransactionId, part: Arc<Part>, port: &mut impl Port<Self>) {
        let reads: Vec<Read> = part
            .operations
            .iter()
            .filter(|operation| operation.reads())
            .map(|operation| {
                let (version, value) = self.read(operation.key());
                let shown = matches!(operation, Operation::Read { .. }).then_some(value).flatten();
                Read { key: operation.key().clone(), version, value: shown }
            })
            .collect();
        let reads = Arc::new(reads);
        if let Err(reason) = self.outcome(&part.operations, !self.rules.x13) {
            self.refuse(id, reason, None, port);
            return self.unlock(id, port);
        }
        let is_own = id.coordinator.node == self.me.node;
        let writes = part.writes();
        if part.sole && !writes {
            // The only one that releases with its vote: nobody else's locks are at stake.
            self.note(TransactionSeen::Served { id, reads: versions(&reads) }, port);
            self.vote(id, Vote::Yes { reads }, port);
            return self.unlock(id, port);
        }
        self.in_doubt.insert(id, InDoubt::new(Arc::clone(&part), Arc::clone(&reads)));
        if is_own {
            // Its own part rides in the commit record; without one it has never been.
            return self.on_vote(self.me.node, id, Vote::Yes { reads }, port);
        }
        if self.rules.x01 {
            // Flaw x01: the vote does not wait for its record.
            let vote = Vote::Yes { reads: Arc::clone(&reads) };
            port.send(id.coordinator.node, TransactionMessage::Vote { id, vote });
        }
        self.journal.append(TransactionEntry::Prepared { id, part, reads: Arc::clone(&reads) });
        self.note_prepared(id, port);
        if !self.rules.x01 {
            self.then(
                Then::Send(id.coordinator.node, TransactionMessage::Vote { id, vote: Vote::Yes { reads } }),
                port,
            );
        }
        // Flaw e14: nobody asks.
        if !self.rules.e14 {
            port.set_timer(TransactionTimer::Ask(id), self.rules.ask);
        }
        // Flaw x03: a reader's locks end with its vote.
        if self.rules.x03 && !writes {
            self.unlock(id, port);
        }
    }

    pub(super) fn note_prepared(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        let InDoubt { part, reads, .. } = &self.in_doubt[&id];
        let locks = self.locks.held(id).map(Wanted::modes).unwrap_or_default();
        self.note(TransactionSeen::Prepared { id, reads: versions(reads), locks, writes: part.writes() }, port);
    }

    /// What a key holds, and as which version.
    fn read(&self, key: &Key) -> (u64, Option<Value>) {
        self.held.get(key).map_or((0, None), |held| (held.version, held.value.clone()))
    }

    /// What operations make of the keys that this node holds, if they apply, and if no anchor forbids it where that is asked.
    fn outcome(&self, operations: &[Operation], anchored: bool) -> Result<Vec<Install>, TransactionRefusal> {
        let mut installs = Vec::new();
        for operation in operations.iter().filter(|operation| operation.writes()) {
            let key = operation.key();
            let (version, before) = self.read(key);
            let after = changed(operation, before.as_ref()).ok_or(TransactionRefusal::InvalidOperations)?;
            if anchored && self.rules.anchors.broken(key, before.as_ref(), after.as_ref()).is_some() {
                return Err(TransactionRefusal::AnchorViolation);
            }
            installs.push(Install { key: key.clone(), version: version + 1, value: after });
        }
        Ok(installs)
    }

    /// The new versions that a part makes here: what it was promised when it was prepared, as nobody else could write since.
    pub(super) fn installs(&self, part: &Part) -> Vec<Install> {
        self.outcome(&part.operations, false).unwrap_or_default()
    }

    /// Holds new versions; what a record says of older ones, which is read after a start, is no news.
    pub(super) fn hold(&mut self, installs: &[Install]) {
        for Install { key, version, value } in installs {
            if self.held.get(key).is_none_or(|held| held.version < *version) {
                self.held.insert(key.clone(), Held { version: *version, value: value.clone() });
            }
        }
    }

    /// A coordinator's message bears its watermark.
    pub(super) fn mark(&mut self, from: NodeId, below: TransactionId) {
        if below.coordinator.node == from {
            let mark = self.marks.entry(from).or_insert(Mark { below, boot: below.coordinator.boot });
            mark.below = mark.below.max(below);
            mark.boot = mark.boot.max(below.coordinator.boot);
        }
    }

    /// The coordinator has decided, or somebody who knows tells what it has decided.
    pub(super) fn on_decision(&mut self, from: NodeId, id: TransactionId, commits: bool, port: &mut impl Port<Self>) {
        if id.coordinator.node == self.me.node {
            return;
        }
        let Some(InDoubt { part, .. }) = self.in_doubt.get(&id) else {
            if !commits {
                self.leave_queue(id, port);
            } else if from == id.coordinator.node {
                self.then(Then::Send(from, TransactionMessage::Acknowledge { id }), port);
            }
            return;
        };
        if !part.writes() {
            return self.on_release(id, port);
        }
        let installs = if commits { self.installs(&part.clone()) } else { Vec::new() };
        if commits && self.rules.x14 {
            // Flaw x14: the acknowledgement does not wait for its record.
            port.send(id.coordinator.node, TransactionMessage::Acknowledge { id });
        }
        self.settle(id, commits, installs, port);
        if commits && !self.rules.x14 {
            self.then(Then::Send(id.coordinator.node, TransactionMessage::Acknowledge { id }), port);
        }
    }

    /// A participant that writes here knows the outcome.
    fn settle(&mut self, id: TransactionId, commits: bool, installs: Vec<Install>, port: &mut impl Port<Self>) {
        self.in_doubt.remove(&id);
        let end = if commits { Ending::Committed } else { Ending::Aborted };
        self.over.insert(id, Over { end, installs: installs.clone() });
        port.cancel_timer(TransactionTimer::Ask(id));
        // Flaw e15: it is applied and released, and then logged.
        let logged = if self.rules.e15 {
            installs.iter().for_each(|install| self.journal.append(TransactionEntry::Value(install.clone())));
            Vec::new()
        } else {
            installs.clone()
        };
        let decided = TransactionEntry::Decided { id, commits, installs: logged };
        if !self.rules.e15 {
            self.journal.append(decided.clone());
            self.note(TransactionSeen::Decided { id, commits, reads: Vec::new() }, port);
        }
        self.hold(&installs);
        installs.iter().for_each(|install| self.note(install.seen(id), port));
        self.unlock(id, port);
        if self.rules.e15 {
            self.flush(port);
            self.journal.append(decided);
            self.note(TransactionSeen::Decided { id, commits, reads: Vec::new() }, port);
        }
    }

    /// A participant that only reads need not wait any more.
    pub(super) fn on_release(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        if self.in_doubt.get(&id).is_none_or(|doubt| doubt.part.writes()) {
            return self.leave_queue(id, port);
        }
        self.in_doubt.remove(&id);
        self.over.insert(id, Over::nothing(Ending::Released));
        port.cancel_timer(TransactionTimer::Ask(id));
        self.journal.append(TransactionEntry::Released { id });
        self.note(TransactionSeen::Released { id }, port);
        self.unlock(id, port);
    }

    fn leave_queue(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        if self.parked.remove(&id).is_some() {
            self.unlock(id, port);
        }
    }

    /// The locks of a transaction end: whoever waited may prepare.
    pub(super) fn unlock(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        let (held, granted) = self.locks.release(id);
        if held {
            self.note(TransactionSeen::Unlocked { id }, port);
        }
        for id in granted {
            if let Some(part) = self.parked.remove(&id) {
                self.prepare(id, part, port);
            }
        }
    }

    /// This node has voted and was told nothing for a while: it asks the coordinator, then all who may know.
    pub(super) fn on_ask(&mut self, id: TransactionId, port: &mut impl Port<Self>) {
        let me = self.me.node;
        let Some(doubt) = self.in_doubt.get_mut(&id) else { return };
        doubt.asked += 1;
        let wait = self.rules.doubled(self.rules.ask, doubt.asked);
        let writers = doubt.part.writers.iter().copied().filter(|writer| *writer != me && doubt.asked > 1);
        let asked: Vec<NodeId> = std::iter::once(id.coordinator.node)
            .chain(writers.filter(|writer| *writer != id.coordinator.node))
            .collect();
        for node in asked {
            port.send(node, TransactionMessage::Ask { id });
        }
        port.set_timer(TransactionTimer::Ask(id), wait);
    }

    /// Another participant asks what this one knows.
    pub(super) fn on_asked(&mut self, from: NodeId, id: TransactionId, port: &mut impl Port<Self>) {
        let known = match self.over.get(&id).map(|over| over.end) {
            Some(Ending::Committed) => Known::Committed,
            Some(Ending::Aborted) => Known::Aborted,
            // It only reads, and decides nothing.
            Some(Ending::Released) => Known::Unknown,
            None if self.in_doubt.contains_key(&id) => Known::InDoubt,
            None if self.is_below(id) => Known::Unknown,
            None => {
                // It has not voted, and never will: this it has to remember before anybody hears of it.
                self.leave_queue(id, port);
                self.over.insert(id, Over::nothing(Ending::Aborted));
                // Flaw x11: it does not remember.
                if !self.rules.x11 {
                    self.journal.append(TransactionEntry::Decided { id, commits: false, installs: Vec::new() });
                    self.note(TransactionSeen::Decided { id, commits: false, reads: Vec::new() }, port);
                }
                Known::Aborted
            }
        };
        self.then(Then::Send(from, TransactionMessage::Tell { id, known }), port);
    }

    /// An answer to this node's question.
    pub(super) fn on_told(&mut self, from: NodeId, id: TransactionId, known: Known, port: &mut impl Port<Self>) {
        let Some(doubt) = self.in_doubt.get(&id) else { return };
        let reads_only = !doubt.part.writes();
        match known {
            Known::Committed => self.on_decision(from, id, true, port),
            Known::Aborted => self.on_decision(from, id, false, port),
            // It is over everywhere: nobody else's locks are at stake.
            Known::Unknown if reads_only => self.on_release(id, port),
            // Of one that writes it tells that there was no commit, since a commit is forgotten when all have it; but the
            // coordinator answers soon, and nothing is lost by waiting.
            Known::Unknown | Known::Undecided | Known::InDoubt => {}
        }
    }
}

/// What an operation makes of what a key holds; none if it does not apply.
fn changed(operation: &Operation, before: Option<&Value>) -> Option<Option<Value>> {
    match operation {
        Operation::Read { .. } => Some(before.cloned()),
        Operation::Put { value, .. } => Some(Some(value.clone())),
        Operation::Delete { .. } => Some(None),
        Operation::Append { value, .. } => {
            let mut items = match before {
                None => Vec::new(),
                Some(Value::List(items)) => (**items).clone(),
                Some(_) => return None,
            };
            items.push(value.clone());
            let list = Value::List(Arc::new(items));
            (list.nesting() <= MOST_NESTED).then_some(Some(list))
        }
        Operation::Add { amount, .. } => {
            let number = match before {
                None => 0,
                Some(Value::Integer(number)) => *number,
                Some(_) => return None,
            };
            Some(Some(Value::Integer(number.checked_add(*amount)?)))
        }
    }
}
