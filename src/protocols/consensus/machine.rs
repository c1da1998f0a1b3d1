//! The driver: what a node does on every message, timer and command.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use super::candidate::Candidate;
use super::certificate::Decided;
use super::journal::{Gathering, Journal};
use super::learner::Beat;
use super::log::Log;
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage, ConsensusTimer};
use super::pace::Pace;
use super::proposer::Proposer;
use super::quorum::Voters;
use super::replica::{Replica, Snapshot};
use super::request::{Answer, ConsensusCommand, Request};
use super::spec::{Reads, Rules};
use crate::identity::{Boot, NodeId, OpId};
use crate::observation::{Round, Slot};
use crate::protocols::{Port, Protocol, Signature, Words};
use crate::time::LocalTime;

/// One node's part in consensus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consensus {
    pub(super) rules: Arc<Rules>,
    pub(super) me: NodeId,
    pub(super) seat: Seat,
    /// It follows no round below this.
    pub(super) promised: Round,
    /// The highest round that it has heard of.
    pub(super) seen: Round,
    pub(super) log: Log,
    pub(super) replica: Replica,
    pub(super) role: Role,
    /// The highest round of which it has heard that it has a proposer.
    pub(super) followed: Option<Round>,
    /// How many of its elections in a row have come to nothing.
    pub(super) failures: u32,
    pub(super) pace: Pace,
    pub(super) fetching: Fetching,
    pub(super) journal: Journal,
    /// What the proposer was to do while its disk was busy.
    late: Late,
    /// A state that came while something was gathered, of which the trace must tell before.
    arrived: Option<Arc<Snapshot>>,
    /// What this node's clients wait for.
    pub(super) asked: BTreeMap<OpId, Asked>,
    /// When each peer was heard of last: kept with flaw e01 alone.
    pub(super) heard: BTreeMap<NodeId, LocalTime>,
}

/// What a proposer does as soon as its disk has answered: until then it would only join what waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Late {
    beat: bool,
    ask: bool,
}

/// How a node stands that lacks decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fetching {
    /// Whether it has asked for some, and still waits.
    pub(super) waits: bool,
    /// How often in a row it has asked in vain.
    pub(super) failures: u32,
}

/// Whether a node votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seat {
    Voter,
    Observer,
    /// A voter whose disk does not hold what it wrote.
    Lost,
}

/// What a node does for its round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Follower,
    Candidate(Candidate),
    Proposer(Proposer),
}

/// An operation that a client of this node waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) request: Arc<Request>,
    /// Once it is known, the slot up to which the log must be applied before a read is answered.
    pub(super) readable: Option<Slot>,
}

/// What a node's disk holds of consensus.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    voter: bool,
    lost: bool,
    /// Whether an entry could not be read that was synced.
    pub damaged: bool,
    promised: Round,
    log: Log,
    snapshot: Option<Arc<Snapshot>>,
    /// Decisions above the snapshot, and others.
    decided: Vec<Arc<Decided>>,
}

/// What consensus tells the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsensusOutcome {
    /// The log is to be rewritten now, before anything else; then [`Consensus::installed`] is to be called.
    Install,
}

impl Words for Consensus {
    type Message = ConsensusMessage;
    type Payload = Infallible;
    type Timer = ConsensusTimer;
    type Entry = ConsensusEntry;
    type Fact = ConsensusFact;
    type Command = ConsensusCommand;
    type Reply = Answer;
    type Outcome = ConsensusOutcome;
}

impl Protocol for Consensus {
    fn on_message(&mut self, from: NodeId, message: ConsensusMessage, port: &mut impl Port<Self>) {
        if let ConsensusMessage::State { snapshot, .. } = message {
            return self.on_state(snapshot, port);
        }
        self.gathering(port, |consensus, port| consensus.receive(from, message, port));
    }

    fn on_timer(&mut self, timer: ConsensusTimer, port: &mut impl Port<Self>) {
        let busy = self.journal.is_open();
        match timer {
            // What it would ask had to wait for its disk, which may be why it has heard nothing.
            ConsensusTimer::Election if busy => self.await_proposer(port),
            ConsensusTimer::Beat if busy => self.late.beat = true,
            ConsensusTimer::Ask if busy => self.late.ask = true,
            ConsensusTimer::Election => self.gathering(port, |consensus, port| consensus.stand(port)),
            ConsensusTimer::Beat => self.gathering(port, |consensus, port| consensus.beat(false, port)),
            ConsensusTimer::Ask => self.gathering(port, |consensus, port| consensus.ask_voters_again(port)),
            ConsensusTimer::Fetch => self.fetch_failed(),
            ConsensusTimer::Again => self.gathering(port, |consensus, port| consensus.ask_again(port)),
        }
    }

    /// What was gathered while the disk was busy is written.
    fn on_synced(&mut self, port: &mut impl Port<Self>) {
        let (asked, batch) = self.journal.close();
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
    }

    fn on_command(&mut self, op: OpId, command: ConsensusCommand, port: &mut impl Port<Self>) {
        self.gathering(port, |consensus, port| consensus.take_command(op, command, port));
    }
}

impl Kept {
    /// Whether the disk says that this voter is lost.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Takes in the next entry of the log.
    pub fn take(&mut self, entry: &ConsensusEntry) {
        match entry {
            ConsensusEntry::Voter { .. } => self.voter = true,
            ConsensusEntry::Lost => self.lost = true,
            ConsensusEntry::Promised { round } => self.promised = self.promised.max(*round),
            ConsensusEntry::Voted { slot, ballot, value } => {
                self.promised = self.promised.max(ballot.round);
                self.log.vote(*slot, *ballot, value.clone());
            }
            ConsensusEntry::Confirmed { slot, ballot, value } => {
                self.promised = self.promised.max(ballot.round);
                self.log.confirm(*slot, *ballot, value.clone());
            }
            ConsensusEntry::Decided { decided } => self.decided.push(Arc::clone(decided)),
            ConsensusEntry::State { compacted, snapshot } => {
                self.log.compact(*compacted);
                self.snapshot = Some(Arc::clone(snapshot));
            }
        }
    }
}

/// What a fresh disk of a node holds.
#[must_use]
pub fn fresh_disk(node: NodeId, voters: u32) -> Option<ConsensusEntry> {
    ((node.index() as u64) < u64::from(voters)).then_some(ConsensusEntry::Voter { node })
}

impl Consensus {
    /// The part of a node that starts, with what its disk holds.
    #[must_use]
    pub fn start(me: NodeId, rules: Arc<Rules>, kept: Kept) -> Self {
        let Kept { voter, lost, damaged, promised, mut log, snapshot, decided } = kept;
        let trusted = (voter && !lost && !damaged) || rules.flaws.e28;
        let seat = match (rules.voters.has(me), trusted) {
            (false, _) => Seat::Observer,
            (true, true) => Seat::Voter,
            (true, false) => Seat::Lost,
        };
        for one in &decided {
            log.decide(one);
        }
        if let Some(snapshot) = snapshot.as_deref().filter(|snapshot| snapshot.slot >= log.first_open()) {
            // A damaged disk lacks decisions for which the state stands.
            log.compact(snapshot.slot);
        }
        let replica = snapshot.map_or_else(Replica::default, |snapshot| Replica::of(&snapshot));
        let mut consensus = Self {
            rules,
            me,
            seat,
            promised,
            seen: promised,
            log,
            replica,
            role: Role::Follower,
            followed: None,
            failures: 0,
            pace: Pace::default(),
            fetching: Fetching::default(),
            journal: Journal::default(),
            late: Late::default(),
            arrived: None,
            asked: BTreeMap::new(),
            heard: BTreeMap::new(),
        };
        consensus.replay();
        consensus
    }

    /// Begins: a voter that is lost says so before anything else.
    pub fn open(&mut self, was_lost: bool, port: &mut impl Port<Self>) {
        self.gathering(port, |consensus, port| consensus.begin(was_lost, port));
    }

    fn begin(&mut self, was_lost: bool, port: &mut impl Port<Self>) {
        if self.seat == Seat::Lost {
            if !was_lost {
                port.append(ConsensusEntry::Lost);
                port.sync();
            }
            port.note(ConsensusFact::VoterLost);
        }
        let (voters, slot, root) = (self.rules.voters.0, self.replica.applied, self.replica.root());
        let session_slots = self.rules.settings.session_slots;
        port.note(ConsensusFact::Started { voters, slot, root, session_slots });
        if port.boot() == Boot::new(1) {
            let anchors = self.rules.anchors.seen();
            anchors.for_each(|(prefix, rule)| port.note(ConsensusFact::Anchored { prefix, rule }));
        }
        // A crash may have come between the promise and the fact that tells of it. What is left of a damaged disk may be an
        // older promise.
        if self.seat == Seat::Voter && self.promised > Round::default() {
            port.note(ConsensusFact::Promised { round: self.promised });
        }
        if self.stands(port.boot()) {
            self.await_proposer(port);
        }
    }

    /// Whether this node stands for election when it hears of no proposer.
    pub(super) fn stands(&self, boot: Boot) -> bool {
        // Flaw e03: only in its first life, and only until there was a proposer.
        let bound = self.rules.flaws.e03 && (boot > Boot::new(1) || self.seen > Round::default());
        self.seat == Seat::Voter && !bound
    }

    /// What must stand on the disk when the log is rewritten.
    #[must_use]
    pub fn retained(&self) -> Vec<ConsensusEntry> {
        let mut entries = Vec::new();
        match self.seat {
            Seat::Voter => entries.push(ConsensusEntry::Voter { node: self.me }),
            // Flaw k15: it takes itself for one that is not lost.
            Seat::Lost if self.rules.flaws.k15 => entries.push(ConsensusEntry::Voter { node: self.me }),
            Seat::Lost => entries.push(ConsensusEntry::Lost),
            Seat::Observer => {}
        }
        // Flaw k05: the promise is not among it.
        if self.promised > Round::default() && !self.rules.flaws.k05 {
            entries.push(ConsensusEntry::Promised { round: self.promised });
        }
        if self.replica.applied > Slot::default() {
            let snapshot = Arc::new(self.replica.snapshot());
            entries.push(ConsensusEntry::State { compacted: self.log.compacted, snapshot });
        }
        for (slot, cell) in self.log.from(self.log.compacted.next()) {
            let voted = cell.voted.clone().map(|(ballot, value)| ConsensusEntry::Voted { slot, ballot, value });
            let confirmed =
                cell.confirmed.clone().map(|(ballot, value)| ConsensusEntry::Confirmed { slot, ballot, value });
            let decided = cell.decided.clone().map(|decided| ConsensusEntry::Decided { decided });
            entries.extend(voted.into_iter().chain(confirmed).chain(decided));
        }
        entries
    }

    /// Whether the log may be rewritten: not while something is gathered, of which the trace must tell before.
    #[must_use]
    pub const fn is_rewritable(&self) -> bool {
        !self.journal.has_gathered()
    }

    /// Whether the log is to be rewritten, because a state could take the place of much of it; forgets that part.
    pub fn compacts(&mut self, port: &mut impl Port<Self>) -> bool {
        if !self.is_rewritable() {
            return false;
        }
        let settings = &self.rules.settings;
        let behind = self.replica.applied.0 - self.log.compacted.0;
        if behind < u64::from(settings.keep) + u64::from(settings.compact_after) {
            return false;
        }
        let slot = Slot(self.replica.applied.0 - u64::from(settings.keep));
        self.log.compact(slot);
        port.note(ConsensusFact::Compacted { slot });
        true
    }

    fn receive(&mut self, from: NodeId, message: ConsensusMessage, port: &mut impl Port<Self>) {
        if self.rules.flaws.e01 {
            self.heard.insert(from, port.monotonic());
        }
        match message {
            ConsensusMessage::Elect { round, from: first, asked, .. } => self.on_elect(from, round, first, asked, port),
            ConsensusMessage::Promise { round, report, asked, .. } => {
                self.pace.answered(asked, port.monotonic(), &self.rules.settings);
                self.on_promise(from, round, &report, port);
            }
            ConsensusMessage::Refuse { promised, .. } => self.on_refuse(from, promised, port),
            ConsensusMessage::Propose { slot, ballot, value, .. } => self.on_propose(from, slot, ballot, value, port),
            ConsensusMessage::Vote { bid, against, .. } => self.on_vote(from, bid, &against, port),
            ConsensusMessage::PreCommit { slot, ballot, value, .. } => {
                self.on_pre_commit(from, slot, ballot, value, port);
            }
            ConsensusMessage::Confirm { bid, seal, .. } => self.on_confirm(from, bid, seal, port),
            ConsensusMessage::Commit { decided, .. } => self.on_decided(from, &decided, port),
            ConsensusMessage::Heartbeat { round, decided, number, asked, trip, .. } => {
                self.on_heartbeat(from, round, decided, Beat { number, asked, trip }, port);
            }
            ConsensusMessage::Loyal { round, number, asked, .. } => {
                self.pace.answered(asked, port.monotonic(), &self.rules.settings);
                self.on_loyal(from, round, number, port);
            }
            ConsensusMessage::Fetch { from: first, .. } => self.on_fetch(from, first, port),
            ConsensusMessage::Slots { decided, .. } => self.on_slots(from, &decided, port),
            ConsensusMessage::State { .. } => unreachable!("a state is taken apart from all else"),
            ConsensusMessage::Forward { request, .. } => self.on_forward(request, port),
            ConsensusMessage::ReadAsk { op, .. } => self.on_read_ask(from, op, port),
            ConsensusMessage::ReadAt { op, slot, .. } => self.on_read_at(op, slot, port),
        }
    }

    /// A state came. It takes the place of what was gathered, too: the trace must tell of that before.
    fn on_state(&mut self, snapshot: Arc<Snapshot>, port: &mut impl Port<Self>) {
        if self.is_rewritable() {
            if self.install(&snapshot) {
                port.tell(ConsensusOutcome::Install);
            }
        } else if self.arrived.as_ref().is_none_or(|arrived| arrived.slot < snapshot.slot) {
            self.arrived = Some(snapshot);
        }
    }

    /// Lets a handler act through a port that gathers what the disk is too busy for.
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

    /// What was installed stands in the log that is written now: makes it durable, and goes on from there.
    pub fn installed(&mut self, port: &mut impl Port<Self>) {
        self.gathering(port, |consensus, port| consensus.go_on_installed(port));
    }

    fn take_command(&mut self, op: OpId, command: ConsensusCommand, port: &mut impl Port<Self>) {
        let request = Arc::new(Request::new(op, command));
        if let Some(answer) = self.replica.answer(&request) {
            return port.reply(op, answer);
        }
        if self.replica.is_stale(&request) {
            return;
        }
        let asked = Asked { request: Arc::clone(&request), readable: None };
        let first = self.asked.is_empty();
        self.asked.entry(op).or_insert(asked);
        self.ask(&request, port);
        if first && !self.asked.is_empty() {
            port.set_timer(ConsensusTimer::Again, self.pace.election(&self.rules.settings));
        }
    }

    /// Brings an operation before the proposer, if one is known.
    fn ask(&mut self, request: &Arc<Request>, port: &mut impl Port<Self>) {
        let by_index = self.rules.settings.reads == Reads::Index && request.is_read();
        match (&self.role, self.followed) {
            (Role::Proposer(_), _) if by_index => self.on_read_ask(self.me, request.op, port),
            (Role::Proposer(_), _) => self.enqueue(Arc::clone(request), port),
            (_, Some(round)) if by_index && round.node != self.me => {
                let signature = Signature::default();
                port.send(round.node, ConsensusMessage::ReadAsk { op: request.op, signature });
            }
            (_, Some(round)) if round.node != self.me => {
                let (request, signature) = (Arc::clone(request), Signature::default());
                port.send(round.node, ConsensusMessage::Forward { request, signature });
            }
            (Role::Follower | Role::Candidate(_), Some(_) | None) => {}
        }
    }

    /// Brings all that clients wait for before the proposer once more, but for what has come to something meanwhile: a
    /// session may have ended, or what was asked here was answered elsewhere, without any slot that would tell.
    pub(super) fn ask_again(&mut self, port: &mut impl Port<Self>) {
        self.tell_known(port);
        let open: Vec<_> = self.asked.values().map(|asked| Arc::clone(&asked.request)).collect();
        open.iter().for_each(|request| self.ask(request, port));
        if !self.asked.is_empty() {
            port.set_timer(ConsensusTimer::Again, self.pace.election(&self.rules.settings));
        }
    }

    fn on_forward(&mut self, request: Arc<Request>, port: &mut impl Port<Self>) {
        if matches!(self.role, Role::Proposer(_)) {
            self.enqueue(request, port);
        }
    }

    /// Waits for word of a proposer; without any, this node stands for election.
    pub(super) fn await_proposer(&mut self, port: &mut impl Port<Self>) {
        let election = self.pace.election(&self.rules.settings);
        let backoff = self.pace.backoff(self.failures, &self.rules.settings);
        let wait = port.jitter("election", election, election + election);
        let more = if backoff.is_zero() { backoff } else { port.jitter("backoff", crate::time::Span::ZERO, backoff) };
        port.set_timer(ConsensusTimer::Election, wait + more);
    }

    /// Writes down what must be durable before anything that follows is done.
    pub(super) fn keep(&self, entry: ConsensusEntry, port: &mut impl Port<Self>) {
        // Flaw e28: nothing reaches a disk.
        if self.rules.flaws.e28 {
            return;
        }
        port.append(entry);
        port.sync();
    }

    /// What the proposer writes down of a decision before it tells anybody.
    pub(super) fn keep_own(&self, entry: ConsensusEntry, port: &mut impl Port<Self>) {
        // Flaw k10: it does not wait for the disk.
        if self.rules.flaws.k10 {
            return port.append(entry);
        }
        self.keep(entry, port);
    }

    /// What a candidate writes down before it asks anybody.
    pub(super) fn keep_candidacy(&self, round: Round, port: &mut impl Port<Self>) {
        let entry = ConsensusEntry::Promised { round };
        // Flaw k11: it does not wait for the disk.
        if self.rules.flaws.k11 {
            return port.append(entry);
        }
        self.keep(entry, port);
    }

    /// How many must agree.
    pub(super) fn quorum(&self, now: LocalTime) -> u32 {
        // Flaw e01: of those that were heard of of late.
        if self.rules.flaws.e01 {
            let lately = |at: &LocalTime| now.since(*at) <= self.rules.settings.election;
            let near = self.heard.iter().filter(|(node, at)| self.rules.voters.has(**node) && lately(at)).count();
            let with_me = u32::try_from(near).expect("few voters") + 1;
            return Voters(with_me).quorum();
        }
        self.rules.voters.quorum()
    }

    pub(super) fn other_voters(&self) -> impl Iterator<Item = NodeId> + use<> {
        let me = self.me;
        self.rules.voters.all().filter(move |voter| *voter != me)
    }
}
