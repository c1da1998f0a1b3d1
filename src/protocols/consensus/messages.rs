//! What nodes send, wait for, write down and note.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::certificate::{Decided, Seal};
use super::replica::Snapshot;
use super::request::{Answer, Request};
use super::value::Value;
use crate::codex::Refusal;
use crate::identity::{LaneId, NodeId, OpId};
use crate::observation::{
    AnchorSeen, Ballot, Bid, ConsensusSeen, Observation, Observe, Round, Slot, StoreSeen, ValueId,
};
use crate::process::Lane;
use crate::protocols::{CONSENSUS, Signature};
use crate::time::{LocalTime, Span};

/// What nodes send to one another. Each is a datagram with its sender's signature.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusMessage {
    /// A candidate asks for promises.
    Elect {
        /// Its round.
        round: Round,
        /// The first slot of which it knows no decision.
        from: Slot,
        /// When, by the sender's monotonic clock.
        asked: LocalTime,
        /// By the sender.
        signature: Signature,
    },
    /// A voter promises to follow no lower round.
    Promise {
        /// Which round.
        round: Round,
        /// What it knows of slots that may be decided.
        report: Arc<Report>,
        /// When it was asked, by the candidate's clock.
        asked: LocalTime,
        /// By the sender.
        signature: Signature,
    },
    /// A voter has promised a higher round.
    Refuse {
        /// Which.
        promised: Round,
        /// By the sender.
        signature: Signature,
    },
    /// The proposer asks for a vote.
    Propose {
        /// On which slot.
        slot: Slot,
        /// Under which ballot.
        ballot: Ballot,
        /// On what.
        value: Value,
        /// By the sender.
        signature: Signature,
    },
    /// A voter's advice.
    Vote {
        /// On what.
        bid: Bid,
        /// Why not, for each operation that it advises against; yes if there is none.
        against: Arc<Vec<(OpId, Refusal)>>,
        /// By the sender.
        signature: Signature,
    },
    /// The proposer asks to confirm what a quorum has advised, or what may have been decided before.
    PreCommit {
        /// For which slot.
        slot: Slot,
        /// Under which ballot.
        ballot: Ballot,
        /// What.
        value: Value,
        /// By the sender.
        signature: Signature,
    },
    /// A voter has confirmed, durably.
    Confirm {
        /// What.
        bid: Bid,
        /// Its part of the certificate.
        seal: Seal,
        /// By the sender.
        signature: Signature,
    },
    /// It is decided.
    Commit {
        /// What, with its certificate.
        decided: Arc<Decided>,
        /// By the sender.
        signature: Signature,
    },
    /// The proposer lives.
    Heartbeat {
        /// Its round.
        round: Round,
        /// Up to where it knows every slot to be decided.
        decided: Slot,
        /// Which heartbeat of its round it is.
        number: u32,
        /// When, by the sender's monotonic clock.
        asked: LocalTime,
        /// How long the answers of voters take that it gets.
        trip: Span,
        /// By the sender.
        signature: Signature,
    },
    /// A voter has promised nothing above the round of a heartbeat.
    Loyal {
        /// Which round.
        round: Round,
        /// Which heartbeat.
        number: u32,
        /// When it was sent, by the proposer's clock.
        asked: LocalTime,
        /// By the sender.
        signature: Signature,
    },
    /// A node asks for decisions that it lacks.
    Fetch {
        /// From which slot on.
        from: Slot,
        /// By the sender.
        signature: Signature,
    },
    /// Decisions that were asked for.
    Slots {
        /// In the order of their slots.
        decided: Arc<Vec<Arc<Decided>>>,
        /// By the sender.
        signature: Signature,
    },
    /// A state that was asked for, in place of decisions that are not kept any more.
    State {
        /// The state.
        snapshot: Arc<Snapshot>,
        /// By the sender.
        signature: Signature,
    },
    /// A client's operation for the proposer.
    Forward {
        /// Which.
        request: Arc<Request>,
        /// By the sender.
        signature: Signature,
    },
    /// A client of the sender reads.
    ReadAsk {
        /// For which operation.
        op: OpId,
        /// By the sender.
        signature: Signature,
    },
    /// A read may be answered where every slot up to this one is applied.
    ReadAt {
        /// For which operation.
        op: OpId,
        /// Up to which slot.
        slot: Slot,
        /// By the sender.
        signature: Signature,
    },
}

/// What a voter knows of slots from some slot on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Report {
    /// Of the slots up to this one it keeps nothing but the state that they came to.
    pub compacted: Slot,
    /// The others, in order.
    pub slots: Vec<(Slot, Reported)>,
}

/// What a voter knows of one slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reported {
    /// It has voted on something.
    Voted(Ballot, Value),
    /// It has confirmed this.
    Confirmed(Ballot, Value),
    /// It knows the decision.
    Decided(Arc<Decided>),
}

/// What a node waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusTimer {
    /// No proposer has been heard of for too long.
    Election,
    /// The proposer is to show that it lives.
    Beat,
    /// The proposer has waited for voters' answers.
    Ask,
    /// Decisions that were fetched have not come.
    Fetch,
    /// Operations of this node's clients have waited for long.
    Again,
}

/// What a node writes to its disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusEntry {
    /// The disk of this voter, from before its first boot.
    Voter {
        /// Whose.
        node: NodeId,
    },
    /// This node never votes again.
    Lost,
    /// It follows no round below.
    Promised {
        /// Which.
        round: Round,
    },
    /// It has voted.
    Voted {
        /// On which slot.
        slot: Slot,
        /// Under which ballot.
        ballot: Ballot,
        /// On what.
        value: Value,
    },
    /// It has confirmed.
    Confirmed {
        /// For which slot.
        slot: Slot,
        /// Under which ballot.
        ballot: Ballot,
        /// What.
        value: Value,
    },
    /// It knows a decision.
    Decided {
        /// Which.
        decided: Arc<Decided>,
    },
    /// The state after a slot, in place of what led to it.
    State {
        /// Up to this slot nothing else is kept.
        compacted: Slot,
        /// The state.
        snapshot: Arc<Snapshot>,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsensusFact {
    /// The node started.
    Started {
        /// How many voters are configured.
        voters: u32,
        /// Up to which slot it has applied the log.
        slot: Slot,
        /// What stands for its state.
        root: u64,
        /// After how many slots without use a session ends.
        session_slots: u64,
    },
    /// In its first boot: an anchor holds.
    Anchored {
        /// The beginning of the keys that it protects.
        prefix: Arc<str>,
        /// What must stay true of them.
        rule: AnchorSeen,
    },
    /// It never votes again: its disk does not hold what it wrote.
    VoterLost,
    /// It stands for election.
    Candidate {
        /// In which round.
        round: Round,
    },
    /// It follows no round below.
    Promised {
        /// Which.
        round: Round,
    },
    /// A quorum has promised its round: it is the proposer.
    Elected {
        /// Which.
        round: Round,
        /// The slots that it takes up again, because something may have been decided there.
        recovered: u32,
        /// The slots that it fills, because nothing was.
        filled: u32,
    },
    /// It is the proposer no more, or stands no more.
    SteppedDown {
        /// In which round it was.
        round: Round,
    },
    /// It proposes.
    Proposed {
        /// What.
        bid: Bid,
        /// The operations in it.
        ops: Vec<OpId>,
    },
    /// It voted.
    Voted {
        /// On what.
        bid: Bid,
        /// For it.
        yes: bool,
    },
    /// Its proposal will find no quorum of votes: a no-op takes its place.
    Replaced {
        /// Which proposal.
        bid: Bid,
    },
    /// It asks to confirm.
    PreCommitted {
        /// What.
        bid: Bid,
    },
    /// It confirmed, durably.
    Confirmed {
        /// What.
        bid: Bid,
    },
    /// It knows a decision.
    Committed {
        /// Which.
        bid: Bid,
    },
    /// It applied a slot.
    Applied {
        /// Which.
        slot: Slot,
        /// What was decided for it.
        value: ValueId,
        /// What stands for its state after it.
        root: u64,
        /// Operations that took effect.
        done: Vec<OpId>,
        /// Operations that were kept from it.
        refused: Vec<OpId>,
    },
    /// It put a state in place of its own.
    Installed {
        /// After which slot.
        slot: Slot,
        /// What stands for it.
        root: u64,
    },
    /// It keeps a state in place of the slots up to one.
    Compacted {
        /// Which.
        slot: Slot,
    },
    /// It refused what is not what it says: a certificate that proves nothing, a word that its sender may not say.
    Rejected {
        /// Of whom.
        from: NodeId,
    },
}

impl ConsensusMessage {
    /// The place of the signature.
    pub const fn signature_mut(&mut self) -> &mut Signature {
        match self {
            Self::Elect { signature, .. }
            | Self::Promise { signature, .. }
            | Self::Refuse { signature, .. }
            | Self::Propose { signature, .. }
            | Self::Vote { signature, .. }
            | Self::PreCommit { signature, .. }
            | Self::Confirm { signature, .. }
            | Self::Commit { signature, .. }
            | Self::Heartbeat { signature, .. }
            | Self::Loyal { signature, .. }
            | Self::Fetch { signature, .. }
            | Self::Slots { signature, .. }
            | Self::State { signature, .. }
            | Self::Forward { signature, .. }
            | Self::ReadAsk { signature, .. }
            | Self::ReadAt { signature, .. } => signature,
        }
    }
}

impl Lane for ConsensusMessage {
    fn lane(&self) -> LaneId {
        CONSENSUS
    }

    fn is_periodic(&self) -> bool {
        match self {
            Self::Heartbeat { .. } | Self::Loyal { .. } => true,
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
            | Self::ReadAt { .. } => false,
        }
    }
}

/// The labels of the messages that [`Lane::is_periodic`] says are.
pub const PERIODIC: [&str; 2] = ["consensus.heartbeat", "consensus.loyal"];

impl Lane for ConsensusTimer {
    fn lane(&self) -> LaneId {
        CONSENSUS
    }

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
                ConsensusSeen::WroteConfirmed { bid: Bid { slot: *slot, ballot: *ballot, value: value.id() } }
            }
            Self::Decided { decided } => {
                let ops = decided.value.admitted().iter().map(|request| request.op).collect();
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
            Self::Applied { slot, value, root, done, refused } => {
                ConsensusSeen::Applied { slot, value, root, done, refused }
            }
            Self::Installed { slot, root } => ConsensusSeen::Installed { slot, root },
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

/// What a client of this node is to be told.
pub(super) type Told = Vec<(OpId, Answer)>;
