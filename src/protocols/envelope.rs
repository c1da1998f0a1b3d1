//! What a node puts around everything that it sends: who signed it, and what goes with it whatever protocol speaks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clocks::Stamp;
use crate::identity::{Era, Incarnation, LaneId, NodeId};
use crate::process::Lane;
use crate::signature::{Registry, Signature};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding;

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
