//! What can be done to an entry, and why it was not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Key, Value};

/// A change of one entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Write {
    /// The entry holds this from now on.
    Put {
        /// Which.
        key: Key,
        /// What.
        value: Value,
    },
    /// The entry is gone.
    Delete {
        /// Which.
        key: Key,
    },
    /// The entry holds `value`, if it held `expected`.
    Cas {
        /// Which.
        key: Key,
        /// What must be there; nothing if left out.
        #[serde(default)]
        expected: Option<Value>,
        /// What is to be there.
        value: Value,
    },
    /// The list that the entry holds is longer by this; where there is none it begins.
    Append {
        /// Which.
        key: Key,
        /// The new last item.
        value: Value,
    },
}

/// Why a write changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It would break the anchor of this place in the list of them.
    Anchor(u32),
    /// The entry does not hold what was expected.
    Mismatch,
    /// The entry holds no list to append to.
    NoList,
    /// Lists and maps would stand in one another too deep.
    Nested,
    /// A newer token than the one that was presented has been there.
    Fenced,
    /// The key is fenced, and no token was presented.
    NoToken,
    /// The grant of the token that was presented does not cover the key.
    NotCovered,
    /// The key is the system's own.
    Reserved,
    /// The value takes more bytes than a replica keeps.
    TooLarge,
    /// The key has so many siblings that a put must say which it has read.
    TooManySiblings,
    /// The write would have to name too many versions.
    ContextFull,
    /// A replicated key is only read, put or deleted.
    NotOffered,
    /// The replicated key is immutable, and a version of it is there, or the write claims to know one.
    Immutable,
}

impl Write {
    /// Which entry it changes.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } | Self::Cas { key, .. } | Self::Append { key, .. } => key,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor(place) => write!(f, "breaks anchor {place}"),
            Self::Mismatch => f.write_str("does not hold what was expected"),
            Self::NoList => f.write_str("holds no list"),
            Self::Nested => f.write_str("is nested too deep"),
            Self::Fenced => f.write_str("comes after a newer token"),
            Self::NoToken => f.write_str("needs the token of a lock"),
            Self::NotCovered => f.write_str("is not covered by the lock of the token"),
            Self::Reserved => f.write_str("is the system's own"),
            Self::TooLarge => f.write_str("is too large"),
            Self::TooManySiblings => f.write_str("has too many siblings for a put without a context"),
            Self::ContextFull => f.write_str("would name too many versions"),
            Self::NotOffered => f.write_str("is replicated: it is read, put or deleted"),
            Self::Immutable => f.write_str("is immutable"),
        }
    }
}
