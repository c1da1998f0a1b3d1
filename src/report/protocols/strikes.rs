//! Where faults struck the replicated log: in which phase, in which role, and which fault.

use std::collections::BTreeMap;
use std::fmt;

use super::deaths::decoded;
use crate::identity::{Actor, MessageId, NodeId};
use crate::node::{Fact, Message, Timer};
use crate::protocols::consensus::{ConsensusFact, ConsensusMessage, ConsensusTimer};
use crate::trace::{Cause, Event, Record, Trace};

/// What a message says, or what a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A candidate asks for promises.
    Elect,
    /// A voter promises.
    Promise,
    /// A voter says that it has promised a higher round.
    Refuse,
    /// The proposer asks for votes.
    Propose,
    /// A voter advises.
    Vote,
    /// The proposer asks to confirm.
    PreCommit,
    /// A voter confirms.
    Confirm,
    /// A decision is told.
    Commit,
    /// The proposer shows that it lives.
    Heartbeat,
    /// A voter shows that it follows.
    Loyal,
    /// A node asks for what it lacks.
    Fetch,
    /// Decisions that were asked for.
    Slots,
    /// A state that was asked for.
    State,
    /// A client's operation is handed to the proposer.
    Forward,
    /// A read asks, or is told, up to where to wait.
    Read,
    /// A node has waited too long for a proposer.
    Stand,
    /// The proposer's own clock: it shows that it lives.
    Beat,
    /// The proposer has waited too long for voters: it asks again.
    Ask,
    /// A client's operation arrives, or is asked again.
    Command,
    /// The first step of a boot.
    Start,
}

/// What a node is for its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It stands for election.
    Candidate,
    /// It proposes.
    Proposer,
    /// It votes, and does neither.
    Voter,
    /// It learns: an observer, or a voter that is lost.
    Learner,
}

/// A fault that befalls a message or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strike {
    /// The message is lost by chance.
    Lost,
    /// The message is lost in a cut.
    Cut,
    /// The message arrives twice.
    Doubled,
    /// The message is overtaken by a later one of its sender to its receiver.
    Overtaken,
    /// A bit of the message is flipped.
    Flipped,
    /// The node dies in this step or behind it, and before the next.
    Killed,
    /// The disk fails in this step or behind it, and before the next.
    DiskFailed,
    /// The node stands still behind this step.
    Paused,
}

impl Strike {
    /// Those that befall messages.
    pub const OF_MESSAGES: [Self; 5] = [Self::Lost, Self::Cut, Self::Doubled, Self::Overtaken, Self::Flipped];
    /// Those that befall nodes.
    pub const OF_NODES: [Self; 3] = [Self::Killed, Self::DiskFailed, Self::Paused];
}

/// How often each fault struck.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strikes {
    counts: BTreeMap<(Stage, Part, Strike), u64>,
}

/// What is known of one node while its trace is read.
#[derive(Clone, Copy, Debug)]
struct Node {
    part: Part,
    /// Whether it is a voter that is lost.
    lost: bool,
    /// The step it took last, and what it was when it began.
    step: (Stage, Part),
    disk_failed: bool,
}

/// A message under way.
struct Flight {
    stage: Stage,
    part: Part,
    way: (NodeId, NodeId),
    overtaken: bool,
}

impl Strikes {
    /// Which messages a node of which part sends.
    pub const SENT: [(Stage, Part); 18] = [
        (Stage::Elect, Part::Candidate),
        (Stage::Promise, Part::Voter),
        (Stage::Refuse, Part::Candidate),
        (Stage::Refuse, Part::Voter),
        (Stage::Propose, Part::Proposer),
        (Stage::Vote, Part::Voter),
        (Stage::PreCommit, Part::Proposer),
        (Stage::Confirm, Part::Voter),
        (Stage::Commit, Part::Proposer),
        (Stage::Heartbeat, Part::Proposer),
        (Stage::Loyal, Part::Voter),
        (Stage::Fetch, Part::Voter),
        (Stage::Fetch, Part::Learner),
        (Stage::Slots, Part::Proposer),
        (Stage::State, Part::Proposer),
        (Stage::Forward, Part::Voter),
        (Stage::Forward, Part::Learner),
        (Stage::Read, Part::Proposer),
    ];

    /// Which steps a node of which part takes; for a message it is the one that was received.
    pub const TAKEN: [(Stage, Part); 23] = [
        (Stage::Start, Part::Voter),
        (Stage::Start, Part::Learner),
        (Stage::Stand, Part::Voter),
        (Stage::Stand, Part::Candidate),
        (Stage::Elect, Part::Voter),
        (Stage::Elect, Part::Candidate),
        (Stage::Promise, Part::Candidate),
        (Stage::Propose, Part::Voter),
        (Stage::Vote, Part::Proposer),
        (Stage::PreCommit, Part::Voter),
        (Stage::Confirm, Part::Proposer),
        (Stage::Commit, Part::Voter),
        (Stage::Commit, Part::Learner),
        (Stage::Heartbeat, Part::Voter),
        (Stage::Heartbeat, Part::Learner),
        (Stage::Loyal, Part::Proposer),
        (Stage::Fetch, Part::Proposer),
        (Stage::Slots, Part::Voter),
        (Stage::State, Part::Voter),
        (Stage::Beat, Part::Proposer),
        (Stage::Ask, Part::Proposer),
        (Stage::Command, Part::Voter),
        (Stage::Command, Part::Proposer),
    ];

    /// Whether a fault can strike there at all: a disk fails only where something is written.
    #[must_use]
    pub const fn can_be(stage: Stage, part: Part, strike: Strike) -> bool {
        let writes = match (stage, part) {
            (Stage::Command, Part::Voter) | (Stage::Start, _) => false,
            (
                Stage::Elect
                | Stage::Promise
                | Stage::Propose
                | Stage::Vote
                | Stage::PreCommit
                | Stage::Confirm
                | Stage::Commit
                | Stage::Slots
                | Stage::State
                | Stage::Stand
                | Stage::Command,
                _,
            ) => true,
            (
                Stage::Refuse
                | Stage::Heartbeat
                | Stage::Loyal
                | Stage::Fetch
                | Stage::Forward
                | Stage::Read
                | Stage::Beat
                | Stage::Ask,
                _,
            ) => false,
        };
        writes || !matches!(strike, Strike::DiskFailed)
    }

    /// How often this fault struck there.
    #[must_use]
    pub fn count(&self, stage: Stage, part: Part, strike: Strike) -> u64 {
        self.counts.get(&(stage, part, strike)).copied().unwrap_or_default()
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
                if let Message::Consensus(said) = decoded(said) {
                    let flight = Flight { stage: Stage::of(&said), part: node.part, way: (id, *to), overtaken: false };
                    self.befalls(&flight, *copies > 1, Strike::Doubled);
                    flights.insert(*message, flight);
                }
            }
            Event::Receive { message, copy, corrupted } => {
                if let Some(flight) = flights.get(message) {
                    self.befalls(flight, corrupted.is_some(), Strike::Flipped);
                    node.step = (flight.stage, node.part);
                    if *copy == 0 {
                        self.arrived(*message, flights);
                    }
                }
            }
            Event::Garbled { message, .. } => self.ended(message, flights, Strike::Flipped),
            Event::Lost { message, cause: Cause::Loss, .. } => self.ended(message, flights, Strike::Lost),
            Event::Lost { message, cause: Cause::Partition, .. } => self.ended(message, flights, Strike::Cut),
            Event::Timer { timer } => {
                if let Timer::Consensus(timer) = decoded(timer) {
                    node.step = (Stage::of_timer(timer), node.part);
                }
            }
            Event::Command { .. } => node.step = (Stage::Command, node.part),
            Event::IoError => node.disk_failed = true,
            Event::Paused => self.strikes(node, Strike::Paused),
            Event::Killed { .. } => {
                let strike = if node.disk_failed { Strike::DiskFailed } else { Strike::Killed };
                self.strikes(node, strike);
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
            | Event::Panicked { .. }
            | Event::Invoked { .. }
            | Event::Retried { .. }
            | Event::Returned { .. }
            | Event::GaveUp { .. }
            | Event::Fault { .. }
            | Event::FaultEnded { .. }
            | Event::Calm
            | Event::Touched { .. }
            | Event::Stuck { .. }
            | Event::Unmet { .. }
            | Event::Pending { .. } => {}
        }
    }

    fn strikes(&mut self, node: &Node, strike: Strike) {
        let (stage, part) = node.step;
        *self.counts.entry((stage, part, strike)).or_default() += 1;
    }

    fn befalls(&mut self, flight: &Flight, does: bool, strike: Strike) {
        if does {
            *self.counts.entry((flight.stage, flight.part, strike)).or_default() += 1;
        }
    }

    fn ended(&mut self, message: &MessageId, flights: &BTreeMap<MessageId, Flight>, strike: Strike) {
        if let Some(flight) = flights.get(message) {
            self.befalls(flight, true, strike);
        }
    }

    /// A message arrived: those of its way that were sent before and are under way are overtaken.
    fn arrived(&mut self, message: MessageId, flights: &mut BTreeMap<MessageId, Flight>) {
        let Some(Flight { way, .. }) = flights.remove(&message) else { return };
        let first = MessageId { number: 0, ..message };
        for (_, flight) in flights.range_mut(first..message).filter(|(_, flight)| flight.way == way) {
            if !flight.overtaken {
                flight.overtaken = true;
                *self.counts.entry((flight.stage, flight.part, Strike::Overtaken)).or_default() += 1;
            }
        }
    }
}

impl Node {
    const NEW: Self =
        Self { part: Part::Learner, lost: false, step: (Stage::Start, Part::Learner), disk_failed: false };

    fn start(&mut self) {
        *self = Self::NEW;
    }

    fn told(&mut self, id: NodeId, fact: &ConsensusFact) {
        match fact {
            ConsensusFact::VoterLost => self.lost = true,
            ConsensusFact::Started { voters, .. } => {
                let votes = !self.lost && (id.index() as u64) < u64::from(*voters);
                self.part = if votes { Part::Voter } else { Part::Learner };
                self.step = (Stage::Start, self.part);
            }
            ConsensusFact::Candidate { .. } => self.part = Part::Candidate,
            ConsensusFact::Elected { .. } => self.part = Part::Proposer,
            ConsensusFact::SteppedDown { .. } => self.part = Part::Voter,
            ConsensusFact::Anchored { .. }
            | ConsensusFact::Promised { .. }
            | ConsensusFact::Proposed { .. }
            | ConsensusFact::Voted { .. }
            | ConsensusFact::Replaced { .. }
            | ConsensusFact::PreCommitted { .. }
            | ConsensusFact::Confirmed { .. }
            | ConsensusFact::Committed { .. }
            | ConsensusFact::Applied { .. }
            | ConsensusFact::Installed { .. }
            | ConsensusFact::Compacted { .. }
            | ConsensusFact::Rejected { .. } => {}
        }
    }
}

impl Stage {
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
            ConsensusMessage::Loyal { .. } => Self::Loyal,
            ConsensusMessage::Fetch { .. } => Self::Fetch,
            ConsensusMessage::Slots { .. } => Self::Slots,
            ConsensusMessage::State { .. } => Self::State,
            ConsensusMessage::Forward { .. } => Self::Forward,
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

impl fmt::Display for Stage {
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
            Self::Loyal => "loyal",
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

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "candidate",
            Self::Proposer => "proposer",
            Self::Voter => "voter",
            Self::Learner => "learner",
        })
    }
}

impl fmt::Display for Strike {
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
