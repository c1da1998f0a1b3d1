//! The voters that faults remove permanently; drawn faults may remove at most a minority of them.

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
}

impl<'a> LostVoters<'a> {
    pub(super) const fn new(scenario: &'a Scenario, profile: &'a Profile) -> Self {
        Self { scenario, profile, lost: BTreeSet::new() }
    }

    /// Whether at most a minority is removed, including those of this fault.
    pub(super) fn allows(&self, fault: &Fault) -> bool {
        let more = self.loses(fault).filter(|node| !self.lost.contains(node)).count();
        more == 0 || self.lost.len() + more <= self.scenario.nodes.minority() as usize
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
