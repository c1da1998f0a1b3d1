//! The size of a quorum, and the voters that have answered.

use crate::identity::NodeId;

/// The configured voters: the first nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Voters(pub(super) u32);

impl Voters {
    /// The size of a majority: any two majorities have a voter in common.
    pub(super) const fn quorum(self) -> u32 {
        self.0 / 2 + 1
    }

    pub(super) const fn has(self, node: NodeId) -> bool {
        (node.index() as u64) < self.0 as u64
    }

    pub(super) fn all(self) -> impl DoubleEndedIterator<Item = NodeId> {
        NodeId::all(self.0)
    }
}

/// The voters that have answered, each counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct VoteCount(Vec<NodeId>);

impl VoteCount {
    /// Adds a voter; returns whether it is new.
    pub(super) fn add(&mut self, voter: NodeId) -> bool {
        match self.0.binary_search(&voter) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, voter);
                true
            }
        }
    }

    pub(super) fn has(&self, voter: NodeId) -> bool {
        self.0.binary_search(&voter).is_ok()
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).expect("few voters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_have_a_voter_in_common() {
        for voters in 1..=9 {
            let quorum = Voters(voters).quorum();
            assert!(2 * quorum > voters && 2 * (quorum - 1) <= voters, "{voters}");
            assert_eq!(quorum, crate::check::twins::majority(voters), "the checkers count otherwise");
        }
    }

    #[test]
    fn nobody_counts_twice() {
        let mut votes = VoteCount::default();
        let [one, two] = [3, 1].map(NodeId::new);
        assert!(votes.add(one) && votes.add(two) && !votes.add(one));
        assert_eq!(votes.count(), 2);
        assert!(votes.has(two) && !votes.has(NodeId::new(0)));
    }
}
