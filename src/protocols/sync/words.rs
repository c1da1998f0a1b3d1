//! The messages, payloads, timers, commands and facts of syncs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clocks::Dots;
use crate::codex::{Chunk, Item, Path, PathRange, Prefix, Root, Status};
use crate::identity::{Boot, NodeId, OpId};
use crate::observation::{Observation, Observe, ReplicaSeen, SyncEnd, SyncKind};
use crate::protocols::Periodic;

/// The datagrams between replicas.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncMessage {
    /// Is your state the same as mine?
    Probe(Arc<Probe>),
    /// It was the same: both may cover what either covers.
    Same(Arc<Probe>),
    /// It differs, and this is what stands at the top of my trie.
    Differs(Arc<Shown>),
    /// What stands at these places of your trie, or in these ranges?
    Walk(Arc<Walk>),
    /// What stands there.
    Place(Arc<Shown>),
    /// What I hold in a range in which you differ.
    Give(Arc<Given>),
    /// What you gave for this range is accepted.
    Got(Arc<Got>),
}

/// A question whether two states are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Probe {
    /// The asking node's count of its syncs.
    pub number: u64,
    /// The root of the sender's state.
    pub root: Root,
    /// What the sender covers.
    pub vector: Arc<Dots>,
}

/// What a node shows of its trie.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// The asking node's count of its syncs.
    pub number: u64,
    /// The sender's boot: a walk ends with it.
    pub boot: Boot,
    /// What the sender covers.
    pub vector: Arc<Dots>,
    /// The nodes at the places that were asked for: the root below each way that leads somewhere.
    pub nodes: Vec<(Prefix, Vec<(u8, Root)>)>,
    /// What is held in a range that was asked for, with that range.
    pub leaf: Option<(PathRange, Chunk)>,
}

/// The next step of a walk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Walk {
    /// The asking node's count of its syncs.
    pub number: u64,
    /// What the asking node covers.
    pub vector: Arc<Dots>,
    /// The places.
    pub prefixes: Vec<Prefix>,
    /// The ranges.
    pub ranges: Vec<PathRange>,
}

/// What the asking node holds of a range.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Given {
    /// The asking node's count of its syncs.
    pub number: u64,
    /// All that it holds there.
    pub chunk: Chunk,
}

/// That it has arrived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Got {
    /// The asking node's count of its syncs.
    pub number: u64,
    /// The range.
    pub range: PathRange,
    /// What the sender covers now, if that is not yet all that was given.
    pub lacks: Option<Arc<Dots>>,
}

/// What syncs send over the channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncPayload {
    /// Send me this.
    Pull(Arc<Pull>),
    /// All that is held in a range of keys.
    Whole {
        /// The asking node's count of its syncs.
        number: u64,
        /// What is held.
        chunk: Arc<Chunk>,
    },
    /// What the log has.
    Deltas {
        /// The asking node's count of its syncs.
        number: u64,
        /// What.
        items: Arc<Vec<Item>>,
        /// Whether the log has no more.
        last: bool,
    },
    /// The log does not reach back to what was asked for.
    BelowFloor {
        /// The asking node's count of its syncs.
        number: u64,
    },
    /// So many more messages of a stream are welcome.
    Credit {
        /// The asking node's count of its syncs.
        number: u64,
    },
    /// No more of a stream, please.
    Stop {
        /// The asking node's count of its syncs.
        number: u64,
    },
}

/// What a node asks for over the channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pull {
    /// The asking node's count of its syncs.
    pub number: u64,
    /// What it covers.
    pub vector: Arc<Dots>,
    /// What it wants.
    pub wanted: Wanted,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// The next keys of the whole replica.
    Whole {
        /// The first path.
        from: Path,
        /// Whether versions that are covered are wanted too.
        covered: bool,
    },
    /// What the log has beyond the vector.
    Deltas {
        /// Instead, what was written after this time: with flaw e06 alone.
        since: Option<u64>,
    },
    /// The same, and all that comes.
    Stream {
        /// So many messages at once.
        credits: u32,
    },
}

/// The timers of syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncTimer {
    /// Until the next peer is probed.
    Every,
    /// Until what a peer has not answered is asked again.
    Again(NodeId),
    /// Until a probe that a peer has not answered is repeated.
    Reprobe(NodeId),
}

/// What clients ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SyncCommand {
    /// From now on this node syncs so.
    Switch {
        /// How.
        kind: SyncKind,
    },
    /// What is the node's status?
    Status,
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncReply {
    /// It is done.
    Switched,
    /// The node has no channel, which this strategy needs.
    NoChannel,
    /// The status of the node.
    Status(Box<Status>),
}

/// What others are to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncOutcome {
    /// A client asks for the node's status.
    Asked {
        /// With this operation.
        op: OpId,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncFact {
    /// A peer's state differs: this node brings itself up to date.
    Begun {
        /// From whom.
        from: NodeId,
        /// How.
        kind: SyncKind,
    },
    /// A sync of the whole store goes on where an earlier one ended.
    Resumed {
        /// From whom.
        from: NodeId,
        /// After which path.
        after: Path,
    },
    /// It has ended.
    Ended {
        /// From whom.
        from: NodeId,
        /// How it was done.
        kind: SyncKind,
        /// How it ended.
        end: SyncEnd,
        /// How many versions were received.
        received: u64,
        /// How many of them were news.
        applied: u64,
    },
    /// The node syncs in another way.
    Switched {
        /// How.
        kind: SyncKind,
    },
}

impl Periodic for SyncMessage {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Probe(_) | Self::Same(_) => true,
            Self::Differs(_) | Self::Walk(_) | Self::Place(_) | Self::Give(_) | Self::Got(_) => false,
        }
    }
}

impl Periodic for SyncTimer {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Every | Self::Reprobe(_) => true,
            Self::Again(_) => false,
        }
    }
}

impl Observe for SyncCommand {}
impl Observe for SyncReply {}

impl Observe for SyncFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let replica = match *self {
            Self::Begun { from, kind } => ReplicaSeen::SyncBegun { from, kind },
            Self::Ended { from, kind, end, received, applied } => {
                ReplicaSeen::SyncEnded { from, kind, end, received, applied }
            }
            Self::Resumed { .. } | Self::Switched { .. } => return,
        };
        seen.push(Observation::Replica(replica));
    }
}
