//! The driver: it routes messages, timers and commands to the node's voter, proposer and learner, and performs the
//! effects.

mod asking;
mod election;
mod learning;
mod proposing;
mod voting;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bound::bound;
use super::candidate::Candidate;
use super::certificate::{Decided, Seal};
use super::decrees::Decrees;
use super::file::{self, Kept};
use super::journal::{Gathering, Journal};
use super::learner::Learner;
use super::log::Log;
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer};
use super::pace::{Pace, Promises};
use super::proposer::Proposer;
use super::quorum::Voters;
use super::replica::Snapshot;
use super::request::{Answer, Request};
use super::spec::{ConsensusSettings, ROW, Rules};
use super::voter::{Seat, Voter};
use crate::codex::{self, Key, Standing, StoreCommand, Value as Content};
use crate::identity::{Boot, NodeId, OpId};
use crate::observation::{Round, Slot};
use crate::process::{Never, Stored};
use crate::protocols::{Bound, Given, Load, Port, Protocol, Words};
use crate::subject::{Row, World};
use crate::time::LocalTime;

/// One node's part in consensus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consensus {
    rules: Arc<Rules>,
    me: NodeId,
    voter: Voter,
    pub(super) learner: Learner,
    role: Role,
    log: Log,
    /// The highest round that is known to have a proposer.
    followed: Option<Round>,
    /// The number of its consecutive failed elections.
    failures: u32,
    pace: Pace,
    promises: Promises,
    pub(super) journal: Journal,
    /// What the proposer has to do when its disk has answered.
    late: Late,
    /// A state that arrived while effects were gathered, which the trace must report first.
    arrived: Option<Arc<Snapshot>>,
    /// The decrees of its node, in a session of its own.
    decrees: Decrees,
    /// When each peer was last heard from: recorded with flaw e01 only.
    heard: BTreeMap<NodeId, LocalTime>,
}

/// The node's role in its round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Role {
    Follower,
    Candidate(Candidate),
    Proposer(Proposer),
}

/// What a proposer does as soon as its disk has answered: before that, the effects would only be gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Late {
    beat: bool,
    ask: bool,
}

/// The meaning of a sync's completion: the gathered effects can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Written;

/// What consensus reports to the node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConsensusOutcome {
    /// A decision became known here, by the messages of consensus.
    Certified {
        /// The decision, with its certificate.
        decided: Arc<Decided>,
    },
    /// A slot that was applied here has changed the system's own keys; a deleted key has no content.
    Decreed {
        /// The slot.
        slot: Slot,
        /// The new content of each changed key, in the order of the writes.
        writes: Vec<(Key, Option<Content>)>,
    },
    /// The node started, or installed a state: all entries under the system's own keys.
    Installed {
        /// The slot of the state.
        slot: Slot,
        /// By key.
        entries: Vec<(Key, Option<Content>)>,
    },
    /// The outcome of a decree of this node.
    Answered {
        /// The ticket of the decree.
        ticket: u32,
        /// Its outcome.
        answer: Answer,
    },
}

impl Words for Consensus {
    type Message = ConsensusMessage;
    type Payload = Never;
    type Timer = ConsensusTimer;
    type Completion = Written;
    type Entry = ConsensusEntry;
    type Fact = ConsensusFact;
    type Command = Never;
    type Reply = Never;
    type Outcome = ConsensusOutcome;
}

impl Protocol for Consensus {
    const ROW: Row = ROW;
    type Settings = ConsensusSettings;
    type Rules = Rules;
    type Kept = Kept;
    type Sees<'a> = ();

    fn rules(settings: &ConsensusSettings, given: Given<'_>) -> Rules {
        let Given { setup, registry } = given;
        Rules::new(settings, setup.voters, &setup.keyspaces, registry.clone())
    }

    /// Marks the disk as that of a voter: at a start without the mark, it was wiped.
    fn fresh_disk(rules: &Rules, node: NodeId) -> Vec<ConsensusEntry> {
        rules.voters.has(node).then_some(ConsensusEntry::Voter { node }).into_iter().collect()
    }

    fn read(kept: &mut Kept, stored: Stored<&ConsensusEntry>) {
        kept.read(stored);
    }

    fn start(rules: &Arc<Rules>, kept: Kept, (): (), port: &mut impl Port<Self>) -> Self {
        let was_lost = kept.is_lost();
        let mut consensus = Self::new(port.me(), Arc::clone(rules), kept);
        consensus.gathering(port, |consensus, port| consensus.begin(was_lost, port));
        consensus
    }

    /// Flaw k01: forwarded operations are accepted without a valid signature.
    fn trusts(rules: &Rules, message: &ConsensusMessage) -> bool {
        rules.flaws.k01 && matches!(message, ConsensusMessage::Forward { .. })
    }

    fn on_message(&mut self, from: NodeId, message: ConsensusMessage, (): (), port: &mut impl Port<Self>) {
        self.compact(port);
        if let ConsensusMessage::State { snapshot } = message {
            return self.on_state(snapshot, port);
        }
        self.gathering(port, |consensus, port| consensus.receive(from, message, port));
    }

    fn on_payload(&mut self, _: NodeId, payload: Never, (): (), _: &mut impl Port<Self>) {
        match payload {}
    }

    fn on_timer(&mut self, timer: ConsensusTimer, (): (), port: &mut impl Port<Self>) {
        let busy = self.journal.is_open();
        match timer {
            // Its requests would wait for its disk, which may be why it has heard from no proposer.
            ConsensusTimer::Election if busy => self.await_proposer(port),
            ConsensusTimer::Beat if busy => self.late.beat = true,
            ConsensusTimer::Ask if busy => self.late.ask = true,
            ConsensusTimer::Election => self.gathering(port, |consensus, port| consensus.stand(port)),
            ConsensusTimer::Beat => self.gathering(port, |consensus, port| consensus.beat(false, port)),
            ConsensusTimer::Ask => self.gathering(port, |consensus, port| consensus.ask_voters_again(port)),
            ConsensusTimer::Fetch => self.learner.fetching.fail(),
            ConsensusTimer::Again => self.gathering(port, |consensus, port| consensus.ask_again(port)),
        }
    }

    /// Writes the effects that were gathered while the disk was busy.
    fn on_synced(&mut self, Written: Written, (): (), port: &mut impl Port<Self>) {
        let (asked, batch) = self.journal.close(port);
        if let Some(asked) = asked {
            self.pace.synced(asked, port.monotonic(), &self.rules.settings);
        }
        let Late { beat, ask } = std::mem::take(&mut self.late);
        self.gathering(port, |consensus, port| {
            if beat {
                consensus.beat(!batch.is_empty(), port);
            }
            if ask {
                consensus.ask_voters_again(port);
            }
        });
        self.journal.write(batch, port);
        if let Some(arrived) = self.arrived.take() {
            self.on_state(arrived, port);
        }
        self.compact(port);
    }

    fn on_command(&mut self, _: OpId, command: Never, (): (), _: &mut impl Port<Self>) {
        match command {}
    }

    fn bound(settings: &ConsensusSettings, _: &Load, world: &World) -> Bound {
        bound(settings, world.open(), world)
    }
}

impl Consensus {
    /// The consensus part of a node that starts with the contents of its file.
    fn new(me: NodeId, rules: Arc<Rules>, kept: Kept) -> Self {
        let (voter, learner, log) = kept.restore(me, &rules);
        Self {
            rules,
            me,
            voter,
            learner,
            role: Role::Follower,
            log,
            followed: None,
            failures: 0,
            pace: Pace::default(),
            promises: Promises::default(),
            journal: Journal::default(),
            late: Late::default(),
            arrived: None,
            decrees: Decrees::default(),
            heard: BTreeMap::new(),
        }
    }

    fn begin(&mut self, was_lost: bool, port: &mut impl Port<Self>) {
        if self.voter.seat() == Seat::Lost {
            if !was_lost {
                port.append(ConsensusEntry::Lost);
                port.sync();
            }
            port.note(ConsensusFact::VoterLost);
        }
        let (slot, root) = (self.learner.replica.applied, self.learner.replica.root());
        let (voters, session_slots) = (self.rules.voters.0, self.rules.settings.session_slots);
        port.note(ConsensusFact::Started { voters, slot, root, session_slots });
        if port.boot() == Boot::new(1) {
            let anchors = self.rules.anchors.seen();
            anchors.for_each(|(prefix, rule)| port.note(ConsensusFact::Anchored { prefix, rule }));
            let fenced = self.rules.keyspaces.iter().filter(|(_, keyspace)| keyspace.fenced);
            fenced.for_each(|(prefix, _)| port.note(ConsensusFact::FencedSpace { prefix: prefix.into() }));
        }
        if !self.learner.replica.decreed().is_empty() {
            self.tell_installed(port);
        }
        // A crash may have dropped the fact of the promise. On a damaged disk an older promise may be the only one
        // left.
        let promised = self.voter.promised();
        if self.voter.seat() == Seat::Voter && promised > Round::default() {
            port.note(ConsensusFact::Promised { round: promised });
        }
        if self.voter.may_stand(port.boot(), &self.rules) {
            self.await_proposer(port);
        }
    }

    /// A client sends an operation on a key, or opens a session; the same operation may arrive again.
    pub fn on_store(&mut self, op: OpId, command: StoreCommand, port: &mut impl Port<Self>) {
        self.compact(port);
        self.gathering(port, |consensus, port| consensus.take_command(Request::new(op, command), port));
    }

    fn receive(&mut self, from: NodeId, message: ConsensusMessage, port: &mut impl Port<Self>) {
        if self.rules.flaws.e01 {
            self.heard.insert(from, port.monotonic());
        }
        match message {
            ConsensusMessage::Elect { round, from: first, asked } => self.on_elect(from, round, first, asked, port),
            ConsensusMessage::Promise { round, report, asked } => {
                self.pace.answered(asked, port.monotonic(), &self.rules.settings);
                self.on_promise(from, round, &report, port);
            }
            ConsensusMessage::Refuse { promised } => self.on_refuse(from, promised, port),
            ConsensusMessage::Propose { slot, ballot, value } => self.on_propose(from, slot, ballot, value, port),
            ConsensusMessage::Vote { bid, against } => self.on_vote(from, bid, &against, port),
            ConsensusMessage::PreCommit { slot, ballot, value } => {
                self.on_pre_commit(from, slot, ballot, value, port);
            }
            ConsensusMessage::Confirm { bid, seal: signature } => {
                self.on_confirm(from, bid, Seal { voter: from, signature }, port);
            }
            ConsensusMessage::Commit { decided } => self.learn(from, &decided, port),
            ConsensusMessage::Heartbeat { round, decided, number, asked, trip } => {
                self.pace.heartbeat(round, trip, port.monotonic(), &self.rules.settings);
                self.on_heartbeat(from, round, decided, (number, asked), port);
            }
            ConsensusMessage::HeartbeatAck { round, number, asked } => {
                self.pace.answered(asked, port.monotonic(), &self.rules.settings);
                self.on_heartbeat_ack(from, round, number, port);
            }
            ConsensusMessage::Fetch { from: first } => self.on_fetch(from, first, port),
            ConsensusMessage::Slots { decided } => self.on_slots(from, &decided, port),
            ConsensusMessage::State { .. } => unreachable!("a state is handled before it comes here"),
            ConsensusMessage::Forward { request } => self.enqueue(request, port),
            ConsensusMessage::Relay { request } => self.on_relay(request, port),
            ConsensusMessage::RelayRead { id, home } => self.on_relay_read(from, id, home, port),
            ConsensusMessage::ReadAsk { id } => self.on_read_ask(from, id, port),
            ConsensusMessage::ReadAt { id, slot } => self.on_read_at(id, slot, port),
        }
    }

    /// Lets a handler act through a port that gathers effects while the disk is busy.
    fn gathering<P: Port<Self>, R>(
        &mut self,
        port: &mut P,
        act: impl FnOnce(&mut Self, &mut Gathering<'_, '_, P>) -> R,
    ) -> R {
        let mut journal = std::mem::take(&mut self.journal);
        let done = act(self, &mut Gathering { journal: &mut journal, port });
        self.journal = journal;
        done
    }

    /// The entries that the file must hold when it is rewritten.
    pub(super) fn retained(&self) -> Vec<ConsensusEntry> {
        file::retained(self.me, &self.voter, &self.learner, &self.log, &self.rules)
    }

    /// Whether the file may be rewritten: not while effects are gathered, because the trace must report those first.
    pub(super) const fn is_rewritable(&self) -> bool {
        !self.journal.has_gathered()
    }

    /// Rewrites the file if a state can replace much of it, and removes that part. The rewrite goes before the entries
    /// of this step, and waits for the same sync.
    pub(super) fn compact(&mut self, port: &mut impl Port<Self>) {
        let (settings, applied) = (&self.rules.settings, self.learner.replica.applied);
        let behind = applied.0 - self.log.compacted.0;
        if !self.is_rewritable() || behind < u64::from(settings.keep) + u64::from(settings.compact_after) {
            return;
        }
        let slot = Slot(applied.0 - u64::from(settings.keep));
        self.log.compact(slot);
        port.note(ConsensusFact::Compacted { slot });
        port.rewrite(self.retained());
    }

    /// The size of a quorum.
    fn quorum(&self, now: LocalTime) -> u32 {
        // Flaw e01: of the peers heard from within one election timeout.
        if self.rules.flaws.e01 {
            let lately = |at: &LocalTime| now.since(*at) <= self.rules.settings.election;
            let near = self.heard.iter().filter(|(node, at)| self.rules.voters.has(**node) && lately(at)).count();
            let with_me = u32::try_from(near).expect("few voters") + 1;
            return Voters(with_me).quorum();
        }
        self.rules.voters.quorum()
    }

    /// The node's place in the log.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let role = match self.voter.seat() == Seat::Voter {
            true if self.role.is_proposer() => codex::Role::Primary,
            true => codex::Role::Replica,
            false => codex::Role::Observer,
        };
        Standing { role, slot: self.learner.replica.applied, root: self.learner.replica.root() }
    }

    fn other_voters(&self) -> impl Iterator<Item = NodeId> + use<> {
        let me = self.me;
        self.rules.voters.all().filter(move |voter| *voter != me)
    }
}

impl Role {
    const fn is_proposer(&self) -> bool {
        matches!(self, Self::Proposer(_))
    }

    const fn proposer(&mut self) -> Option<&mut Proposer> {
        if let Self::Proposer(proposer) = self { Some(proposer) } else { None }
    }

    /// The round in which the node stands or proposes.
    const fn round(&self) -> Option<Round> {
        match self {
            Self::Follower => None,
            Self::Candidate(candidate) => Some(candidate.round()),
            Self::Proposer(proposer) => Some(proposer.round()),
        }
    }
}
