//! The messages, timers, facts and outcomes of gossip.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clocks::{Dot, Dots};
use crate::codex::{Item, Root};
use crate::identity::{Boot, NodeId};
use crate::observation::{CopyId, Observation, Observe, ReplicaSeen};
use crate::protocols::{Decided, Periodic};

/// The messages of gossip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GossipMessage {
    /// What the sender covers, and of whom it has heard.
    Heartbeat(Arc<Digest>),
    /// A version or a resolution that the sender has accepted for the first time.
    StateUpdate(Arc<Push>),
    /// A decision with its certificate, which the sender has learnt for the first time.
    Blessed(Arc<Blessed>),
    /// What the receiver's digest lacks.
    Pulled(Arc<Vec<Item>>),
    /// Bring yourself up to date from me: what you lack is not what I hold.
    SyncRequest,
}

/// What a node covers and has heard, at one instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// The root of its state.
    pub root: Root,
    /// What it covers.
    pub vector: Arc<Dots>,
    /// Counts of heartbeats: its own first.
    pub beats: Vec<Beat>,
    /// Whether it answers a digest, and wants no answer.
    pub answers: bool,
}

/// How many heartbeats of an incarnation a node has heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Beat {
    /// Of which node.
    pub node: NodeId,
    /// In which boot.
    pub boot: Boot,
    /// How many.
    pub count: u64,
}

/// A pushed copy of a version or a resolution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Push {
    /// The version or the resolution.
    pub item: Item,
    /// The name of this copy.
    pub copy: CopyId,
    /// How many hops it may make after this one.
    pub ttl: u32,
}

/// A pushed decision: an update that a quorum has blessed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Blessed {
    /// The decision, and the certificate that proves it to whoever has the keys of the voters.
    pub decided: Arc<Decided>,
    /// How many hops it may make after this one.
    pub ttl: u32,
}

/// The timer of gossip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GossipTimer {
    /// Until the next round.
    Round,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GossipFact {
    /// A version is pushed to a peer.
    Pushed {
        /// Which.
        dot: Dot,
        /// To whom.
        to: NodeId,
        /// The name of this copy.
        copy: CopyId,
        /// The copy that it relays, if any.
        of: Option<CopyId>,
        /// How many hops it may make after this one.
        ttl: u32,
        /// How many a copy that relays none may make.
        start: u32,
        /// To how many peers a version is pushed.
        fanout: u32,
    },
    /// No heartbeat of a peer was heard of for too long.
    Suspected {
        /// Whom.
        node: NodeId,
    },
    /// One was heard of again.
    Trusted {
        /// Whom.
        node: NodeId,
    },
}

/// What others are to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GossipOutcome {
    /// A peer tells of a decision.
    Blessed {
        /// Which peer.
        from: NodeId,
        /// The decision, and how much further it may go.
        blessed: Arc<Blessed>,
    },
    /// A peer has what only a comparison of states finds.
    Differs {
        /// Which.
        peer: NodeId,
    },
    /// A peer is suspected, or is no more.
    Suspects {
        /// Which.
        peer: NodeId,
        /// Whether it is.
        suspected: bool,
    },
}

impl Periodic for GossipMessage {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Heartbeat(_) => true,
            Self::StateUpdate(_) | Self::Blessed(_) | Self::Pulled(_) | Self::SyncRequest => false,
        }
    }
}

impl Periodic for GossipTimer {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Round => true,
        }
    }
}

impl Observe for GossipFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        seen.push(Observation::Replica(match *self {
            Self::Pushed { dot, to, copy, of, ttl, start, fanout } => {
                ReplicaSeen::Pushed { dot, to, copy, of, ttl, start, fanout }
            }
            Self::Suspected { node } => ReplicaSeen::Suspected { node },
            Self::Trusted { node } => ReplicaSeen::Trusted { node },
        }));
    }
}
