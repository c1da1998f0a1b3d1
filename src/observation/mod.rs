//! Observations: the closed, versioned vocabulary for checkers, into which every protocol's facts are translated.

#[macro_use]
mod hex;

mod channel;
mod consensus;
mod course;
mod lock;
mod replica;
mod store;
mod transaction;

use serde::{Deserialize, Serialize};

pub use channel::{ChannelSeen, PayloadId};
pub use consensus::{Ballot, ConsensusSeen, DecreeId, ProposalId, Round, Slot, ValueId};
pub use course::{Course, Matter};
pub use lock::{Access, Claims, Conflict, LockCall, LockMode, LockRefusal, LockSeen, LockStamp, Resource, Turn};
pub use replica::{Basis, ChoiceBasis, ConflictClass, CopyId, ReplicaSeen, SyncEnd, SyncKind};
pub use store::{AnchorSeen, StoreAnswer, StoreCall, StoreRefusal, StoreSeen, ValueText};
pub use transaction::{
    TransactionAct, TransactionAnswer, TransactionCall, TransactionId, TransactionRead, TransactionRefusal,
    TransactionSeen, TransactionStamp, owner_of,
};

use crate::clocks::{Causality, VectorClock};
use crate::identity::{NodeId, OpId};

/// The version of the vocabulary; words, and fields that older traces lack, are only
/// added, with a new number here.
pub const VOCABULARY: u32 = 9;

/// One observation, which checkers understand whatever the protocol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Observation {
    /// A node compared two vector clocks and concluded `answer`.
    Compared {
        /// The clock on the left of the comparison.
        left: VectorClock,
        /// The clock on the right.
        right: VectorClock,
        /// The relation of left to right.
        answer: Causality,
    },
    /// The node broadcast its `number`-th message (from 1, over all boots).
    Broadcast {
        /// The node's own count.
        number: u64,
        /// The operation that asked for it. Not in traces before version 6 of the vocabulary.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        op: Option<OpId>,
    },
    /// The node delivered to its application the `number`-th broadcast of `origin`.
    Delivered {
        /// The origin.
        origin: NodeId,
        /// The origin's count, from 1.
        number: u64,
    },
    /// The node started with all broadcasts delivered up to these numbers, by origin; origins without any are omitted.
    Resumed {
        /// The highest number delivered of each origin.
        delivered: Vec<(NodeId, u64)>,
    },
    /// The node refused a message because its signature does not fit.
    Forged,
    /// An event of a channel.
    Channel(ChannelSeen),
    /// An event of a lock.
    Lock(LockSeen),
    /// An event of consensus.
    Consensus(ConsensusSeen),
    /// An operation on a store, or its answer.
    Store(StoreSeen),
    /// An event of a replicated keyspace.
    Replica(ReplicaSeen),
    /// An event of a transaction.
    Transaction(TransactionSeen),
}

/// Translates a protocol's value into observations.
pub trait Observe {
    /// Adds the observations of this value; most have none.
    fn observe(&self, _seen: &mut Vec<Observation>) {}
}

impl Observe for () {}

impl Observe for String {}
