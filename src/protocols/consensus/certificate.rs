//! Certificates, which prove a decision to every node.

use serde::{Deserialize, Serialize};

use super::quorum::{VoteCount, Voters};
use super::value::Value;
use crate::identity::NodeId;
use crate::observation::{Ballot, ProposalId, Slot};
use crate::protocols::{Registry, Signature};

/// A voter's signature under its confirmation, which binds slot, ballot, value and voter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seal {
    /// The voter.
    pub voter: NodeId,
    /// Signs the proposal id that the voter confirmed.
    pub signature: Signature,
}

/// A decision with its certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decided {
    /// The decided slot.
    pub slot: Slot,
    /// The ballot under which it was decided.
    pub ballot: Ballot,
    /// The decided value.
    pub value: Value,
    /// The seals of a quorum of voters.
    pub seals: Vec<Seal>,
}

impl Seal {
    /// The seal of `voter` for a proposal id.
    pub(super) fn new(voter: NodeId, bid: ProposalId, registry: &Registry) -> Self {
        Self { voter, signature: registry.sign(voter, &("confirmed", bid, voter)) }
    }

    /// Whether it is its voter's valid signature for this proposal id.
    pub(super) fn fits(&self, bid: ProposalId, registry: &Registry) -> bool {
        *self == Self::new(self.voter, bid, registry)
    }
}

impl Decided {
    /// The proposal id that was confirmed.
    #[must_use]
    pub fn bid(&self) -> ProposalId {
        ProposalId { slot: self.slot, ballot: self.ballot, value: self.value.id() }
    }

    /// Whether a quorum of distinct configured voters has confirmed it.
    pub(super) fn proves(&self, voters: Voters, registry: &Registry) -> bool {
        let bid = self.bid();
        let mut votes = VoteCount::default();
        let sound = |seal: &Seal| voters.has(seal.voter) && seal.fits(bid, registry);
        self.seals.iter().all(|seal| sound(seal) && votes.add(seal.voter)) && votes.count() >= voters.quorum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Round;

    fn decided(voters: &[u32]) -> Decided {
        let registry = Registry::new(6);
        let ballot = Ballot { round: Round { number: 1, node: NodeId::new(0) }, attempt: 1 };
        let mut decided = Decided { slot: Slot(7), ballot, value: Value::noop(), seals: Vec::new() };
        let bid = decided.bid();
        decided.seals = voters.iter().map(|voter| Seal::new(NodeId::new(*voter), bid, &registry)).collect();
        decided
    }

    fn proves(decided: &Decided) -> bool {
        decided.proves(Voters(5), &Registry::new(6))
    }

    #[test]
    fn a_quorum_of_distinct_voters_proves_a_decision() {
        assert!(proves(&decided(&[0, 2, 4])) && proves(&decided(&[0, 1, 2, 3, 4])));
        assert!(!proves(&decided(&[0, 2])), "too few");
        assert!(!proves(&decided(&[0, 2, 2])), "one of them twice");
        assert!(!proves(&decided(&[0, 2, 5])), "one of them no voter");
    }

    #[test]
    fn a_seal_is_for_its_voter_slot_ballot_and_value_alone() {
        let sound = decided(&[0, 2, 4]);
        let other_slot = Decided { slot: Slot(8), ..sound.clone() };
        let other_try = Decided { ballot: Ballot { attempt: 2, ..sound.ballot }, ..sound.clone() };
        let other_value = Decided { value: Value::new(super::super::Proposal::Requests(Vec::new())), ..sound.clone() };
        for forged in [other_slot, other_try, other_value] {
            assert!(!proves(&forged), "{forged:?}");
        }
        let mut borrowed = sound;
        borrowed.seals[0].voter = NodeId::new(1);
        assert!(!proves(&borrowed));
    }
}
