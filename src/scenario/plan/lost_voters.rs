//! The voters that faults remove permanently; drawn faults may remove at most a minority of them, and must leave a
//! majority in the core.

use std::collections::BTreeSet;

use crate::fault::{Fault, Target};
use crate::identity::NodeId;
use crate::scenario::format::Scenario;
use crate::subject::Profile;

/// The voters that were removed.
pub(super) struct LostVoters<'a> {
    scenario: &'a Scenario,
    profile: &'a Profile,
    lost: BTreeSet<NodeId>,
    /// The nodes that quiescence heals, if not all.
    core: Option<Vec<NodeId>>,
}

impl<'a> LostVoters<'a> {
    pub(super) fn new(scenario: &'a Scenario, profile: &'a Profile) -> Self {
        Self { scenario, profile, lost: BTreeSet::new(), core: scenario.setup().core }
    }

    /// Whether at most a minority is removed, including those of this fault.
    pub(super) fn allows(&self, fault: &Fault) -> bool {
        let more: Vec<NodeId> = self.loses(fault).filter(|node| !self.lost.contains(node)).collect();
        let left = |core: &Vec<NodeId>| {
            let voters = core.iter().filter(|node| node.index() < self.scenario.nodes.voters as usize);
            let left = voters.filter(|node| !self.lost.contains(node) && !more.contains(node));
            left.count() >= self.scenario.nodes.majority() as usize
        };
        let few = self.lost.len() + more.len() <= self.scenario.nodes.minority() as usize;
        more.is_empty() || (few && self.core.as_ref().is_none_or(left))
    }

    /// Whether this node is removed.
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.lost.contains(&node)
    }

    pub(super) fn add(&mut self, fault: &Fault) {
        let loses: Vec<_> = self.loses(fault).collect();
        self.lost.extend(loses);
    }

    /// The voters that a fault with named targets removes.
    fn loses(&self, fault: &Fault) -> impl Iterator<Item = NodeId> {
        let target = self.profile.loses_voters(fault, &self.scenario.protocols);
        let named = match target {
            Some(Target::Nodes(named)) => named.clone(),
            Some(Target::One | Target::Minority | Target::Majority | Target::All | Target::Proposer) | None => {
                Vec::new()
            }
        };
        let voters = self.scenario.nodes.voters as usize;
        named.into_iter().filter(move |node| node.index() < voters)
    }
}
