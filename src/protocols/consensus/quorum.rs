//! How many voters it takes, and who has spoken.

use crate::identity::NodeId;

/// The configured voters: the first nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Voters(pub(super) u32);

impl Voters {
    /// A majority of them: any two of that size have one in common.
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

/// Voters that have spoken, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Tally(Vec<NodeId>);

impl Tally {
    /// Counts a voter; tells whether it had not spoken before.
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
        let mut tally = Tally::default();
        let [one, two] = [3, 1].map(NodeId::new);
        assert!(tally.add(one) && tally.add(two) && !tally.add(one));
        assert_eq!(tally.count(), 2);
        assert!(tally.has(two) && !tally.has(NodeId::new(0)));
    }
}
