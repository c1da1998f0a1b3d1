//! Votes and confirmations: the driver's part for the voter.

use std::sync::Arc;

use super::{Consensus, ConsensusOutcome};
use crate::identity::NodeId;
use crate::observation::{Ballot, ProposalId, Slot};
use crate::protocols::Port;
use crate::protocols::consensus::certificate::{Decided, Seal};
use crate::protocols::consensus::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage};
use crate::protocols::consensus::value::Value;
use crate::protocols::consensus::voter::{self, Novelty};

impl Consensus {
    /// The proposer asks for a vote.
    pub(super) fn on_propose(
        &mut self,
        from: NodeId,
        slot: Slot,
        ballot: Ballot,
        value: Value,
        port: &mut impl Port<Self>,
    ) {
        if !self.follow(from, slot, ballot, port) {
            return;
        }
        let novelty = Novelty::of(ballot, self.log.voted(slot), &self.rules);
        if novelty == Novelty::Stale {
            return;
        }
        let against = Arc::new(voter::advise(slot, &value, &self.learner.replica, &self.rules));
        let bid = ProposalId { slot, ballot, value: value.id() };
        if novelty == Novelty::New {
            self.vote(bid, value, against.is_empty(), port);
        }
        port.send(from, ConsensusMessage::Vote { bid, against });
    }

    /// The proposer asks for a confirmation, which a voter gives whatever its vote was.
    pub(super) fn on_pre_commit(
        &mut self,
        from: NodeId,
        slot: Slot,
        ballot: Ballot,
        value: Value,
        port: &mut impl Port<Self>,
    ) {
        if !self.follow(from, slot, ballot, port) {
            return;
        }
        let novelty = Novelty::of(ballot, self.log.confirmed(slot), &self.rules);
        if novelty == Novelty::Stale {
            return;
        }
        let bid = ProposalId { slot, ballot, value: value.id() };
        let seal = Seal::new(self.me, bid, &self.rules.registry).signature;
        // Flaw k06: the confirmation is sent before it is durable.
        let early = self.rules.flaws.k06;
        if early {
            port.send(from, ConsensusMessage::Confirm { bid, seal });
        }
        if novelty == Novelty::New {
            self.log.confirm(slot, ballot, value.clone());
            let value = value.clone();
            self.rules.persist(ConsensusEntry::Confirmed { slot, ballot, value }, port);
            port.note(ConsensusFact::Confirmed { bid });
        }
        // Flaw e12: what is only confirmed here is told as decided.
        if self.rules.flaws.e12 {
            let seals = vec![Seal { voter: self.me, signature: seal }];
            let decided = Arc::new(Decided { slot, ballot, value, seals });
            port.tell(ConsensusOutcome::Certified { decided });
        }
        if !early {
            port.send(from, ConsensusMessage::Confirm { bid, seal });
        }
    }

    /// Votes, durably.
    pub(super) fn vote(&mut self, bid: ProposalId, value: Value, yes: bool, port: &mut impl Port<Self>) {
        let ProposalId { slot, ballot, .. } = bid;
        self.log.vote(slot, ballot, value.clone());
        self.rules.persist(ConsensusEntry::Voted { slot, ballot, value }, port);
        port.note(ConsensusFact::Voted { bid, yes });
    }

    /// Follows the proposer that sends a request for a slot; returns whether this node answers.
    fn follow(&mut self, from: NodeId, slot: Slot, ballot: Ballot, port: &mut impl Port<Self>) -> bool {
        if self.tell_if_decided(from, slot, port) || self.admit(from, ballot.round, port).is_err() {
            return false;
        }
        if !voter::admits_try(ballot, &self.log, &self.rules) {
            return false;
        }
        self.voter.follow(ballot.round);
        self.step_down_below(ballot.round, port);
        self.hear_of_proposer(ballot.round, port);
        true
    }

    /// Sends a proposer the decision of a slot, if it is known, or the state, if the decision is no longer kept.
    fn tell_if_decided(&self, from: NodeId, slot: Slot, port: &mut impl Port<Self>) -> bool {
        if !self.log.is_decided(slot) {
            return false;
        }
        match self.log.decided(slot) {
            Some(decided) => port.send(from, ConsensusMessage::Commit { decided: Arc::clone(decided) }),
            None => self.send_state(from, port),
        }
        true
    }
}
