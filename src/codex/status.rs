//! The status record of a node, as the specification lists it.

use serde::{Deserialize, Serialize};

use super::Root;
use crate::clocks::Dots;
use crate::identity::{Era, NodeId};
use crate::observation::Slot;
use crate::time::LocalTime;

/// What a node says of its codex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Status {
    /// Which node.
    pub id: NodeId,
    /// In which era.
    pub era: Era,
    /// Its place in the replicated log, if one runs.
    pub log: Option<Standing>,
    /// The root of its replicated keys.
    pub root: Root,
    /// Which versions of them it covers.
    pub vector: Dots,
    /// The other nodes.
    pub peers: Vec<Peer>,
}

/// The place of a node in the replicated log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Standing {
    /// Its role.
    pub role: Role,
    /// The last slot that it has applied.
    pub slot: Slot,
    /// 64 bits of the root of its state after that.
    pub root: u64,
}

/// The role of a node, in the specification's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It proposes.
    Primary,
    /// It votes.
    Replica,
    /// It learns.
    Observer,
}

/// A peer in a status record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// Which.
    pub id: NodeId,
    /// When this node was last up to date with it, by its own monotonic clock; none if it has not been since it started.
    pub synced: Option<LocalTime>,
}
