//! Versions: what replicas exchange, and what a write knew when it was made.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::conflict::Sibling;
use super::{Key, Value};
use crate::clocks::{Dot, Dots};
use crate::encoding;
use crate::identity::OpId;
use crate::observation::ValueId;
use crate::signature::{Registry, Signature};

/// A key that holds so many siblings refuses a put without a context.
pub const MOST_SIBLINGS: usize = 16;
/// A write's context has at most so many dots.
pub const MOST_CONTEXT: u64 = 1_024;
/// A value takes at most so many bytes in the canonical encoding.
pub const MOST_VALUE: usize = 16 * 1_024;

/// One write of a key: what its origin signed, and what never changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// Which key.
    pub key: Key,
    /// What it holds; nothing for a tombstone.
    pub value: Option<Value>,
    /// Its name.
    pub dot: Dot,
    /// When it was written, in nanoseconds of a clock that is never behind what its writer had seen.
    pub stamp: u64,
    /// The dots of the key that its writer knew: exact, and with their contexts.
    pub context: Dots,
    /// The origin's.
    pub signature: Signature,
}

/// What a client knows of a key: what a read shows it, and what it brings along with the next write.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CausalContext {
    /// The dots of the versions that the replica held.
    pub held: Vec<Dot>,
    /// These, and the dots of their contexts.
    pub covered: Dots,
    /// The greatest stamp among them.
    pub stamp: u64,
}

/// Which read a write goes by: the client brings what that read showed.
///
/// In text formats the read's operation alone, `{"of":"c1#3"}`: a scripted write is completed with what the read was
/// answered, when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// The read.
    pub of: OpId,
    /// What it showed; nothing if it was not answered.
    pub context: Option<Arc<CausalContext>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    of: OpId,
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { of, context } = self;
        if serializer.is_human_readable() {
            Read { of: *of }.serialize(serializer)
        } else {
            (of, context).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Read::deserialize(deserializer).map(|Read { of }| Self { of, context: None });
        }
        Deserialize::deserialize(deserializer).map(|(of, context)| Self { of, context })
    }
}

impl Version {
    /// A version that its origin signs.
    #[must_use]
    pub fn signed(
        key: Key,
        value: Option<Value>,
        dot: Dot,
        stamp: u64,
        context: Dots,
        registry: &Registry,
    ) -> Arc<Self> {
        let signature = registry.sign(dot.source.incarnation.node, &(&key, &value, dot, stamp, &context));
        Arc::new(Self { key, value, dot, stamp, context, signature })
    }

    /// Whether its origin, one of `nodes` nodes, signed exactly this.
    #[must_use]
    pub fn is_genuine(&self, nodes: u32, registry: &Registry) -> bool {
        let Self { key, value, dot, stamp, context, signature } = self;
        let origin = dot.source.incarnation.node;
        (origin.index() as u64) < u64::from(nodes)
            && registry.sign(origin, &(key, value, *dot, *stamp, context)) == *signature
    }

    /// The digest of its value; none for a tombstone.
    #[must_use]
    pub fn digest(&self) -> Option<ValueId> {
        self.value.as_ref().map(digest)
    }

    /// What it is among the siblings of its key; nothing for a tombstone.
    #[must_use]
    pub fn sibling(&self) -> Option<Sibling<'_>> {
        self.value.as_ref().map(|value| Sibling { dot: self.dot, stamp: self.stamp, value })
    }

    /// Whether it says that the key is gone.
    #[must_use]
    pub const fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }
}

/// 64 bits of a hash of a value.
#[must_use]
pub fn digest(value: &Value) -> ValueId {
    let mut bytes = Vec::with_capacity(64);
    encoding::write(value, &mut bytes);
    ValueId(xxhash_rust::xxh3::xxh3_64(&bytes))
}
