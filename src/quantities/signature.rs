//! Signatures, and the secrets under which nodes sign.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::encoding;
use crate::identity::NodeId;

/// What a node puts under a message: 128 bits; in text formats 32 hex digits.
///
/// Like a stamp it adds nothing to a hash: an exploration corrupts no message, and so a signature follows there from what
/// it is under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature(u128);

impl Hash for Signature {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// Every node's secret, known to every node: a stand-in for key pairs.
///
/// A signature is the 128-bit XXH3 hash of a message's canonical encoding, seeded with the sender's secret. No node here
/// signs for another: what a signature must tell is a message that chance has changed, and a hash without cryptography
/// tells that as well, for a fifth of the time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Registry {
    secrets: Arc<[u64]>,
}

impl Registry {
    /// The secrets of the first `nodes` nodes.
    #[must_use]
    pub fn new(nodes: u32) -> Self {
        let secret = |index: u32| xxh3_64_with_seed(b"stemmata 2026 secret of a node", index.into());
        Self { secrets: (0..nodes).map(secret).collect() }
    }

    /// The signature of `signer` under `content`.
    ///
    /// # Panics
    /// If `signer` is none of the nodes.
    #[must_use]
    pub fn sign<T: Serialize>(&self, signer: NodeId, content: &T) -> Signature {
        let mut bytes = Vec::with_capacity(256);
        encoding::write(content, &mut bytes);
        Signature(xxh3_128_with_seed(&bytes, self.secrets[signer.index()]))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_u128(self.0) }
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u128::deserialize(deserializer).map(Self);
        }
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(de::Error::custom)
    }
}
