//! What happened, in the protocol's own words, and what checkers see in it.

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use crate::identity::{NodeId, OpId};
use crate::observation::{Observation, Observe};
use crate::protocols::clocks::ClocksFact;

/// A fact of either protocol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// Of the broadcast.
    Broadcast(BroadcastFact),
    /// Of the node's clocks.
    Clocks(ClocksFact),
}

/// What the broadcast tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BroadcastFact {
    /// The node has made a broadcast. Told again after a restart if it was the last thing that the node did.
    Broadcast {
        /// The node's own count, from 1.
        number: u64,
        /// The operation that asked for it.
        op: OpId,
    },
    /// The node has delivered a broadcast.
    Delivered {
        /// Whose.
        origin: NodeId,
        /// Which.
        number: u64,
    },
    /// The node has started again, with this much delivered.
    Resumed {
        /// Up to which number, by origin.
        delivered: Counts,
    },
    /// The node refused a message because its signature does not fit.
    Forged {
        /// Where it seemed to come from.
        from: NodeId,
        /// How many this boot of the node has refused, with this one.
        count: u64,
    },
    /// The node started without some of what its disk had held: it bears no damage, and goes on with the rest.
    Damaged {
        /// How many entries could not be read.
        entries: u64,
    },
}

impl From<BroadcastFact> for Fact {
    fn from(fact: BroadcastFact) -> Self {
        Self::Broadcast(fact)
    }
}

impl From<ClocksFact> for Fact {
    fn from(fact: ClocksFact) -> Self {
        Self::Clocks(fact)
    }
}

impl Observe for Fact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Broadcast(fact) => fact.observe(seen),
            Self::Clocks(fact) => fact.observe(seen),
        }
    }
}

impl Observe for BroadcastFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        match self {
            Self::Broadcast { number, op } => seen.push(Observation::Broadcast { number: *number, op: Some(*op) }),
            Self::Delivered { origin, number } => {
                seen.push(Observation::Delivered { origin: *origin, number: *number });
            }
            Self::Resumed { delivered } => seen.push(Observation::Resumed { delivered: delivered.iter().collect() }),
            Self::Forged { .. } => seen.push(Observation::Forged),
            Self::Damaged { .. } => {}
        }
    }
}
