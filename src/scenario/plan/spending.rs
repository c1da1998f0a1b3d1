//! The voters that faults cost for good: a subject that bears that, bears it for a minority of them.

use std::collections::BTreeSet;

use crate::fault::{Fault, Target};
use crate::identity::NodeId;
use crate::scenario::format::Scenario;
use crate::subject::Profile;

/// Which voters are spent.
pub(super) struct Spending<'a> {
    scenario: &'a Scenario,
    profile: &'a Profile,
    spent: BTreeSet<NodeId>,
}

impl<'a> Spending<'a> {
    pub(super) const fn new(scenario: &'a Scenario, profile: &'a Profile) -> Self {
        Self { scenario, profile, spent: BTreeSet::new() }
    }

    /// Whether no more than a minority is spent with this fault too.
    pub(super) fn allows(&self, fault: &Fault) -> bool {
        let more = self.costs(fault).filter(|node| !self.spent.contains(node)).count();
        more == 0 || self.spent.len() + more <= self.scenario.nodes.minority() as usize
    }

    pub(super) fn spend(&mut self, fault: &Fault) {
        let costs: Vec<_> = self.costs(fault).collect();
        self.spent.extend(costs);
    }

    /// The voters that a fault costs whose targets are named.
    fn costs(&self, fault: &Fault) -> impl Iterator<Item = NodeId> {
        let target = self.profile.spends(fault, &self.scenario.protocols);
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
