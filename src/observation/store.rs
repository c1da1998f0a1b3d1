//! The operations of clients on a key-value store, and their answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::consensus::Slot;
use super::lock::LockStamp;
use crate::identity::OpId;

/// A value as its canonical JSON text.
pub type ValueText = Arc<str>;

/// An operation on one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreCall {
    /// Reads the value.
    Read,
    /// Writes a value.
    Put {
        /// What.
        value: ValueText,
    },
    /// Deletes the key.
    Delete,
    /// Writes `new`, if the value is `old`.
    Cas {
        /// The expected value; `None` if the key must not exist.
        old: Option<ValueText>,
        /// The new value.
        new: ValueText,
    },
    /// Appends an item to the list.
    Append {
        /// The new last item.
        value: ValueText,
    },
}

/// The answer to a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreAnswer {
    /// The value of the key.
    Value {
        /// The value; `None` if the key does not exist.
        value: Option<ValueText>,
    },
    /// The operation took effect.
    Done,
    /// The value of the key does not fit the operation, so it did not take effect.
    Mismatch,
    /// It did not take effect, and never will.
    Refused {
        /// Why; older traces do not tell.
        #[serde(default)]
        reason: Option<StoreRefusal>,
    },
    /// It is not known whether it took effect.
    Unknown,
    /// The session has ended: it is not known whether it took effect.
    Expired,
}

/// Why a store refuses an operation for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreRefusal {
    /// It would break the anchor of this place in the list of them.
    Anchor(u32),
    /// Lists and maps would stand in one another too deep.
    Nested,
    /// A newer token has been at the fenced key.
    Fenced,
    /// The key is fenced, and no token is presented.
    NoToken,
    /// Its own node says so, before anybody else hears of it: the token's grant does not cover the key.
    NotCovered,
    /// Its own node says so, before anybody else hears of it: the key is the system's own.
    Reserved,
    /// A replica says so: the value takes more bytes than it keeps.
    TooLarge,
    /// A replica says so: the key has too many siblings for a put without a context.
    TooManySiblings,
    /// A replica says so: the write would have to name too many versions.
    ContextFull,
    /// A replica says so: the key is only read, put or deleted.
    NotOffered,
    /// A replica says so: the key is immutable, and a version of it is there.
    Immutable,
}

impl StoreRefusal {
    /// Whether the client's own node refuses it, so that no slot tells of it.
    #[must_use]
    pub const fn is_local(self) -> bool {
        match self {
            Self::NotCovered
            | Self::Reserved
            | Self::TooLarge
            | Self::TooManySiblings
            | Self::ContextFull
            | Self::NotOffered
            | Self::Immutable => true,
            Self::Anchor(_) | Self::Nested | Self::Fenced | Self::NoToken => false,
        }
    }
}

/// Observations of a client's operation on a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreSeen {
    /// A client opens a session.
    Begun,
    /// A client sends an operation.
    Asked {
        /// The key.
        key: Arc<str>,
        /// What.
        call: StoreCall,
        /// The session: the slot that opened it, or 0 for the client's permanent one; not in older traces.
        #[serde(default)]
        session: Option<Slot>,
        /// What the client presents for a fenced key.
        #[serde(default)]
        token: Option<LockStamp>,
    },
    /// A client gets an answer.
    Told {
        /// What.
        answer: StoreAnswer,
    },
    /// A replica refused an operation: a newer token than it presents has been at its key.
    Fenced {
        /// Which.
        op: OpId,
    },
    /// Keys are fenced: reads and writes of them need the token of a lock.
    FencedSpace {
        /// The beginning of these keys.
        prefix: Arc<str>,
    },
    /// An anchor is configured.
    Anchored {
        /// The prefix of the keys that it protects.
        prefix: Arc<str>,
        /// The rule.
        rule: AnchorSeen,
    },
}

/// The rule for every key under an anchor; a key without a value can break only the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AnchorSeen {
    /// Its first value never changes.
    Immutable,
    /// Its value is one of these.
    OneOf {
        /// Which.
        values: Vec<ValueText>,
    },
    /// Its value is its own text; a key without a text here has no value.
    Texts {
        /// By key.
        texts: BTreeMap<Arc<str>, ValueText>,
    },
    /// Its value has at most this many bytes: a text as it is, another value as JSON.
    MaxBytes {
        /// How many.
        bytes: u64,
    },
    /// Its value is an integer, and no less than this.
    AtLeast {
        /// The floor.
        least: i64,
    },
}
