//! The messages, timers, facts and outcomes of polls.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clocks::{Dot, Dots};
use crate::codex::conflict::{Class, Poll, Strategy};
use crate::codex::{Item, Key, Write};
use crate::identity::{NodeId, OpId};
use crate::observation::{ChoiceBasis, Observation, Observe, ReplicaSeen};
use crate::protocols::Periodic;

/// What arbiters and voters tell one another, directly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictMessage {
    /// Which of these versions do you name?
    PrayerRequest(Arc<Prayer>),
    /// This one.
    Answer(Arc<Answer>),
    /// None: you lack these.
    Lacked(Arc<Vec<Item>>),
}

/// A question to a voter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Prayer {
    /// The arbiter's count of its polls.
    pub number: u64,
    /// Of which key.
    pub key: Key,
    /// The versions to choose from.
    pub siblings: Vec<Dot>,
    /// All versions of the key that the arbiter holds, hidden ones too.
    pub held: Dots,
    /// What is asked.
    pub poll: Poll,
}

/// A voter's answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The arbiter's count of its polls.
    pub number: u64,
    /// Of which key.
    pub key: Key,
    /// The version that it names.
    pub named: Dot,
}

/// The timer of polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictTimer {
    /// Until the open conflicts are looked at again.
    Poll,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictFact {
    /// A conflict about which voters are to be polled is open here, or others take part in it than before.
    Opened {
        /// Of which key.
        key: Key,
        /// In what respect they differ.
        class: Class,
        /// Between which versions.
        siblings: Vec<Dot>,
        /// What is to be asked.
        poll: Poll,
    },
    /// A conflict is resolved by a rule, which every replica evaluates by itself.
    Ruled {
        /// Of which key.
        key: Key,
        /// In what respect they differ.
        class: Class,
        /// Between which versions.
        siblings: Vec<Dot>,
        /// Which of them is shown; none for a merge.
        shown: Option<Dot>,
    },
    /// From now on the conflicts of a keyspace are resolved otherwise here.
    Adopted {
        /// The prefix of the keyspace.
        keyspace: String,
        /// How.
        strategy: Strategy,
    },
    /// There is none any more.
    Closed {
        /// Of which key.
        key: Key,
    },
    /// This node, the arbiter, asks the voters.
    Asked {
        /// About which key.
        key: Key,
        /// The count of its polls.
        number: u64,
        /// Whom.
        voters: Vec<NodeId>,
    },
    /// A choice of this node is durable.
    Settled {
        /// Of which key.
        key: Key,
        /// The name of the resolution.
        dot: Dot,
        /// Its stamp.
        stamp: u64,
        /// The version that it chooses.
        chosen: Dot,
        /// All versions that it settles.
        settled: Dots,
        /// Why that one.
        basis: ChoiceBasis,
    },
}

/// What clients ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictCommand {
    /// The conflicts of a keyspace are to be resolved so, everywhere.
    Adopt {
        /// The prefix of the keyspace.
        keyspace: String,
        /// How.
        strategy: Strategy,
    },
}

/// What they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictReply {
    /// It is decided.
    Adopted,
    /// It may have been decided, or may be later.
    Unknown,
}

impl Observe for ConflictCommand {}
impl Observe for ConflictReply {}

/// What others are to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConflictOutcome {
    /// A resolution was minted here.
    Minted {
        /// Which.
        item: Item,
    },
    /// A client wants a decree.
    Wanted {
        /// By this operation.
        op: OpId,
        /// Which.
        write: Write,
    },
}

impl Periodic for ConflictMessage {}

/// Where no majority can be asked, a conflict may be looked at for ever.
impl Periodic for ConflictTimer {
    fn is_periodic(&self) -> bool {
        match self {
            Self::Poll => true,
        }
    }
}

impl Observe for ConflictFact {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let replica = match self.clone() {
            Self::Opened { key, class, siblings, poll: _ } => {
                ReplicaSeen::Opened { key: key.as_str().into(), class, siblings }
            }
            Self::Ruled { key, class, siblings, shown } => {
                ReplicaSeen::Ruled { key: key.as_str().into(), class, siblings, shown }
            }
            Self::Closed { key } => ReplicaSeen::Closed { key: key.as_str().into() },
            Self::Asked { .. } | Self::Adopted { .. } => return,
            Self::Settled { key, dot, stamp, chosen, settled, basis } => {
                ReplicaSeen::Settled { key: key.as_str().into(), dot, stamp, chosen, settled, basis }
            }
        };
        seen.push(Observation::Replica(replica));
    }
}
