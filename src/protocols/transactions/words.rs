//! The messages, timers, commands, replies and entries of transactions. Their facts are the observations themselves.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::codex::{Key, Value};
use crate::identity::{NodeId, OpId};
use crate::observation::{
    LockMode, Observation, Observe, TransactionAct, TransactionAnswer, TransactionCall, TransactionId,
    TransactionRefusal, TransactionSeen, TransactionStamp,
};
use crate::protocols::Periodic;

/// One operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// What does the key hold?
    Read {
        /// Which.
        key: Key,
    },
    /// The key holds this from now on.
    Put {
        /// Which.
        key: Key,
        /// What.
        value: Value,
    },
    /// The key is gone.
    Delete {
        /// Which.
        key: Key,
    },
    /// The list that the key holds is longer by this; where there is none it begins.
    Append {
        /// Which.
        key: Key,
        /// The new last item.
        value: Value,
    },
    /// The number that the key holds is greater by this; where there is none it is this.
    Add {
        /// Which.
        key: Key,
        /// How much.
        amount: i64,
    },
}

impl Operation {
    /// Which key it is about.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Read { key }
            | Self::Put { key, .. }
            | Self::Delete { key }
            | Self::Append { key, .. }
            | Self::Add { key, .. } => key,
        }
    }

    /// Whether it changes the key.
    #[must_use]
    pub const fn writes(&self) -> bool {
        match self {
            Self::Read { .. } => false,
            Self::Put { .. } | Self::Delete { .. } | Self::Append { .. } | Self::Add { .. } => true,
        }
    }

    /// Whether what it does depends on what the key holds.
    #[must_use]
    pub const fn reads(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Append { .. } | Self::Add { .. } => true,
            Self::Put { .. } | Self::Delete { .. } => false,
        }
    }

    /// The mode in which it locks its key.
    pub(super) const fn mode(&self) -> LockMode {
        if self.writes() { LockMode::X } else { LockMode::S }
    }

    /// As checkers see it.
    fn call(&self) -> TransactionCall {
        let act = match self {
            Self::Read { .. } => TransactionAct::Read,
            Self::Put { value, .. } => TransactionAct::Put(value.to_string().into()),
            Self::Delete { .. } => TransactionAct::Delete,
            Self::Append { value, .. } => TransactionAct::Append(value.to_string().into()),
            Self::Add { amount, .. } => TransactionAct::Add(*amount),
        };
        TransactionCall { key: self.key().shared(), act }
    }
}

/// What a participant is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Its place among those that wait for one another.
    pub stamp: TransactionStamp,
    /// The operations on its keys.
    pub operations: Vec<Operation>,
    /// The participants that write: those who can be asked about the outcome.
    pub writers: Vec<NodeId>,
    /// Whether it is the only participant.
    pub sole: bool,
}

impl Part {
    /// Whether any of its operations writes.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.operations.iter().any(Operation::writes)
    }
}

/// What a participant has read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Read {
    /// The key.
    pub key: Key,
    /// Which version: they count from 1.
    pub version: u64,
    /// What it holds; nothing if there is none, or if no client asked to see it.
    pub value: Option<Value>,
}

/// A new version of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Install {
    /// The key.
    pub key: Key,
    /// Which version: they count from 1.
    pub version: u64,
    /// What it holds; nothing if it is gone.
    pub value: Option<Value>,
}

impl Install {
    /// As checkers see it.
    pub(super) fn seen(&self, id: TransactionId) -> TransactionSeen {
        let value = self.value.as_ref().map(|value| value.to_string().into());
        TransactionSeen::Installed { id, key: self.key.shared(), version: self.version, value }
    }
}

/// What a participant votes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vote {
    /// It can be done.
    Yes {
        /// What was read.
        reads: Arc<Vec<Read>>,
    },
    /// It can't.
    No {
        /// Why.
        reason: TransactionRefusal,
    },
}

/// What is known of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// It is done.
    Committed,
    /// Nothing of it is done.
    Aborted,
    /// The coordinator has not decided.
    Undecided,
    /// Another participant waits for the decision too.
    InDoubt,
    /// It is over, and forgotten.
    Unknown,
}

/// The datagrams of transactions. Those of a coordinator bear its watermark: the least of its transactions that is open, or
/// committed and not acknowledged by all that write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionMessage {
    /// Can you do this?
    Prepare {
        /// Which transaction.
        id: TransactionId,
        /// What.
        part: Arc<Part>,
        /// The coordinator's watermark.
        below: TransactionId,
    },
    /// A participant's vote.
    Vote {
        /// On which transaction.
        id: TransactionId,
        /// What.
        vote: Vote,
    },
    /// The coordinator has decided.
    Decide {
        /// Which transaction.
        id: TransactionId,
        /// Whether it is done.
        commits: bool,
        /// The coordinator's watermark.
        below: TransactionId,
    },
    /// A participant that only reads need not wait any more.
    Release {
        /// Which transaction.
        id: TransactionId,
        /// The coordinator's watermark.
        below: TransactionId,
    },
    /// A commit is durable at the sender.
    Acknowledge {
        /// Which transaction.
        id: TransactionId,
    },
    /// What has become of this transaction?
    Ask {
        /// Which.
        id: TransactionId,
    },
    /// This.
    Tell {
        /// Which transaction.
        id: TransactionId,
        /// What is known of it.
        known: Known,
    },
    /// The coordinator is idle.
    Watermark {
        /// Its watermark.
        below: TransactionId,
    },
    /// A participant knows of this watermark.
    Heard {
        /// Which.
        below: TransactionId,
    },
}

/// The timers of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionTimer {
    /// Until a coordinator sends again what is not answered.
    Again(TransactionId),
    /// Until a coordinator waits no longer for votes.
    Patience(TransactionId),
    /// Until an aborted attempt is followed by the next.
    Retry(OpId),
    /// Until a participant in doubt asks.
    Ask(TransactionId),
    /// Until an idle coordinator tells its watermark.
    Watermark,
}

impl Periodic for TransactionMessage {}
impl Periodic for TransactionTimer {}

/// The disk has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flushed;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TransactionCommand {
    /// To do all of this or nothing.
    Transact {
        /// The operations; of one key at most one reads and one writes.
        operations: Vec<Operation>,
    },
}

impl Observe for TransactionCommand {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let Self::Transact { operations } = self;
        let calls = operations.iter().map(Operation::call).collect();
        seen.push(Observation::Transaction(TransactionSeen::Asked { calls }));
    }
}

/// Why a transaction is not even begun.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Malformed {
    /// There is no operation.
    Empty,
    /// Two operations write this key, or two read it.
    Twice(Key),
    /// No keyspace for transactions has this key.
    NotOwned(Key),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no operation"),
            Self::Twice(key) => write!(f, "two operations read `{key}`, or two write it"),
            Self::NotOwned(key) => write!(f, "`{key}` is in no keyspace that transactions own"),
        }
    }
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionReply {
    /// All of it is done.
    Committed {
        /// What its reads showed, in the order of their keys.
        reads: Vec<(Key, Option<Value>)>,
    },
    /// Nothing of it is done.
    Aborted {
        /// Why not.
        reason: TransactionRefusal,
    },
    /// It can't be done.
    Refused {
        /// Why not.
        reason: Malformed,
    },
    /// Whether it was done is not known: the node that was asked first has restarted.
    Unknown,
}

impl Observe for TransactionReply {
    fn observe(&self, seen: &mut Vec<Observation>) {
        let text = |value: &Value| value.to_string().into();
        let answer = match self {
            Self::Committed { reads } => {
                let read = |(key, value): &(Key, Option<Value>)| (key.shared(), value.as_ref().map(text));
                TransactionAnswer::Committed { reads: reads.iter().map(read).collect() }
            }
            Self::Aborted { .. } | Self::Refused { .. } => TransactionAnswer::Aborted,
            Self::Unknown => TransactionAnswer::Unknown,
        };
        seen.push(Observation::Transaction(TransactionSeen::Told { answer }));
    }
}

/// What a coordinator writes down of a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Commit {
    /// The other participants that write.
    pub writers: Vec<NodeId>,
    /// What all have read.
    pub reads: Vec<Read>,
    /// The coordinator's own part, and what it has read for it.
    pub own: Option<(Arc<Part>, Arc<Vec<Read>>)>,
    /// What it writes there.
    pub installs: Vec<Install>,
}

/// The entries of the file of transactions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionEntry {
    /// A key holds this.
    Value(Install),
    /// This node votes yes.
    Prepared {
        /// On which transaction.
        id: TransactionId,
        /// What it is asked to do.
        part: Arc<Part>,
        /// What it has read.
        reads: Arc<Vec<Read>>,
    },
    /// This node coordinates a transaction, and it is done.
    Committed {
        /// Which.
        id: TransactionId,
        /// All of it.
        commit: Arc<Commit>,
    },
    /// This node takes part in a transaction that writes here, and knows the outcome.
    Decided {
        /// Which.
        id: TransactionId,
        /// Whether it is done.
        commits: bool,
        /// What it writes here.
        installs: Vec<Install>,
    },
    /// This node takes part in a transaction that only reads here, and need not wait any more.
    Released {
        /// Which.
        id: TransactionId,
    },
    /// All transactions of a coordinator below this one are over.
    Watermark {
        /// Which.
        below: TransactionId,
    },
}

impl Observe for TransactionEntry {}
