//! What checkers see of reliable channels between nodes.

use serde::{Deserialize, Serialize};

use xxhash_rust::xxh3::xxh3_64;

use crate::encoding;
use crate::identity::{Incarnation, LaneId};

/// What a payload holds, by 64 bits of the xxh3 hash of its canonical encoding; in text formats 16 hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadId(pub u64);

in_hex!(PayloadId);

impl PayloadId {
    /// What stands for this payload.
    #[must_use]
    pub fn of(payload: &impl Serialize) -> Self {
        let mut bytes = Vec::with_capacity(128);
        encoding::write(payload, &mut bytes);
        Self(xxh3_64(&bytes))
    }
}

/// What happened to a payload on a channel, or to its session. A session is between two lives of two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ChannelSeen {
    /// The node sent a payload, for the first time; what is sent again says nothing more.
    Sent {
        /// To which life of which node.
        to: Incarnation,
        /// Whose payload it is.
        lane: LaneId,
        /// The how-many-eth payload of this session and direction, from 1.
        number: u64,
        /// What it holds; older traces do not tell.
        #[serde(default)]
        payload: Option<PayloadId>,
    },
    /// The channel handed a payload to the protocol of its lane.
    Delivered {
        /// From which life of which node.
        from: Incarnation,
        /// Whose payload it is.
        lane: LaneId,
        /// The how-many-eth payload of this session and direction, from 1.
        number: u64,
        /// What it holds; older traces do not tell.
        #[serde(default)]
        payload: Option<PayloadId>,
    },
    /// The session with another life of the peer has ended: what was not delivered in it never will be.
    Reset {
        /// The peer's new life.
        peer: Incarnation,
    },
}
