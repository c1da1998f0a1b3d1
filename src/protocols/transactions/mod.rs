//! Distributed transactions: two-phase commit, presumed abort (Gray 1978, *Notes on Data Base Operating Systems*; Mohan,
//! Lindsay and Obermarck 1986, *Transaction Management in the R\* Distributed Database Management System*), over locks with
//! wait-die (Rosenkrantz, Stearns and Lewis 1978).
//!
//! A key has one owner, the voter of the greatest weight for it. A client's transaction names all its operations at once; the
//! node that is asked coordinates it. Each owner of its keys takes all locks of its part or none, does what it can to find
//! that its operations apply, writes that down, and votes. Once all votes are in, and yes, the coordinator writes down that
//! it commits, and tells all; without such a record there was no commit. Locks are kept until the outcome is known, across
//! restarts too. A participant that waits too long asks the coordinator, and then the participants that write.
//!
//! Departures: the coordinator's own part has no record of its own, it stands in that of the commit. An abort is written
//! down by the participants as a commit is, since a fact of it claims as much; nobody waits for that. A participant that only
//! reads takes the answer "in doubt" of another participant for no answer: it says nothing of the coordinator's decision. That
//! "unknown" is no abort to a participant that writes shows nothing: a watermark does not pass a commit that it has not
//! acknowledged, so it hears that of aborted ones only.
//!
//! - `coordinator.rs`, `participant.rs`: the two sides, of which one node plays both.
//! - `locks.rs`: who holds what, and who may wait for whom.
//! - `journal.rs`: the file, with one sync for all that was written while the disk was busy.

mod coordinator;
mod journal;
mod locks;
mod participant;
mod spec;
#[cfg(test)]
mod tests;
mod words;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coordinator::{Open, Telling, Try};
use journal::{Journal, Then};
use locks::{LockTable, Wanted};
use participant::{Ending, InDoubt, Over};

pub use spec::{PreloadedAccounts, ROW, Rules, TransactionSettings};
pub use words::{
    Commit, Flushed, Install, Known, Malformed, Operation, Part, Read, TransactionCommand, TransactionEntry,
    TransactionMessage, TransactionReply, TransactionTimer, Vote,
};
pub use workload::{BankWorkload, OrderWorkload};

use crate::clocks::HybridClock;
use crate::codex::{Key, Value};
use crate::identity::{Boot, Incarnation, NodeId, OpId};
use crate::observation::{TransactionId, TransactionSeen};
use crate::process::{Never, Stored};
use crate::protocols::{Bound, Given, Load, Port, Protocol, Words};
use crate::subject::{Needs, Owner, Row, World};
use spec::OWNER;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    version: u64,
    value: Option<Value>,
}

/// What is known of a coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Mark {
    /// All its transactions below this one are over.
    below: TransactionId,
    /// Its latest boot.
    boot: Boot,
}

/// The transactions of one node: those that it coordinates, and those in which it takes part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transactions {
    rules: Arc<Rules>,
    me: Incarnation,
    clock: HybridClock,
    /// An entry of the file is damaged: this node takes part in nothing.
    lost: bool,
    journal: Journal,

    held: BTreeMap<Key, Held>,
    locks: LockTable,
    /// The parts that wait for locks.
    parked: BTreeMap<TransactionId, Arc<Part>>,
    /// The parts that are prepared, own ones too.
    in_doubt: BTreeMap<TransactionId, InDoubt>,
    over: BTreeMap<TransactionId, Over>,
    marks: BTreeMap<NodeId, Mark>,

    /// The number of the next attempt.
    next: u64,
    tries: BTreeMap<OpId, Try>,
    open: BTreeMap<TransactionId, Open>,
    telling: BTreeMap<TransactionId, Telling>,
    answered: BTreeMap<OpId, TransactionReply>,
    /// The participants of this boot, and the watermark that each is known to know.
    involved: BTreeMap<NodeId, TransactionId>,
}

/// What the file holds.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    entries: Vec<TransactionEntry>,
    damaged: bool,
}

impl Words for Transactions {
    type Message = TransactionMessage;
    type Payload = Never;
    type Timer = TransactionTimer;
    type Completion = Flushed;
    type Command = TransactionCommand;
    type Reply = TransactionReply;
    type Entry = TransactionEntry;
    type Fact = TransactionFact;
    type Outcome = Never;
}

/// What happened.
pub type TransactionFact = TransactionSeen;

impl Protocol for Transactions {
    const ROW: Row = ROW;
    type Settings = TransactionSettings;
    type Rules = Rules;
    type Kept = Kept;
    type Sees<'a> = ();

    fn rules(settings: &TransactionSettings, given: Given<'_>) -> Rules {
        settings.rules(given)
    }

    fn fresh_disk(rules: &Rules, node: NodeId) -> Vec<TransactionEntry> {
        rules.preloaded(node).map(|(key, value)| TransactionEntry::Value(Install { key, version: 1, value })).collect()
    }

    fn read(kept: &mut Kept, stored: Stored<&TransactionEntry>) {
        match stored {
            Stored::Intact(entry) => kept.entries.push(entry.clone()),
            Stored::Torn(_) => {}
            Stored::Damaged(_) => kept.damaged = true,
        }
    }

    fn start(rules: &Arc<Rules>, kept: Kept, (): (), port: &mut impl Port<Self>) -> Self {
        Self::started(Arc::clone(rules), kept, port)
    }

    fn on_message(&mut self, from: NodeId, message: TransactionMessage, (): (), port: &mut impl Port<Self>) {
        if self.lost {
            return;
        }
        match message {
            TransactionMessage::Prepare { id, part, below } => {
                self.mark(from, below);
                if id.coordinator.node == from {
                    self.on_prepare(id, part, port);
                }
            }
            TransactionMessage::Vote { id, vote } => self.on_vote(from, id, vote, port),
            TransactionMessage::Decide { id, commits, below } => {
                self.mark(from, below);
                if id.coordinator.node == from {
                    self.on_decision(from, id, commits, port);
                }
            }
            TransactionMessage::Release { id, below } => {
                self.mark(from, below);
                if id.coordinator.node == from {
                    self.on_release(id, port);
                }
            }
            TransactionMessage::Acknowledge { id } => self.on_acknowledged(from, id, port),
            TransactionMessage::Ask { id } if id.coordinator.node == self.me.node => {
                self.on_asked_about_own(from, id, port);
            }
            TransactionMessage::Ask { id } => self.on_asked(from, id, port),
            TransactionMessage::Tell { id, known } => self.on_told(from, id, known, port),
            TransactionMessage::Watermark { below } => {
                self.mark(from, below);
                port.send(from, TransactionMessage::Heard { below });
            }
            TransactionMessage::Heard { below } => self.on_heard(from, below),
        }
        self.compact(port);
        self.flush(port);
    }

    fn on_payload(&mut self, _from: NodeId, payload: Never, (): (), _port: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, timer: TransactionTimer, (): (), port: &mut impl Port<Self>) {
        match timer {
            TransactionTimer::Again(id) => self.on_again(id, port),
            TransactionTimer::Patience(id) => self.on_patience(id, port),
            TransactionTimer::Retry(op) => self.begin(op, port),
            TransactionTimer::Ask(id) => self.on_ask(id, port),
            TransactionTimer::Watermark => self.on_watermark(port),
        }
        self.flush(port);
    }

    fn on_synced(&mut self, Flushed: Flushed, (): (), port: &mut impl Port<Self>) {
        self.flushed(port);
    }

    fn needs(TransactionCommand::Transact { operations }: &TransactionCommand) -> Needs {
        let keys: BTreeSet<String> = operations.iter().map(|operation| operation.key().to_string()).collect();
        let owner = Some(Owner::Only(OWNER));
        Needs { protocols: vec![ROW.name], keys: keys.into_iter().collect(), owner, ..Needs::default() }
    }

    fn on_command(&mut self, op: OpId, command: TransactionCommand, (): (), port: &mut impl Port<Self>) {
        if self.lost {
            return;
        }
        let TransactionCommand::Transact { operations } = command;
        self.on_transact(op, operations, port);
        self.flush(port);
    }

    fn bound(settings: &TransactionSettings, _load: &Load, world: &World) -> Bound {
        settings.bound(world)
    }
}

impl Transactions {
    fn started(rules: Arc<Rules>, kept: Kept, port: &mut impl Port<Self>) -> Self {
        let boot = if rules.x07 { Boot::new(1) } else { port.boot() };
        let me = Incarnation::new(port.me(), boot);
        let mut this = Self {
            rules,
            me,
            clock: HybridClock::default(),
            lost: kept.damaged,
            journal: Journal::of(kept.entries.len()),
            held: BTreeMap::new(),
            locks: LockTable::default(),
            parked: BTreeMap::new(),
            in_doubt: BTreeMap::new(),
            over: BTreeMap::new(),
            marks: BTreeMap::new(),
            next: 1,
            tries: BTreeMap::new(),
            open: BTreeMap::new(),
            telling: BTreeMap::new(),
            answered: BTreeMap::new(),
            involved: BTreeMap::new(),
        };
        port.note(TransactionSeen::Started { voters: this.rules.voters });
        if this.lost {
            port.note(TransactionSeen::Lost);
            return this;
        }
        if port.boot() == Boot::new(1) {
            for (prefix, rule) in this.rules.anchors.seen() {
                port.note(TransactionSeen::Anchored { prefix, rule });
            }
            for (key, value) in this.rules.preloaded(this.me.node) {
                let value = value.map_or_else(|| "null".into(), |value| value.to_string().into());
                port.note(TransactionSeen::Preloaded { key: key.shared(), value });
            }
        } else {
            // Whoever took part in a transaction of an earlier boot is to hear that it is over.
            let others = NodeId::all(this.rules.voters).filter(|node| *node != this.me.node);
            this.involved = others.map(|node| (node, TransactionId::default())).collect();
        }
        kept.entries.into_iter().for_each(|entry| this.take_up(entry, port));
        let doubts: Vec<TransactionId> = this.in_doubt.keys().copied().collect();
        for id in doubts {
            // Flaw x04: the locks of what is prepared are not taken again.
            if !this.rules.x04 {
                this.locks.seize(id, Wanted::of(&this.in_doubt[&id].part));
            }
            this.note_prepared(id, port);
            if !this.rules.e14 {
                port.set_timer(TransactionTimer::Ask(id), this.rules.ask);
            }
        }
        for id in this.telling.keys() {
            port.set_timer(TransactionTimer::Again(*id), this.rules.resend);
        }
        this.settled(port);
        this
    }

    /// What an entry of the file says stands in the trace again: it is not known whether it did before.
    fn take_up(&mut self, entry: TransactionEntry, port: &mut impl Port<Self>) {
        match entry {
            TransactionEntry::Value(Install { key, version, value }) => {
                self.held.insert(key, Held { version, value });
            }
            TransactionEntry::Prepared { id, part, reads } => {
                self.in_doubt.insert(id, InDoubt::new(part, reads));
            }
            TransactionEntry::Committed { id, commit } => {
                self.note_commit(id, &commit, port);
                self.hold(&commit.installs);
                if !commit.writers.is_empty() {
                    self.telling.insert(id, Telling::new(commit));
                }
            }
            TransactionEntry::Decided { id, commits, installs } => {
                self.in_doubt.remove(&id);
                port.note(TransactionSeen::Decided { id, commits, reads: Vec::new() });
                installs.iter().for_each(|install| port.note(install.seen(id)));
                self.hold(&installs);
                let end = if commits { Ending::Committed } else { Ending::Aborted };
                self.over.insert(id, Over { end, installs });
            }
            TransactionEntry::Released { id } => {
                self.in_doubt.remove(&id);
                port.note(TransactionSeen::Released { id });
                self.over.insert(id, Over::nothing(Ending::Released));
            }
            TransactionEntry::Watermark { below } => self.mark(below.coordinator.node, below),
        }
    }

    /// The file grows shorter once half of what it says is over, and known to be over everywhere.
    fn compact(&mut self, port: &mut impl Port<Self>) {
        if self.journal.length < self.rules.compact_after {
            return;
        }
        let past: Vec<TransactionId> = self.over.keys().copied().filter(|id| self.is_below(*id)).collect();
        let open = self.in_doubt.len() + self.telling.len() + self.open.len();
        let stays = self.held.len() + self.marks.len() + self.over.len() - past.len() + open;
        if self.journal.length < 2 * stays {
            return;
        }
        past.iter().for_each(|id| _ = self.over.remove(id));
        let entries = self.file();
        self.journal.replace(entries);
        let dropped: BTreeSet<NodeId> = past.iter().map(|id| id.coordinator.node).collect();
        let known = self.marks.values().map(|mark| mark.below);
        for below in known.filter(|below| dropped.contains(&below.coordinator.node)).collect::<Vec<_>>() {
            self.then(Then::Note(TransactionSeen::Forgotten { below }), port);
        }
    }

    /// All that the file has to say.
    fn file(&self) -> Vec<TransactionEntry> {
        let value = |(key, held): (&Key, &Held)| {
            TransactionEntry::Value(Install { key: key.clone(), version: held.version, value: held.value.clone() })
        };
        let marks = self.marks.values().map(|mark| TransactionEntry::Watermark { below: mark.below });
        let prepared = self.in_doubt.iter().filter(|(id, _)| id.coordinator.node != self.me.node).map(|(id, doubt)| {
            TransactionEntry::Prepared { id: *id, part: Arc::clone(&doubt.part), reads: Arc::clone(&doubt.reads) }
        });
        let over = self.over.iter().map(|(id, over)| match over.end {
            Ending::Released => TransactionEntry::Released { id: *id },
            Ending::Committed | Ending::Aborted => TransactionEntry::Decided {
                id: *id,
                commits: over.end == Ending::Committed,
                installs: over.installs.clone(),
            },
        });
        let open = self.open.iter().filter_map(|(id, open)| Some((id, open.commit.as_ref()?)));
        let telling = self.telling.iter().map(|(id, telling)| (id, &telling.commit));
        let commits =
            open.chain(telling).map(|(id, commit)| TransactionEntry::Committed { id: *id, commit: Arc::clone(commit) });
        self.held.iter().map(value).chain(marks).chain(prepared).chain(over).chain(commits).collect()
    }
}
