//! What checkers see: the closed, versioned vocabulary into which every protocol's facts translate.

#[macro_use]
mod hex;

mod channel;
mod consensus;
mod lock;
mod store;

use serde::{Deserialize, Serialize};

pub use channel::{ChannelSeen, PayloadId};
pub use consensus::{Ballot, Bid, ConsensusSeen, Round, Slot, ValueId};
pub use lock::{Access, Claims, Conflict, LockCall, LockMode, LockRefusal, LockSeen, LockStamp, Resource, Touch, Turn};
pub use store::{AnchorSeen, StoreAnswer, StoreCall, StoreSeen, ValueText};

use crate::clocks::{Causality, VectorClock};
use crate::identity::{NodeId, OpId};

/// The version of the vocabulary; a word, or a part of one that older traces lack, is only
/// ever added, with a new number here.
pub const VOCABULARY: u32 = 6;

/// One thing that happened, in words that checkers understand whatever the protocol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Observation {
    /// A node compared two vector clocks and concluded `answer`.
    Compared {
        /// The clock on the left of the comparison.
        left: VectorClock,
        /// The clock on the right.
        right: VectorClock,
        /// How left stands to right.
        answer: Causality,
    },
    /// The node broadcast its `number`-th message (from 1, over all boots).
    Broadcast {
        /// The node's own count.
        number: u64,
        /// The operation that asked for it. Traces before version 6 of the vocabulary do not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        op: Option<OpId>,
    },
    /// The node delivered to its application the `number`-th broadcast of `origin`.
    Delivered {
        /// Who broadcast it.
        origin: NodeId,
        /// The origin's count, from 1.
        number: u64,
    },
    /// The node started with all broadcasts delivered up to these numbers, by origin; those without are left out.
    Resumed {
        /// The highest number delivered of each origin.
        delivered: Vec<(NodeId, u64)>,
    },
    /// The node refused a message because its signature does not fit.
    Forged,
    /// Something happened on a channel.
    Channel(ChannelSeen),
    /// Something happened to a lock.
    Lock(LockSeen),
    /// Something happened in consensus.
    Consensus(ConsensusSeen),
    /// Something was asked of a store, or told by one.
    Store(StoreSeen),
}

/// Translates a protocol's own word into what checkers see.
pub trait Observe {
    /// Adds what this word tells; most tell nothing.
    fn observe(&self, _seen: &mut Vec<Observation>) {}
}

impl Observe for () {}

impl Observe for String {}
