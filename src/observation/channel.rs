//! What checkers see of reliable channels between nodes.

use serde::{Deserialize, Serialize};

use crate::identity::{Incarnation, LaneId};

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
    },
    /// The channel handed a payload to the protocol of its lane.
    Delivered {
        /// From which life of which node.
        from: Incarnation,
        /// Whose payload it is.
        lane: LaneId,
        /// The how-many-eth payload of this session and direction, from 1.
        number: u64,
    },
    /// The session with another life of the peer has ended: what was not delivered in it never will be.
    Reset {
        /// The peer's new life.
        peer: Incarnation,
    },
}
