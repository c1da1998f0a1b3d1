//! Fault coverage of the replicated log: hits per message type and sender role, and per step and role.

use std::fmt;

use super::{Hit, Hits, Watched};
use crate::identity::NodeId;
use crate::node::{Body, Fact, Timer};
use crate::protocols::consensus::{ConsensusFact, ConsensusMessage, ConsensusTimer};

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

/// The faults that hit consensus, by step and role.
pub type FaultCoverage = Hits<LogNode>;

/// The role of one node while a trace is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogNode {
    role: Role,
    /// Whether it is a lost voter.
    lost: bool,
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
}

impl Watched for LogNode {
    type Step = StepKind;
    type Role = Role;
    const NEW: Self = Self { role: Role::Learner, lost: false };

    fn starts(&self) -> (StepKind, Role) {
        (StepKind::Start, self.role)
    }

    fn hears(&mut self, id: NodeId, fact: &Fact) -> bool {
        let Fact::Consensus(fact) = fact else { return false };
        self.told(id, fact);
        matches!(fact, ConsensusFact::Started { .. })
    }

    fn sends(&self, body: &Body) -> Option<(StepKind, Role)> {
        if let Body::Consensus(said) = body { Some((StepKind::of(said), self.role)) } else { None }
    }

    fn receives(&self, (kind, _): (StepKind, Role)) -> (StepKind, Role) {
        (kind, self.role)
    }

    fn fires(&self, timer: &Timer) -> Option<(StepKind, Role)> {
        if let Timer::Consensus(timer) = timer { Some((StepKind::of_timer(*timer), self.role)) } else { None }
    }

    fn commanded(&self) -> (StepKind, Role) {
        (StepKind::Command, self.role)
    }
}

impl LogNode {
    fn told(&mut self, id: NodeId, fact: &ConsensusFact) {
        match fact {
            ConsensusFact::VoterLost => self.lost = true,
            ConsensusFact::Started { voters, .. } => {
                let votes = !self.lost && (id.index() as u64) < u64::from(*voters);
                self.role = if votes { Role::Voter } else { Role::Learner };
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
            | ConsensusFact::Blessed { .. }
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
