//! Chooses the nodes for targets such as `one` and `minority`, and for the groups of a partition's shape.

use crate::chance::Chance;
use crate::fault::{Partition, Shape, Target};
use crate::identity::NodeId;
use crate::scenario::cluster::Nodes;

/// Whether no fault affects a node yet.
pub(super) type IsFree<'a> = &'a dyn Fn(NodeId) -> bool;

/// The nodes to choose from.
pub(super) struct NodeChooser<'a> {
    pub(super) nodes: Nodes,
    /// The nodes that are preferred.
    pub(super) free: IsFree<'a>,
}

impl NodeChooser<'_> {
    /// The nodes of a target, sorted.
    pub(super) fn target(&self, target: &Target, chance: &mut impl Chance) -> Vec<NodeId> {
        let mut named = match target {
            Target::Nodes(named) => named.clone(),
            Target::One => vec![self.one(chance)],
            Target::Minority => self.voters(self.nodes.minority(), chance),
            Target::Majority => self.voters(self.nodes.majority(), chance),
            Target::All => NodeId::all(self.nodes.count()).collect(),
            Target::Proposer => unreachable!("the proposer is known only when the fault acts"),
        };
        named.sort_unstable();
        named.dedup();
        named
    }

    /// The node after `node`, cyclically.
    pub(super) fn next(&self, node: NodeId) -> NodeId {
        let next = NodeId::all(self.nodes.count()).nth(node.index() + 1);
        next.unwrap_or_default()
    }

    /// One node: the drawn one, or the next free one after it.
    pub(super) fn one(&self, chance: &mut impl Chance) -> NodeId {
        let count = self.nodes.count();
        let drawn = u32::try_from(chance.below(count.into())).expect("below a u32");
        let around = (drawn..count).chain(0..drawn).map(NodeId::new);
        around.into_iter().find(|node| (self.free)(*node)).unwrap_or(NodeId::new(drawn))
    }

    fn voters(&self, count: u32, chance: &mut impl Chance) -> Vec<NodeId> {
        let mut voters: Vec<_> = NodeId::all(self.nodes.voters).collect();
        chance.shuffle(&mut voters);
        voters.sort_by_key(|node| !(self.free)(*node)); // stable: free nodes first, in their random order
        voters.truncate(count as usize);
        voters
    }

    /// Fills in the groups of a partition: those of its shape, and the nodes that are in none.
    pub(super) fn partition(&self, partition: &mut Partition, chance: &mut impl Chance) {
        let mut groups = std::mem::take(&mut partition.groups);
        match partition.shape {
            Some(shape) if groups.is_empty() => groups = self.groups(shape, chance),
            // They are on the bridge.
            Some(Shape::Bridge) => {}
            Some(_) | None => {
                let rest = self.rest(&groups);
                groups.extend(Some(rest).filter(|rest| !rest.is_empty()));
            }
        }
        if partition.shape != Some(Shape::MajoritiesRing) {
            groups.iter_mut().for_each(|group| group.sort_unstable());
        }
        partition.groups = groups;
    }

    fn groups(&self, shape: Shape, chance: &mut impl Chance) -> Vec<Vec<NodeId>> {
        let mut all: Vec<_> = NodeId::all(self.nodes.count()).collect();
        let half = all.len().div_ceil(2);
        match shape {
            Shape::Halves => {
                chance.shuffle(&mut all);
                let second = all.split_off(half);
                vec![all, second]
            }
            Shape::IsolateOne => {
                let first = vec![vec![self.one(chance)]];
                let rest = self.rest(&first);
                [first, vec![rest]].concat()
            }
            Shape::Minority => {
                let first = vec![self.voters(self.nodes.minority(), chance)];
                let rest = self.rest(&first);
                [first, vec![rest]].concat()
            }
            Shape::Bridge => {
                chance.shuffle(&mut all);
                all.pop();
                let second = all.split_off(all.len().div_ceil(2));
                vec![all, second]
            }
            Shape::MajoritiesRing => {
                chance.shuffle(&mut all);
                vec![all]
            }
        }
    }

    fn rest(&self, groups: &[Vec<NodeId>]) -> Vec<NodeId> {
        let mut left = vec![true; self.nodes.count() as usize];
        groups.iter().flatten().for_each(|node| left[node.index()] = false);
        NodeId::all(self.nodes.count()).filter(|node| left[node.index()]).collect()
    }
}
