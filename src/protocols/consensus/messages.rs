//! The messages, timers, entries and facts of consensus.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::certificate::Decided;
use super::replica::Snapshot;
use super::request::{Answer, Request, RequestId};
use super::value::Value;
use crate::codex::{Key, Refusal};
use crate::identity::{NodeId, OpId};
use crate::observation::{
    Access, AnchorSeen, Ballot, ConsensusSeen, DecreeId, LockStamp, Observation, Observe, ProposalId, Round, Slot,
    StoreSeen, ValueId,
};
use crate::protocols::{Periodic, Signature};
use crate::time::{LocalTime, Span};

/// The messages between nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusMessage {
    /// A candidate asks for promises.
    Elect {
        /// Its round.
        round: Round,
        /// The first slot without a known decision.
        from: Slot,
        /// When it was sent, by the sender's monotonic clock.
        asked: LocalTime,
    },
    /// A voter promises to follow no lower round.
    Promise {
        /// The promised round.
        round: Round,
        /// The sender's knowledge of slots that may be decided.
        report: Arc<Report>,
        /// The time in the candidate's request, by the candidate's clock.
        asked: LocalTime,
    },
    /// A voter has promised a higher round.
    Refuse {
        /// The promised round.
        promised: Round,
    },
    /// The proposer asks for a vote.
    Propose {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: Value,
    },
    /// A voter's vote, which is advice.
    Vote {
        /// The proposal.
        bid: ProposalId,
        /// The reason for each operation that it advises against; if there is none, the vote is yes.
        against: Arc<Vec<(RequestId, Refusal)>>,
    },
    /// The proposer asks to confirm a value that a quorum has voted for, or that may have been decided before.
    PreCommit {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: Value,
    },
    /// A voter has durably confirmed a value.
    Confirm {
        /// The proposal.
        bid: ProposalId,
        /// The voter's seal for the certificate.
        seal: Signature,
    },
    /// A slot is decided.
    Commit {
        /// The decision, with its certificate.
        decided: Arc<Decided>,
    },
    /// The proposer is alive.
    Heartbeat {
        /// Its round.
        round: Round,
        /// Every slot up to this one is known to be decided.
        decided: Slot,
        /// The ordinal of the heartbeat in its round.
        number: u32,
        /// When it was sent, by the sender's monotonic clock.
        asked: LocalTime,
        /// How long voters' answers take, as measured by the proposer.
        trip: Span,
    },
    /// A voter has promised no round above that of a heartbeat.
    HeartbeatAck {
        /// The round.
        round: Round,
        /// The ordinal of the heartbeat.
        number: u32,
        /// When the heartbeat was sent, by the proposer's clock.
        asked: LocalTime,
    },
    /// A node asks for decisions that it lacks.
    Fetch {
        /// The first missing slot.
        from: Slot,
    },
    /// Decisions that were asked for.
    Slots {
        /// In the order of their slots.
        decided: Arc<Vec<Arc<Decided>>>,
    },
    /// The requested state, instead of decisions that are no longer kept.
    State {
        /// The state.
        snapshot: Arc<Snapshot>,
    },
    /// An entry for the proposer.
    Forward {
        /// The entry.
        request: Arc<Request>,
    },
    /// A client of the sender reads.
    ReadAsk {
        /// The operation.
        id: RequestId,
    },
    /// A read may be answered when every slot up to this one is applied.
    ReadAt {
        /// The operation.
        id: RequestId,
        /// The slot.
        slot: Slot,
    },
    /// An entry for the proposer, from a node whose own messages may not reach it: the receiver passes it on.
    Relay {
        /// The entry.
        request: Arc<Request>,
    },
    /// A client of `home` reads, whose own messages may not reach the proposer.
    RelayRead {
        /// The operation.
        id: RequestId,
        /// The node that the answer is for.
        home: NodeId,
    },
}

/// A voter's knowledge of the slots from some slot on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Report {
    /// The slots up to this one are compacted: only the state after them is kept.
    pub compacted: Slot,
    /// The later slots, in order.
    pub slots: Vec<(Slot, Reported)>,
}

/// A voter's knowledge of one slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reported {
    /// It has voted on this value.
    Voted(Ballot, Value),
    /// It has confirmed this value.
    Confirmed(Ballot, Value),
    /// It knows the decision.
    Decided(Arc<Decided>),
}

/// The timers of consensus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusTimer {
    /// There has been no sign of a proposer for too long.
    Election,
    /// The proposer has to send a heartbeat.
    Beat,
    /// The proposer has waited for voters' answers.
    Ask,
    /// The decisions that were asked for have not arrived.
    Fetch,
    /// Entries of this node have waited too long for an outcome.
    Again,
}

/// The entries that a node writes to its disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusEntry {
    /// This is a voter's disk. Written before the first boot.
    Voter {
        /// The voter.
        node: NodeId,
    },
    /// This node never votes again.
    Lost,
    /// The node follows no round below this one.
    Promised {
        /// The round.
        round: Round,
    },
    /// It has voted.
    Voted {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: Value,
    },
    /// It has confirmed.
    Confirmed {
        /// The slot.
        slot: Slot,
        /// The ballot.
        ballot: Ballot,
        /// The value.
        value: Value,
    },
    /// It knows a decision.
    Decided {
        /// The decision.
        decided: Arc<Decided>,
    },
    /// The state after a slot, instead of the slots before it.
    State {
        /// The slots up to this one are compacted.
        compacted: Slot,
        /// The state.
        snapshot: Arc<Snapshot>,
    },
}

/// The facts that a node notes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusFact {
    /// The node started.
    Started {
        /// The number of configured voters.
        voters: u32,
        /// The last slot that it has applied.
        slot: Slot,
        /// The root of its state.
        root: u64,
        /// A session ends after this many slots without use.
        session_slots: u64,
    },
    /// An anchor is configured. Noted in the first boot.
    Anchored {
        /// The prefix of the protected keys.
        prefix: Arc<str>,
        /// The rule.
        rule: AnchorSeen,
    },
    /// Keys are fenced. Noted in the first boot.
    FencedSpace {
        /// The prefix of the keys.
        prefix: Arc<str>,
    },
    /// The node never votes again, because its disk does not hold what it wrote.
    VoterLost,
    /// It stands for election.
    Candidate {
        /// The round.
        round: Round,
    },
    /// It follows no round below this one.
    Promised {
        /// The round.
        round: Round,
    },
    /// A quorum has promised its round: it is the proposer.
    Elected {
        /// The round.
        round: Round,
        /// The number of slots that it recovers, because a value may have been decided there.
        recovered: u32,
        /// The number of slots that it fills with no-ops, because none was.
        filled: u32,
    },
    /// It is no longer the proposer or a candidate.
    SteppedDown {
        /// The round in which it was.
        round: Round,
    },
    /// It proposes.
    Proposed {
        /// The proposal.
        bid: ProposalId,
        /// The operations in it.
        ops: Vec<OpId>,
    },
    /// It voted.
    Voted {
        /// The proposal.
        bid: ProposalId,
        /// Whether it voted for it.
        yes: bool,
    },
    /// Its proposal can get no quorum of votes, and is replaced.
    Replaced {
        /// The replaced proposal.
        bid: ProposalId,
    },
    /// It asks to confirm.
    PreCommitted {
        /// The proposal.
        bid: ProposalId,
    },
    /// It has durably confirmed a value.
    Confirmed {
        /// The proposal.
        bid: ProposalId,
    },
    /// It knows a decision.
    Committed {
        /// The decision.
        bid: ProposalId,
    },
    /// It takes a decision that its certificate proves, as another protocol brought it.
    Blessed {
        /// The decision.
        bid: ProposalId,
    },
    /// It applied a slot.
    Applied {
        /// The slot.
        slot: Slot,
        /// The decided value.
        value: ValueId,
        /// The root of its state after the slot.
        root: u64,
        /// The operations that took effect.
        done: Vec<OpId>,
        /// The operations that were refused.
        refused: Vec<(OpId, Refusal)>,
        /// The decrees that took effect.
        decrees: Vec<DecreeId>,
    },
    /// In the slot applied last, it refused an operation whose token for a fenced key is older than one presented
    /// before.
    Fenced {
        /// The operation.
        op: OpId,
        /// The key.
        key: Key,
        /// The kind of access.
        access: Access,
        /// The presented token.
        token: LockStamp,
    },
    /// It installed a state.
    Installed {
        /// The slot of the state.
        slot: Slot,
        /// The root of the state.
        root: u64,
    },
    /// It sends a decree to be decided, under one of the system's keys.
    Decreed {
        /// The decree, by its number in this incarnation.
        id: DecreeId,
        /// The key.
        key: Key,
    },
    /// It keeps a state instead of the slots up to this one.
    Compacted {
        /// The slot.
        slot: Slot,
    },
    /// It refused an invalid message: a certificate that proves nothing, or a message that its sender may not send.
    Rejected {
        /// The sender.
        from: NodeId,
    },
}

impl Periodic for ConsensusMessage {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Heartbeat { .. } | Self::HeartbeatAck { .. } => true,
            Self::Elect { .. }
            | Self::Promise { .. }
            | Self::Refuse { .. }
            | Self::Propose { .. }
            | Self::Vote { .. }
            | Self::PreCommit { .. }
            | Self::Confirm { .. }
            | Self::Commit { .. }
            | Self::Fetch { .. }
            | Self::Slots { .. }
            | Self::State { .. }
            | Self::Forward { .. }
            | Self::ReadAsk { .. }
            | Self::ReadAt { .. }
            | Self::Relay { .. }
            | Self::RelayRead { .. } => false,
        }
    }
}

impl Periodic for ConsensusTimer {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Election | Self::Beat => true,
            Self::Ask | Self::Fetch | Self::Again => false,
        }
    }
}

impl Observe for ConsensusEntry {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let consensus = match self {
            Self::Confirmed { slot, ballot, value } => {
                ConsensusSeen::WroteConfirmed { bid: ProposalId { slot: *slot, ballot: *ballot, value: value.id() } }
            }
            Self::Decided { decided } => {
                let ops = decided.value.admitted().iter().filter_map(|request| request.id.op()).collect();
                ConsensusSeen::WroteDecided { slot: decided.slot, ops }
            }
            Self::Promised { .. } | Self::Voted { .. } | Self::State { .. } | Self::Voter { .. } | Self::Lost => return,
        };
        seen.push(Observation::Consensus(consensus));
    }
}

impl Observe for ConsensusFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let consensus = match self.clone() {
            Self::Started { voters, slot, root, session_slots } => {
                ConsensusSeen::Started { voters, slot, root, session_slots: Some(session_slots) }
            }
            Self::Anchored { prefix, rule } => {
                return seen.push(Observation::Store(StoreSeen::Anchored { prefix, rule }));
            }
            Self::VoterLost => ConsensusSeen::Lost,
            Self::Promised { round } => ConsensusSeen::Promised { round },
            Self::Elected { round, .. } => ConsensusSeen::Elected { round },
            Self::Proposed { bid, ops } => ConsensusSeen::Proposed { bid, ops },
            Self::Voted { bid, yes } => ConsensusSeen::Voted { bid, yes },
            Self::Confirmed { bid } => ConsensusSeen::Confirmed { bid },
            Self::Committed { bid } => ConsensusSeen::Committed { bid },
            Self::Blessed { bid } => ConsensusSeen::Blessed { bid },
            Self::Applied { slot, value, root, done, refused, decrees } => {
                let refused = refused.into_iter().map(|(op, reason)| (op, reason.ground())).collect();
                ConsensusSeen::Applied { slot, value, root, done, refused, decrees }
            }
            Self::FencedSpace { prefix } => {
                return seen.push(Observation::Store(StoreSeen::FencedSpace { prefix }));
            }
            Self::Fenced { op, .. } => return seen.push(Observation::Store(StoreSeen::Fenced { op })),
            Self::Installed { slot, root } => ConsensusSeen::Installed { slot, root },
            Self::Decreed { id, .. } => ConsensusSeen::Decreed { id },
            Self::Candidate { .. }
            | Self::SteppedDown { .. }
            | Self::Replaced { .. }
            | Self::PreCommitted { .. }
            | Self::Compacted { .. }
            | Self::Rejected { .. } => return,
        };
        seen.push(Observation::Consensus(consensus));
    }
}

/// The answers to give to clients of this node.
pub(super) type Told = Vec<(RequestId, Answer)>;
