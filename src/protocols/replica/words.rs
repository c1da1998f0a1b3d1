//! The entries and facts of a replica.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clocks::{Dot, Dots};
use crate::codex::{Change, Key};
use crate::identity::OpId;
use crate::observation::{AnchorSeen, Basis, Observation, Observe, ReplicaSeen, StoreSeen, ValueId};

/// An entry of a replica's journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplicaEntry(pub Change);

/// The disk has what the replica wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flushed;

/// The facts that a replica notes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaFact {
    /// The replica started.
    Started {
        /// What it covers.
        vector: Dots,
        /// How many versions it holds.
        held: u64,
        /// Its journal was damaged: it starts with nothing.
        lost: bool,
    },
    /// What the replica began its first incarnation with, told at each start from a journal that begins with it.
    Preloaded {
        /// How the keys begin.
        prefix: String,
        /// How many there are.
        count: u64,
        /// The digest of the value of each.
        value: ValueId,
    },
    /// A keyspace of the scenario; told at a node's first start.
    Keyspace {
        /// How its keys begin.
        prefix: String,
        /// Whether replicas write it on their own.
        replicated: bool,
    },
    /// An anchor of replicated keys; told at a node's first start.
    Anchored {
        /// How these keys begin.
        prefix: Arc<str>,
        /// What must stay true of them.
        rule: AnchorSeen,
    },
    /// A client's write is durable here.
    Written {
        /// The operation.
        op: OpId,
        /// The key.
        key: Key,
        /// The name of the version.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
        /// Where its context comes from.
        basis: Basis,
        /// The digest of its value; none for a delete.
        value: Option<ValueId>,
    },
    /// A peer's version was refused.
    Refused {
        /// Its name.
        dot: Dot,
        /// Whether its origin has not signed it; otherwise an anchor forbids it.
        forged: bool,
    },
    /// A client is shown a key.
    Shown {
        /// The operation.
        op: OpId,
        /// The key.
        key: Key,
        /// The versions that are held.
        held: Vec<Dot>,
        /// The version whose value is shown.
        dot: Option<Dot>,
        /// The digest of that value.
        value: Option<ValueId>,
        /// The resolution that is held.
        resolution: Option<Dot>,
        /// Whether a conflict is open.
        open: bool,
    },
}

impl ReplicaFact {
    /// Whether it says that something is durable.
    #[must_use]
    pub const fn claims_durability(&self) -> bool {
        match self {
            Self::Written { .. } => true,
            Self::Started { .. }
            | Self::Anchored { .. }
            | Self::Preloaded { .. }
            | Self::Keyspace { .. }
            | Self::Refused { .. }
            | Self::Shown { .. } => false,
        }
    }
}

impl Observe for ReplicaEntry {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let name = |key: &Key| key.as_str().into();
        let replica = match &self.0 {
            Change::Version(version) => ReplicaSeen::WroteVersion {
                key: name(&version.key),
                dot: version.dot,
                stamp: version.stamp,
                context: version.context.clone(),
                value: version.digest(),
            },
            Change::Resolution(resolution) => ReplicaSeen::WroteResolution {
                key: name(&resolution.key),
                dot: resolution.dot,
                stamp: resolution.stamp,
                chosen: resolution.chosen,
                settled: resolution.settled.clone(),
                replaces: resolution.replaces.clone(),
            },
            Change::Dropped { key, dots } => ReplicaSeen::WroteDropped { key: name(key), dots: dots.clone() },
            Change::Collected { key, dots } => ReplicaSeen::WroteCollected { key: name(key), dots: dots.clone() },
            Change::Joined { vector } => ReplicaSeen::WroteJoined { vector: (**vector).clone() },
            Change::Claimed(_) | Change::Base(_) | Change::Held(_) | Change::Preloaded(_) => return,
        };
        seen.push(Observation::Replica(replica));
    }
}

impl Observe for ReplicaFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let replica = match self.clone() {
            Self::Anchored { prefix, rule } => {
                return seen.push(Observation::Store(StoreSeen::Anchored { prefix, rule }));
            }
            Self::Started { vector, held, lost } => ReplicaSeen::Started { vector, held, lost },
            Self::Preloaded { prefix, count, value } => ReplicaSeen::Preloaded { prefix: prefix.into(), count, value },
            Self::Keyspace { prefix, replicated } => ReplicaSeen::Keyspace { prefix: prefix.into(), replicated },
            Self::Written { op, key, dot, stamp, basis, value } => {
                ReplicaSeen::Written { op, key: key.as_str().into(), dot, stamp, basis, value }
            }
            Self::Refused { dot, forged } => ReplicaSeen::Refused { dot, forged },
            Self::Shown { op, key, held, dot, value, resolution, open } => {
                ReplicaSeen::Shown { op, key: key.as_str().into(), held, dot, value, resolution, open }
            }
        };
        seen.push(Observation::Replica(replica));
    }
}
