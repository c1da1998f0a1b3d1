//! Broadcasts that arrived before their causes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::counts::Counts;
use super::messages::Broadcast;
use crate::identity::NodeId;

/// One delivery: the broadcast `.1` of the origin `.0`.
pub(super) type Delivery = (NodeId, u64);

/// Broadcasts that wait, each under the first delivery that it still needs. It is not durable: what is lost was not
/// acknowledged, and comes again.
///
/// Each is looked at once a need, when that is met. A second copy looks for the same need, as those before it are met
/// for good, and so finds the first copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Buffer {
    waiting: BTreeMap<Delivery, Vec<(NodeId, Arc<Broadcast>)>>,
}

impl Buffer {
    /// Keeps a broadcast of `origin` until `needed` is delivered.
    pub(super) fn keep(&mut self, needed: Delivery, origin: NodeId, broadcast: Arc<Broadcast>) {
        let bucket = self.waiting.entry(needed).or_default();
        if !bucket.iter().any(|(other, same)| *other == origin && same.number == broadcast.number) {
            bucket.push((origin, broadcast));
        }
    }

    /// Takes out what waited for `delivered`.
    pub(super) fn take(&mut self, delivered: Delivery) -> Vec<(NodeId, Arc<Broadcast>)> {
        self.waiting.remove(&delivered).unwrap_or_default()
    }
}

/// The first delivery that a broadcast of `origin` needs and that is not among the `delivered`.
pub(super) fn first_need(delivered: &Counts, origin: NodeId, broadcast: &Broadcast) -> Option<Delivery> {
    let before = broadcast.number.saturating_sub(1);
    if delivered.get(origin) < before { Some((origin, before)) } else { broadcast.causes.first_beyond(delivered) }
}
