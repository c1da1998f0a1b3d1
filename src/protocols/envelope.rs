//! What a node puts around everything that it sends: who signed it, and what goes with it whatever protocol speaks.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::clocks::Stamp;
use crate::encoding;
use crate::identity::{Incarnation, LaneId, NodeId};
use crate::process::Lane;

/// How often the cluster was restored from a checkpoint before: 0 at first. In text formats nothing stands for 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Era(pub u32);

impl Serialize for Era {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NonZeroU32::new(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Era {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<NonZeroU32>::deserialize(deserializer).map(|era| Self(era.map_or(0, NonZeroU32::get)))
    }
}

/// Names a snapshot of the cluster: who began it, and which of that incarnation's it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotId {
    /// Who began it.
    pub initiator: Incarnation,
    /// The initiator's own count, from 1.
    pub number: u32,
}

/// What goes with a datagram beside its body. Most have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag {
    /// The sender's era.
    pub era: Era,
    /// The snapshots that the sender has cut, and has not seen ended (Lai and Yang 1987, *On Distributed Snapshots*).
    pub cuts: Vec<SnapshotId>,
    /// The sender's clocks at the send, where it stamps.
    pub stamp: Option<Arc<Stamp>>,
}

impl Tag {
    /// The tag as datagrams bear it: none where it says nothing, and then nothing is allocated.
    #[must_use]
    pub fn shared(self) -> Option<Arc<Self>> {
        let Self { era, cuts, stamp } = &self;
        let says_nothing = *era == Era::default() && cuts.is_empty() && stamp.is_none();
        (!says_nothing).then(|| Arc::new(self))
    }
}

/// A message as it goes over the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Datagram<B> {
    /// What a protocol says.
    pub body: B,
    /// What goes with it.
    pub tag: Option<Arc<Tag>>,
    /// The sender's, over sender, receiver, body and tag.
    pub signature: Signature,
}

impl<B: Lane> Lane for Datagram<B> {
    fn lane(&self) -> LaneId {
        self.body.lane()
    }

    fn is_periodic(&self) -> bool {
        self.body.is_periodic()
    }
}

impl<B: Serialize> Datagram<B> {
    /// A datagram that `from` signs for `to`.
    #[must_use]
    pub fn signed(body: B, tag: Option<Arc<Tag>>, from: NodeId, to: NodeId, registry: &Registry) -> Self {
        let signature = registry.sign(from, &(from, to, &body, &tag));
        Self { body, tag, signature }
    }

    /// Whether `from` signed exactly this for `to`.
    #[must_use]
    pub fn is_signed(&self, from: NodeId, to: NodeId, registry: &Registry) -> bool {
        registry.sign(from, &(from, to, &self.body, &self.tag)) == self.signature
    }

    /// The sender's era.
    #[must_use]
    pub fn era(&self) -> Era {
        self.tag.as_ref().map_or_else(Era::default, |tag| tag.era)
    }

    /// The sender's clocks at the send, if it stamps.
    #[must_use]
    pub fn stamp(&self) -> Option<&Arc<Stamp>> {
        self.tag.as_ref()?.stamp.as_ref()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const N1: NodeId = NodeId::new(0);
    const N2: NodeId = NodeId::new(1);

    #[test]
    fn a_signature_is_for_sender_receiver_body_and_tag() {
        let registry = Registry::new(3);
        let tag = Tag { era: Era(1), ..Tag::default() }.shared();
        let sent = Datagram::signed("hello", tag.clone(), N1, N2, &registry);
        assert!(sent.is_signed(N1, N2, &registry));
        assert!(!sent.is_signed(N2, N1, &registry) && !sent.is_signed(N1, NodeId::new(2), &registry));
        assert!(!Datagram { body: "hullo", ..sent.clone() }.is_signed(N1, N2, &registry));
        assert!(!Datagram { tag: None, ..sent }.is_signed(N1, N2, &registry));
    }

    #[test]
    fn what_says_nothing_is_no_tag() {
        assert_eq!(Tag::default().shared(), None);
        let cut = SnapshotId { initiator: "n2/3".parse().expect("an incarnation"), number: 1 };
        for tag in [
            Tag { era: Era(1), ..Tag::default() },
            Tag { cuts: vec![cut], ..Tag::default() },
            Tag { stamp: Some(Arc::default()), ..Tag::default() },
        ] {
            assert_eq!(tag.clone().shared().as_deref(), Some(&tag));
            let mut bytes = Vec::new();
            encoding::write(&tag, &mut bytes);
            assert_eq!(encoding::read::<Tag>(&bytes).as_ref(), Ok(&tag));
        }
        assert_eq!(serde_json::to_string(&[Era(0), Era(2)]).expect("written"), "[null,2]");
    }
}
