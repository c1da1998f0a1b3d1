//! What judged replicas hold, in short, and how many hold it: what `convergence` and `resolution-uniqueness` share.

use std::collections::BTreeMap;

use super::model::Replicas;
use super::quiescence::Quiescence;
use super::replica::Replica;
use crate::identity::{Actor, NodeId};
use crate::trace::{Event, Record};

/// The same short form of each judged replica, after quiescence: how many have each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally<T> {
    pub(super) quiescence: Quiescence,
    by_node: BTreeMap<NodeId, T>,
    counts: BTreeMap<T, u32>,
}

impl<T: Copy + Ord> Tally<T> {
    /// Takes a record in, after which replicas have these short forms.
    pub(super) fn see(&mut self, record: &Record<'_>, model: &Replicas, short: impl Fn(NodeId, &Replica) -> T) {
        self.quiescence.see(record);
        match record.id.actor {
            Actor::Node(node) if self.quiescence.is_reached() => self.update(node, model, &short),
            Actor::Environment if matches!(record.event, Event::Calm) => {
                model.known().for_each(|(node, _)| self.update(node, model, &short));
            }
            Actor::Node(_) | Actor::Environment | Actor::Client(_) => {}
        }
    }

    /// The different short forms.
    pub(super) fn different(&self) -> impl ExactSizeIterator<Item = &T> {
        self.counts.keys()
    }

    fn update(&mut self, node: NodeId, model: &Replicas, short: impl Fn(NodeId, &Replica) -> T) {
        let judged = model.replica(node).filter(|replica| self.quiescence.judges(node, replica));
        let now = judged.map(|replica| short(node, replica));
        let before = match now {
            Some(now) => self.by_node.insert(node, now),
            None => self.by_node.remove(&node),
        };
        if let Some(now) = now {
            *self.counts.entry(now).or_default() += 1;
        }
        let Some(before) = before else { return };
        let count = self.counts.get_mut(&before).expect("it was counted");
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&before);
        }
    }
}
