//! Fault coverage of the replicated log: hits per message type and sender role, and per step and role.

use std::collections::BTreeMap;
use std::fmt;

use super::crashes::decoded;
use crate::identity::{Actor, MessageId, NodeId};
use crate::node::{Body, Fact, Timer};
use crate::protocols::Datagram;
use crate::protocols::consensus::{ConsensusFact, ConsensusMessage, ConsensusTimer};
use crate::trace::{Cause, Event, Record, Trace};

/// The type of a message, or what a step handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// A candidate asks for promises.
    Elect,
    /// A voter promises.
    Promise,
    /// A voter refuses, because it has promised a higher round.
    Refuse,
    /// The proposer asks for votes.
    Propose,
    /// A voter votes.
    Vote,
    /// The proposer asks to confirm.
    PreCommit,
    /// A voter confirms.
    Confirm,
    /// The proposer announces a decision.
    Commit,
    /// A heartbeat of the proposer.
    Heartbeat,
    /// A heartbeat acknowledgement of a voter.
    HeartbeatAck,
    /// A node asks for missing slots.
    Fetch,
    /// The answer to a fetch: decisions.
    Slots,
    /// The answer to a fetch: a state.
    State,
    /// A node forwards a client's operation to the proposer.
    Forward,
    /// A read asks for the index up to which it must wait, or gets it.
    Read,
    /// The election timeout.
    Stand,
    /// The proposer's heartbeat timer.
    Beat,
    /// The proposer's timer for asking voters again.
    Ask,
    /// A client's operation arrives, or is retried.
    Command,
    /// The first step of an incarnation.
    Start,
}

/// The role of a node in its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It stands for election.
    Candidate,
    /// It proposes.
    Proposer,
    /// It votes, and does neither.
    Voter,
    /// It learns: an observer, or a lost voter.
    Learner,
}

/// A fault that hits a message or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hit {
    /// The link loses the message.
    Lost,
    /// A partition loses the message.
    Cut,
    /// The message arrives twice.
    Doubled,
    /// A later message of the same sender reaches the receiver first.
    Overtaken,
    /// A bit of the message is flipped.
    Flipped,
    /// The node is killed during this step, or after it and before the next.
    Killed,
    /// The disk fails during this step, or after it and before the next.
    DiskFailed,
    /// The node is paused after this step.
    Paused,
}

impl Hit {
    /// The faults that hit messages.
    pub const OF_MESSAGES: [Self; 5] = [Self::Lost, Self::Cut, Self::Doubled, Self::Overtaken, Self::Flipped];
    /// The faults that hit nodes.
    pub const OF_NODES: [Self; 3] = [Self::Killed, Self::DiskFailed, Self::Paused];
}

/// The number of hits of each fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultCoverage {
    counts: BTreeMap<(StepKind, Role, Hit), u64>,
}

/// The state of one node while a trace is read.
#[derive(Clone, Copy, Debug)]
struct Node {
    role: Role,
    /// Whether it is a lost voter.
    lost: bool,
    /// Its last step, and its role when that step started.
    step: (StepKind, Role),
    disk_failed: bool,
}

/// A message under way.
struct Flight {
    kind: StepKind,
    role: Role,
    way: (NodeId, NodeId),
    overtaken: bool,
}

impl FaultCoverage {
    /// Which messages a node in which role sends.
    pub const SENT: [(StepKind, Role); 18] = [
        (StepKind::Elect, Role::Candidate),
        (StepKind::Promise, Role::Voter),
        (StepKind::Refuse, Role::Candidate),
        (StepKind::Refuse, Role::Voter),
        (StepKind::Propose, Role::Proposer),
        (StepKind::Vote, Role::Voter),
        (StepKind::PreCommit, Role::Proposer),
        (StepKind::Confirm, Role::Voter),
        (StepKind::Commit, Role::Proposer),
        (StepKind::Heartbeat, Role::Proposer),
        (StepKind::HeartbeatAck, Role::Voter),
        (StepKind::Fetch, Role::Voter),
        (StepKind::Fetch, Role::Learner),
        (StepKind::Slots, Role::Proposer),
        (StepKind::State, Role::Proposer),
        (StepKind::Forward, Role::Voter),
        (StepKind::Forward, Role::Learner),
        (StepKind::Read, Role::Proposer),
    ];

    /// Which steps a node in which role takes; a step that handles a message is named after it.
    pub const TAKEN: [(StepKind, Role); 23] = [
        (StepKind::Start, Role::Voter),
        (StepKind::Start, Role::Learner),
        (StepKind::Stand, Role::Voter),
        (StepKind::Stand, Role::Candidate),
        (StepKind::Elect, Role::Voter),
        (StepKind::Elect, Role::Candidate),
        (StepKind::Promise, Role::Candidate),
        (StepKind::Propose, Role::Voter),
        (StepKind::Vote, Role::Proposer),
        (StepKind::PreCommit, Role::Voter),
        (StepKind::Confirm, Role::Proposer),
        (StepKind::Commit, Role::Voter),
        (StepKind::Commit, Role::Learner),
        (StepKind::Heartbeat, Role::Voter),
        (StepKind::Heartbeat, Role::Learner),
        (StepKind::HeartbeatAck, Role::Proposer),
        (StepKind::Fetch, Role::Proposer),
        (StepKind::Slots, Role::Voter),
        (StepKind::State, Role::Voter),
        (StepKind::Beat, Role::Proposer),
        (StepKind::Ask, Role::Proposer),
        (StepKind::Command, Role::Voter),
        (StepKind::Command, Role::Proposer),
    ];

    /// Whether the fault is possible there; a disk fails only at a write.
    #[must_use]
    pub const fn can_be(kind: StepKind, role: Role, hit: Hit) -> bool {
        let writes = match (kind, role) {
            (StepKind::Command, Role::Voter) | (StepKind::Start, _) => false,
            (
                StepKind::Elect
                | StepKind::Promise
                | StepKind::Propose
                | StepKind::Vote
                | StepKind::PreCommit
                | StepKind::Confirm
                | StepKind::Commit
                | StepKind::Slots
                | StepKind::State
                | StepKind::Stand
                | StepKind::Command,
                _,
            ) => true,
            (
                StepKind::Refuse
                | StepKind::Heartbeat
                | StepKind::HeartbeatAck
                | StepKind::Fetch
                | StepKind::Forward
                | StepKind::Read
                | StepKind::Beat
                | StepKind::Ask,
                _,
            ) => false,
        };
        writes || !matches!(hit, Hit::DiskFailed)
    }

    /// The number of hits of this fault there.
    #[must_use]
    pub fn count(&self, kind: StepKind, role: Role, hit: Hit) -> u64 {
        self.counts.get(&(kind, role, hit)).copied().unwrap_or_default()
    }

    /// Adds a run.
    pub fn add(&mut self, trace: &Trace) {
        let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
        let mut flights: BTreeMap<MessageId, Flight> = BTreeMap::new();
        for record in trace.raw_records() {
            if let Actor::Node(id) = record.id.actor {
                let node = nodes.entry(id).or_insert(Node::NEW);
                self.see(&record, id, node, &mut flights);
            }
        }
    }

    fn see(&mut self, record: &Record<'_>, id: NodeId, node: &mut Node, flights: &mut BTreeMap<MessageId, Flight>) {
        match &record.event {
            Event::Start { .. } => node.start(),
            Event::Fact { fact } => {
                if let Fact::Consensus(fact) = decoded(fact) {
                    node.told(id, &fact);
                }
            }
            Event::Send { message, to, copies, said } => {
                if let Datagram { body: Body::Consensus(said), .. } = decoded(said) {
                    let flight =
                        Flight { kind: StepKind::of(&said), role: node.role, way: (id, *to), overtaken: false };
                    self.hit_message(&flight, *copies > 1, Hit::Doubled);
                    flights.insert(*message, flight);
                }
            }
            Event::Receive { message, copy, corrupted } => {
                if let Some(flight) = flights.get(message) {
                    self.hit_message(flight, corrupted.is_some(), Hit::Flipped);
                    node.step = (flight.kind, node.role);
                    if *copy == 0 {
                        self.arrived(*message, flights);
                    }
                }
            }
            Event::Garbled { message, .. } => self.ended(message, flights, Hit::Flipped),
            Event::Lost { message, cause: Cause::Loss, .. } => self.ended(message, flights, Hit::Lost),
            Event::Lost { message, cause: Cause::Partition, .. } => self.ended(message, flights, Hit::Cut),
            Event::Timer { timer } => {
                if let Timer::Consensus(timer) = decoded(timer) {
                    node.step = (StepKind::of_timer(timer), node.role);
                }
            }
            Event::Command { .. } => node.step = (StepKind::Command, node.role),
            Event::IoError => node.disk_failed = true,
            Event::Paused => self.hit_step(node, Hit::Paused),
            Event::Killed { .. } => {
                let hit = if node.disk_failed { Hit::DiskFailed } else { Hit::Killed };
                self.hit_step(node, hit);
            }
            Event::Lost { cause: Cause::Down, .. }
            | Event::Synced { .. }
            | Event::Append { .. }
            | Event::Rewrite { .. }
            | Event::Sync
            | Event::Reply { .. }
            | Event::Dropped { .. }
            | Event::Held { .. }
            | Event::Unpaused
            | Event::Damaged { .. }
            | Event::Panicked { .. }
            | Event::Invoked { .. }
            | Event::Retried { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Core { .. }
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => {}
        }
    }

    fn hit_step(&mut self, node: &Node, hit: Hit) {
        let (kind, role) = node.step;
        *self.counts.entry((kind, role, hit)).or_default() += 1;
    }

    fn hit_message(&mut self, flight: &Flight, is_hit: bool, hit: Hit) {
        if is_hit {
            *self.counts.entry((flight.kind, flight.role, hit)).or_default() += 1;
        }
    }

    fn ended(&mut self, message: &MessageId, flights: &BTreeMap<MessageId, Flight>, hit: Hit) {
        if let Some(flight) = flights.get(message) {
            self.hit_message(flight, true, hit);
        }
    }

    /// A message arrived: it overtakes those of its link that were sent before and are still under way.
    fn arrived(&mut self, message: MessageId, flights: &mut BTreeMap<MessageId, Flight>) {
        let Some(Flight { way, .. }) = flights.remove(&message) else { return };
        let first = MessageId { number: 0, ..message };
        for (_, flight) in flights.range_mut(first..message).filter(|(_, flight)| flight.way == way) {
            if !flight.overtaken {
                flight.overtaken = true;
                *self.counts.entry((flight.kind, flight.role, Hit::Overtaken)).or_default() += 1;
            }
        }
    }
}

impl Node {
    const NEW: Self =
        Self { role: Role::Learner, lost: false, step: (StepKind::Start, Role::Learner), disk_failed: false };

    fn start(&mut self) {
        *self = Self::NEW;
    }

    fn told(&mut self, id: NodeId, fact: &ConsensusFact) {
        match fact {
            ConsensusFact::VoterLost => self.lost = true,
            ConsensusFact::Started { voters, .. } => {
                let votes = !self.lost && (id.index() as u64) < u64::from(*voters);
                self.role = if votes { Role::Voter } else { Role::Learner };
                self.step = (StepKind::Start, self.role);
            }
            ConsensusFact::Candidate { .. } => self.role = Role::Candidate,
            ConsensusFact::Elected { .. } => self.role = Role::Proposer,
            ConsensusFact::SteppedDown { .. } => self.role = Role::Voter,
            ConsensusFact::Anchored { .. }
            | ConsensusFact::Promised { .. }
            | ConsensusFact::Proposed { .. }
            | ConsensusFact::Voted { .. }
            | ConsensusFact::Replaced { .. }
            | ConsensusFact::PreCommitted { .. }
            | ConsensusFact::Confirmed { .. }
            | ConsensusFact::Committed { .. }
            | ConsensusFact::Applied { .. }
            | ConsensusFact::Fenced { .. }
            | ConsensusFact::FencedSpace { .. }
            | ConsensusFact::Installed { .. }
            | ConsensusFact::Decreed { .. }
            | ConsensusFact::Compacted { .. }
            | ConsensusFact::Rejected { .. } => {}
        }
    }
}

impl StepKind {
    const fn of(message: &ConsensusMessage) -> Self {
        match message {
            ConsensusMessage::Elect { .. } => Self::Elect,
            ConsensusMessage::Promise { .. } => Self::Promise,
            ConsensusMessage::Refuse { .. } => Self::Refuse,
            ConsensusMessage::Propose { .. } => Self::Propose,
            ConsensusMessage::Vote { .. } => Self::Vote,
            ConsensusMessage::PreCommit { .. } => Self::PreCommit,
            ConsensusMessage::Confirm { .. } => Self::Confirm,
            ConsensusMessage::Commit { .. } => Self::Commit,
            ConsensusMessage::Heartbeat { .. } => Self::Heartbeat,
            ConsensusMessage::HeartbeatAck { .. } => Self::HeartbeatAck,
            ConsensusMessage::Fetch { .. } => Self::Fetch,
            ConsensusMessage::Slots { .. } => Self::Slots,
            ConsensusMessage::State { .. } => Self::State,
            ConsensusMessage::Forward { .. } | ConsensusMessage::Relay { .. } | ConsensusMessage::RelayRead { .. } => {
                Self::Forward
            }
            ConsensusMessage::ReadAsk { .. } | ConsensusMessage::ReadAt { .. } => Self::Read,
        }
    }

    const fn of_timer(timer: ConsensusTimer) -> Self {
        match timer {
            ConsensusTimer::Election => Self::Stand,
            ConsensusTimer::Beat => Self::Beat,
            ConsensusTimer::Ask => Self::Ask,
            ConsensusTimer::Fetch => Self::Fetch,
            ConsensusTimer::Again => Self::Command,
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elect => "elect",
            Self::Promise => "promise",
            Self::Refuse => "refuse",
            Self::Propose => "propose",
            Self::Vote => "vote",
            Self::PreCommit => "pre-commit",
            Self::Confirm => "confirm",
            Self::Commit => "commit",
            Self::Heartbeat => "heartbeat",
            Self::HeartbeatAck => "heartbeat-ack",
            Self::Fetch => "fetch",
            Self::Slots => "slots",
            Self::State => "state",
            Self::Forward => "forward",
            Self::Read => "read",
            Self::Stand => "stand",
            Self::Beat => "beat",
            Self::Ask => "ask",
            Self::Command => "command",
            Self::Start => "start",
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "candidate",
            Self::Proposer => "proposer",
            Self::Voter => "voter",
            Self::Learner => "learner",
        })
    }
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Cut => "cut",
            Self::Doubled => "doubled",
            Self::Overtaken => "overtaken",
            Self::Flipped => "bit flipped",
            Self::Killed => "killed",
            Self::DiskFailed => "disk failed",
            Self::Paused => "paused",
        })
    }
}
