//! When a node was last up to date with its peers, for its status record.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use crate::codex::Peer;
use crate::identity::NodeId;
use crate::time::LocalTime;

/// By peer, when the last comparison or sync with it was complete. It decides nothing, and so tells no state of a node from
/// another.
#[derive(Clone, Debug, Default)]
pub(super) struct Synced(BTreeMap<NodeId, LocalTime>);

impl Synced {
    pub(super) fn complete(&mut self, peer: NodeId, now: LocalTime) {
        self.0.insert(peer, now);
    }

    /// These peers, in a status record.
    pub(super) fn told(&self, peers: impl Iterator<Item = NodeId>) -> Vec<Peer> {
        peers.map(|id| Peer { id, synced: self.0.get(&id).copied() }).collect()
    }
}

impl PartialEq for Synced {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Synced {}

impl Hash for Synced {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
