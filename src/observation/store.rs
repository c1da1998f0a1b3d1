//! What clients ask of a store of keys and values, and what they are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::consensus::Slot;

/// A value as its JSON text, in the one form in which it is written.
pub type ValueText = Arc<str>;

/// What is asked of one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreCall {
    /// What does it hold?
    Read,
    /// It holds this from now on.
    Put {
        /// What.
        value: ValueText,
    },
    /// It is gone.
    Delete,
    /// It holds `new`, if it held `old`.
    Cas {
        /// What must be there; nothing if there is none.
        old: Option<ValueText>,
        /// What is to be there.
        new: ValueText,
    },
    /// The list that it holds is longer by this.
    Append {
        /// The new last item.
        value: ValueText,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreAnswer {
    /// The key holds this.
    Value {
        /// What; nothing if there is none.
        value: Option<ValueText>,
    },
    /// It is done.
    Done,
    /// The key does not hold what the call needs, and so nothing was done.
    Mismatch,
    /// It was not done, and never will be.
    Refused,
    /// Whether it was done is not known.
    Unknown,
    /// The session has ended: whether it was done is not known.
    Expired,
}

/// What checkers see of a client's operation on a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoreSeen {
    /// A client asks for a session.
    Begun,
    /// A client asks.
    Asked {
        /// Of which key.
        key: Arc<str>,
        /// What.
        call: StoreCall,
        /// In which session: the slot that opened it, or 0 for the client's standing one; older traces do not tell.
        #[serde(default)]
        session: Option<Slot>,
    },
    /// A client is told.
    Told {
        /// What.
        answer: StoreAnswer,
    },
    /// An anchor holds: what no write may break.
    Anchored {
        /// The beginning of the keys that it protects.
        prefix: Arc<str>,
        /// What must stay true of them.
        rule: AnchorSeen,
    },
}

/// What must stay true of every key under an anchor; a key that holds nothing breaks only the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AnchorSeen {
    /// What it held once it holds for good.
    Immutable,
    /// It holds one of these.
    OneOf {
        /// Which.
        values: Vec<ValueText>,
    },
    /// It holds its own text; a key that has none here holds nothing.
    Texts {
        /// By key.
        texts: BTreeMap<Arc<str>, ValueText>,
    },
    /// What it holds takes at most so many bytes: a text by itself, another value as JSON.
    MaxBytes {
        /// How many.
        bytes: u64,
    },
}
