//! Voters: what they promise, advise and confirm.

use std::sync::Arc;

use super::certificate::Seal;
use super::machine::{Consensus, Seat};
use super::messages::{ConsensusEntry, ConsensusFact, ConsensusMessage};
use super::value::{Proposal, Value};
use crate::codex::Refusal;
use crate::identity::{NodeId, OpId};
use crate::observation::{Ballot, Bid, Round, Slot};
use crate::protocols::{Port, Signature};

/// Why a node does not follow a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its sender has no say in it.
    Forged,
    /// The node does not vote.
    NoVoter,
    /// It has promised a higher one.
    Promised,
}

impl Consensus {
    /// Whether this node, a voter, may follow a round; where it has promised a higher one it says so.
    pub(super) fn is_votable(&mut self, from: NodeId, round: Round, port: &mut impl Port<Self>) -> Result<(), Refused> {
        if from != round.node || !self.rules.voters.has(from) {
            port.note(ConsensusFact::Rejected { from });
            return Err(Refused::Forged);
        }
        self.seen = self.seen.max(round);
        if self.seat != Seat::Voter {
            return Err(Refused::NoVoter);
        }
        // Flaw e02: rounds are not compared.
        if round < self.promised && !self.rules.flaws.e02 {
            let (promised, signature) = (self.promised, Signature::default());
            port.send(from, ConsensusMessage::Refuse { promised, signature });
            return Err(Refused::Promised);
        }
        Ok(())
    }

    /// Follows a round from here on, and none below. What makes it durable is up to the caller.
    pub(super) fn follow(&mut self, round: Round, port: &mut impl Port<Self>) {
        self.promised = self.promised.max(round);
        let lower = self.round().is_some_and(|own| own < round);
        if lower && !self.rules.flaws.e02 {
            self.step_down(port);
        }
    }

    /// The proposer of a round lives.
    pub(super) fn hear_of(&mut self, round: Round, port: &mut impl Port<Self>) {
        let news = self.followed < Some(round);
        self.followed = self.followed.max(Some(round));
        if self.round() != Some(round) && self.stands(port.boot()) {
            self.failures = 0;
            self.await_proposer(port);
        }
        if news {
            self.ask_again(port);
        }
    }

    /// Whether this node answers what a proposer asks for a slot; if so, it follows its round.
    fn heeds(&mut self, from: NodeId, slot: Slot, ballot: Ballot, port: &mut impl Port<Self>) -> bool {
        if self.tell_if_decided(from, slot, port) || self.is_votable(from, ballot.round, port).is_err() {
            return false;
        }
        // Flaw k13: the try is a part of the promise.
        if self.rules.flaws.k13 && self.log.has_later_try(ballot) {
            return false;
        }
        self.follow(ballot.round, port);
        self.hear_of(ballot.round, port);
        true
    }

    /// The proposer asks for a vote.
    pub(super) fn on_propose(
        &mut self,
        from: NodeId,
        slot: Slot,
        ballot: Ballot,
        value: Value,
        port: &mut impl Port<Self>,
    ) {
        if !self.heeds(from, slot, ballot, port) {
            return;
        }
        let before = self.log.cell(slot).and_then(|cell| cell.voted.as_ref()).map(|(ballot, _)| *ballot);
        if before > Some(ballot) && !self.rules.flaws.e02 {
            return;
        }
        let against = self.objections(slot, &value);
        let bid = Bid { slot, ballot, value: value.id() };
        if before != Some(ballot) {
            self.vote(bid, value, against.is_empty(), port);
        }
        let (against, signature) = (Arc::new(against), Signature::default());
        port.send(from, ConsensusMessage::Vote { bid, against, signature });
    }

    /// Votes, durably.
    pub(super) fn vote(&mut self, bid: Bid, value: Value, yes: bool, port: &mut impl Port<Self>) {
        let Bid { slot, ballot, .. } = bid;
        self.log.vote(slot, ballot, value.clone());
        self.keep(ConsensusEntry::Voted { slot, ballot, value }, port);
        port.note(ConsensusFact::Voted { bid, yes });
    }

    /// Which operations of a value this node advises against, and why. Whether a list may be longer, the slot before tells
    /// alone: by an older state it would have refused what breaks no anchor in its slot, and what it lets pass is looked at
    /// when it is applied. What breaks another anchor in an older state breaks it in all that follow.
    pub(super) fn objections(&self, slot: Slot, value: &Value) -> Vec<(OpId, Refusal)> {
        let Proposal::Requests(requests) = value.proposal() else { return Vec::new() };
        if self.rules.anchors.is_empty() {
            return Vec::new();
        }
        // Flaw k18: it advises by whatever state it has.
        let knows_lists = self.replica.applied == slot.before() || self.rules.flaws.k18;
        let objection =
            |request: &super::Request| Some((request.op, self.replica.objection(request, &self.rules.anchors)?));
        requests.iter().filter(|request| knows_lists || !request.is_append()).filter_map(objection).collect()
    }

    /// The proposer asks for a confirmation, which a voter gives however it voted.
    pub(super) fn on_pre_commit(
        &mut self,
        from: NodeId,
        slot: Slot,
        ballot: Ballot,
        value: Value,
        port: &mut impl Port<Self>,
    ) {
        if !self.heeds(from, slot, ballot, port) {
            return;
        }
        let before = self.log.cell(slot).and_then(|cell| cell.confirmed.as_ref()).map(|(ballot, _)| *ballot);
        if before > Some(ballot) && !self.rules.flaws.e02 {
            return;
        }
        let bid = Bid { slot, ballot, value: value.id() };
        let seal = Seal::new(self.me, bid, &self.rules.registry);
        let confirm = ConsensusMessage::Confirm { bid, seal, signature: Signature::default() };
        // Flaw k06: it confirms before that is durable.
        if self.rules.flaws.k06 {
            port.send(from, confirm);
            if before != Some(ballot) {
                self.confirm(bid, value, port);
            }
            return;
        }
        if before != Some(ballot) {
            self.confirm(bid, value, port);
        }
        port.send(from, confirm);
    }

    /// Confirms, durably.
    pub(super) fn confirm(&mut self, bid: Bid, value: Value, port: &mut impl Port<Self>) {
        let Bid { slot, ballot, .. } = bid;
        self.log.confirm(slot, ballot, value.clone());
        self.keep(ConsensusEntry::Confirmed { slot, ballot, value }, port);
        port.note(ConsensusFact::Confirmed { bid });
    }

    /// Tells a proposer what was decided for a slot, if it was; or what it came to, where no more is kept.
    fn tell_if_decided(&self, from: NodeId, slot: Slot, port: &mut impl Port<Self>) -> bool {
        if !self.log.is_decided(slot) {
            return false;
        }
        let signature = Signature::default();
        match self.log.decided(slot) {
            Some(decided) => port.send(from, ConsensusMessage::Commit { decided: Arc::clone(decided), signature }),
            None => self.send_state(from, port),
        }
        true
    }
}
