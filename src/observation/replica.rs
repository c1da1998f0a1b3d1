//! The terms of replicated keyspaces: what replicas write, hold, drop and show.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::consensus::ValueId;
use crate::clocks::{Dot, Dots};
use crate::identity::{Incarnation, NodeId, OpId};

/// How replicas bring each other up to date.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SyncKind {
    /// The whole store, in chunks of a range of keys.
    Full,
    /// What a log of accepted versions holds beyond the receiver's vector.
    Incremental,
    /// What differs, found by a walk down two Merkle tries.
    #[default]
    Merkle,
    /// The log, as it grows.
    Streaming,
}

/// A pushed copy of a version: the number of a node's pushes in its incarnation, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CopyId {
    /// Whose.
    pub of: Incarnation,
    /// Which, from 1.
    pub number: u64,
}

/// Where a write's context comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The client has read these versions.
    Read(Vec<Dot>),
    /// All that the replica holds of the key: the client brought none.
    Held,
    /// Nothing: the client brought none, and the replica holds what it holds beside it.
    Nothing,
}

/// In what respect the siblings of a key differ, as a whole set: the first that applies of structural, semantic, value.
///
/// Paths lead through maps alone. What stands in a list is a part of the list's value: neither its shape nor its
/// meaning counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictClass {
    /// All values are equal, or there is at most one: no conflict.
    None,
    /// The shapes agree, and what maps mean; the values differ.
    Value,
    /// The kind differs at some path: one is a scalar, another a list, another a map, or the names in a map differ.
    Structural,
    /// The shapes agree; the field `$meaning` of some map differs, or is missing in one.
    Semantic,
}

/// Why a resolution chooses what it chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChoiceBasis {
    /// The poll named it.
    Poll,
    /// The poll was split; it is nearest to the canonical text of the key.
    Canon,
    /// The poll was split, and the key has no canonical text; it is the version that the local strategy shows.
    Local,
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncEnd {
    /// The receiver covers what the sender covered when it began.
    Complete,
    /// One of the two restarted, or lost what the sync had begun with.
    Broken,
    /// The sender's log does not reach back to what the receiver covers.
    BelowFloor,
    /// Another strategy took its place.
    Replaced,
}

/// Observations of replicas: facts of nodes, and, last, entries of their disks, from which a checker knows at each step what a
/// replica holds and what it would hold after a crash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReplicaSeen {
    /// The node started as a replica.
    Started {
        /// What it covers.
        vector: Dots,
        /// How many versions it holds.
        held: u64,
        /// Its disk has lost what it wrote: it starts with nothing.
        lost: bool,
    },
    /// What the replica held and covered before its first start, told at each start from a disk that begins with it: a
    /// version of each key that is a prefix and a number from 1 on, whose dots are n1's first in boot 0, in the same order.
    /// Another replica may have had more of them.
    Preloaded {
        /// How the keys begin.
        prefix: Arc<str>,
        /// How many there are.
        count: u64,
        /// The digest of the value of each.
        value: ValueId,
    },
    /// A keyspace, told by every node in its first incarnation.
    Keyspace {
        /// How its keys begin.
        prefix: Arc<str>,
        /// Whether replicas write it on their own, without a decision of others.
        replicated: bool,
    },
    /// The node accepted a client's write.
    Written {
        /// The operation.
        op: OpId,
        /// The key.
        key: Arc<str>,
        /// The name of the version.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
        /// Where its context comes from.
        basis: Basis,
        /// The value's digest; none for a delete.
        value: Option<ValueId>,
    },
    /// The node refused a version of a peer: its origin has not signed it, or an anchor forbids it.
    Refused {
        /// Its name.
        dot: Dot,
        /// Whether the signature does not fit.
        forged: bool,
    },
    /// A client is shown a key: told by the replica when it answers a read.
    Shown {
        /// The operation.
        op: OpId,
        /// The key.
        key: Arc<str>,
        /// The versions that the replica holds of it, in order.
        held: Vec<Dot>,
        /// The version whose value is shown, if it is that of one.
        dot: Option<Dot>,
        /// The value's digest; none if there is nothing to show.
        value: Option<ValueId>,
        /// The resolution that the replica holds of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolution: Option<Dot>,
        /// Whether a conflict is open.
        open: bool,
    },
    /// The node pushes a version to a peer.
    Pushed {
        /// Which.
        dot: Dot,
        /// To whom.
        to: NodeId,
        /// The name of this copy.
        copy: CopyId,
        /// The copy that it relays, if it relays one.
        of: Option<CopyId>,
        /// How many hops it may make after this one.
        ttl: u32,
        /// The configured number.
        start: u32,
        /// To how many peers the node pushes a version at the most.
        fanout: u32,
    },
    /// The node has not heard of a peer for too long.
    Suspected {
        /// Whom.
        node: NodeId,
    },
    /// It has heard of it again.
    Trusted {
        /// Whom.
        node: NodeId,
    },
    /// The node begins to bring itself up to date from a peer.
    SyncBegun {
        /// The peer.
        from: NodeId,
        /// How.
        kind: SyncKind,
    },
    /// It has ended.
    SyncEnded {
        /// The peer.
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
    /// At this node a polled conflict of a key is open; told again when its versions change, and after every start.
    Opened {
        /// The key.
        key: Arc<str>,
        /// In what respect they differ.
        class: ConflictClass,
        /// The versions that are in conflict, in order.
        siblings: Vec<Dot>,
    },
    /// At this node a conflict of a key is resolved by a rule, without a poll; told again when its versions change.
    Ruled {
        /// The key.
        key: Arc<str>,
        /// In what respect they differ.
        class: ConflictClass,
        /// The versions that are in conflict, in order.
        siblings: Vec<Dot>,
        /// Which of them is shown; none for a merge.
        shown: Option<Dot>,
    },
    /// At this node a key has no conflict any more that it has told of.
    Closed {
        /// The key.
        key: Arc<str>,
    },
    /// The node has settled a conflict as its arbiter: its resolution is durable.
    Settled {
        /// The key.
        key: Arc<str>,
        /// The name of the resolution.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
        /// The version that it chooses.
        chosen: Dot,
        /// The versions that it settles.
        settled: Dots,
        /// Why it was chosen.
        basis: ChoiceBasis,
    },
    /// An entry for the disk: a version is accepted. The replica covers its dot and its context, and holds of the key's
    /// versions those that its context does not name, and this one.
    WroteVersion {
        /// The key.
        key: Arc<str>,
        /// The name of the version.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
        /// Its context, as it is stored.
        context: Dots,
        /// The value's digest; none for a tombstone.
        value: Option<ValueId>,
    },
    /// An entry for the disk: a resolution is accepted. The replica covers its dot and those that it replaces, and holds it
    /// in place of the one that it held, if it held none, or one that this replaces or that is of lower rank: the rank is
    /// the stamp, then the dot. Whenever the chosen version is covered and not held, the resolution is dropped.
    WroteResolution {
        /// The key.
        key: Arc<str>,
        /// The name of the resolution.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
        /// The version that it chooses.
        chosen: Dot,
        /// The versions that it settles.
        settled: Dots,
        /// The older resolutions that it replaces.
        replaces: Dots,
    },
    /// An entry for the disk: versions, or the resolution, are dropped, because a peer that covers them holds them no more.
    WroteDropped {
        /// Their key.
        key: Arc<str>,
        /// Which.
        dots: Vec<Dot>,
    },
    /// An entry for the disk: tombstones are dropped that every replica covers.
    WroteCollected {
        /// Their key.
        key: Arc<str>,
        /// Which.
        dots: Vec<Dot>,
    },
    /// An entry for the disk: the replica covers all these.
    WroteJoined {
        /// Which.
        vector: Dots,
    },
}

impl ConflictClass {
    /// Its name in files and sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Value => "value",
            Self::Structural => "structural",
            Self::Semantic => "semantic",
        }
    }
}

impl SyncKind {
    /// Its name in files and sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Merkle => "merkle",
            Self::Streaming => "streaming",
        }
    }
}

impl fmt::Display for CopyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.of, self.number)
    }
}
