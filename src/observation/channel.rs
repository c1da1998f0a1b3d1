//! What checkers see of reliable channels between nodes.

use serde::{Deserialize, Serialize};

use xxhash_rust::xxh3::xxh3_64;

use crate::encoding;
use crate::identity::{Incarnation, LaneId};

/// The content of a payload, by 64 bits of the xxh3 hash of its canonical encoding; in text formats 16 hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadId(pub u64);

in_hex!(PayloadId);

impl PayloadId {
    /// The hash of this payload.
    #[must_use]
    pub fn of(payload: &impl Serialize) -> Self {
        let mut bytes = Vec::with_capacity(128);
        encoding::write(payload, &mut bytes);
        Self(xxh3_64(&bytes))
    }
}

/// An event of a payload on a channel, or of its session. A session connects two incarnations of two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ChannelSeen {
    /// The node sent a payload for the first time; resends are not observed.
    Sent {
        /// The receiving incarnation.
        to: Incarnation,
        /// The lane of the payload.
        lane: LaneId,
        /// The number of the payload in this session and direction, from 1.
        number: u64,
        /// Its content; not in older traces.
        #[serde(default)]
        payload: Option<PayloadId>,
    },
    /// The channel delivered a payload to the protocol of its lane.
    Delivered {
        /// The sending incarnation.
        from: Incarnation,
        /// The lane of the payload.
        lane: LaneId,
        /// The number of the payload in this session and direction, from 1.
        number: u64,
        /// Its content; not in older traces.
        #[serde(default)]
        payload: Option<PayloadId>,
    },
    /// The session with another incarnation of the peer has ended: undelivered payloads are lost.
    Reset {
        /// The peer's new incarnation.
        peer: Incarnation,
    },
}
