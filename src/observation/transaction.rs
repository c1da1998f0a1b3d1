//! The terms of transactions: their names, the owners of keys, and the observations for checkers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{AnchorSeen, LockMode, Observation, Observe, StoreSeen, ValueText};
use crate::clocks::HybridStamp;
use crate::identity::{Boot, Incarnation, NodeId, OpId};

/// The name of one attempt of a transaction: who coordinates it, in which boot, and its count there. Written `n1/2.t7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId {
    /// Who coordinates it, and in which boot.
    pub coordinator: Incarnation,
    /// The coordinator's own count in that boot, from 1.
    pub number: u64,
}

/// What orders transactions where they wait for one another: the hybrid time of the first attempt, and its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionStamp {
    /// When the first attempt began, by the coordinator's hybrid clock.
    pub time: HybridStamp,
    /// The first attempt.
    pub first: TransactionId,
}

/// Before all others.
impl Default for TransactionId {
    fn default() -> Self {
        Self { coordinator: Incarnation::new(NodeId::default(), Boot::new(0)), number: 0 }
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.t{}", self.coordinator, self.number)
    }
}

impl FromStr for TransactionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not of the form `n1/2.t7`");
        let (coordinator, number) = text.split_once(".t").ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let id = Self { coordinator: coordinator.parse().map_err(|_| wrong())?, number };
        (id.to_string() == text).then_some(id).ok_or_else(wrong)
    }
}

impl Serialize for TransactionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.coordinator, self.number).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for TransactionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            return text.parse().map_err(de::Error::custom);
        }
        let (coordinator, number) = Deserialize::deserialize(deserializer)?;
        Ok(Self { coordinator, number })
    }
}

/// The owner of a key among so many voters: the one of the greatest weight for it (rendezvous hashing: Thaler and Ravishankar
/// 1998, *Using Name-Based Mappings to Increase Hit Rates*).
///
/// # Panics
/// If there is no voter.
#[must_use]
pub fn owner_of(key: &str, voters: u32) -> NodeId {
    let weight = |node: &NodeId| xxh3_64_with_seed(key.as_bytes(), node.index() as u64);
    NodeId::all(voters).max_by_key(weight).expect("somebody votes")
}

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TransactionCall {
    /// The key.
    pub key: Arc<str>,
    /// What is done to it.
    pub act: TransactionAct,
}

/// What a transaction does to a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransactionAct {
    /// It reads it.
    Read,
    /// It writes this.
    Put(ValueText),
    /// It deletes it.
    Delete,
    /// It appends this to the list there.
    Append(ValueText),
    /// It adds this to the number there.
    Add(i64),
}

/// One read of a key: which version was there. The versions of a key count from 1; 0 is what was before all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionRead {
    /// The key.
    pub key: Arc<str>,
    /// The version.
    pub version: u64,
}

/// Why a transaction is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionRefusal {
    /// An operation does not apply: it is malformed, or the key holds nothing of its kind.
    InvalidOperations,
    /// An anchor forbids it.
    AnchorViolation,
    /// Somebody holds a lock, and is not later.
    ResourceConflict,
    /// The attempt is over.
    Stale,
    /// Not all votes came in time.
    Timeout,
}

impl fmt::Display for TransactionRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidOperations => "invalid operations",
            Self::AnchorViolation => "an anchor forbids it",
            Self::ResourceConflict => "a lock is held by one that is not later",
            Self::Stale => "the attempt is over",
            Self::Timeout => "votes are missing",
        })
    }
}

/// What a client is told of its transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransactionAnswer {
    /// All of it is done.
    Committed {
        /// What its reads showed.
        reads: Vec<(Arc<str>, Option<ValueText>)>,
    },
    /// Nothing of it is done.
    Aborted,
    /// Nobody knows.
    Unknown,
}

/// Observations of transactions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransactionSeen {
    /// A node started.
    Started {
        /// How many voters own the keys.
        voters: u32,
    },
    /// An entry of a node's file is damaged: it takes part in nothing any more.
    Lost,
    /// What must stay true of keys, as [`StoreSeen::Anchored`] tells it.
    Anchored {
        /// How they begin.
        prefix: Arc<str>,
        /// What.
        rule: AnchorSeen,
    },
    /// An owner holds this before its first start.
    Preloaded {
        /// The key.
        key: Arc<str>,
        /// What it holds, as version 1.
        value: ValueText,
    },
    /// A client asks for this.
    Asked {
        /// Its operations.
        calls: Vec<TransactionCall>,
    },
    /// A client is told this.
    Told {
        /// What.
        answer: TransactionAnswer,
    },
    /// A coordinator begins an attempt.
    Begun {
        /// Its name.
        id: TransactionId,
        /// For which operation.
        op: OpId,
        /// Its place among those that wait for one another.
        stamp: TransactionStamp,
        /// The owners of its keys, and whether each writes.
        parts: Vec<(NodeId, bool)>,
    },
    /// A participant waits for a lock.
    Waits {
        /// Which.
        id: TransactionId,
        /// Behind which.
        behind: TransactionId,
    },
    /// A participant votes no.
    Refused {
        /// Which.
        id: TransactionId,
        /// Why.
        reason: TransactionRefusal,
        /// The one that it would have waited for.
        by: Option<TransactionId>,
    },
    /// A participant is prepared, and its record durable; or it takes up again what its record says.
    Prepared {
        /// Which.
        id: TransactionId,
        /// What it has read.
        reads: Vec<TransactionRead>,
        /// What it has locked.
        locks: Vec<(Arc<str>, LockMode)>,
        /// Whether it writes.
        writes: bool,
    },
    /// The only participant of a transaction that reads has read: it keeps neither record nor locks.
    Served {
        /// Which.
        id: TransactionId,
        /// What it has read.
        reads: Vec<TransactionRead>,
    },
    /// The coordinator, or a participant that writes, has decided, and a commit is durable there.
    Decided {
        /// Which.
        id: TransactionId,
        /// Whether it commits.
        commits: bool,
        /// At the coordinator, what was read.
        reads: Vec<TransactionRead>,
    },
    /// An owner holds a new version of a key.
    Installed {
        /// By which.
        id: TransactionId,
        /// The key.
        key: Arc<str>,
        /// The version.
        version: u64,
        /// What it holds; nothing if it is gone.
        value: Option<ValueText>,
    },
    /// A participant that reads is released, and that is durable.
    Released {
        /// Which.
        id: TransactionId,
    },
    /// A participant's locks are free.
    Unlocked {
        /// Which.
        id: TransactionId,
    },
    /// The records of a coordinator's transactions below this one are dropped.
    Forgotten {
        /// The first that is kept.
        below: TransactionId,
    },
}

impl Observe for TransactionSeen {
    fn observe(&self, seen: &mut Vec<Observation>) {
        seen.push(if let Self::Anchored { prefix, rule } = self {
            Observation::Store(StoreSeen::Anchored { prefix: Arc::clone(prefix), rule: rule.clone() })
        } else {
            Observation::Transaction(self.clone())
        });
    }
}
